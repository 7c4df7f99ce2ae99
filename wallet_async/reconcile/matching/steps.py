"""The rules in their order: each a file of ``sql/`` that finds pairs, or says why rows have none."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ID = "transaction id"
REFERENCE = "reference"
ALIKE = "wallet, kind, amount and time"
MATCHED_BY = (ID, REFERENCE, ALIKE)
"""What a pair can be matched by, from the strongest."""

_EVIDENCE = (("transaction_id", ID, "entries"), ("mark", REFERENCE, "without_id"))
_LIKENESSES = ("kind, amount", "kind", "")
"""Where several rows have one id or mark: what a pair has in common beside it, closest first."""
_TWINS = (
    # One id is one movement, whatever the kind; one reference may be booked and taken back.
    ("duplicated_in_ledger", "ledger", "wallet, transaction_id", "has the same transaction id"),
    ("duplicated_in_ledger", "ledger", "wallet, mark, kind", "has the same reference and kind"),
    ("duplicated_at_provider", "provider", "wallet, mark, kind", "has the same reference and kind"),
)
# What arrived since the ledger was read may be the partner of a line that has none, but sows no doubt about others.
_BOOKED = ("NOT has_arrived_since(created_at)", "has_arrived_since(created_at)")


@cache
def text(name: str) -> str:
    """Read the statements of a step."""
    return resources.files(__name__.rpartition(".")[0]).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def run(connection: DuckDBPyConnection, name: str, **words: str) -> None:
    """Run a step, with *words* put into its text."""
    connection.execute(text(name).format(**words))


def match_part(connection: DuckDBPyConnection) -> None:
    """Compare the wallets of one part; `prepare.sql` and the variables ``low`` and ``high`` are there."""
    run(connection, "entries")
    for key, matched_by, among in _EVIDENCE:
        run(connection, "families", key=key, among=among, matched_by=matched_by)
        for likeness in _LIKENESSES:
            alike = ", ".join(filter(None, ("wallet", key, likeness)))
            run(connection, "in_turn", alike=alike, matched_by=matched_by)
    run(connection, "settled")
    run(connection, "contradictions")
    for class_, side, family, has_the_same in _TWINS:
        run(connection, "twins", class_=class_, side=side, family=family, has_the_same=has_the_same)
    for booked in _BOOKED:
        run(connection, "alike", booked=booked, matched_by=ALIKE)
        run(connection, "clusters", matched_by=ALIKE)
    for name in ("missing", "differences", "balances", "counts"):
        run(connection, name)
