"""The power goes at any moment: whatever was sent before is in the journal, and the journal opens."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Iterable
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from attrs import frozen

from tests.crash import broken, disk, figures, strace
from tests.crash.disk import Step
from tests.crash.long import ALL
from tests.crash.processes import Child
from tests.faults.providers import CLIENTS
from tests.journal import booker
from tests.journal.booker import Work
from wallet_async.journal.sqlite import SqliteStore
from wallet_async.sandbox import Sandbox

pytestmark = [pytest.mark.usefixtures("traced"), pytest.mark.timeout(1200)]

SHARE = 25
"""States of the disk that are tried otherwise."""
_REFERENCE = re.compile(rb"order-\d+")


def books(talk: Connection, work: Work, way: str | None) -> None:
    """Book as `booker` does, once strace is there."""
    strace.let_anybody_trace()
    if way is not None:
        broken.apply(way)
    talk.send(os.getpid())
    talk.recv()
    booker.main(talk, work)


async def traced(folder: Path, *, references: int, way: str | None = None) -> list[Step]:
    """Book some references of Sipay's, whose requests name them, and give all that was done."""
    client = CLIENTS["loyalty"]
    async with Sandbox(client.sandbox()) as sandbox:
        names = [f"order-{number}" for number in range(references)]
        work = Work(client=client.name, url=sandbox.url, journal=f"sqlite:///{folder}/journal.db", references=names)
        child = await Child.start(books, work, way)
        log = folder.with_name("log")
        options = ("-f", "-y", "-xx", "-s", "1000000", "-e", disk.TRACED, "-o", str(log))
        async with strace.attached(await child.said(), *options):
            child.go()
            while await child.said() is not None:
                pass
            assert await child.gone() == 0
    return list(disk.read(log, folder))


@frozen
class Known:
    """What somebody outside knows at a moment."""

    sent: set[str]
    """References whose request has left."""
    told: set[str]
    """References whose receipt was given."""

    @classmethod
    def after(cls, steps: Iterable[Step]) -> Known:
        """Give it after *steps*."""
        said = [(step.place, _REFERENCE.search(step.data)) for step in steps if step.kind == "said"]
        sent, told = ({found[0].decode() for by, found in said if found and by == call} for call in ("sendto", "write"))
        return cls(sent, told)


def put_back(folder: Path, left: dict[str, bytes]) -> None:
    """Make the files what they were; the journal's stays the one it is, since another would be taken for a copy."""
    for file in folder.iterdir():
        if str(file) not in left and file.name != "journal.db":
            file.unlink()
    for name, content in left.items():
        Path(name).write_bytes(content)
        Path(name).chmod(0o600)


async def check(folder: Path, left: dict[str, bytes], known: Known) -> None:
    """Open the journal that a power cut left, in the very files, and compare with what was known.

    Raises:
        AssertionError: Something is missing, or seems to be.
    """
    put_back(folder, left)
    if str(folder / "journal.db") not in left:
        assert not known.sent, "sent, and there is no journal"
        return
    store = await SqliteStore.open(folder / "journal.db")
    try:
        found = {
            entry.reference: entry
            for entry in await store.listed(None, ["sending", "applied", "in_doubt"], after=None, limit=1000)
        }
        assert known.sent <= set(found), f"sent, not in the journal: {sorted(known.sent - set(found))}"
        for entry in found.values():
            assert json.loads(entry.movement)["reference"] == entry.reference
            assert (entry.receipt is not None) == (entry.state == "applied")
        for reference in known.told:
            assert found[reference].state == "applied"
        assert not store.restored, "taken for a backup"
    finally:
        await store.aclose()


async def test_what_was_sent_is_there(tmp_path: Path) -> None:
    """Before each write, sync and request, with all, nothing or some of what was not synced."""
    folder = tmp_path / "journal"
    folder.mkdir()
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    steps = await traced(folder, references=60 if ALL else 20)
    every = list(disk.states(steps, folder, rng))
    chosen = every if ALL else rng.sample(every, SHARE)
    for taken, left in chosen:
        await check(folder, left, Known.after(steps[:taken]))
    known = Known.after(steps)
    assert len(known.sent) == len(known.told) > 0
    figures.tell(
        "power cut", steps=len(steps), states=len(chosen), requests=len(known.sent), seed=seed, **{"sent, not there": 0}
    )


async def test_twin_not_synced(tmp_path: Path) -> None:
    """With ``synchronous=NORMAL`` what was sent may be gone."""
    folder = tmp_path / "journal"
    folder.mkdir()
    steps = await traced(folder, references=20, way="not synced")
    first = next(number for number in range(1, len(steps)) if Known.after([steps[number - 1]]).sent)
    left = next(left for taken, left in disk.states(steps, folder, random.Random(1)) if taken == first)
    with pytest.raises(AssertionError, match="sent, not in the journal"):
        await check(folder, left, Known.after(steps[:first]))
