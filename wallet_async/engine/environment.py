"""Settings from the environment."""

from __future__ import annotations

from collections.abc import Mapping

from wallet_async.engine.errors import InvalidInputError


def required(environ: Mapping[str, str], name: str) -> str:
    """Give a variable that has to be set.

    Raises:
        InvalidInputError: It is not set or empty; its value never stands in the error.
    """
    value = environ.get(name)
    if not value:
        raise InvalidInputError(f"the environment variable {name} is not set; expected a non-empty text")
    return value
