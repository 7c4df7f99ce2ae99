"""Random worlds in which everything collides: few amounts, references and times in each wallet."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from random import Random

from tests.reconcile.matching.world import About, Line, Row, World, at
from wallet_async.reconcile.model import Rules

_AMOUNTS = (Decimal(10), Decimal("0.000000000001"))
_REFERENCES = ((None,), (None, None, "a"), (None, "a", "b"), ("a", "b", "c"))
"""What the rows of a wallet are sent with."""
_HOURS = (0, 0.5, 1, 1.25, 3, 3.999, 719.5, 720.25, 720.5)
"""The last two are after `READ_AT`; an hour is the window."""


def wallets(random: Random, count: int, rules: Rules | None = None, *, odd: bool = True) -> World:
    """Make a world of so many wallets; *odd*: some rows unreadable, some wallets unread or unknown."""
    lines: list[Line] = []
    rows: list[Row] = []
    about: list[About] = []
    for number in range(count):
        wallet = f"c{number % 97}\tw{number}"
        references = random.choice(_REFERENCES)
        here = [_row(random, wallet, place, references, odd=odd) for place in range(random.randrange(6))]
        ids = random.choice([[None], [None, "absent"], [None, None, "absent", *(row.transaction_id for row in here)]])
        for _ in range(random.randrange(6)):
            lines.append(_line(random, wallet, len(lines) + 2, ids, references, odd=odd))
        statement = _about(random, wallet, here, odd=odd)
        rows += [] if statement is None or statement.error or statement.known is False else here
        about += [] if statement is None else [statement]
    if odd:
        lines.append(Line(line=1, wallet=None, kind=None, amount=None, created_at=None, problem="no wallet"))
    return World(lines=lines, rows=rows, about=about, rules=rules or Rules())


def _line(
    random: Random, wallet: str, line: int, ids: Sequence[str | None], references: Sequence[str | None], *, odd: bool
) -> Line:
    if odd and random.random() < 0.03:
        return Line(
            line=line, wallet=wallet, kind=None, amount=None, created_at=None, problem="amount 'ten' is no number"
        )
    return Line(
        line=line,
        wallet=wallet,
        kind=_kind(random),
        amount=random.choice(_AMOUNTS),
        created_at=None if random.random() < 0.1 else at(random.choice(_HOURS[:7])),
        transaction_id=random.choice(ids),
        reference=random.choice(references),
        currency=random.choice([None, "TRY", "try", "EUR"]) if odd and random.random() < 0.2 else None,
    )


def _row(random: Random, wallet: str, place: int, references: Sequence[str | None], *, odd: bool) -> Row:
    unreadable = odd and random.random() < 0.08
    return Row(
        transaction_id=f"t{random.randrange(100)}-{place}",
        wallet=wallet,
        kind="gift" if unreadable and random.random() < 0.5 else _kind(random),
        amount=None if unreadable else random.choice(_AMOUNTS),
        created_at=at(random.choice(_HOURS)),
        reference=random.choice(references),
        currency=random.choice([None, "TRY"]),
        problem="cannot be compared" if unreadable else None,
    )


def _about(random: Random, wallet: str, rows: list[Row], *, odd: bool) -> About | None:
    chance = random.random() if odd else 1
    if chance < 0.02:
        return None
    if chance < 0.04:
        return About(wallet=wallet, known=None, error="timed out")
    if chance < 0.06:
        return About(wallet=wallet, known=False, requests=2)
    total = sum(((row.amount or Decimal()) * (1 if row.kind == "credit" else -1) for row in rows), start=Decimal())
    balance = random.choice([None, total, total, total + 1])
    return About(wallet=wallet, balance=balance, known=random.choice([True, None]), rows=len(rows))


def _kind(random: Random) -> str:
    return random.choice(["credit", "credit", "credit", "debit"])
