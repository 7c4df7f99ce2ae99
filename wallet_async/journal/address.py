"""What the URL of a journal names."""

from __future__ import annotations

from typing import Literal
from urllib.parse import unquote, urlsplit

from wallet_async.engine.checks import reject

_EXPECTED = "'sqlite:///path/to/file.db' or 'postgresql://user@host/database'"


def parts(url: object) -> tuple[Literal["sqlite", "postgres"], str]:
    """Give the dialect, and what its store opens: the path of a file, or the URL itself.

    Raises:
        InvalidInputError: It is no journal's. Its value is not repeated: it may hold a password.
    """
    if not isinstance(url, str):
        raise reject("url", type(url), f"a str such as {_EXPECTED}")
    try:
        split = urlsplit(url)
    except ValueError:
        raise reject("url", "…", f"a str such as {_EXPECTED}") from None
    if split.scheme in {"postgresql", "postgres"}:
        return "postgres", url
    if split.scheme == "sqlite" and not split.netloc and len(split.path) > 1:
        return "sqlite", unquote(split.path[1:])
    raise reject("url", f"{split.scheme}:…", f"a str such as {_EXPECTED}")
