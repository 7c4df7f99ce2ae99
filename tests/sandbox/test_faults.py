"""Each fault as a client sees it at a raw socket, and what the ledger says all the same."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty_async.sandbox import LoyaltyApi
from rehook_async.sandbox import RehookApi
from tests.sandbox.wire import BASIC, call, parse, request, send, until
from wallet_async.sandbox import Fault, FaultPlan, Sandbox

PATH = "/wallets/customer/k/transactions/w"
BODY = b'{"type": "credit", "points": 20, "description": "d"}'
CREDIT = request("PUT", PATH, BODY, Authorization=BASIC)


class Naps:
    """An injected sleep that takes no time and keeps what it was asked for."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)


def rehook(faults: str = "", **options: Any) -> Sandbox[RehookApi]:
    """Give a sandbox with one wallet and the faults of a text."""
    sandbox = Sandbox(RehookApi(), faults=FaultPlan.parse(faults, seed=7), **options)
    sandbox.api.add_wallet("k", "w")
    return sandbox


@pytest.mark.parametrize("kind", ["close", "reset", "garbage", "status 502"])
@pytest.mark.parametrize("where", ["before", "after"])
async def test_the_side_of_the_commit(kind: str, where: str) -> None:
    """`after` commits exactly once and `before` not at all; the request is seen once either way."""
    name, _, value = kind.partition(" ")
    async with rehook(f"{name}@{where}:credit {value}") as sandbox:
        if name == "reset":
            with pytest.raises(ConnectionResetError):
                await send(sandbox, CREDIT)
        else:
            data = await send(sandbox, CREDIT)
            assert (data == b"") == (name == "close")
        assert len(sandbox.ledger) == sandbox.observed.commits == (where == "after")
        assert sandbox.observed.requests == {"credit": 1}
        assert sandbox.observed.faults == {name: 1}


async def test_close_is_a_fin_and_not_a_reset() -> None:
    """The sabotaged twin of the row above: with `close` no reset is seen, with `reset` one is."""
    async with rehook("close nth=1; reset nth=1") as sandbox:
        assert await send(sandbox, CREDIT) == b""
        with pytest.raises(ConnectionResetError):
            await send(sandbox, CREDIT)


async def test_hang_ends_when_the_client_leaves() -> None:
    """Nothing is answered; the request leaves the in-flight count once the client has closed."""
    async with rehook("hang") as sandbox:
        reader, writer = await asyncio.open_connection("127.0.0.1", sandbox.port)
        writer.write(CREDIT)
        await until(lambda: sandbox.observed.commits)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.01)
        assert sandbox.observed.in_flight == 1
        writer.close()
        await writer.wait_closed()
        await until(lambda: not sandbox.observed.in_flight)


async def test_hang_ends_when_the_sandbox_closes() -> None:
    """Closing the sandbox ends hanging requests with a FIN, at once."""
    async with rehook("hang@before") as sandbox:
        waiting = asyncio.create_task(send(sandbox, CREDIT))
        await until(lambda: sandbox.observed.in_flight)
    assert await waiting == b""
    assert len(sandbox.ledger) == 0


@pytest.mark.parametrize(
    ("text", "content_type", "piece"),
    [
        ("status 503", "application/json", b'"code": 503'),
        ("status 502 body=html", "text/html", b"<title>502 Bad Gateway</title>"),
        ("status 599 body=html", "text/html", b"599 Unknown"),
        ("status 500 body=empty", "text/plain", b""),
    ],
)
async def test_status_bodies(text: str, content_type: str, piece: bytes) -> None:
    """A status comes in the provider's envelope, as a gateway's page, or bare."""
    async with rehook(text) as sandbox:
        response = parse(await send(sandbox, CREDIT))
        assert str(response.status) in text
        assert response.headers["content-type"].startswith(content_type)
        assert piece in response.body
        assert piece or response.body == b""


async def test_the_envelope_is_the_providers_own() -> None:
    """The same fault answers in Sipay's envelope from Sipay's stand-in."""
    async with Sandbox(LoyaltyApi(), faults=FaultPlan.parse("status 503")) as sandbox:
        response = await call(sandbox, "POST", "/v1/Wallet/Info", {})
        assert (response.status, list(response.json())) == (503, ["status", "code", "message", "errors"])


async def test_truncate_promises_more_than_it_sends() -> None:
    """Content-Length is the whole body's, half of it comes, then a FIN; the credit is committed."""
    async with rehook("truncate") as sandbox:
        response = parse(await send(sandbox, CREDIT))
        assert response.status == 200
        assert 0 < len(response.body) < int(response.headers["content-length"])
        assert sandbox.observed.commits == 1


async def test_truncate_of_an_empty_answer() -> None:
    """An empty answer is cut too: a byte is promised that never comes."""
    async with rehook("truncate") as sandbox:
        data = await send(sandbox, CREDIT.replace(b"/w ", b"/x "))
        assert parse(data).headers["content-length"] == "1"
        assert data.endswith(b"\r\n\r\n")


async def test_garbage_is_not_json() -> None:
    """The answer says JSON and is none."""
    async with rehook("garbage") as sandbox:
        response = parse(await send(sandbox, CREDIT))
        with pytest.raises(ValueError, match="Expecting value"):
            response.json()


async def test_drip_sends_a_byte_at_a_time() -> None:
    """The whole answer arrives, with one injected sleep a byte."""
    naps = Naps()
    async with rehook("drip 5-20ms", sleep=naps) as sandbox:
        data = await send(sandbox, CREDIT)
        assert parse(data).json()["loyalty_points"] == 20
        assert len(naps.seconds) == len(data)
        assert all(0.005 <= seconds <= 0.02 for seconds in naps.seconds)


async def test_drip_stops_when_the_client_leaves() -> None:
    """A client that has gone is not written to for ever."""
    async with rehook("drip 1ms") as sandbox:
        reader, writer = await asyncio.open_connection("127.0.0.1", sandbox.port)
        writer.write(CREDIT)
        await reader.readexactly(3)
        writer.transport.abort()
        await until(lambda: not sandbox.observed.in_flight)


async def test_a_late_commit_follows_after_the_connection_has_gone() -> None:
    """The client gets nothing and nothing is committed, until the injected sleep ends."""
    gate = asyncio.Event()
    asked: list[float] = []

    async def sleep(seconds: float) -> None:
        asked.append(seconds)
        await gate.wait()

    async with rehook("late:credit 50ms", sleep=sleep) as sandbox:
        assert await send(sandbox, CREDIT) == b""
        assert (len(sandbox.ledger), asked) == (0, [0.05])
        gate.set()
        await sandbox.settled()
        assert len(sandbox.ledger) == sandbox.observed.commits == 1


async def test_a_late_commit_is_dropped_when_the_sandbox_closes() -> None:
    """A sandbox never waits for a late commit; `then=hang` keeps the client waiting meanwhile."""
    async with rehook("late:credit 60s then=hang") as sandbox:
        waiting = asyncio.create_task(send(sandbox, CREDIT))
        await until(lambda: sandbox.observed.in_flight)
    assert await waiting == b""
    assert len(sandbox.ledger) == 0


async def test_latency_is_slept_before_the_commit() -> None:
    """Two latencies add up; the same seed draws the same times."""
    drawn = []
    for _ in range(2):
        naps = Naps()
        async with rehook("latency 5-20ms; latency 1s", sleep=naps) as sandbox:
            for _ in range(3):
                await send(sandbox, CREDIT)
        drawn.append(naps.seconds)
    assert drawn[0] == drawn[1]
    assert len(set(drawn[0])) == 3
    assert all(1.005 <= seconds <= 1.02 for seconds in drawn[0])


async def test_arrivals_push_rows_down_between_pages() -> None:
    """Three rows arrive after each page: the next page repeats the last three rows of this one."""
    async with rehook("arrivals 3") as sandbox:
        for number in range(40):
            sandbox.ledger.append(("k", "w"), "credit", number + 1)
        await send(sandbox, CREDIT)  # a write brings no arrivals
        first, second = [(await call(sandbox, "GET", f"{PATH}?page={page}")).json() for page in (1, 2)]
        ids = [row["transaction_id"] for row in first]
        assert [row["transaction_id"] for row in second][:3] == ids[-3:]
        assert len(sandbox.ledger) == 47
        assert sandbox.observed.commits == 1


async def test_arrivals_at_loyalty() -> None:
    """The wallet that a filter names grows at its head, by number or by id."""
    async with Sandbox(LoyaltyApi(), faults=FaultPlan.parse("arrivals")) as sandbox:
        wallet = sandbox.api.add_wallet("A")
        sandbox.api.add_wallet("B")
        for wanted in ({"to_wallet_number": "A"}, {"wallet_id": wallet.extra["id"]}, {}):
            body = {"order_column": "CreatedDateUtc"} | wanted
            await call(sandbox, "POST", "/v1/TransactionData/SummaryRecordByFilter", body)
        await call(sandbox, "POST", "/v1/TransactionData/SummaryRecordByFilter", b"[]")
        assert [entry.wallet for entry in sandbox.ledger.entries()] == ["A", "A"]


async def test_lag_hides_new_rows() -> None:
    """With a lag the history shows only what is old enough; without it everything."""
    async with rehook("lag 60s times=1") as sandbox:
        old = datetime(2020, 1, 1, tzinfo=UTC)
        sandbox.ledger.append(("k", "w"), "credit", 1, created_at=old)
        sandbox.ledger.append(("k", "w"), "credit", 2)
        assert [row["points"] for row in (await call(sandbox, "GET", PATH)).json()] == [1]
        assert [row["points"] for row in (await call(sandbox, "GET", PATH)).json()] == [2, 1]


async def test_the_rate_limit_refuses_before_anything_runs() -> None:
    """The third request of a second gets 429 in the provider's envelope; the next second is free again."""
    now = 100.0
    plan = FaultPlan.parse("rate 2/s; close", monotonic=lambda: now)
    async with Sandbox(RehookApi(), faults=plan) as sandbox:
        sandbox.api.add_wallet("k", "w")
        assert [await send(sandbox, CREDIT) for _ in range(2)] == [b"", b""]
        response = parse(await send(sandbox, CREDIT))
        assert (response.status, response.headers["retry-after"]) == (429, "1")
        assert response.json()["code"] == 429
        now += 1
        assert await send(sandbox, CREDIT) == b""
        assert sandbox.observed.commits == 3
        assert sandbox.observed.faults == {"close": 3, "rate": 1}


async def test_retry_after_as_a_date() -> None:
    """Retry-After can be an HTTP date, of the given distance."""
    now = datetime(2025, 5, 1, tzinfo=UTC)
    async with rehook("status@before 429 retry-after=30s form=date", clock=lambda: now) as sandbox:
        response = parse(await send(sandbox, CREDIT))
        assert response.headers["retry-after"] == "Thu, 01 May 2025 00:00:30 GMT"


async def test_faults_are_aimed_at_operations() -> None:
    """A fault on debits leaves credits and reads alone; an operation that does not exist is refused."""
    async with rehook("close:debit") as sandbox:
        assert (await call(sandbox, "PUT", PATH, BODY)).status == 200
        assert (await call(sandbox, "GET", PATH)).status == 200
        assert await send(sandbox, CREDIT.replace(b'"credit"', b'"debit" ')) == b""
        with pytest.raises(ValueError, match=r"'refund'.*accepted: wallets, transactions, credit, debit"):
            sandbox.faults.add(Fault("close", operation="refund"))
        sandbox.faults.clear()
        assert (await call(sandbox, "GET", PATH)).status == 200
    with pytest.raises(ValueError, match="refund"):
        rehook("close:refund")
