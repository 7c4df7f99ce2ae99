"""The cells of the fault matrix with a journal: fault, credit or debit, provider, kind of journal; how one is checked.

All of them are run by `nox -s proof`. Otherwise one cell of each row is: another one each time, the same where a
change has to pass.
"""

from __future__ import annotations

import os
import random
from itertools import groupby, product

import attrs

from tests.faults.judge import HASTY, Outcome, Watch, attempt, judge
from tests.faults.providers import CLIENTS
from tests.faults.test_not_sent import PLACES, judge_place
from tests.kit import ROWS, CommitServer, for_writes, good, no_leaks
from wallet_async.engine.calls import Kind
from wallet_async.engine.errors import AuthenticationError
from wallet_async.journal import Journal
from wallet_async.journal.entry import State
from wallet_async.journal.store import Store

FAULTS = (*PLACES, *ROWS)
"""Rows 1 to 7 and 12 to 39, each as ``<number>-<what>``."""
WHOLE = bool(os.environ.get("MATRIX_WHOLE"))
SEED = 0 if os.environ.get("CI") else random.randrange(2**32)


@attrs.frozen
class Cell:
    """One write that meets one fault."""

    fault: str
    kind: Kind
    provider: str
    journal: str
    """``file`` or ``server``."""

    def __str__(self) -> str:
        return f"{self.fault}-{self.kind}-{self.provider}"

    @property
    def row(self) -> int:
        """Its row in the fault matrix."""
        return int(self.fault.split("-")[0])


EVERY = [Cell(*cell) for cell in product(FAULTS, ("credit", "debit"), CLIENTS, ("file", "server"))]


def _chosen() -> list[Cell]:
    if WHOLE:
        return EVERY
    draw = random.Random(SEED)
    by_row = groupby(sorted(EVERY, key=lambda cell: cell.row), key=lambda cell: cell.row)
    return [draw.choice(list(cells)) for _, cells in by_row]


CHOSEN = _chosen()
"""The cells to run: all of them, or one of each row."""


async def check(cell: Cell, store: Store, *, watch: Watch = no_leaks) -> None:
    """Make the write of *cell*; hold its claim, the commits and the journal against the matrix; and ask again.

    Args:
        cell: The write and its fault.
        store: An empty one.
        watch: Looks for what is left behind.

    Raises:
        AssertionError: They do not agree, or what was asked again was sent though it may be booked, or not sent though
            it is not.
    """
    client, journal = CLIENTS[cell.provider], Journal(store)
    if cell.fault in PLACES:
        outcome = await judge_place(client, cell.fault, cell.kind, journal=journal, watch=watch)
    else:
        outcome = await judge(client, ROWS[cell.fault], cell.kind, journal=journal, watch=watch)
    entry = await journal.entry(client.name, "r-1")
    state = "prepared" if entry is None else entry.state
    assert state == state_after(outcome), f"claims {outcome.claim}, and the journal says {state}"
    async with (
        CommitServer(for_writes(good()), flavour=client.flavour) as server,
        client.session(server.url, journal=journal, retry=HASTY) as session,
    ):
        again = await attempt(lambda: client.write(session, cell.kind), [])
        sent = server.commits[client.method]
    assert again.claim == ("UNKNOWN" if outcome.claim == "UNKNOWN" else "DONE"), repr(again.error)
    assert outcome.claim != "DONE" or again.value == outcome.value
    assert sent == (outcome.claim in {"NOT_SENT", "REJECTED"}), f"claimed {outcome.claim}, then sent {sent} times"


def state_after(outcome: Outcome) -> State:
    """Say what the journal has to hold after a write that ended so; what never left may also have left no entry."""
    match outcome.claim:
        case "DONE":
            return "applied"
        case "UNKNOWN":
            return "in_doubt"
        case "REJECTED" if not isinstance(outcome.error, AuthenticationError):
            return "refused"
        case _:
            return "prepared"
