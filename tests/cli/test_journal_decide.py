"""``wallet-async journal decide``, and the mark by which ``show`` lets a person find a row."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.journal import one_line, url_of
from tests.cli.process import Inside, SandboxProcess
from tests.cli.test_journal_settle import book
from tests.journal.conformance import brought
from tests.journal.postgres_server import PostgresServer, postgres  # noqa: F401 - a fixture
from wallet_async.cli.journal import entries
from wallet_async.journal.postgres import PostgresStore
from wallet_async.provider import load_provider

WHY = ("--reason", "seen in the panel")
OPEN = ("made-up", "order-in_doubt")


def decides(url: str, inside: Inside) -> None:
    """Decide what is in doubt, and see that it stays decided."""
    done = inside("journal", "decide", *OPEN, url, "--booked", *WHY, "--json", environ={})
    assert (done.code, done.err) == (0, "")
    (row,) = done.rows
    expected = {"state": "applied", "reason": "decided by a person: seen in the panel", "receipt": None}
    assert {name: row[name] for name in expected} == expected
    assert inside("journal", "show", *OPEN, url, environ={}).out.count("seen in the panel") == 1
    again = inside("journal", "decide", *OPEN, url, "--not-booked", *WHY, environ={})
    assert (again.code, again.out) == (2, "")
    assert "'order-in_doubt' at 'made-up' is applied: only what is in_doubt is for a person" in one_line(again)


def test_decide_that_it_was_booked(file: Path, inside: Inside) -> None:
    """The entry as it is now; a second opinion is refused, and says what stands."""
    decides(url_of(file), inside)


def test_decide_on_postgres(postgres: PostgresServer, inside: Inside) -> None:  # noqa: F811 - the fixture
    """The same."""
    url = postgres.url(asyncio.run(postgres.create()))
    assert inside("journal", "install", url, environ={}).code == 0

    async def fill() -> None:
        store = await PostgresStore.open(url)
        await brought(store, "in_doubt", OPEN[1], service=OPEN[0])
        await store.aclose()

    asyncio.run(fill())
    decides(url, inside)


def test_decide_that_it_was_not_booked(file: Path, inside: Inside) -> None:
    """It says that nothing was sent by that; also where a process ended before it wrote what became of its request."""
    for reference in ("order-in_doubt", "order-sending"):
        done = inside("journal", "decide", "made-up", reference, url_of(file), "--not-booked", *WHY, environ={})
        assert (done.code, "not_applied" in done.out) == (0, True)
        assert one_line(done) == "nothing was sent: ask again under the same reference\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--booked"),
        (("--booked",), "--reason"),
        (WHY, "--booked"),
        (("--booked", "--not-booked", *WHY), "multiple times"),
        (("--booked", "--reason", ""), "reason must be"),
        (
            ("--not-booked", *WHY, "--commit-within", "3e9"),
            "may still be booked: nobody can say that it was not before 2",
        ),
    ],
    ids=" ".join,
)
def test_decide_wants_an_opinion_and_a_reason(words: tuple[str, ...], said: str, file: Path, inside: Inside) -> None:
    """2, and what is missing; nothing was changed."""
    refused = inside("journal", "decide", *OPEN, url_of(file), *words, environ={})
    assert (refused.code, said in one_line(refused)) == (2, True), refused.err
    assert "in_doubt" in inside("journal", "show", *OPEN, url_of(file), environ={}).out


def test_decide_of_what_nobody_asked_for(file: Path, inside: Inside) -> None:
    """2: most likely it is written wrong."""
    refused = inside("journal", "decide", "made-up", "order-9", url_of(file), "--booked", *WHY, environ={})
    assert (refused.code, "knows no reference 'order-9' at 'made-up'" in one_line(refused)) == (2, True)


def finds_the_row(rehook: SandboxProcess, path: Path, inside: Inside) -> None:
    """Book a credit, and look in the history for the mark that `show` prints.

    Raises:
        AssertionError: It is not there.
    """
    wallet = rehook.wallet()
    book(rehook, path, wallet, "order-1")
    (shown,) = inside("journal", "show", "rehook", "order-1", url_of(path), "--json", environ={}).rows
    (row,) = inside("rehook", "history", *wallet, "--json", environ=rehook.environ).rows
    assert row["description"].split() == [shown["mark"]]
    assert shown["mark"] in inside("journal", "show", "rehook", "order-1", url_of(path), environ={}).out


def test_show_says_what_to_look_for(rehook: SandboxProcess, tmp_path: Path, inside: Inside) -> None:
    """The row at the provider carries it."""
    finds_the_row(rehook, tmp_path / "journal.db", inside)


def _unmarked() -> dict[str, object]:
    return {}


def _of_another() -> dict[str, object]:
    return {"rehook": load_provider("loyalty")}


@pytest.mark.parametrize("providers", [_unmarked, _of_another])
def test_twin_another_mark(
    providers: Callable[[], dict[str, object]],
    rehook: SandboxProcess,
    tmp_path: Path,
    inside: Inside,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sabotaged twin: no mark, or another provider's, is not what the row carries."""
    monkeypatch.setattr(entries, "load_providers", providers)
    with pytest.raises(AssertionError):
        finds_the_row(rehook, tmp_path / "journal.db", inside)


def test_no_mark_of_a_provider_that_is_not_installed(file: Path, inside: Inside) -> None:
    """What is known of the entry is shown all the same."""
    shown = inside("journal", "show", *OPEN, url_of(file), "--json", environ={})
    assert (shown.code, shown.rows[0]["mark"]) == (0, None)
