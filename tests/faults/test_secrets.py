"""G19: no secret is shown, whatever a server gives back and wherever one looks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from loyalty_async import LoyaltySession
from rehook_async import RehookSession
from tests.faults.canaries import ECHOES, ODD, PLAIN, QUOTED, Answer, Net, Secrets, pushed, shown
from tests.faults.judge import HASTY, SHORT
from tests.faults.providers import CLIENTS, Client
from tests.kit import CommitServer, Exchange, behaviours, certificates, closed_port, no_leaks, response
from wallet_async.engine import redact, send
from wallet_async.engine.auth import Basic, BearerToken, ClientCredentials
from wallet_async.engine.errors import InvalidInputError, WalletError
from wallet_async.engine.events import Event

ACTORS = ("rehook", "loyalty-bearer", "loyalty-token", "token-host")
"""Who is echoed: the two providers' APIs, with each kind of credentials, and the host that gives out tokens."""
SETS = {"plain": Secrets(PLAIN), "odd": Secrets(ODD), "quoted": Secrets(QUOTED)}
ESCAPED_ONCE = (
    "400-message",
    "400-details",
    "400-key",
    "502-html",
    "403-html",
    "200-text",
    "200-string",
    "200-name-twice",
)
"""Echoes in which a quotation mark is escaped no more than once; twice is more than the masking undoes."""


def make_session(actor: str, url: str, host: str, secrets: Secrets, events: list[Event]) -> Any:
    """Make the session of an actor, with canaries for credentials."""
    options: dict[str, Any] = {"retry": HASTY, "on_event": events.append}
    if actor == "rehook":
        return RehookSession(secrets["api_key"], secrets["secret_key"], base_url=url, **options)
    if actor == "loyalty-bearer":
        auth: Any = BearerToken(secrets["bearer"], client_key=secrets["client_key"])
    else:
        auth = ClientCredentials(
            token_url=host,
            client_id=secrets["client_id"],
            client_secret=secrets["client_secret"],
            client_key=secrets["client_key"],
        )
    return LoyaltySession(url, auth=auth, **options)


async def everything_shown(actor: str, secrets: Secrets, *answers: Answer, debug: bool = True) -> list[list[str]]:
    """Let an actor write and read against a server that gives everything back; collect what can be seen, by answer."""
    client = client_of(actor)
    events: list[Event] = []
    collected: list[list[str]] = []

    def token(exchange: Exchange) -> bytes:
        return response(200, b'{"access_token": %b, "expires_in": 3600}' % as_json(secrets["token"]))

    async with (
        CommitServer(behaviours.good(), flavour=client.flavour) as server,
        CommitServer(behaviours.reply(token)) as host,
        no_leaks(),
        make_session(actor, server.url, host.url, secrets, events) as session,
    ):
        for answer in answers:
            (host if actor == "token-host" else server).behaviour = behaviours.reply(answer, end="fin")
            texts: list[str] = []
            async with watched(texts, debug=debug):
                for call in (lambda: client.write(session, timeout=5.0), *client.reads(session)):
                    try:
                        await call()
                    except WalletError as error:
                        texts += shown(error)
            for event in events:
                texts += [*shown(event), *shown(getattr(event, "error", None))]
            events.clear()
            for part in (session, session.statistics(), session._auth, vars(session)):
                texts += shown(part)
            collected.append(texts)
    return collected


def client_of(actor: str) -> Client:
    """Give the client of an actor."""
    return CLIENTS["rehook" if actor == "rehook" else "loyalty"]


def as_json(text: str) -> bytes:
    """Write a JSON string."""
    return redact.json.dumps(text).encode()


@asynccontextmanager
async def watched(texts: list[str], *, debug: bool = True) -> AsyncIterator[None]:
    """Collect all log records of a block, the loop being in debug mode or not."""
    loop = asyncio.get_running_loop()
    before = loop.get_debug()
    loop.set_debug(debug)
    with Net() as net:
        yield
    loop.set_debug(before)
    texts += net.texts


def assert_nothing(secrets: Secrets, texts: list[str], name: str = "") -> None:
    """Assert that no text shows a secret.

    Raises:
        AssertionError: One does; the message names it.
    """
    found = {(name, text[:2000]) for text in set(texts) for name in secrets.hits(text)}
    assert not found, (
        f"{name} shown: {sorted({name for name, _ in found})}\n{sorted(found, key=lambda hit: len(hit[1]))[0]}"
    )


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize(
    ("kind", "transport"),
    [("plain", "direct"), ("plain", "session"), ("odd", "direct"), ("quoted", "direct")],
    indirect=["transport"],
)
async def test_nothing_is_shown(actor: str, kind: str, transport: str) -> None:
    """Errors, events, logs, pickles, tracebacks and reprs hold no secret that a server gave back."""
    names = list(ECHOES) if kind == "plain" else ESCAPED_ONCE
    collected = await everything_shown(actor, SETS[kind], *(ECHOES[name] for name in names))
    for name, texts in zip(names, collected, strict=True):
        assert_nothing(SETS[kind], texts, name)


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("answer", ["message", "html", "value"])
async def test_no_part_is_shown(actor: str, answer: str) -> None:
    """Where a text is cut in the middle of a secret, the half that stays is not shown either."""
    places = (*range(0, 84, 7), *range(190, 260, 7))
    answers = (pushed(answer, by) for by in places)
    collected = await everything_shown(actor, SETS["plain"], *answers, debug=False)
    for by, texts in zip(places, collected, strict=True):
        assert_nothing(SETS["plain"], texts, f"pushed by {by}")


@pytest.mark.usefixtures("transport", "silence_skipped")
@pytest.mark.parametrize("actor", ACTORS)
async def test_failures_below(actor: str) -> None:
    """A refused connection, a bad certificate and a hung server show nothing either."""
    secrets, texts = SETS["plain"], list[str]()
    client = client_of(actor)
    async with (
        watched(texts),
        CommitServer(behaviours.good(), tls=certificates("self-signed").server) as untrusted,
        CommitServer(behaviours.silence(commit=True)) as silent,
    ):
        with closed_port() as port:
            for url in (f"http://127.0.0.1:{port}", untrusted.url, silent.url):
                async with make_session(actor, url, url, secrets, []) as session:
                    with pytest.raises(WalletError) as caught:
                        await client.write(session, timeout=SHORT)
                texts += [*shown(caught.value), *shown(session)]
    assert_nothing(secrets, texts)


ODD_TOKENS: dict[str, Callable[[bytes], bytes]] = {
    "no-json": lambda token: response(200, b'{"access_token": %b, oops' % token),
    "bad-life": lambda token: response(200, b'{"access_token": %b, "expires_in": "soon"}' % token),
    "in-a-list": lambda token: response(200, b"[%b]" % token),
    "number-behind": lambda token: response(200, b'{"access_token": [%b], "expires_in": 5}' % token),
    "refused": lambda token: response(400, b'{"error": "old", "access_token": %b}' % token),
    "failed": lambda token: response(500, b'{"access_token": %b}' % token),
    "moved": lambda token: response(302, b"", {"Location": "/?access_token=" + token.decode()}),
}


@pytest.mark.parametrize("name", ODD_TOKENS)
async def test_a_token_that_was_not_taken(name: str) -> None:
    """A token in an answer that is no good is not shown, though the client never came to know it as one."""
    secrets = SETS["plain"]
    [texts] = await everything_shown("token-host", secrets, lambda _: ODD_TOKENS[name](as_json(secrets["token"])))
    assert_nothing(secrets, texts)


@pytest.mark.parametrize("make", [lambda bad: Basic(bad, "x"), lambda bad: Basic("x", bad), BearerToken])
def test_a_bad_credential(make: Callable[[str], Any]) -> None:
    """A credential that cannot be used is refused without being repeated."""
    secrets = SETS["plain"]
    for bad in (secrets["token"] + "\n", secrets["token"] + "\u00e9"):
        with pytest.raises(InvalidInputError) as caught:
            make(bad)
        assert_nothing(secrets, list(shown(caught.value)))


@pytest.mark.parametrize("actor", ACTORS)
async def test_twin_no_scrubbing(actor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without scrubbing, and without masking by form, what the server gives back is shown: the net holds."""
    monkeypatch.setattr(send, "scrub", lambda error, secrets: None)
    monkeypatch.setattr(redact, "mask", lambda text: text)
    with pytest.raises(AssertionError, match="shown:"):
        for name in ("400-message", "502-html", "400-errors"):
            await check_one(actor, name)


@pytest.mark.parametrize("actor", ["rehook", "loyalty-bearer"])
async def test_twin_masking_by_form_only(actor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Masking what looks like a credential is not enough: the known ones have to be searched for."""
    monkeypatch.setattr(send, "scrub", lambda error, secrets: None)
    with pytest.raises(AssertionError, match="shown:"):
        await check_one(actor, "400-message")


async def test_twin_whole_secrets_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Searching for whole secrets only leaves the half that a cut text ends with."""
    monkeypatch.setattr(redact, "_hide_beginning", lambda text, secret: text)
    with pytest.raises(AssertionError, match="shown:"):
        await test_no_part_is_shown("rehook", "message")


@pytest.mark.parametrize("actor", ["rehook", "loyalty-bearer"])
async def test_twin_context_kept(actor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that keeps the parser's error behind it shows the whole answer to whoever walks there."""

    def keep(error: WalletError, secrets: tuple[str, ...]) -> None:
        behind = error.__context__
        redact.scrub(error, secrets)
        error.__context__ = behind

    monkeypatch.setattr(send, "scrub", keep)
    with pytest.raises(AssertionError, match="shown:"):
        await check_one(actor, "200-text")


async def check_one(actor: str, name: str) -> None:
    """Assert that one echo shows nothing."""
    [texts] = await everything_shown(actor, SETS["plain"], ECHOES[name])
    assert_nothing(SETS["plain"], texts, name)
