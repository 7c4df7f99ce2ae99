"""Results as columns: the fields of an attrs class, nested ones joined with a dot, and what stands in a cell. Pure."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs
from attrs import frozen

from wallet_async.engine import codec


@frozen
class Column:
    """One column of a kind of result."""

    path: tuple[str, ...]
    """Names of the fields that lead to it, the outermost first."""
    shown: bool
    """Whether a table shows it: not what `repr` leaves out, such as personal data."""

    @property
    def name(self) -> str:
        """What stands in the header, such as ``wallet.total_balance``."""
        return ".".join(self.path)

    def of(self, value: Any) -> Any:
        """Give the column's value in one result; None where the result has no such part."""
        for name in self.path:
            if value is None:
                return None
            value = getattr(value, name)
        return value


def columns(kind: type[Any]) -> tuple[Column, ...]:
    """Give the columns of the attrs class *kind*, in the order of its fields."""
    found: list[Column] = []
    for field in attrs.fields(attrs.resolve_types(kind)):
        nested = _nested(field.type)
        inner = columns(nested) if nested else (Column((), True),)
        found += [Column((field.name, *one.path), bool(field.repr) and one.shown) for one in inner]
    return tuple(found)


def _nested(hint: Any) -> type[Any] | None:
    """Give the attrs class that a field holds, also if it may be None."""
    choices = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return next((choice for choice in choices if isinstance(choice, type) and attrs.has(choice)), None)


def row_type(function: Any) -> type[Any] | None:
    """Give the class of the rows that *function* returns a list or an iterator of, or None if it does not say."""
    arguments = typing.get_args(typing.get_type_hints(function).get("return"))
    return arguments[0] if arguments and isinstance(arguments[0], type) and attrs.has(arguments[0]) else None


def plain(value: Any) -> Any:
    """Turn a result into what JSON has: objects, lists, texts, exact numbers; times in UTC."""
    if attrs.has(type(value)):
        return {field.name: plain(getattr(value, field.name)) for field in attrs.fields(type(value))}
    if isinstance(value, Mapping):
        return {sound(str(name)): plain(item) for name, item in value.items()}
    if isinstance(value, str):
        return sound(value)
    if isinstance(value, Sequence):
        return [plain(item) for item in value]
    return codec.format_timestamp(value) if isinstance(value, datetime) else value


def sound(text: str) -> str:
    """Replace halves of surrogate pairs, which JSON may hold and no encoding takes."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def text(value: Any) -> str:
    """Write a cell: numbers with every digit and no exponent, times in UTC, objects as JSON, nothing for None."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case datetime():
            return codec.format_timestamp(value)
        case str():
            return sound(value)
        case Mapping():
            return codec.dumps(plain(value)).decode() if value else ""
        case Sequence():
            return " ".join(map(text, value))
    return str(value)


def local(moment: datetime) -> str:
    """Write a time for a person: in the zone of this machine, to the second, with the zone's name."""
    try:
        return format(moment.astimezone(), "%Y-%m-%d %H:%M:%S %Z")
    except (OverflowError, OSError, ValueError):  # the first and last years have no other zone
        return moment.isoformat()
