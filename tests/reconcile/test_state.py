"""The folder of a run: it goes on where it was, with the same question only, and one run at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from attrs import evolve

from wallet_async.engine.errors import InvalidInputError
from wallet_async.reconcile.state import State

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LATER = datetime(2026, 11, 23, tzinfo=UTC)
ASKED = {"ledger": "ledger.csv, 10 bytes", "since": None}


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "run")


def begun(state: State) -> None:
    """Leave a run as one that was killed leaves it."""
    with state.held():
        state.save(evolve(state.begin(ASKED, NOW, restart=False), read_at=NOW, requests=7, seconds=1.5))
        state.ledger.write_text("ledger")
        (state.history / "000000.parquet").write_text("shard")


def test_an_unfinished_run_goes_on(state: State) -> None:
    """It keeps what it has, and counts its sessions."""
    begun(state)
    with state.held():
        progress = state.begin(ASKED, LATER, restart=False)
    assert (progress.started_at, progress.read_at, progress.requests, progress.sessions) == (NOW, NOW, 7, 2)
    assert state.ledger.exists()
    assert (state.history / "000000.parquet").exists()


def test_another_question_is_refused(state: State) -> None:
    """Two ledgers must not be mixed; nothing of the unfinished run is touched."""
    begun(state)
    with state.held(), pytest.raises(InvalidInputError, match="unfinished run with another ledger, at another place"):
        state.begin({**ASKED, "ledger": "another"}, LATER, restart=False)
    assert state.ledger.exists()


@pytest.mark.parametrize("why", ["restart", "finished"])
def test_a_run_begins_anew(state: State, why: str) -> None:
    """If it is asked for, and where the last one has ended: the provider has moved on since. Other files stay."""
    begun(state)
    (state.folder / "mine.txt").write_text("a user's own")
    if why == "finished":
        with state.held():
            state.save(evolve(state.begin(ASKED, NOW, restart=False), finished=True))
    with state.held():
        progress = state.begin({"ledger": "another"}, LATER, restart=why == "restart")
    assert (progress.started_at, progress.read_at, progress.sessions) == (LATER, None, 1)
    assert not state.ledger.exists()
    assert not list(state.history.iterdir())
    assert (state.folder / "mine.txt").exists()


def test_two_runs_do_not_share_a_folder(state: State) -> None:
    """The second is refused at once, and may begin when the first has ended."""
    with state.held(), pytest.raises(InvalidInputError, match="another run is working in"), State(state.folder).held():
        pass
    with State(state.folder).held():
        pass


def test_twin_a_folder_that_nobody_holds(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged: with a lock that always opens, the same check fails."""
    monkeypatch.setattr("filelock.FileLock.acquire", lambda *_: None)
    monkeypatch.setattr("filelock.FileLock.release", lambda *_: None)
    with pytest.raises(pytest.fail.Exception):
        test_two_runs_do_not_share_a_folder(state)


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    """What has the names of ours in it is not removed."""
    (tmp_path / "history").mkdir()
    (tmp_path / "history" / "2025.txt").write_text("mine")
    (tmp_path / "notes.txt").write_text("mine too")
    with pytest.raises(InvalidInputError, match=r"no state of a reconciliation: it holds '2025.txt'"):
        check_untouched(tmp_path)
    assert (tmp_path / "history" / "2025.txt").exists()
    (tmp_path / "history" / "2025.txt").rename(tmp_path / "2025.txt")
    with pytest.raises(InvalidInputError, match=r"it holds '2025.txt'"):
        check_untouched(tmp_path)
    (tmp_path / "2025.txt").rename(tmp_path / "history" / "2025.txt")


def test_twin_a_state_that_takes_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged: the same folder loses its files."""
    monkeypatch.setattr(State, "_refuse_foreign", lambda state: None)
    with pytest.raises(pytest.fail.Exception):
        test_a_folder_of_somebody_else_is_left_alone(tmp_path)
    assert not (tmp_path / "history" / "2025.txt").exists()


def check_untouched(folder: Path) -> None:
    state = State(folder)
    with state.held():
        state.begin(ASKED, NOW, restart=True)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2}', '{"format": 1, "asked": "x"}'])
def test_a_broken_state_says_what_to_do(state: State, text: str) -> None:
    """One line, and --restart begins anew."""
    state.folder.mkdir()
    (state.folder / "run.json").write_text(text)
    with state.held(), pytest.raises(InvalidInputError, match="not what this release writes; begin anew with restart"):
        state.begin(ASKED, NOW, restart=False)
    with state.held():
        assert state.begin(ASKED, NOW, restart=True).sessions == 1


def test_a_folder_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    """A file stands where it should be."""
    (tmp_path / "run").write_text("")
    with pytest.raises(InvalidInputError, match="cannot be written"), State(tmp_path / "run").held():
        pass


def test_shards_with_unread_wallets_are_read_again(state: State) -> None:
    """So are those that something has cut off; whole ones stay."""
    with state.held():
        state.begin(ASKED, NOW, restart=False)
        with duckdb.connect() as connection:
            for number, error in enumerate(("NULL", "'no answer'", "NULL")):
                path = state.history / f"{number:06}.parquet"
                connection.execute(f"COPY (SELECT 'w' AS wallet, {error}::VARCHAR AS error) TO '{path}'")
        cut = state.history / "000002.parquet"
        cut.write_bytes(cut.read_bytes()[:-20])
        state.drop_unread()
    assert [path.name for path in state.history.iterdir()] == ["000000.parquet"]
