"""What is made up: wallets, lines of the own ledger, rows at the provider, and what has to be reported of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from random import Random
from typing import Literal

from attrs import define, evolve, field, frozen

WINDOW = timedelta(hours=1)
"""`Rules.window` as it is by default: the look-alikes keep to it, or just not."""

Known = Literal["id", "id and reference", "reference", "nothing"]
"""What a line of the ledger is known by at the provider; ``nothing``: by its kind, amount and time alone."""


@frozen(kw_only=True)
class Line:
    """A line of the own ledger, as texts of the file."""

    number: int
    """Its own among all lines; where it comes to stand in the file is found out when it is written."""
    place: datetime
    """What the file is sorted by."""
    kind: str
    amount: str
    created_at: str
    transaction_id: str
    reference: str


@frozen(kw_only=True)
class Row:
    """A movement that the provider has booked."""

    transaction_id: str
    kind: str
    amount: Decimal
    created_at: datetime
    reference: str | None
    """What it was sent with."""


@frozen(kw_only=True)
class Planted:
    """What has to be reported, and nothing else."""

    kind: str
    """The class of the difference."""
    severity: str = "difference"
    line: int | None = None
    """`Line.number`."""
    transaction_id: str | None = None


@define(kw_only=True)
class Wallet:
    """A wallet with what either side says of it."""

    key: tuple[str, ...]
    booked: Literal["wallet", "customer", "nothing"] = "wallet"
    """What the provider knows of it: all, its customer, or not even that."""
    opening: int = 0
    """What it held before its history begins."""
    lines: list[Line] = field(factory=list)
    rows: list[Row] = field(factory=list)
    planted: list[Planted] = field(factory=list)


@define(kw_only=True)
class Numbers:
    """Numbers that stand once in the whole world, and its dice."""

    random: Random
    provider: str
    line: Iterator[int] = field(factory=count)
    row: Iterator[int] = field(factory=count)

    def transaction_id(self) -> str:
        """Give the next, of the provider's shape and in no order."""
        number = next(self.row) * 0x9E3779B97F4A7C15 % 2**64
        return f"trhi_{number:021}" if self.provider == "rehook" else str(number)


@frozen(kw_only=True)
class Slot:
    """A time in a wallet, hours from any other, in which something happens; by default a movement of one amount."""

    wallet: Wallet
    numbers: Numbers
    at: datetime
    kind: str
    amount: Decimal
    name: str
    """Makes a reference; other wallets use the same names."""

    def other(self, **changes: object) -> Slot:
        """Give the slot with another kind, amount or time."""
        return evolve(self, **changes)  # type: ignore[arg-type]

    def after(self, **time: float) -> Slot:
        """Give the slot so much later (hours=, minutes=, seconds= …)."""
        return evolve(self, at=self.at + timedelta(**time))

    def line(
        self, *, reference: str = "", transaction_id: str = "", timed: bool = True, amount: str | None = None
    ) -> int:
        """Write a line into the ledger and give its number."""
        line = Line(
            number=next(self.numbers.line),
            place=self.at,
            kind=self.kind,
            amount=format(self.amount, "f") if amount is None else amount,
            created_at=self.at.isoformat().replace("+00:00", "Z") if timed else "",
            transaction_id=transaction_id,
            reference=reference,
        )
        self.wallet.lines.append(line)
        return line.number

    def row(self, reference: str | None = None) -> str:
        """Book a row at the provider and give its id."""
        row = Row(
            transaction_id=self.numbers.transaction_id(),
            kind=self.kind,
            amount=self.amount,
            created_at=self.at,
            reference=reference,
        )
        self.wallet.rows.append(row)
        return row.transaction_id

    def pair(self, known: Known, row: Slot | None = None, *, timed: bool = True) -> tuple[int, str]:
        """Write a line of the ledger and its row, which is as *row* says; give the line's number and the row's id."""
        reference = self.name if "reference" in known else ""
        booked = (row or self).row(reference or None)
        line = self.line(reference=reference, transaction_id=booked if "id" in known else "", timed=timed)
        return line, booked

    def plant(self, kind: str, line: int | None = None, row: str | None = None, severity: str = "difference") -> None:
        """Note what has to be reported."""
        planted = Planted(kind=kind, severity=severity, line=line, transaction_id=row)
        self.wallet.planted.append(planted)
