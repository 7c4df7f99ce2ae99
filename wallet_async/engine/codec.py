"""JSON in and out, exactly: no float ever holds money, and nothing ambiguous is let through."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from json.encoder import encode_basestring
from typing import Any

from wallet_async.engine.errors import DecodeError

MAX_DEPTH = 64
"""Nesting levels of a JSON answer; the deepest documented one has four."""

_MAX_MAGNITUDE = 40
"""Powers of ten a number may have either way; `1e400` is a fault, and printing it would fill the memory."""

_FRACTION = re.compile(r"\.[0-9]{6}([0-9])")
"""Microseconds of a timestamp, and the first digit beyond them."""

# Possessive, and content with an unclosed string: linear in the body's length whatever it holds.
_TOKENS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{\]}]', re.DOTALL)
_NUMERIC = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)


def loads(body: bytes) -> Any:
    """Read a JSON document.

    Raises:
        DecodeError: The body is not UTF-8 or not JSON, nests deeper than `MAX_DEPTH`, repeats a key, or holds a number
            that is not finite.
    """
    # A page of twenty rows has 21 brackets: only longer bodies are walked for their depth.
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH and _depth(body) > MAX_DEPTH:
        raise DecodeError(f"the JSON nests deeper than {MAX_DEPTH} levels")
    if (quick := _quick()) is not None and (found := quick(body)) is not None:
        return found
    try:
        return _decoder.decode(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise DecodeError(f"the body is not UTF-8 (byte {error.start})") from None
    except json.JSONDecodeError as error:
        raise DecodeError(f"the body is not JSON: {error.msg} at character {error.pos}") from None
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise DecodeError(f"the JSON is not sound: {error}") from None


@cache
def _quick() -> Callable[[bytes], Any] | None:
    """Make the reader by msgspec, if that is there; it gives None for what is wrong or in doubt.

    msgspec keeps the last of two values of one key without a word. Written again, the document then has fewer quotes
    than it came with. A quote that came as an escaped number could stand in for one of them, so there may be none.
    """
    from wallet_async.engine import fast  # noqa: PLC0415 - it takes time to import

    if fast.msgspec is None:
        return None
    decode = fast.msgspec.json.Decoder(float_hook=_number).decode
    encode = fast.msgspec.json.Encoder(decimal_format="number").encode

    def read(body: bytes) -> Any:
        try:
            found = decode(body)
            sound = encode(found).count(b'"') == body.count(b'"') and b"\\u0022" not in body
        except (ValueError, ArithmeticError, RecursionError):
            return None
        return found if sound else None

    return read


def _depth(body: bytes) -> int:
    deepest = depth = 0
    for token in _TOKENS.finditer(body):
        char = body[token.start()]
        if char in b"[{":
            depth += 1
            deepest = max(deepest, depth)
            if depth > MAX_DEPTH:
                break  # a body of a million brackets is refused at the 65th
        elif char in b"]}":
            depth -= 1
    return deepest


def _number(text: str) -> Decimal:
    return bounded(Decimal(text))


def bounded(number: Decimal) -> Decimal:
    """Take a number that can be printed.

    Raises:
        ValueError: It has more digits before or after the point than any amount.
    """
    if number and abs(number.adjusted()) > _MAX_MAGNITUDE:
        raise ValueError(f"a number has more than {_MAX_MAGNITUDE} digits before or after the point")
    return number


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number JSON knows")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"key {next(name for name in names if names.count(name) > 1)!r} stands there twice")
    return found


def decoder(take: Callable[[list[tuple[str, Any]]], Any]) -> json.JSONDecoder:
    """Make a decoder of exact numbers that gives the names and values of each object to *take*."""
    return json.JSONDecoder(parse_float=_number, parse_constant=_refuse_constant, object_pairs_hook=take)


_decoder = decoder(_unique)


def dumps(fields: Mapping[str, Any]) -> bytes:
    """Write a JSON object as it is sent; see `text`."""
    return text(fields).encode("utf-8")


def text(fields: Mapping[str, Any]) -> str:
    """Write a JSON object; a `Decimal` becomes a plain JSON number, every digit kept and no exponent."""
    return _write(fields)


def _write(value: Any) -> str:
    if isinstance(value, str):
        return _quote(value)
    if type(value) is int:
        return str(value)
    if value is None:
        return "null"  # before the abstract classes below, whose test takes longer than all of this
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return "{" + ",".join([f"{_quote(key)}:{_write(item)}" for key, item in value.items()]) + "}"
    if isinstance(value, Sequence):
        return "[" + ",".join(map(_write, value)) + "]"
    return _write_word(value)


_quote = encode_basestring
_write_word = json.JSONEncoder().encode


def as_text(value: object) -> str:
    """Take a JSON string as it is; anything else is a fault, not a thing to convert."""
    if type(value) is not str:
        raise TypeError(f"expected a string, got {describe(value)}")
    return value


def as_text_or_empty(value: object) -> str:
    """Take a JSON string, and null as the empty one: where no page says that the text is required."""
    return "" if value is None else as_text(value)


def as_flag(value: object) -> bool:
    """Take a JSON boolean."""
    if type(value) is not bool:
        raise TypeError(f"expected true or false, got {describe(value)}")
    return value


def as_whole(value: object) -> int:
    """Take a JSON integer."""
    if type(value) is not int:
        raise TypeError(f"expected a whole number, got {describe(value)}")
    return value


def as_number(value: object) -> int | Decimal:
    """Take a JSON number, exact."""
    if type(value) is not int and type(value) is not Decimal:
        raise TypeError(f"expected a number, got {describe(value)}")
    return value


def as_number_or_none(value: object) -> int | Decimal | None:
    """The same, or null."""
    return None if value is None else as_number(value)


def as_decimal(value: object) -> Decimal:
    """Take a JSON number, or a string that holds one (Sipay quotes some amounts); a decimal comma is refused."""
    if type(value) is Decimal:
        return value
    if type(value) is int:
        return Decimal(value)
    if type(value) is str and _NUMERIC.fullmatch(value):
        return _number(value)
    raise TypeError(f"expected a number, got {describe(value)}")


def as_timestamp(value: object) -> datetime:
    """Take a date and time with zone (RFC 3339); more than 6 fractional digits are rounded, as msgspec does."""
    # fromisoformat also reads dates alone and week dates: the length and the separators rule these out.
    if type(value) is not str or len(value) < 20 or value[4:8:3] != "--" or value[10] not in "Tt ":
        raise TypeError(f"expected a date and time with zone, got {describe(value)}")
    moment = datetime.fromisoformat(value[:-1] + "Z" if value[-1] == "z" else value)
    if moment.tzinfo is None:
        raise TypeError(f"expected a date and time with zone, got {describe(value)}")
    # fromisoformat cuts; .NET writes seven digits.
    if len(value) > 27 and (cut := _FRACTION.match(value, 19)) and cut[1] >= "5":
        try:
            moment += timedelta(microseconds=1)
        except OverflowError:
            raise ValueError(f"{describe(value)} rounds to a date that is too late") from None
    return moment


def as_timestamp_or_unset(value: object) -> datetime | None:
    """The same, where null and the year 1 (.NET's default) mean "not set"."""
    if value is None:
        return None
    moment = as_timestamp(value)
    return None if moment.year == 1 else moment


def format_timestamp(moment: datetime) -> str:
    """Write an aware datetime in UTC with ``Z``, as both providers' samples do."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def describe(value: object) -> str:
    """Name a value of an answer in a few words, for an error."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return f"the string {value[:40]!r}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return "an object"
    return f"{type(value).__name__} {str(value)[:40]}"
