"""What a reconciliation found: its summary, its differences one by one, and the files made of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from attrs import field, frozen

from wallet_async.provider import Provider
from wallet_async.reconcile.database import database, quoted
from wallet_async.reconcile.model import DIFFERENCE_COLUMNS, Class, Rules, Summary, wallet_parts
from wallet_async.reconcile.repair.plan import PlanCounts, write_plan
from wallet_async.reconcile.report import Timing, write_differences, write_report
from wallet_async.reconcile.state import State

_BATCH = 1000
"""Differences fetched at a time."""


@frozen(kw_only=True)
class Difference:
    """One difference between the ledger and the provider."""

    id: str
    """The same in every run over the same rows."""
    kind_of: Class
    """Its class."""
    severity: Literal["difference", "note"]
    """A note is told, and makes the sides not differ."""
    wallet: tuple[str, ...]
    """As `Provider.wallet_fields` names its parts."""
    ledger_line: int | None
    """Line of the ledger, the header being 1; None if the ledger has no such row."""
    ledger_kind: str | None
    ledger_amount: Decimal | None
    ledger_created_at: datetime | None
    """UTC."""
    ledger_transaction_id: str | None
    reference: str | None
    """The ledger's."""
    transaction_id: str | None
    """The provider's; None if it has no such row."""
    kind: str | None
    amount: Decimal | None
    created_at: datetime | None
    """UTC."""
    mark: str | None
    """What the provider's row shows of a reference."""
    currency: str | None
    matched_by: str | None
    """What made the two rows one pair."""
    detail: str
    """What differs, in a sentence."""
    journal_state: str | None
    """What the journal says of the reference, where one was given."""
    journal_reason: str | None


@frozen(kw_only=True)
class Result:
    """How a reconciliation came out."""

    summary: Summary
    timing: Timing
    rules: Rules
    """How they were compared."""
    state: State
    """Where its files are."""
    provider: Provider = field(repr=False)
    linked: bool
    """Whether a journal was asked."""

    def differences(self) -> Iterator[Difference]:
        """Give every difference and note, by wallet."""
        names = ", ".join(f'"{name}"' for name in DIFFERENCE_COLUMNS)
        with database(self.state.spill) as connection:
            connection.execute("SET preserve_insertion_order = true")
            rows = connection.execute(f"SELECT {names} FROM read_parquet({quoted(self.state.differences)})")
            while some := rows.fetchmany(_BATCH):
                yield from map(_difference, some)

    def write(self, path: str | Path) -> None:
        """Write the differences as ``.parquet``, ``.csv`` or ``.jsonl``, by the suffix of *path*.

        Raises:
            InvalidInputError: Another suffix, or a folder that is not there.
        """
        write_differences(Path(path), self.state.differences, self.provider.wallet_fields, self.state.spill)

    def report(self, path: str | Path) -> None:
        """Write the report: one HTML file that needs no network."""
        write_report(
            Path(path),
            summary=self.summary,
            rules=self.rules,
            differences=self.state.differences,
            history=self.state.history,
            timing=self.timing,
            provider_fields=self.provider.wallet_fields,
            journal=self.linked,
            spill=self.state.spill,
        )

    def plan(self, path: str | Path) -> PlanCounts:
        """Write the movements that would make both sides agree; `wallet-async apply` makes those at the provider."""
        state = self.state
        return write_plan(Path(path), state.differences, self.provider, history=state.history, spill=state.spill)


def _difference(row: tuple[Any, ...]) -> Difference:
    values = dict(zip(DIFFERENCE_COLUMNS, row, strict=True))
    values["kind_of"] = values.pop("class")
    values["wallet"] = wallet_parts(values["wallet"])
    for name in ("ledger_created_at", "created_at"):
        values[name] = values[name] and values[name].replace(tzinfo=UTC)
    return Difference(**values)
