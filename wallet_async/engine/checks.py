"""Checks of arguments: each error names the argument, what it was and what is expected."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeGuard, TypeVar
from urllib.parse import quote, urlsplit

from wallet_async.engine.errors import InvalidInputError

T = TypeVar("T")

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")
_LONGEST_ID = 512
"""Characters; the documented ids have 26, and common servers take 8 kB in a request line."""

_USUAL_ID = re.compile(rf"(?!\.\.?\Z)[A-Za-z0-9_.~-]{{1,{_LONGEST_ID}}}")
"""An id that `identifier` takes and need not encode."""

_SHOWN = 60
"""Characters of a value that an error repeats."""


def reject(name: str, value: object, expected: str) -> InvalidInputError:
    """Make the error for argument *name*; the caller raises it."""
    try:
        shown = repr(value)
    except ValueError:
        shown = "a number too long to show"  # Python prints no int of more than 4,300 digits
    shown = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
    return InvalidInputError(f"{name} must be {expected}, not {shown} ({type(value).__name__})")


def amount(name: str, value: object) -> int | Decimal:
    """Take an exact amount above zero: `int` or finite `Decimal`."""
    expected = "an int or a finite Decimal above zero"
    if type(value) is not int and type(value) is not Decimal:
        raise reject(name, value, expected)
    if isinstance(value, Decimal) and (
        not value.is_finite() or abs(value.adjusted()) > 30 or len(value.as_tuple().digits) > 31
    ):
        raise reject(name, value, expected + " with at most 30 digits")
    if isinstance(value, int) and value.bit_length() > 100:
        raise reject(name, "a very large int", expected + " with at most 30 digits")
    if value <= 0:
        raise reject(name, value, expected + "; the direction is the call: credit or debit")
    return value


def text(name: str, value: object, *, empty: bool = False, longest: int = 10_000) -> str:
    """Take a string that can be sent."""
    if not isinstance(value, str):
        raise reject(name, value, "a str")
    if not value and not empty:
        raise reject(name, value, "a non-empty str")
    if len(value) > longest:
        raise reject(name, value, f"at most {longest} characters")
    if not value.isascii() and _SURROGATE.search(value):
        raise reject(name, value, "text that can be encoded (it holds half of a surrogate pair)")
    return value


def identifier(name: str, value: object) -> str:
    """Take an id as one path segment and percent-encode all of it.

    Rehook's examples hold ``@`` (``KMN@123``), so ids are not checked by pattern. An empty id would change the route,
    and ``.`` and ``..`` are folded by servers and proxies even when encoded.
    """
    if isinstance(value, str) and _USUAL_ID.fullmatch(value):
        return value
    segment = text(name, value, longest=_LONGEST_ID)
    if segment in {".", ".."} or _CONTROL.search(segment):
        raise reject(name, value, "an id that is not '.' or '..' and holds no control character")
    return quote(segment, safe="")


def plain(name: str, value: object, *, longest: int = _LONGEST_ID) -> str:
    """Take a non-empty string without control characters, such as a reference or a number of an account."""
    checked = text(name, value, longest=longest)
    if _CONTROL.search(checked):
        raise reject(name, value, "text without control characters")
    return checked


def moment(name: str, value: object) -> datetime:
    """Take a datetime with a time zone."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise reject(name, value, "a datetime with a time zone")
    return value


def count(name: str, value: object, *, least: int = 1) -> int:
    """Take a whole number of at least *least*."""
    if type(value) is not int or value < least:
        raise reject(name, value, f"an int of at least {least}")
    return value


def selection(since: object, limit: object) -> None:
    """Check which rows of every history a run is to read, before it begins."""
    if since is not None:
        moment("since", since)
    if limit is not None:
        count("limit", limit, least=0)


def seconds(name: str, value: object) -> float:
    """Take a finite number of seconds above zero."""
    if not _is_positive(value):
        raise reject(name, value, "a finite number of seconds above zero")
    return value


def _is_positive(value: object) -> TypeGuard[float]:
    # The largest float is the bound: a longer int would overflow in the first sum.
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= sys.float_info.max


def base_url(name: str, value: object) -> str:
    """Take an ``https`` URL (or ``http`` on loopback, where no credential leaves the machine), last slash removed."""
    if not isinstance(value, str):
        raise reject(name, value, "a str such as 'https://api.example.com'")
    if "@" in value:
        # The value is not repeated: it may hold a password.
        raise InvalidInputError(f"{name} must not hold a user or password; they are arguments of their own")
    if not value.isprintable() or set(" ?#\\") & set(value):
        raise reject(name, value, "a URL such as 'https://api.example.com', without query, fragment or blank")
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise reject(name, value, "a URL such as 'https://api.example.com'") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise reject(name, value, "a URL such as 'https://api.example.com'")
    if parts.scheme == "http" and not _LOOPBACK.fullmatch(host):
        raise reject(name, value, "an https URL (http is for loopback only)")
    return value.rstrip("/")


def positive(instance: Any, attribute: Any, value: Any) -> None:
    """Check a setting: a finite number above zero (an attrs validator)."""
    if not _is_positive(value):
        raise reject(f"{type(instance).__name__}.{attribute.name}", value, "a finite number above zero")


def function(instance: Any, attribute: Any, value: Any) -> None:
    """Check a setting: something to call (an attrs validator)."""
    if not callable(value):
        raise reject(f"{type(instance).__name__}.{attribute.name}", value, "a function")


def at_least(least: int) -> Callable[[Any, Any, Any], None]:
    """Make an attrs validator: a whole number of at least *least*."""

    def check(instance: Any, attribute: Any, value: Any) -> None:
        count(f"{type(instance).__name__}.{attribute.name}", value, least=least)

    return check


def setting(name: str, value: T | None, kind: type[T]) -> T:
    """Take a *kind* of setting, or its defaults for None."""
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise reject(name, value, f"a {kind.__name__}")
    return value


def client_session(name: str, value: object) -> Any:
    """Take an `aiohttp.ClientSession` or None."""
    aiohttp = sys.modules.get("aiohttp")  # whoever has a ClientSession has imported it
    if value is not None and not (aiohttp and isinstance(value, aiohttp.ClientSession)):
        raise reject(name, value, "an aiohttp.ClientSession")
    return value
