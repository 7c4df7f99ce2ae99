"""One record of text after the other becomes a row of the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from wallet_async.engine.errors import InvalidInputError
from wallet_async.reconcile.ledger.columns import MOVEMENT, Column
from wallet_async.reconcile.ledger.reading import LedgerRow, Reading
from wallet_async.reconcile.ledger.source import Record, Table
from wallet_async.reconcile.ledger.values import UnreadableError, amount, identifier, in_utc, moment, shown
from wallet_async.reconcile.model import wallet_text


class Marks(Protocol):
    """What is asked of a provider here."""

    @property
    def wallet_fields(self) -> tuple[str, ...]:
        """Names of the parts of a wallet."""

    def mark(self, reference: str) -> str:
        """Say how a history shows *reference*."""


class RowReader:
    """Makes rows of records, and remembers what can only be judged over all of them."""

    def __init__(self, table: Table, found: Mapping[str, Column], reading: Reading, provider: Marks) -> None:
        self._table = table
        self._reading = reading
        self._zone = ZoneInfo(reading.zone) if reading.zone else None
        self._fields = provider.wallet_fields
        self._mark = provider.mark
        self._kinds = {reading.credit.casefold(): "credit", reading.debit.casefold(): "debit"}
        self._signed = "kind" not in found
        self.columns: tuple[str, ...] = (*self._fields, *MOVEMENT)
        """Our columns, in the order of the texts of a record."""
        self.places: list[int | None] = [found[name].index if name in found else None for name in self.columns]
        """What a record is to hold; see `Table.records`."""
        self._zoned: str | None = None
        self._zoneless: str | None = None
        self._first_problem: str | None = None
        self.unreadable: int = 0
        """Unreadable rows so far."""

    def rows(self, records: Iterable[Record]) -> Iterator[LedgerRow]:
        """Make a row of each record.

        Raises:
            InvalidInputError: Some of the times name a zone and some do not.
        """
        return map(self._row, records)

    def judge(self) -> None:
        """Say whether what was read so far can be used.

        Raises:
            InvalidInputError: Times name no zone and none is given, or lines are unreadable and to be refused.
        """
        if self._zoneless and not self._zone:
            raise InvalidInputError(
                f"{self._zoneless} names no zone; write times with one (…+03:00), "
                "or name the one that all are in with zone (--zone Europe/Istanbul)"
            )
        if self._first_problem and self._reading.unreadable == "refuse":
            more = f" (and {self.unreadable - 1} more)" if self.unreadable > 1 else ""
            raise InvalidInputError(
                f"{self._first_problem}{more}; to go on without such {self._table.unit}s and have them listed, "
                "say so with unreadable (--unreadable report)"
            )

    def _row(self, record: Record) -> LedgerRow:
        line, texts = record
        wallet = None
        try:
            if isinstance(texts, UnreadableError):
                raise texts
            *parts, kind, much, when, transaction_id, reference, currency = texts
            wallet = wallet_text([identifier(name, part) for name, part in zip(self._fields, parts, strict=True)])
            direction, size = self._movement(kind, much)
            return LedgerRow(
                line,
                wallet,
                direction,
                size,
                self._time(line, when) if when else None,
                identifier("transaction_id", transaction_id) if transaction_id else None,
                identifier("reference", reference) if reference else None,
                self._mark(reference) if reference else None,
                identifier("currency", currency) if currency else None,
            )
        except UnreadableError as problem:
            self.unreadable += 1
            self._first_problem = self._first_problem or f"{self._place(line)}: {problem}"
            return LedgerRow(line, wallet, problem=str(problem))

    def _place(self, line: int) -> str:
        return f"{self._table.name} {self._table.unit} {line}"

    def _movement(self, kind: str | None, much: str | None) -> tuple[str, str]:
        below, size = amount(much)
        if self._signed:
            return ("debit" if below else "credit"), size
        direction = self._kinds.get((kind or "").strip().casefold())
        if direction is None:
            known = f"{shown(self._reading.credit)} nor {shown(self._reading.debit)}"
            raise UnreadableError(f"kind {shown(kind)} is neither {known}" if kind else "kind is empty")
        if below:
            raise UnreadableError(f"amount {shown(much or '')} is below 0, while kind says which way it goes")
        return direction, size

    def _time(self, line: int, text: str) -> datetime | None:
        parsed = moment(text)
        if parsed.tzinfo is None:
            self._zoneless = self._zoneless or f"{self._place(line)}: created_at {shown(text)}"
        else:
            self._zoned = self._zoned or f"{self._place(line)}: created_at {shown(text)}"
        if self._zoneless and self._zoned:
            raise InvalidInputError(
                f"mixed zones: {self._zoned} names a zone, {self._zoneless} names none; either all have to or none"
            )
        # Without a zone `judge` refuses the ledger at its end, where it is known not to be mixed.
        return in_utc(parsed, self._zone) if parsed.tzinfo or self._zone else None
