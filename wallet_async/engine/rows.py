"""A page of rows straight from its bytes into frozen attrs objects: quick for the usual page, and for no other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import cache
from types import GenericAlias
from typing import Annotated, Any, Generic, TypeVar

import attrs

from wallet_async.engine import codec
from wallet_async.engine.structure import HOOKS, taken

T = TypeVar("T")

Read = Callable[[bytes], list[Any] | None]
"""Gives the rows of a page, or None for a page that is wrong or in doubt."""

_REFUSED = (ValueError, TypeError, ArithmeticError, RecursionError)
"""What a decoder or a field's function raises at a page that it does not like."""


class RowReader(Generic[T]):
    """Reads a JSON list of rows straight into objects: by msgspec if it is there, or by a generated function.

    Both take the usual page only, rows that have just the fields of the class, each once and of a type that needs no
    explanation, and make of it what the long way (`loads` and `Decoder`) would make. For anything else there is the
    long way itself, which accepts more and says what is wrong.
    """

    def __init__(self, kind: type[T]) -> None:
        self._kind: Any = kind

    def __call__(self, body: bytes) -> list[T] | None:
        """Give the rows in *body*, or None if it is not a list of usual rows."""
        for read in readers(self._kind):
            if (rows := read(body)) is not None:
                return rows
        return None


@cache
def readers(kind: Any) -> tuple[Read, ...]:
    """Make what reads pages of *kind*, the quickest first."""
    from wallet_async.engine import fast  # noqa: PLC0415 - it takes time to import

    by_pairs = _pairs_reader(kind)
    return (by_pairs,) if fast.msgspec is None else (_typed_reader(kind, fast.msgspec), by_pairs)


def _takes(kind: Any) -> dict[str, Any]:
    """Give each field's name and the function that takes its JSON value."""
    fields = attrs.fields(attrs.resolve_types(kind))
    return {field.name: field.metadata.get("take") or HOOKS[field.type] for field in fields}


def _typed_reader(kind: Any, msgspec: Any) -> Read:
    """Make the reader by msgspec, which looks at the types in C, and at the rest not as closely as we do.

    What it lets through shows in the number of quotes. A row has every field, so it has two quotes for each name and
    two for each text: a field twice, a field that is not ours and a number in quotes make more of them. So does a quote
    inside a text, which is then left to the others.
    """
    takes = _takes(kind)
    types: dict[Any, Any] = {
        codec.as_text: str,
        codec.as_text_or_empty: str,
        codec.as_number: int | Decimal,
        codec.as_timestamp: Annotated[datetime, msgspec.Meta(tz=True)],
    }
    opened = _open(kind, {name: types[take] for name, take in takes.items()})
    numbers = [name for name, take in takes.items() if take is codec.as_number]
    quotes = sum(2 if take is codec.as_number else 4 for take in takes.values())
    lines = [
        "def read(body):",
        " try:",
        "  rows = decode(body)",
        f"  if body.count(b'\"') != {quotes} * len(rows): return None",
        "  for row in rows:",
        "   row.__class__ = kind",
        *(f"   if type(row.{name}) is not int: bounded(row.{name})" for name in numbers),
        " except refused: return None",
        " return rows",
    ]
    decode = msgspec.json.Decoder(GenericAlias(list, opened)).decode
    return _generate("read", lines, {"decode": decode, "kind": kind, "bounded": codec.bounded, "refused": _REFUSED})


def _open(kind: Any, types: dict[str, Any]) -> Any:
    """Make a class laid out as *kind*, but open to changes, without defaults and with *types*."""
    return attrs.make_class(
        kind.__name__,
        {name: attrs.field(type=found) for name, found in types.items()},
        bases=(kind,),
        class_body={"__setattr__": object.__setattr__, "__delattr__": object.__delattr__},
        slots=True,
        init=False,
        eq=False,
        repr=False,
    )


def _pairs_reader(kind: Any) -> Read:
    """Make the reader by the standard library.

    For the usual row one function is generated, as attrs and cattrs do it. It gets a row's names and values from the
    JSON scanner before a dict is made of them, tests types in place and fills the slots, where the ``__init__`` of a
    frozen class would go through `object.__setattr__`. A repeated name cannot slip through: the names are compared.
    """
    decoder, kinds = codec.decoder(_generate_row(kind, _takes(kind))), {kind}

    def read(body: bytes) -> list[Any] | None:
        try:
            rows = decoder.decode(body.decode("utf-8"))
        except _REFUSED:
            return None
        return rows if type(rows) is list and set(map(type, rows)) == kinds else None

    return read


def _generate_row(kind: Any, takes: dict[str, Any]) -> Callable[[list[tuple[str, Any]]], Any]:
    """Generate the function that makes a *kind*; its fields have functions of one value, and no validators."""
    names: dict[str, Any] = {"make": object.__new__, "kind": kind, "Decimal": Decimal}
    head = ", ".join(f"(name_{name}, _{name})" for name in takes)
    differs = " or ".join(f"name_{name} != {name!r}" for name in takes)
    lines = [f"def row(pairs):\n {head} = pairs\n if {differs}: raise ValueError\n new = make(kind)"]
    moment = ""
    for name, take in takes.items():
        names |= {f"set_{name}": getattr(kind, name).__set__, f"take_{name}": take}
        value = taken(name, take)
        if take is codec.as_timestamp:
            # A row that was never changed has the same text twice.
            value = f"new.{moment} if _{name} == _{moment} else {value}" if moment else value
            moment = name
        lines.append(f" set_{name}(new, {value})")
    return _generate("row", [*lines, " return new"], names)


def _generate(name: str, lines: list[str], names: dict[str, Any]) -> Callable[[Any], Any]:
    """Make the function that *lines* define; *names* are its globals."""
    exec("\n".join(lines), names)  # noqa: S102 - made of our own fields' names
    function: Callable[[Any], Any] = names[name]
    return function
