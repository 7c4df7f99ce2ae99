"""S11: journaled credits that share commits against a commit each; and what a journal costs, by how many are in flight.

A credit is written twice before its receipt is given: that it is about to leave, and how it ended. "A commit each" is
the same library, file and requests, but the journal's thread takes one operation at a time, so that a credit costs two
syncs, whatever else waits. Nothing else differs, so the quotient is what sharing commits is worth.
"""

import os
import sqlite3
import tempfile
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from attrs import asdict, evolve

from benchmarks import charts, child, postgres
from benchmarks.peers.journaled import DISK, POSTGRES_URL
from benchmarks.report import Cell, Figure, Section, Table, Verdict
from benchmarks.requests import rates, ratio
from benchmarks.serving import running
from benchmarks.slices import Case, Found, Plan, Slice, interleave

IN_FLIGHT = (1, 10, 50, 200)
_BARE, _SQLITE, _EACH, _POSTGRES = (
    f"journaled.{name}" for name in ("bare", "sqlite", "sqlite_a_commit_each", "postgres")
)
_NAMES = {_BARE: "none (baseline)", _SQLITE: "SQLite", _EACH: "SQLite, a commit each", _POSTGRES: "PostgreSQL"}
_SHARE = 1 / 2
"""Of the usual time of a slice: there are many cases, and all are in every round."""
_IN_MEMORY = {"tmpfs", "ramfs"}

ByCase = dict[tuple[str, int], Found]


def measure(folder: str, cases: list[tuple[str, int]], plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Measure in this process."""
    with running(Path(folder)) as site:
        wanted = [Case(peer, in_flight=in_flight) for peer, in_flight in cases]
        return [asdict(one) for one in interleave(site, wanted, Plan(**plan))]


def section(folder: Path, plan: Plan) -> Section:
    """Measure all of it in one run."""
    cases = [(_EACH, 1), (_EACH, 50), *((peer, count) for peer in (_BARE, _SQLITE) for count in IN_FLIGHT)]
    environment = {DISK: _disk()}
    programs = postgres.programs() if find_spec("asyncpg") else None
    with ExitStack() as stack:
        if programs is not None:
            environment[POSTGRES_URL] = stack.enter_context(postgres.running(programs, environment[DISK]))
            cases += [(_POSTGRES, count) for count in IN_FLIGHT]
        syncs = [_sync(environment[DISK])]
        answer = child.call(
            "journals.measure",
            environment=environment,
            folder=str(folder),
            cases=cases,
            plan=asdict(evolve(plan, seconds=plan.seconds * _SHARE, slow=1)),
        )
        syncs.append(_sync(environment[DISK]))
    on = "SQLite {} on {}, where a sync of 4 KiB took {:.0f} us before the run and {:.0f} after it.".format(
        sqlite3.sqlite_version, _file_system(environment[DISK]), *syncs
    )
    found: ByCase = {
        case: Found(**{**one, "slices": [Slice(**slice_) for slice_ in one["slices"]]})
        for case, one in zip(cases, answer, strict=True)
    }
    release = f"{postgres.version(programs)}, fsync on, eight connections at most" if programs is not None else None
    return Section(
        tables=[_shared(found, on), _costs(found, release)],
        verdicts=[
            Verdict(goal="S11", figure=ratio(found[_SQLITE, 50], found[_EACH, 50])),
            Verdict(goal="S11, in flight", figure=ratio(found[_SQLITE, 50], found[_SQLITE, 1])),
        ],
        charts={
            "journal": charts.curve(
                "Credits a second with a journal in SQLite, one at a time = 1",
                "credits in flight",
                [(count, ratio(found[_SQLITE, count], found[_SQLITE, 1])) for count in IN_FLIGHT],
            )
        },
    )


def _shared(found: ByCase, on: str) -> Table:
    base = found[_EACH, 50]
    lines: list[tuple[Cell, ...]] = []
    for peer, count in ((_EACH, 50), (_SQLITE, 50), (_EACH, 1), (_SQLITE, 1)):
        one = found[peer, count]
        to_one = ratio(one, found[peer, 1])
        lines.append((_NAMES[peer], f"{count}", ratio(one, base), to_one, Figure.of(rates(one))))
    return Table(
        title="S11: credits with a durable SQLite journal",
        head=("journal", "in flight", "to a commit each, 50 in flight", "to the same, one at a time", "credits/s"),
        lines=lines,
        note=f"{on} A credit writes twice, so a commit each is two syncs a credit.",
    )


def _costs(found: ByCase, release: str | None) -> Table:
    lines: list[tuple[Cell, ...]] = []
    for count in IN_FLIGHT:
        base = found[_BARE, count]
        for peer in (_BARE, _SQLITE, _POSTGRES):
            one = found.get((peer, count))
            if one is None:
                lines.append((f"{count}", _NAMES[peer], "skipped", None, None, None))
                continue
            more = None if one is base else 1e6 / median(rates(one)) - 1e6 / median(rates(base))
            cpu = median(slice_.cpu for slice_ in one.slices)
            lines.append((f"{count}", _NAMES[peer], ratio(one, base), Figure.of(rates(one)), more, cpu))
    return Table(
        title="A journaled credit against a bare one, with [fast]",
        head=("in flight", "journal", "ratio (quartiles)", "credits/s", "us a credit more", "us of CPU here"),
        lines=lines,
        note=f"{release or 'PostgreSQL: skipped, no server or no asyncpg found'}. All send the same request. The CPU "
        "is the client's, which has one core for itself and SQLite; PostgreSQL's own is not in it.",
    )


def _disk() -> str:
    """Give a folder that is on a disk: where temporary files are, unless that is memory."""
    usual = tempfile.gettempdir()
    return "/var/tmp" if _file_system(usual) in _IN_MEMORY and Path("/var/tmp").is_dir() else usual  # noqa: S108


def _file_system(folder: str) -> str:
    """Name the kind of file system that holds *folder*, where Linux tells."""
    try:
        mounts = [line.split()[1:3] for line in Path("/proc/self/mounts").read_text().splitlines()]
    except OSError:
        return "an unknown file system"
    real = Path(os.path.realpath(folder))
    return max((place, kind) for place, kind in mounts if real.is_relative_to(place))[1]


def _sync(folder: str) -> float:
    """Give the microseconds that appending 4 KiB and syncing them takes: the median of a hundred."""
    taken = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(100):
            begun = perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            taken.append(perf_counter() - begun)
    return median(taken) * 1e6
