"""JSON as the providers' pages print it, with exact numbers.

The sandbox has its own reader and printer, so that a mistake in the client's codec cannot hide behind the
same mistake here.
"""

import json
from decimal import Decimal
from json.encoder import encode_basestring as _quote
from typing import Any


def dumps(value: object) -> bytes:
    """Print *value* as the seed pages show it: an item a line, no indent, UTF-8, decimals digit for digit."""
    out: list[str] = []
    _print(value, out.append)
    # A lone surrogate (a client may send "\ud800") has no UTF-8; its backslash form is also its JSON form.
    return "".join(out).encode("utf-8", "backslashreplace")


def _print(value: object, write: Any) -> None:
    if isinstance(value, str):
        write(_quote(value))
    elif value is None or isinstance(value, bool):
        write("null" if value is None else "true" if value else "false")
    elif isinstance(value, int):
        write(str(value))
    elif isinstance(value, Decimal):
        write(format(value, "f"))
    elif isinstance(value, dict):
        _print_items("{", "}", value.items(), write)
    elif isinstance(value, list | tuple):
        _print_items("[", "]", ((None, item) for item in value), write)
    else:
        raise TypeError(f"cannot print {type(value).__name__} as JSON")


def _print_items(opening: str, closing: str, items: Any, write: Any) -> None:
    before = opening + "\n"
    for name, item in items:
        write(before if name is None else before + _quote(name) + ": ")
        _print(item, write)
        before = ",\n"
    write("\n" + closing if before == ",\n" else opening + closing)


def loads(body: bytes) -> Any:
    """Read JSON with exact decimals.

    Raises:
        ValueError: it is not JSON, not UTF-8, too deep, or holds NaN or Infinity.
    """
    try:
        return json.loads(body.decode("utf-8"), parse_float=Decimal, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("JSON nested too deeply") from None
    except ArithmeticError:
        raise ValueError("a number in the JSON is out of bounds") from None


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")
