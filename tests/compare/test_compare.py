"""A share of the comparison: here nothing is paid twice or lost, and the harness sees that it is elsewhere."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.compare import ours
from tests.compare.client import Told
from tests.compare.clients import NAMES, named
from tests.compare.faults import FAULTS, KILLED
from tests.compare.page import page
from tests.compare.run import against
from tests.compare.tally import Tally, tally
from wallet_async.journal import Settling

SEED = 7
EACH = 6
"""References; of this seed's requests some of the first six are struck by each fault."""
LOOP = "aiohttp in a retry loop"
SHARE = ("closed after booking", "gateway's 502 after booking", "closed unread, as a stale connection is")
DOUBLES = {"httpx, transport with retries": False, "this library": False, "this library with a journal": False}
"""Whether a client pays twice where the connection is closed after booking, if it is not the usual: yes."""


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Believe that the stand-in, which runs in the same loop, books at once or never."""
    monkeypatch.setattr(ours, "SETTLING", Settling(commit_within=0.2, shown_within=0.02, every=0.05))
    monkeypatch.setattr(ours, "_LOOK_AGAIN", 0.01)


async def share(name: str) -> Tally:
    """Let a client meet a share of the faults."""
    print(f"seed {SEED}")
    return sum(await asyncio.gather(*(against(name, fault, references=EACH, seed=SEED) for fault in SHARE)), Tally())


async def test_with_a_journal_each_is_paid_once() -> None:
    """Every reference, whatever was lost."""
    found = await share("this library with a journal")
    assert found == Tally(once=EACH * len(SHARE))


async def test_without_one_none_is_paid_twice_or_lost_in_silence() -> None:
    """What it does not know it says."""
    found = await share("this library")
    assert (found.doubled, found.lost, found.denied) == (0, 0, 0)
    assert found.unknown


async def test_twin_a_retry_loop_pays_twice() -> None:
    """The same harness counts credits that the usual loop paid twice."""
    found = await share(LOOP)
    assert found.doubled
    assert found != Tally(once=EACH * len(SHARE))


@pytest.mark.parametrize("name", NAMES)
async def test_each_client_takes_part(name: str) -> None:
    """It credits, and does with a lost answer what it is known to do."""
    try:
        named(name)
    except ModuleNotFoundError as error:
        pytest.skip(f"{error.name} is not installed: pip install --group compare")
    found = await against(name, "closed after booking", references=EACH, seed=SEED)
    assert found.once
    assert bool(found.doubled) == DOUBLES.get(name, True)


WHAT: list[tuple[Told, int, Tally]] = [
    ("paid", 1, Tally(once=1)),
    ("paid", 2, Tally(doubled=1)),
    ("failed", 2, Tally(doubled=1)),
    ("unknown", 2, Tally(doubled=1)),
    ("paid", 0, Tally(lost=1)),
    ("failed", 0, Tally(lost=1)),
    ("failed", 1, Tally(denied=1)),
    ("unknown", 0, Tally(unknown=1)),
    ("unknown", 1, Tally(unknown=1)),
]


@pytest.mark.parametrize(("told", "booked", "what"), WHAT)
def test_what_counts_as_what(told: Told, booked: int, what: Tally) -> None:
    """By what was told and how often it is booked, under the reference or behind a mark."""
    assert (
        tally({"order-1": told}, ["order-1", "ABCDEFGHIJ order-1", "order-10"][: 2 if booked > 1 else booked]) == what
    )


def test_the_page_has_every_client_and_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """The published one is of the clients and faults of today."""
    monkeypatch.setattr("tests.compare.page.version", lambda _: "1")  # the other clients need not be installed here
    published = Path(__file__).parents[2] / "docs" / "compared.md"
    found = {name: dict.fromkeys((*FAULTS, KILLED), Tally(once=1)) for name in NAMES}
    rows = [line.split("|")[1] for line in page(found, references=13, seed=SEED).splitlines() if line.startswith("|")]
    text = published.read_text(encoding="utf-8")
    assert [line.split("|")[1] for line in text.splitlines() if line.startswith("|")] == rows
