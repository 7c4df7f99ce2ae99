"""The ledger that the demo books: made from a seed, or read from a file. No I/O but the reading."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import get_args

from attrs import frozen

from wallet_async.engine import checks
from wallet_async.engine.calls import Kind
from wallet_async.engine.errors import InvalidInputError

_COLUMNS = ("wallet", "kind", "amount")
_DEBITS = 0.35
"""Share of movements that take points, where there are any to take."""
_LARGE = Decimal("12345678901234567.89")


@frozen(kw_only=True)
class Line:
    """One credit or debit of the ledger."""

    wallet: str
    """The ledger's own name for the wallet."""
    kind: Kind
    amount: int | Decimal
    """Points, above zero."""
    reference: str
    """Names it, in the ledger and at the provider; no two lines have the same."""
    description: str

    @property
    def signed(self) -> int | Decimal:
        """What it adds to the balance."""
        return self.amount if self.kind == "credit" else -self.amount


@frozen
class Ledger:
    """What is to be booked."""

    lines: tuple[Line, ...]
    """In the order in which they happened."""
    wallets: tuple[str, ...]
    """Every wallet, also one that no line names."""

    def by_wallet(self) -> dict[str, list[Line]]:
        """Give the lines of each wallet."""
        found: dict[str, list[Line]] = {wallet: [] for wallet in self.wallets}
        for line in self.lines:
            found[line.wallet].append(line)
        return found


def generate(*, movements: int, wallets: int, seed: int) -> Ledger:
    """Make a ledger in which no wallet is ever overdrawn; the same for the same arguments."""
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
    names = tuple(f"wallet {number}" for number in range(wallets))
    balances: dict[str, int | Decimal] = dict.fromkeys(names, 0)
    lines = []
    for number in range(1, movements + 1):
        wallet = chance.choice(names)
        # A few that no float holds, such as 12345678901234567.89.
        amount = _LARGE if number % 500 == 0 else _amount(chance)
        takes = chance.random() < _DEBITS and amount <= balances[wallet]
        line = Line(
            wallet=wallet,
            kind="debit" if takes else "credit",
            amount=amount,
            reference=f"demo-{seed}-{number:06}",
            description="Redeemed" if takes else "Order",
        )
        balances[wallet] += line.signed
        lines.append(line)
    return Ledger(tuple(lines), names)


def _amount(chance: random.Random) -> int | Decimal:
    """Mostly whole points; some with cents."""
    return chance.randint(1, 500) if chance.random() < 0.8 else Decimal(chance.randint(1, 99_999)).scaleb(-2)


def read(path: Path) -> Ledger:
    """Read a ledger: CSV with the columns wallet, kind and amount, and perhaps reference and description.

    Raises:
        InvalidInputError: It cannot be read, or a line of it does not fit; the error names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return parse(file, name=f"--ledger {path}")
    except OSError as error:
        raise InvalidInputError(f"--ledger {path} cannot be read: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInputError(f"--ledger {path} is no CSV in UTF-8: {error}") from None


def parse(text: Iterable[str], *, name: str) -> Ledger:
    """Read the lines of a CSV file.

    Raises:
        InvalidInputError: A line does not fit.
    """
    rows = csv.DictReader(text)
    missing = [column for column in _COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        expected = "wallet,kind,amount,reference,description"
        raise InvalidInputError(f"{name}: the header has no {', '.join(missing)}; expected {expected}")
    lines: dict[str, Line] = {}
    for row in rows:
        try:
            line = _line(row, f"row-{len(lines) + 1}")
            if line.reference in lines:
                raise InvalidInputError(f"reference {line.reference!r} stands there twice")
        except InvalidInputError as error:
            raise InvalidInputError(f"{name}, line {rows.line_num}: {error}") from None
        lines[line.reference] = line
    if not lines:
        raise InvalidInputError(f"{name}: there is no movement in it")
    return Ledger(tuple(lines.values()), tuple(dict.fromkeys(line.wallet for line in lines.values())))


def _line(row: dict[str, str | None], default: str) -> Line:
    given = {column: (value or "").strip() for column, value in row.items() if isinstance(value, str)}
    kind = next((known for known in get_args(Kind) if known == given.get("kind")), None)
    if kind is None:
        raise checks.reject("kind", given.get("kind", ""), "'credit' or 'debit'")
    return Line(
        wallet=checks.plain("wallet", given.get("wallet", "")),
        kind=kind,
        amount=_exact(given.get("amount", "")),
        reference=checks.plain("reference", given.get("reference") or default),
        description=given.get("description", ""),
    )


def _exact(text: str) -> int | Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise checks.reject("amount", text, "a number such as 20 or 12.50") from None
    return checks.amount("amount", number)
