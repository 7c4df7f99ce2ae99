"""What must hold of a run on a world: it finds what was planted and nothing else, however often it is killed."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Sequence

import duckdb
from attrs import frozen

from tests.reconcile.planted.driving import Ended, Folder, Stage
from tests.reconcile.planted.filling import Found, planted_in
from wallet_async.reconcile.model import wallet_parts

MOST = 500
"""Megabytes that a run may hold."""
_DIFFERENT = 1
_KILLED = -9
_TIMES = re.compile(r"<(\w+)[^>]*\bdata-times\b.*?</\1>", re.DOTALL)


@frozen(kw_only=True)
class Run:
    """A run that went through."""

    folder: Folder
    ended: Ended
    """Its last session."""
    requests: int
    """Requests of its last session, as the sandbox counted them."""
    killed: tuple[Ended, ...] = ()
    """Sessions that were killed before."""
    read: tuple[int, ...] = ()
    """Chunks that had been read when each was killed."""


def found_in(folder: Folder) -> list[Found]:
    """Read what a run found."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT severity, class, wallet, ledger_line, transaction_id FROM read_parquet(?)",
            [str(folder.differences)],
        ).fetchall()
    return [(severity, kind, wallet_parts(wallet), line, row) for severity, kind, wallet, line, row in rows]


def compare(found: Sequence[Found], planted: Sequence[Found]) -> None:
    """Check that just what was planted was found, each once."""
    lost, invented = Counter(planted) - Counter(found), Counter(found) - Counter(planted)
    assert not lost, f"{lost.total()} not found, such as {list(lost)[:5]}; invented {list(invented)[:5]}"
    assert not invented, f"{invented.total()} invented, such as {list(invented)[:5]}"


def undisturbed(stage: Stage, *options: str, broken: str | None = None) -> Run:
    """Run once from beginning to end: what was planted is found, and memory stays in its bound."""
    folder = stage.folder(f"undisturbed, {broken}")
    stage.requests()
    ended = stage.run(folder, *options, broken=broken)
    assert ended.code == _DIFFERENT, ended.said
    compare(found_in(folder), planted_in(stage.files))
    assert ended.memory <= MOST, f"{ended.memory} MB"
    return Run(folder=folder, ended=ended, requests=stage.requests())


Moment = Callable[[Folder], bool]
"""Whether it is time to kill."""


def ledger_read() -> Moment:
    """Kill once the ledger has been read."""
    return lambda folder: (folder.state / "wallets.parquet").exists()


def chunk_read() -> Moment:
    """Kill once another chunk has been read."""
    before: list[int] = []

    def moment(folder: Folder) -> bool:
        before.append(len(folder.shards))
        return before[-1] > before[0]

    return moment


def chunks_read(count: int, pause: float) -> Moment:
    """Kill some seconds after so many chunks have been read."""
    since: list[float] = []

    def moment(folder: Folder) -> bool:
        if since or len(folder.shards) >= count:
            since.append(time.monotonic())
        return bool(since) and since[-1] - since[0] >= pause

    return moment


def killed(stage: Stage, whole: Run, moments: Sequence[Callable[[], Moment]], *, broken: str | None = None) -> Run:
    """Kill a run at each of *moments*, gone on with in between: it ends as *whole* did, and reads no chunk twice."""
    folder = stage.folder(f"killed, {broken}")
    sessions, read = list[Ended](), list[int]()
    for moment in moments:
        until = moment()
        ended = stage.run(folder, until=lambda until=until: until(folder), broken=broken)
        assert ended.code == _KILLED, ended.said
        assert ended.memory <= MOST, f"{ended.memory} MB"
        sessions.append(ended)
        read.append(len(folder.shards))
    kept = set(folder.shards)
    stage.requests()
    ended = stage.run(folder, broken=broken)
    requests = stage.requests()
    assert ended.code == _DIFFERENT, ended.said
    assert ended.memory <= MOST, f"{ended.memory} MB"
    assert folder.differences.read_bytes() == whole.folder.differences.read_bytes(), "other differences"
    assert _but_for_times(folder) == _but_for_times(whole.folder), "another report"
    assert not list(folder.state.rglob(".*")), "killed sessions have left files"
    assert requests == _requests(folder, [shard for shard in folder.shards if shard not in kept]), "chunks read again"
    return Run(folder=folder, ended=ended, requests=requests, killed=tuple(sessions), read=tuple(read))


def _but_for_times(folder: Folder) -> str:
    text, count = _TIMES.subn("", folder.report.read_text(encoding="utf-8"))
    assert count == 1, f"{count} blocks are marked as times"
    return text


def _requests(folder: Folder, read: Sequence[object]) -> int:
    """Count what reading these shards took."""
    if not read:
        return 0
    with duckdb.connect() as connection:
        (count,) = connection.execute(
            "SELECT sum(requests)::BIGINT FROM read_parquet(?)", [[str(shard) for shard in read]]
        ).fetchall()[0]
    return int(count)
