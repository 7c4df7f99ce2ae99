"""A journal that was put back from a backup, or copied, is noticed; one that was killed or moved is not suspected."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve

from tests.journal.conformance import sending
from tests.journal.journals import filled, killed, opened
from wallet_async.journal.sqlite import file
from wallet_async.journal.sqlite.mark import Generation, Mark, may_miss_entries

GENERATION = Generation(id="g", inode="7", counter=50, restored=False)
MARK = Mark(id="g", counter=50, base=40)

CASES: dict[str, tuple[Generation | None, Mark | None, str, int, bool]] = {
    "as it was left": (GENERATION, MARK, "7", 40, False),
    "killed before the mark was written": (GENERATION, evolve(MARK, counter=49), "7", 40, False),
    "a power cut took the mark back": (GENERATION, evolve(MARK, counter=3, base=2), "7", 40, False),
    "killed while the log was brought in": (GENERATION, MARK, "7", 50, False),
    "never used before": (None, None, "7", 0, False),
    "killed while it was made": (None, evolve(MARK, counter=0, base=0), "7", 0, False),
    "deleted, the mark left": (None, MARK, "7", 0, True),
    "without its mark": (GENERATION, None, "7", 40, True),
    "older than its mark": (evolve(GENERATION, counter=49), MARK, "7", 40, True),
    "an older file under a newer log": (GENERATION, MARK, "7", 39, True),
    "of an earlier generation": (evolve(GENERATION, id="f"), MARK, "7", 40, True),
    "in another place": (GENERATION, MARK, "8", 40, True),
    "noticed before": (evolve(GENERATION, restored=True), MARK, "7", 40, True),
}


@pytest.mark.parametrize("case", CASES)
def test_what_follows_from_what_is_found(case: str) -> None:
    """Only what proves that nothing is missing says that nothing is."""
    found, mark, inode, base, expected = CASES[case]
    assert may_miss_entries(found, mark, inode=inode, base=base) is expected


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "place").mkdir()
    return tmp_path / "place" / "journal.db"


async def is_restored(path: Path) -> bool:
    """Open the journal twice: what is noticed stays."""
    async with opened(path) as store:
        restored = store.restored
    async with opened(path) as store:
        assert store.restored == restored
    return restored


def copied_over(path: Path, backup: Path) -> Path:
    shutil.copyfile(backup / path.name, path)
    return path


def moved_into_its_place(path: Path, backup: Path) -> Path:
    (backup / path.name).rename(path)
    return path


def folder_copied_elsewhere(path: Path, backup: Path) -> Path:
    shutil.copytree(path.parent, backup / "copy")
    return backup / "copy" / path.name


def folder_put_back(path: Path, backup: Path) -> Path:
    path.parent.rename(path.parent.with_name("old"))
    shutil.copytree(backup, path.parent)
    return path


def deleted(path: Path, backup: Path) -> Path:
    path.unlink()
    return path


def mark_deleted(path: Path, backup: Path) -> Path:
    path.with_name("journal.db-mark").unlink()
    return path


def contents(paths: list[Path]) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in paths}


def put_back(files: dict[Path, bytes]) -> None:
    for path, content in files.items():
        path.touch(0o600)
        path.write_bytes(content)


RESTORES: list[Callable[[Path, Path], Path]] = [
    copied_over,
    moved_into_its_place,
    folder_copied_elsewhere,
    folder_put_back,
    deleted,
    mark_deleted,
]


async def check_a_restore_is_noticed(restore: Callable[[Path, Path], Path], path: Path) -> None:
    """A backup of ten movements, ten more, then something is put back."""
    await filled(path, range(10))
    backup = path.parent.with_name("backup")
    shutil.copytree(path.parent, backup)
    await filled(path, range(10, 20))
    assert await is_restored(restore(path, backup))


@pytest.mark.parametrize("restore", RESTORES, ids=lambda restore: restore.__name__)
async def test_a_restore_is_noticed(restore: Callable[[Path, Path], Path], path: Path) -> None:
    """Each way to put something back or to copy it is noticed, and remembered."""
    await check_a_restore_is_noticed(restore, path)


@pytest.mark.parametrize("restore", RESTORES, ids=lambda restore: restore.__name__)
async def test_a_restore_is_not_noticed_without_looking(
    restore: Callable[[Path, Path], Path], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotaged twin: whoever trusts what the file says of itself notices nothing."""
    monkeypatch.setattr(file, "may_miss_entries", lambda found, mark, **place: found is not None and found.restored)
    with pytest.raises(AssertionError):
        await check_a_restore_is_noticed(restore, path)


async def test_a_state_from_before_an_earlier_restore_is_noticed(path: Path) -> None:
    """Its counter is ahead of the present one, yet it is not the present one's past."""
    await filled(path, range(5))
    early = path.with_name("early")
    shutil.copyfile(path, early)
    await filled(path, range(5, 20))
    late = path.with_name("late")
    shutil.copyfile(path, late)
    shutil.copyfile(early, path)
    await filled(path, range(20, 22))
    shutil.copyfile(late, path)
    assert await is_restored(path)


async def check_an_older_file_under_its_log_is_noticed(path: Path) -> None:
    """The log, left by a crash, has the newest counter; the file below it is from before something was booked."""
    log_and_mark = [path.with_name("journal.db-wal"), path.with_name("journal.db-mark")]
    await filled(path, range(10))
    older = contents([path])
    async with opened(path) as store:
        await store.record(sending("1"), "applied", now=9)
    async with opened(path) as store:
        await store.record(sending("2"), "applied", now=9)
        left = contents(log_and_mark)
    put_back(older | left)
    assert await is_restored(path)


async def test_an_older_file_under_its_log_is_noticed(path: Path) -> None:
    """What the file has without its log is compared too."""
    await check_an_older_file_under_its_log_is_noticed(path)


async def test_an_older_file_under_its_log_is_not_noticed_by_the_counter_alone(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotaged twin: without a look at the file alone nothing shows."""
    monkeypatch.setattr(file, "_in_the_file_alone", lambda path: 2**62)
    with pytest.raises(AssertionError):
        await check_an_older_file_under_its_log_is_noticed(path)


async def test_a_journal_that_stays_where_it_is_is_not_suspected(path: Path) -> None:
    """Opened again, killed, copied from, or moved with its folder inside a file system, it misses nothing."""
    assert not await is_restored(path)
    await filled(path, range(3))
    await killed(path, "killed", 0, least=20)
    shutil.copytree(path.parent, path.parent.with_name("backup"))
    assert not await is_restored(path)
    moved = path.parent.with_name("moved")
    path.parent.rename(moved)
    assert not await is_restored(moved / path.name)


async def test_what_was_accepted_is_suspected_again_only_when_it_is_put_back_again(path: Path) -> None:
    """The way out holds for this restore, through crashes and openings, and not for the next one."""
    await filled(path, range(5))
    backup = path.with_name("backup")
    shutil.copyfile(path, backup)
    await filled(path, range(5, 9))
    shutil.copyfile(backup, path)
    async with opened(path) as store:
        assert store.restored
        await store.set_restored(False)
        assert not store.restored
    await killed(path, "killed", 0, least=5)
    assert not await is_restored(path)
    shutil.copyfile(backup, path)
    assert await is_restored(path)
