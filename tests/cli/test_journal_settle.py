"""``wallet-async journal resolve`` and ``audit``, against a sandbox whose answers are lost."""

from __future__ import annotations

import asyncio
import signal
from itertools import count
from pathlib import Path

import pytest
from attrs import evolve

from rehook_async import RehookSession
from tests.cli.journal import one_line, url_of
from tests.cli.process import Inside, SandboxProcess
from tests.journal.behind import rewritten
from tests.journal.conformance import sending
from wallet_async.cli.journal.settle import Believed
from wallet_async.engine.errors import OutcomeUnknownError
from wallet_async.journal import Journal, Settling
from wallet_async.journal.audit import Audit
from wallet_async.journal.entry import Entry
from wallet_async.journal.resolver import Resolver, Swept
from wallet_async.journal.sqlite import SqliteStore

QUICK = ("--commit-within", "0.001", "--shown-within", "0.001", "--every", "0.01")
"""As if a provider booked and showed everything at once."""


def book(sandbox: SandboxProcess, path: Path, wallet: list[str], reference: str, points: int = 5) -> None:
    """Credit with a journal; what happens to it is for the sandbox's faults."""

    async def credit() -> None:
        async with (
            await Journal.open(url_of(path)) as journal,
            RehookSession.from_env(sandbox.environ, journal=journal) as rehook,
        ):
            try:
                await rehook.credit(*wallet, points, reference=reference)
            except OutcomeUnknownError:
                pass

    asyncio.run(credit())


def test_resolve_finds_what_was_booked(rehook: SandboxProcess, tmp_path: Path, inside: Inside) -> None:
    """A credit whose answer was lost is found; nothing is sent; a second run has nothing to do."""
    path, wallet = tmp_path / "journal.db", rehook.wallet()
    rehook.faults("close@after:credit")
    book(rehook, path, wallet, "lost")
    rehook.faults("")
    rehook.control("DELETE", "observed")
    done = inside("journal", "resolve", "rehook", url_of(path), *QUICK, "--json", environ=rehook.environ)
    assert done.code == 0, done.err
    assert [(row["reference"], row["finding"]) for row in done.rows] == [("lost", "applied")]
    assert not rehook.control("GET", "observed")["requests"].get("credit")
    again = inside("journal", "resolve", "rehook", url_of(path), *QUICK, environ=rehook.environ)
    assert (again.code, again.out) == (0, "")


def proves_absence(rehook: SandboxProcess, path: Path, inside: Inside) -> None:
    """Check that one run settles a credit that was never booked."""
    rehook.faults("close@before:credit")
    book(rehook, path, rehook.wallet(), "never")
    rehook.faults("")
    rewritten(path, "rehook", "never", lambda entry: evolve(entry, send_by=entry.sent_at))  # its deadline is over
    done = inside("journal", "resolve", "rehook", url_of(path), *QUICK, environ=rehook.environ)
    assert done.code == 0, done.err
    assert "not_applied" in done.out


def test_resolve_proves_that_something_was_not_booked(rehook: SandboxProcess, tmp_path: Path, inside: Inside) -> None:
    """Two looks in one run; with the usual times it is too early to say, and that is 3."""
    path = tmp_path / "journal.db"
    proves_absence(rehook, path, inside)
    book(rehook, tmp_path / "other.db", rehook.wallet(), "booked")
    rehook.faults("close@before:credit")
    book(rehook, tmp_path / "other.db", rehook.wallet(), "early")
    rehook.faults("")
    early = inside(
        "journal", "resolve", "rehook", url_of(tmp_path / "other.db"), "--every", "0.01", environ=rehook.environ
    )
    assert early.code == 3
    assert "early" in early.out
    assert one_line(early).startswith("error: still in doubt: 1; run it again later")


def test_the_check_of_absence_needs_both_looks(
    rehook: SandboxProcess, tmp_path: Path, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twin: a command that looks once proves nothing."""
    monkeypatch.setattr("wallet_async.cli.journal.settle.LOOKS", 1)
    with pytest.raises(AssertionError, match="still in doubt"):
        proves_absence(rehook, tmp_path / "journal.db", inside)


def test_resolve_says_why_a_history_was_not_read(rehook: SandboxProcess, tmp_path: Path, inside: Inside) -> None:
    """3, with the reason: wrong credentials look like a history that shows nothing otherwise."""
    path = tmp_path / "journal.db"
    rehook.faults("close@after:credit")
    book(rehook, path, rehook.wallet(), "lost")
    rehook.faults("status 401")
    done = inside("journal", "resolve", "rehook", url_of(path), *QUICK, environ=rehook.environ)
    assert done.code == 3
    assert "check the credentials" in one_line(done)


def test_what_is_being_sent_is_not_settled(tmp_path: Path, rehook: SandboxProcess, inside: Inside) -> None:
    """3: the process that wrote it may have died, and nobody may take it for an all-clear."""
    path = tmp_path / "journal.db"

    async def claim() -> None:
        store = await SqliteStore.open(path)
        await store.claim(sending("sent", send_by=2**60))
        await store.aclose()

    asyncio.run(claim())
    done = inside("journal", "resolve", "rehook", url_of(path), *QUICK, environ=rehook.environ)
    assert done.code == 3
    assert "sending" in done.out


@pytest.mark.parametrize(("fault", "code", "out"), [("after", 130, "applied"), ("before", 3, "")])
def test_watch_goes_on_until_ctrl_c(
    fault: str,
    code: int,
    out: str,
    rehook: SandboxProcess,
    tmp_path: Path,
    inside: Inside,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It tells of each as it is settled; at the end 130, or 3 while something is in doubt."""
    path, sweeps, sweep = tmp_path / "journal.db", count(), Resolver.sweep
    rehook.faults(f"close@{fault}:credit")
    book(rehook, path, rehook.wallet(), "lost")
    rehook.faults("")

    async def sweep_thrice(self: Resolver) -> Swept:
        if next(sweeps) == 3:
            signal.raise_signal(signal.SIGINT)
        return await sweep(self)

    monkeypatch.setattr(Resolver, "sweep", sweep_thrice)
    watch = ("journal", "resolve", "rehook", url_of(path), "--every", "0.001", "--watch", "--json")
    ended = inside(*watch, environ=rehook.environ)
    assert ended.code == code
    assert out in ended.out
    assert one_line(ended) == "interrupted\n" if code == 130 else "still in doubt: 1" in one_line(ended)
    assert next(sweeps) >= 4


@pytest.fixture
def doubled(rehook: SandboxProcess, tmp_path: Path) -> Path:
    """Give a journal of a credit that somebody booked once more, past it."""
    path, wallet = tmp_path / "journal.db", rehook.wallet()
    book(rehook, path, wallet, "twice")

    async def past_the_journal() -> None:
        async with RehookSession.from_env(rehook.environ) as session:
            await session.credit(*wallet, 5, reference="twice")

    asyncio.run(past_the_journal())
    return path


def tells_the_double(inside: Inside, path: Path, environ: dict[str, str]) -> None:
    ended = inside("journal", "audit", "rehook", url_of(path), "--json", environ=environ)
    assert ended.code == 1
    assert [(row["reference"], row["finding"]) for row in ended.rows] == [("twice", "doubled")]


def test_audit_tells_what_is_doubled(doubled: Path, rehook: SandboxProcess, tmp_path: Path, inside: Inside) -> None:
    """1 and the rows; 0 and nothing where all is well."""
    tells_the_double(inside, doubled, rehook.environ)
    book(rehook, tmp_path / "good.db", rehook.wallet(), "once")
    good = inside("journal", "audit", "rehook", url_of(tmp_path / "good.db"), environ=rehook.environ)
    assert (good.code, good.out, good.err) == (0, "", "")


def test_the_check_of_doubles_notices_an_audit_that_sees_none(
    doubled: Path, rehook: SandboxProcess, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twin: one that looks at nothing."""

    async def nothing(_: Audit) -> int:
        return 0

    monkeypatch.setattr(Audit, "everything", nothing)
    with pytest.raises(AssertionError):
        tells_the_double(inside, doubled, rehook.environ)


def test_audit_is_no_all_clear_where_nothing_was_read(doubled: Path, rehook: SandboxProcess, inside: Inside) -> None:
    """A history that could not be read is told, with the reason."""
    rehook.faults("status 401")
    ended = inside("journal", "audit", "rehook", url_of(doubled), environ=rehook.environ)
    assert ended.code == 1
    assert "could not be read: 1; a request failed" in one_line(ended)


@pytest.fixture
def forgotten(rehook: SandboxProcess, tmp_path: Path) -> Path:
    """Give a journal of a credit, booked two days ago, that its wallet's history does not show."""
    path, (source, wallet), other = tmp_path / "journal.db", rehook.wallet(), rehook.wallet()
    book(rehook, path, [source, wallet], "forgotten")

    def elsewhere_and_older(entry: Entry) -> Entry:
        age = 2 * 86_400 * 10**6
        movement = entry.movement.replace(source, other[0]).replace(wallet, other[1])
        return evolve(entry, movement=movement, sent_at=entry.sent_at - age, updated_at=entry.updated_at - age)

    rewritten(path, "rehook", "forgotten", elsewhere_and_older)
    return path


def asks_for_no_more_than_is_kept(inside: Inside, path: Path, environ: dict[str, str]) -> None:
    audit = ("journal", "audit", "rehook", url_of(path), "--json")
    ended = inside(*audit, environ=environ)
    assert (ended.code, ended.rows[0]["finding"]) == (1, "person")
    kept_for_a_day = inside(*audit, "--retention", "86400", environ=environ)
    assert (kept_for_a_day.code, kept_for_a_day.out, kept_for_a_day.err) == (0, "", "")


def test_audit_knows_what_is_believed(forgotten: Path, rehook: SandboxProcess, inside: Inside) -> None:
    """What has left the history by its retention is no finding."""
    asks_for_no_more_than_is_kept(inside, forgotten, rehook.environ)


def test_twin_an_audit_with_the_usual_beliefs(
    forgotten: Path, rehook: SandboxProcess, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotaged twin: one that takes the option and goes on as without it calls an old booking taken out."""
    monkeypatch.setattr(Believed, "settling", lambda _: Settling())
    with pytest.raises(AssertionError):
        asks_for_no_more_than_is_kept(inside, forgotten, rehook.environ)
