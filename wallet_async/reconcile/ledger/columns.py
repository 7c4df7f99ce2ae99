"""Which header holds which of our columns: as the user named it, else by its name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from attrs import frozen

from wallet_async.engine.errors import InvalidInputError
from wallet_async.engine.redact import printable
from wallet_async.reconcile.ledger.source import Header, Table

MOVEMENT = ("kind", "amount", "created_at", "transaction_id", "reference", "currency")
"""Our columns behind those of the wallet, in the order in which they are read."""

_ALIASES = {
    "kind": ("type", "direction"),
    "amount": ("points", "value"),
    "created_at": ("created", "created_on", "booked_at", "date", "time", "datetime", "timestamp"),
    "transaction_id": ("txn_id", "tx_id"),
    # No name of a thing that a movement is about, such as order_id: two movements may share it.
    "reference": ("ref", "ext_transaction_id"),
    "currency": ("currency_code",),
}
"""What else our columns are called."""

_MOST = 30
"""Headers that an error lists."""


@frozen(kw_only=True)
class Column:
    """One of our columns, found."""

    name: str
    """Ours."""
    header: Header
    index: int
    """Place of the header."""
    named: bool
    """Whether the user named the header; else it was found by its name."""


def find_columns(
    table: Table, wallet_fields: Sequence[str], named: Mapping[str, str], *, movements: bool = True
) -> dict[str, Column]:
    """Find our columns among the headers of *table*, by our names.

    A column that *named* gives the empty text is left out. Without *movements* those of the wallet are all there is to
    find.

    Raises:
        InvalidInputError: A header is there twice or holds floats, two fit one column, a named one is not there, or
            the wallet or the amount is missing.
    """
    ours = (*wallet_fields, *MOVEMENT) if movements else wallet_fields
    names = [header.name for header in table.headers]
    _refuse_twice(table, names)
    for name in named:
        if name not in (*wallet_fields, *MOVEMENT):
            raise InvalidInputError(f"there is no column {shown([name])} to name; expected one of {shown(ours)}")
    found: dict[str, Column] = {}
    for name in ours:
        at = _named(table, names, name, named[name]) if name in named else _by_name(table, names, name, wallet_fields)
        if at is not None:
            found[name] = Column(name=name, header=table.headers[at], index=at, named=name in named)
    needed = (*wallet_fields, "amount") if movements else wallet_fields
    missing = [name for name in needed if name not in found]
    if missing:
        raise InvalidInputError(
            f"{table.name} has no column {shown(missing)}; its headers are {shown(names)}: "
            f"say which one is meant with columns (--column {missing[0]}=HEADER)"
        )
    _refuse_floats(table, found)
    return found


def _refuse_twice(table: Table, names: Sequence[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1 and name]
    if twice:
        raise InvalidInputError(f"{table.name} has the header {shown(twice)} more than once; each has to be there once")


def _refuse_floats(table: Table, found: Mapping[str, Column]) -> None:
    for column in found.values():
        if not column.header.exact:
            raise InvalidInputError(inexact(table.name, column.header.name, f"floats ({column.header.type})"))


def inexact(table: str, header: str, what: str) -> str:
    """Say what to do about a column whose values cannot be taken as they were written."""
    return (
        f"the column {shown([header])} of {table} holds {what}, which are not exact text or numbers: "
        "keep it as DECIMAL or text, or cast it in a query"
    )


def _named(table: Table, names: Sequence[str], name: str, header: str) -> int | None:
    """Give the place of the header that the user named."""
    if not header:
        return None
    if header in names:
        return names.index(header)
    plain = {_plain(known): known for known in names}
    close = get_close_matches(_plain(header), plain, n=1)
    hint = f" (closest: {shown([plain[close[0]]])})" if close else ""
    raise InvalidInputError(
        f"{table.name} has no header {shown([header])}, which {name} was to be taken from{hint}; "
        f"its headers are {shown(names)}"
    )


def _by_name(table: Table, names: Sequence[str], name: str, wallet_fields: Sequence[str]) -> int | None:
    """Give the place of the one header that is called like our column *name*, or None."""
    also = ("wallet",) if wallet_fields == (name,) else _ALIASES.get(name, ())
    wanted = {_plain(one) for one in (name, *also)}
    fitting = [index for index, header in enumerate(names) if _plain(header) in wanted]
    if len(fitting) > 1:
        raise InvalidInputError(
            f"{table.name} has {len(fitting)} headers that may be {name}: {shown(names[at] for at in fitting)}; "
            f"say which one is meant with columns (--column {name}=HEADER)"
        )
    return fitting[0] if fitting else None


def _plain(header: str) -> str:
    """Give a header without case and punctuation."""
    return "".join(char for char in header.casefold() if char.isalnum())


def shown(names: Iterable[str]) -> str:
    """List names as an error may show them."""
    quoted = [f"'{printable(name[:60])}'" for name in names]
    more = f" and {len(quoted) - _MOST} more" if len(quoted) > _MOST else ""
    return ", ".join(quoted[:_MOST]) + more
