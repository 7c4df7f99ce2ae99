"""``wallet-async journal``: what it prints, how it ends, and that reading makes and changes nothing."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.journal import one_line, url_of
from tests.cli.process import Inside, SandboxProcess
from tests.journal.conformance import sending
from tests.journal.postgres_server import PASSWORD, PostgresServer, postgres  # noqa: F401 - a fixture
from wallet_async.cli.exits import without_password
from wallet_async.journal import migrations
from wallet_async.journal.sqlite import SqliteStore

STEPS = [{"number": step.number, "name": step.name} for step in migrations.load("sqlite")]
"""What `install` says that it did."""


def test_install_check_and_upgrade(tmp_path: Path, inside: Inside) -> None:
    """Install makes a file for its owner alone and may be repeated; check tells the version and the counts."""
    path = tmp_path / "made.db"
    environ = {"WALLET_ASYNC_JOURNAL": url_of(path)}
    assert inside("journal", "install", "--json", environ=environ).rows == STEPS
    assert path.stat().st_mode & 0o777 == 0o600
    for command in ("install", "upgrade"):
        again = inside("journal", command, environ=environ)
        assert (again.code, again.out) == (0, "")
        assert "nothing to do" in one_line(again)
    (health,) = inside("journal", "check", "--json", environ=environ).rows
    assert (health["version"], health["pending"], health["restored"], health["applied"]) == (len(STEPS), 0, False, 0)


def test_check_counts_and_tells_a_copy(file: Path, inside: Inside) -> None:
    """Entries by state, as a table; a copy of the file is told as one, and can be used."""
    done = inside("journal", "check", url_of(file), environ={})
    assert (done.code, done.err) == (0, "")
    assert [line.split() for line in done.out.splitlines()][-1] == ["not_applied", "1"]
    copy = file.with_name("copy.db")
    copy.write_bytes(file.read_bytes())
    copy.chmod(0o600)
    copied = inside("journal", "check", url_of(copy), "--json", environ={})
    assert (copied.code, copied.rows[0]["restored"]) == (0, True)
    assert "entries may be missing" in one_line(copied)


def put_back(path: Path) -> None:
    """Put an older state of the journal into its file, and leave the log of a later one beside it."""
    older = path.read_bytes()
    log = path.with_name(f"{path.name}-wal")

    async def go_on() -> bytes:
        store = await SqliteStore.open(path)
        for number in range(3):
            await store.claim(sending(f"later-{number}"))
        try:
            return log.read_bytes()
        finally:
            await store.aclose()

    left = asyncio.run(go_on())
    path.write_bytes(older)
    log.write_bytes(left)
    log.chmod(0o600)


def tells_what_was_put_back(path: Path, inside: Inside) -> None:
    put_back(path)
    assert inside("journal", "check", url_of(path), "--json", environ={}).rows[0]["restored"]


def test_looking_first_does_not_hide_what_was_put_back(file: Path, inside: Inside) -> None:
    """A log that is left beside an older file must not be brought into it by the look at its tables."""
    tells_what_was_put_back(file, inside)


def test_the_check_of_what_was_put_back_notices_a_look_that_hides_it(
    file: Path, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twin: a look that opens the file as any program does."""

    def opens(place: str) -> tuple[()]:
        with closing(sqlite3.connect(place)) as db:
            db.execute("SELECT count(*) FROM entries").fetchone()
        return ()

    monkeypatch.setattr("wallet_async.journal.sqlite.schema._pending", opens)
    with pytest.raises(AssertionError):
        tells_what_was_put_back(file, inside)


def test_check_tells_what_an_older_journal_lacks(file: Path, inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """1, and the file is not brought up to date by it; `upgrade` does that."""
    steps = migrations.load("sqlite")
    later = (*steps, migrations.Migration(len(steps) + 1, "later", "CREATE TABLE later (a);"))
    monkeypatch.setattr(migrations, "load", lambda dialect: later)
    for module in ("cli.journal.tables", "cli.journal.reading", "journal.sqlite.schema"):
        monkeypatch.setattr(f"wallet_async.{module}.load", lambda dialect: later)
    for _ in range(2):
        old = inside("journal", "check", url_of(file), "--json", environ={})
        assert (old.code, old.rows[0]["version"], old.rows[0]["pending"]) == (1, len(steps), 1)
        assert "run `wallet-async journal upgrade`" in one_line(old)
    upgraded = inside("journal", "upgrade", url_of(file), "--json", environ={})
    assert upgraded.rows == [{"number": len(steps) + 1, "name": "later"}]
    assert inside("journal", "check", url_of(file), environ={}).code == 0


READING = [
    ("check",),
    ("list",),
    ("export",),
    ("upgrade",),
    ("show", "rehook", "order-1"),
    ("resolve", "rehook"),
    ("audit", "rehook"),
    ("decide", "rehook", "order-1", "--booked", "--reason", "seen"),
    ("prune", "--older-than", "30"),
    ("declare-restored",),
    ("accept-restored",),
]


def makes_nothing(inside: Inside, words: tuple[str, ...], place: Path, environ: dict[str, str]) -> None:
    """Check that a command refuses a journal that is not there, or an empty file, in one line, and makes neither."""
    for path, before in ((place / "none.db", None), (place / "empty.db", b"")):
        if before is not None:
            path.touch(0o600)
        ended = inside("journal", *words, url_of(path), environ=environ)
        assert ended.code == 1
        assert one_line(ended).endswith("run `wallet-async journal install`\n")
        assert (path.read_bytes() if path.exists() else None) == before
        assert not path.with_name(f"{path.name}-mark").exists()


@pytest.mark.parametrize("words", READING, ids=lambda words: words[0])
def test_reading_makes_no_file(words: tuple[str, ...], tmp_path: Path, rehook: SandboxProcess, inside: Inside) -> None:
    """A wrong path is a mistake to be told of, not an empty journal that looks healthy."""
    makes_nothing(inside, words, tmp_path, rehook.environ)


def test_the_check_notices_a_command_that_makes_one(tmp_path: Path, inside: Inside) -> None:
    """Twin: `install` does make it."""
    with pytest.raises(AssertionError):
        makes_nothing(inside, ("install",), tmp_path, {})


def test_a_file_in_use_and_one_of_another_program(file: Path, tmp_path: Path, inside: Inside) -> None:
    """1 and one line each; whoever has it open goes on."""
    other = tmp_path / "other.db"
    other.write_text("no database at all, but long enough to be one" * 30)
    other.chmod(0o600)
    assert "not a database" in one_line(inside("journal", "list", url_of(other), environ={}))

    with asyncio.Runner() as runner:
        store = runner.run(SqliteStore.open(file))
        ended = inside("journal", "list", url_of(file), environ={})
        runner.run(store.aclose())
    assert ended.code == 1
    assert "another process" in one_line(ended)
    assert inside("journal", "check", url_of(file), environ={}).code == 0


def test_mistakes_in_the_command(inside: Inside, tmp_path: Path) -> None:
    """2, and what is accepted."""
    none = inside("journal", "list", environ={"WALLET_ASYNC_JOURNAL": ""})
    assert (none.code, "WALLET_ASYNC_JOURNAL" in one_line(none)) == (2, True)
    assert inside("journal", "list", "journal.db", environ={}).code == 2
    assert "in_doubt" in one_line(inside("journal", "list", "sqlite:///x", "--state", "lost", environ={}))
    believed = inside("journal", "resolve", "rehook", "sqlite:///x", "--every", "0", environ=KEYS)
    assert (believed.code, "every" in one_line(believed)) == (2, True)
    assert "no provider 'nope'" in one_line(inside("journal", "audit", "nope", "sqlite:///x", environ={}))


KEYS = {"REHOOK_API_KEY": "key-key", "REHOOK_SECRET_KEY": "secret-secret"}


def hides(line: str) -> str:
    masked = without_password(line)
    assert "canary" not in masked
    return masked


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://wallet:canary@127.0.0.1:1/d",
        "postgresql://wallet:c@n:/canary@127.0.0.1:1/d",
        "postgresql://wallet@127.0.0.1:1/d?sslmode=disable&password=canary",
        "postgres://:canary@[::1/d",
        "mysql://wallet:canary@h/d",
    ],
)
def test_a_password_is_never_shown(url: str, inside: Inside) -> None:
    """Not when nobody answers, nor when the URL is wrong, nor as a word too much, nor with --debug."""
    for words in (("check", url), ("install", url, "--debug"), ("list", "sqlite:///x", url), ("sql", url)):
        ended = inside("journal", *words, environ={})
        assert ended.code in (1, 2)
        assert "canary" not in ended.out + ended.err
    hides(f"see {url}, please")


def test_the_check_of_passwords_notices_one() -> None:
    """Twin: what is no URL is not masked."""
    with pytest.raises(AssertionError):
        hides("password canary")


def test_list_show_and_export(file: Path, inside: Inside) -> None:
    """Filters; a table without what may be personal data, JSON with every field, times in UTC."""
    url = url_of(file)
    table = inside("journal", "list", url, environ={}).out
    assert table.split()[:3] == ["service", "reference", "state"]
    assert "points" not in table
    assert len(table.splitlines()) == 7
    two = ("--state", "in_doubt", "--state", "applied", "--service", "made-up", "--json")
    rows = inside("journal", "list", url, *two, environ={}).rows
    assert [row["state"] for row in rows] == ["applied", "in_doubt"]
    assert rows[0]["movement"] == {"points": "20"}
    assert rows[0]["created_at"] == "1970-01-01T00:00:01Z"
    assert len(inside("journal", "export", url, environ={}).rows) == 6
    nobody = inside("journal", "list", url, "--service", "nobody", environ={})
    assert (nobody.code, nobody.out, nobody.err) == (0, "", "no entries\n")
    shown = inside("journal", "show", "made-up", "order-applied", url, environ={})
    assert 'movement    {"points":"20"}' in shown.out
    unknown = inside("journal", "show", "made-up", "order-9", url, environ={})
    assert (unknown.code, "'order-9'" in one_line(unknown)) == (1, True)


def test_sql_prints_the_migrations(inside: Inside) -> None:
    """Each dialect's, ready for a tool that applies them."""
    for dialect in ("sqlite", "postgres"):
        printed = inside("journal", "sql", dialect, environ={}).out
        assert all(step.sql.rstrip() in printed for step in migrations.load(dialect))


def test_the_commands_on_postgres(postgres: PostgresServer, inside: Inside) -> None:  # noqa: F811 - the fixture
    """The same commands; without tables each says what to run."""
    url = postgres.url(asyncio.run(postgres.create()))
    environ = {"WALLET_ASYNC_JOURNAL": url}
    before = inside("journal", "check", "--json", environ=environ)
    assert (before.code, before.rows[0]["version"], before.rows[0]["pending"]) == (1, 0, len(STEPS))
    assert "run `wallet-async journal install`" in one_line(before)
    assert inside("journal", "install", "--json", environ=environ).rows == STEPS
    assert inside("journal", "check", environ=environ).code == 0
    empty = inside("journal", "list", environ=environ)
    assert (empty.code, empty.err) == (0, "no entries\n")
    lost = inside("journal", "check", url.replace("/d", "/nowhere"), environ={})
    assert lost.code == 1
    assert PASSWORD not in one_line(lost)
