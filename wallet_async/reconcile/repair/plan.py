"""``plan.csv``: the movements that would make both sides agree, for people to read and `wallet-async apply` to book."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import cast

from attrs import frozen

from wallet_async.engine.calls import Kind, MovementLike
from wallet_async.engine.errors import InvalidInputError
from wallet_async.provider import Provider
from wallet_async.reconcile.database import database
from wallet_async.reconcile.files import replacing
from wallet_async.reconcile.model import wallet_parts
from wallet_async.reconcile.repair.evidence import read_differences
from wallet_async.reconcile.repair.rules import Found, Left, Repair, Where, plain, repair
from wallet_async.reconcile.repair.sheet import read_rows, seal, shielded


@frozen(kw_only=True)
class PlanCounts:
    """What has become of the differences."""

    provider: int
    """Movements at the provider."""
    ledger: int
    """Lines for the ledger."""
    person: Mapping[str, int]
    """Left to a person, by class."""
    journal: int
    """Left to the journal, which has them in doubt."""
    settled: int
    """Differences that an earlier repair has made up for, and the rows of such repairs, which the ledger lacks."""


@frozen(kw_only=True)
class PlanRow:
    """One row of a plan."""

    difference: str
    """Id of the difference."""
    where: Where
    """Which side lacks it."""
    wallet: tuple[str, ...]
    """Its parts, as `Provider.wallet_fields` names them."""
    kind: Kind
    amount: Decimal
    currency: str | None
    reference: str | None
    why: str
    movement: MovementLike | None
    """What is to be booked; None for a line of the ledger."""


def write_plan(path: Path, differences: Path, provider: Provider, *, history: Path, spill: Path) -> PlanCounts:
    """Write the movements that would make both sides agree, a row each; notes are no differences.

    The same differences give the same file. What the provider shows as the correction of a difference is not planned
    again, also if another machine has booked it, with another journal: reading the histories has told.

    Args:
        path: Where to; it is there whole or not at all.
        differences: ``differences.parquet``.
        provider: Whose.
        history: Folder of the shards they were found in.
        spill: Folder for what does not fit into memory.
    """
    counts: Counter[Where | Left] = Counter()
    persons: Counter[str] = Counter()
    with replacing(path) as part, database(spill) as connection, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_columns(provider))
        for found in read_differences(connection, differences, history, provider.mark):
            made = repair(found)
            if isinstance(made, Repair):
                counts[made.where] += 1
                writer.writerow(_cells(found, made, provider))
            else:
                counts[made] += 1
                persons.update([found.label] if made is Left.PERSON else [])
    return PlanCounts(
        provider=counts["provider"],
        ledger=counts["ledger"],
        person=dict(sorted(persons.items())),
        journal=counts[Left.JOURNAL],
        settled=counts[Left.SETTLED],
    )


def read_plan(path: Path, provider: Provider) -> list[PlanRow]:
    """Read a plan of *provider*. Rows may have been deleted; what a row books must be as it was written.

    Raises:
        InvalidInputError: It is no plan, a row of it was changed, or stands there twice.
    """
    rows: list[PlanRow] = []
    references: set[str] = set()
    for place, cells in read_rows(path, _columns(provider)):
        if seal(cells, _sealed(provider)) != cells["check"]:
            raise InvalidInputError(
                f"{place}: the row was changed since `reconcile --fix` wrote it, by hand or by a spreadsheet; "
                "expected a row as it was written: delete it, or write the plan again"
            )
        row = _row(place, cells, provider)
        if row.reference and row.reference in references:
            raise InvalidInputError(f"{place}: reference {row.reference!r} stands here twice; expected it once")
        references.add(row.reference or "")
        rows.append(row)
    return rows


def _columns(provider: Provider) -> tuple[str, ...]:
    # A sum over what a row books: a spreadsheet that makes 1 of 001, or 1234 of 1.234, would have it paid otherwise.
    return (*_sealed(provider), "class", "description", "transaction_id", "created_at", "why", "check")


def _sealed(provider: Provider) -> tuple[str, ...]:
    return ("difference", "where", *provider.wallet_fields, "kind", "amount", "currency", "reference")


def _cells(found: Found, made: Repair, provider: Provider) -> list[str]:
    cells = {
        "difference": found.id,
        "where": made.where,
        **dict(zip(provider.wallet_fields, wallet_parts(found.wallet), strict=True)),
        "kind": made.kind,
        "amount": plain(made.amount),
        "currency": found.currency or "",
        "reference": made.reference or "",
        "class": found.label,
        "description": made.description,
        # The provider's row that it is about: where a line for the ledger is to be made, what else belongs into it.
        "transaction_id": found.transaction_id or "",
        "created_at": f"{found.created_at.isoformat()}Z" if found.created_at else "",
        "why": found.detail,
    }
    cells["check"] = seal(cells, _sealed(provider))
    return [cells[name] if name == "amount" else shielded(cells[name]) for name in _columns(provider)]


def _row(place: str, cells: Mapping[str, str], provider: Provider) -> PlanRow:
    wallet = tuple(cells[name] for name in provider.wallet_fields)
    kind, currency = cast(Kind, cells["kind"]), cells["currency"] or None
    amount = Decimal(cells["amount"])
    movement = None
    if cells["where"] == "provider":
        try:
            movement = provider.movement(
                provider.wallet_key(wallet),
                kind,
                amount,
                description=cells["description"],
                reference=cells["reference"],
                currency=currency,
            )
        except InvalidInputError as error:
            raise InvalidInputError(f"{place}: {error.message}") from None
    return PlanRow(
        difference=cells["difference"],
        where=cast(Where, cells["where"]),
        wallet=wallet,
        kind=kind,
        amount=amount,
        currency=currency,
        reference=cells["reference"] or None,
        why=cells["why"],
        movement=movement,
    )
