"""G17: whatever bytes come as an answer, a value or an error of this project comes out, and the session lives on."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faults.judge import assert_clean, claim_of
from tests.faults.providers import CLIENTS, TRANSPORTS, Client, use_transport
from tests.kit import CommitServer, Exchange, behaviours, bodies, response
from wallet_async.engine.errors import OutcomeUnknownError, WalletError
from wallet_async.engine.limits import Limits
from wallet_async.engine.retry import RetryPolicy
from wallet_async.engine.transport import client_session, odd

# The same examples every time in CI; elsewhere new ones, and a failure prints how to have it again. FAULT_EXAMPLES is
# for long runs: examples a test, provider and transport.
EXAMPLES = settings(
    max_examples=int(os.environ.get("FAULT_EXAMPLES", "60")),
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PATIENCE = 30.0  # seconds; no answer of these tests may need its deadline, on however busy a machine

Answer = Callable[[Exchange], bytes]


class World:
    """A server that answers what it is told to, and a client of it; both stay up over all examples."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.answer: Answer = lambda exchange: response(200, exchange.good())
        self.end: behaviours.End = "fin"
        self.server = CommitServer(self._act, flavour=client.flavour)
        self.session: Any = None

    async def _act(self, exchange: Exchange) -> None:
        await behaviours.reply(self.answer, end=self.end)(exchange)

    async def open(self) -> None:
        """Start the server and open the session."""
        await self.server.__aenter__()
        self.session = self.client.session(
            self.server.url, retry=RetryPolicy(attempts=1), limits=Limits(max_body=256 * 1024)
        )

    async def aclose(self) -> None:
        """Close both."""
        await self.session.aclose()
        await self.server.aclose()

    async def meet(self, answer: Answer, end: behaviours.End = "fin") -> None:
        """Let one write and every kind of read meet *answer*.

        Raises:
            AssertionError: Something else than a value or an error of this project came out, or a slot was lost.
        """
        self.answer, self.end = answer, end
        calls = [lambda: self.client.write(self.session), *self.client.reads(self.session)]
        for place, call in enumerate(calls):
            error = await self._ended(call)
            assert_clean(self.session)
            if error is not None and place == 0:
                assert claim_of(error) != "NOT_SENT"
            assert place == 0 or not isinstance(error, OutcomeUnknownError)

    async def _ended(self, call: Callable[[], Awaitable[Any]]) -> WalletError | None:
        try:
            async with asyncio.timeout(PATIENCE):
                await call()
        except WalletError as error:
            ended = error
        except Exception as error:
            raise AssertionError(f"{type(error).__name__} came out: {error!r}") from error
        else:
            return None
        assert "unexpected" not in str(ended), f"an error of ours that hides another: {ended!r}"
        return ended


@pytest.fixture(scope="module", params=itertools.product(CLIENTS, TRANSPORTS), ids="-".join)
def world(request: pytest.FixtureRequest) -> Iterator[Callable[..., None]]:
    """Give a function that lets the client meet an answer, in an event loop that all examples share."""
    provider, transport = request.param
    # Debug mode would take five times as long.
    with asyncio.Runner(debug=False) as runner, pytest.MonkeyPatch.context() as patch:
        use_transport(transport, patch)
        here = World(CLIENTS[provider])
        runner.run(here.open())
        yield lambda answer, end="fin": runner.run(here.meet(answer, end))
        runner.run(here.aclose())


ENDS = st.sampled_from(["fin", "rst"])
STATUSES = st.sampled_from([200, 200, 201, 204, 206, 304, 307, 400, 401, 403, 404, 409, 429, 500, 503, 999, 100, 101])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        [
            "credit",
            "0001-01-01T00:00:00+00:00",
            "2023-09-13T10:27:37.839324Z",
            "9999-12-31T23:59:59-23:59",
            "1e5",
            "0,5",
        ]
    )
)
NAMES = st.sampled_from(["code", "message", "details", "status", "payload", "errors", "results", "key", "wallet_info"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@EXAMPLES
@given(status=STATUSES, body=st.binary(max_size=64) | VALUES.map(lambda value: json.dumps(value).encode()), end=ENDS)
def test_any_body(world: Callable[..., None], status: int, body: bytes, end: str) -> None:
    """Any bytes, and any JSON, as the body of a sound answer."""
    world(lambda _: response(status, body), end)


@st.composite
def changes(draw: st.DrawFn) -> Callable[[Any], Any]:
    """Make a function that puts any JSON value in any one place of a JSON document, or takes the place away."""
    steps, value, away = draw(st.lists(st.integers(0, 30), max_size=5)), draw(VALUES), draw(st.booleans())

    def change(document: Any) -> Any:
        place = document
        for number, step in enumerate(steps):
            if not isinstance(place, dict | list) or not place:
                break
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = keys[step % len(keys)]
            if number == len(steps) - 1 or not isinstance(place[key], dict | list) or not place[key]:
                if away:
                    del place[key]
                else:
                    place[key] = value
                return document
            place = place[key]
        return value

    return change


def rich(exchange: Exchange) -> Any:
    """Give the provider's success as a document, histories with rows in them."""
    if b"SummaryRecordByFilter" in exchange.target:
        return json.loads(bodies.loyalty_envelope(json.dumps({"results": [LOYALTY_ROW, LOYALTY_ROW]})))
    return json.loads(exchange.good())


LOYALTY_ROW = {
    "id": "7160182174011919319",
    "wallet_id": "6118170317107163101",
    "transaction_type_id": 4001,
    "transaction_type": "Loyalty",
    "transaction_status_id": 20,
    "transaction_status": "NormalCompleted",
    "created_date_utc": "2022-06-02T13:43:32.6738595+00:00",
    "completed_date_utc": None,
    "tx_base_amount": 25.0,
    "currency_code": "TRY",
    "from_wallet_number": None,
    "to_wallet_number": bodies.LOYALTY_WALLET,
    "ext_transaction_id": "r-1",
}


@EXAMPLES
@given(status=st.sampled_from([200, 200, 200, 400, 404]), change=changes())
def test_any_change_of_a_sound_body(world: Callable[..., None], status: int, change: Callable[[Any], Any]) -> None:
    """The provider's own success with any one part of it replaced by anything, or left out."""
    world(lambda exchange: response(status, json.dumps(change(rich(exchange))).encode()), "fin")


HEADERS = st.lists(
    st.sampled_from(
        [
            "Content-Length: 5",
            "Content-Length: -1",
            "Content-Length: 99999999999999999999",
            "Transfer-Encoding: chunked",
            "Transfer-Encoding: gzip, chunked",
            "Content-Encoding: gzip",
            "Content-Encoding: br",
            "Content-Encoding: zstd",
            "Content-Encoding: \u00e4",
            "Content-Type: application/json; charset=utf-16",
            "Content-Type: \u00ff",
            "Connection: upgrade",
            "Upgrade: websocket",
            "Set-Cookie: a=b; Expires=never",
            "Retry-After: 1e999",
            "Date: yesterday",
            "Location: //[",
            "",
        ]
    )
    | st.text(st.characters(codec="latin-1"), max_size=20),
    max_size=4,
)
LINES = st.sampled_from(
    [
        "HTTP/1.1 200 OK",
        "HTTP/1.0 200",
        "HTTP/1.1 101 Switching",
        "HTTP/1.1 100",
        "HTTP/9.9 200 OK",
        "HTTP/1.1 204 No",
        "200",
    ]
)


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """Make the bytes of something like an answer."""
    head = "\r\n".join([draw(LINES), *draw(HEADERS)]).encode("latin-1")
    return head + draw(st.sampled_from([b"\r\n\r\n", b"\n\n", b"\r\n", b""])) + draw(st.binary(max_size=40))


@EXAMPLES
@given(answer=st.binary(max_size=80) | answers(), end=ENDS)
def test_any_answer(world: Callable[..., None], answer: bytes, end: str) -> None:
    """Any bytes, and any near miss of an answer, in place of an answer."""
    world(lambda _: answer, end)


@EXAMPLES
@given(place=st.integers(0, 400), cut=st.integers(0, 12), put=st.binary(max_size=12), end=ENDS)
def test_any_damage(world: Callable[..., None], place: int, cut: int, put: bytes, end: str) -> None:
    """A sound answer damaged in any one place, head or body."""

    def damaged(exchange: Exchange) -> bytes:
        whole = response(200, exchange.good())
        here = place % len(whole)
        return whole[:here] + put + whole[here + cut :]

    world(damaged, end)


@pytest.mark.parametrize("answer", [b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"])
def test_twin_untranslated(world: Callable[..., None], answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transport that lets aiohttp's errors through is found out."""
    monkeypatch.setattr(client_session, "HANDLED", (EOFError,))
    monkeypatch.setattr(odd, "HttpProcessingError", EOFError)
    with pytest.raises(AssertionError, match=r"came out|hides another"):
        world(lambda _: answer)


def test_twin_unchecked_json(world: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that goes by what a page promises is found out."""
    for client in CLIENTS.values():
        client.trusting(monkeypatch)
    with pytest.raises(AssertionError, match=r"came out|hides another"):
        world(lambda _: response(200, b'{"payload": 5}'))
