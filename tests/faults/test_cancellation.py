"""Row 40: a credit that is cancelled at any step ends as a cancellation, and as an in-doubt one if it had left."""

from __future__ import annotations

import asyncio
from typing import Any

import attrs
import pytest

from tests.faults.judge import ENOUGH, SHORT, assert_clean, until
from tests.faults.providers import Client
from tests.faults.sabotage import no_evidence
from tests.faults.test_not_sent import place
from tests.kit import CommitServer, Ended, Exchange, behaviours, cancel_at_step, good, no_leaks, response
from tests.kit.answers import chunked
from tests.kit.steps import When
from wallet_async.engine.errors import RequestTimeoutError
from wallet_async.engine.events import Event, OutcomeUnknownEvent
from wallet_async.engine.limits import Gate
from wallet_async.engine.send import Sender

pytestmark = pytest.mark.usefixtures("silence_skipped")

WHEN = pytest.mark.parametrize("when", ["suspended", "woken"])
WARM = pytest.mark.parametrize("warm", [True, False], ids=["warm", "cold"])


@attrs.frozen(kw_only=True)
class Step:
    """What one cancelled credit came to."""

    ended: Ended[Any]
    doubts: int
    """`OutcomeUnknownEvent`s."""
    committed: bool
    received: bool
    """Whether its body reached the server."""

    def check(self) -> None:
        """Assert that the cancellation was honoured and nothing was misjudged.

        Raises:
            AssertionError: It was not.
        """
        assert self.ended.cancelled or not self.ended.reached, f"swallowed: {self.ended}"
        if self.ended.cancelled:
            assert self.doubts or not self.received, f"misjudged as not sent: {self}"
            assert self.doubts <= 1
        else:
            assert (self.doubts, self.committed) == (0, True), str(self)


async def cancelled(client: Client, server: CommitServer, step: int, *, warm: bool, when: When) -> Step:
    """Cancel one credit at *step* on a session of its own, use the session once more, and look at the server."""
    events: list[Event] = []
    before = len(server.seen)
    async with no_leaks():
        async with client.session(server.url, on_event=events.append) as session:
            if warm:
                await client.read(session)
            ended = await cancel_at_step(lambda: client.write(session, reference=f"step-{step}"), step, when=when)
            doubts = [event for event in events if isinstance(event, OutcomeUnknownEvent)]
            assert_clean(session)
            assert session.statistics().unknown == len(doubts)
            assert await client.write(session, reference="the next call works")
            assert_clean(session)
        await until(lambda: server.open_connections == 0)
    *mine, last = [exchange for exchange in server.seen[before:] if exchange.is_write]
    assert last.committed
    assert len(mine) <= 1
    return Step(
        ended=ended,
        doubts=len(doubts),
        committed=any(exchange.committed for exchange in mine),
        received=any(exchange.body is not None for exchange in mine),
    )


async def in_pieces(exchange: Exchange) -> None:
    """Carry the request out and answer it in eight pieces."""
    await exchange.read()
    exchange.commit()
    answer = response(200, exchange.good())
    size = len(answer) // 7
    for start in range(0, len(answer), size):
        await exchange.send(answer[start : start + size])


ANSWERS: dict[str, behaviours.Behaviour] = {"whole": good(), "pieces": in_pieces, "chunked": chunked()}


async def sweep(client: Client, *, warm: bool, when: When, answer: str = "whole") -> list[Step]:
    """Cancel at every step, until one is not reached any more."""
    steps: list[Step] = []
    async with CommitServer(ANSWERS[answer], flavour=client.flavour) as server:
        while not steps or steps[-1].ended.reached:
            steps.append(await cancelled(client, server, len(steps), warm=warm, when=when))
            steps[-1].check()
    return steps


@WHEN
@WARM
@pytest.mark.parametrize("answer", ANSWERS)
async def test_every_step(client: Client, transport: str, warm: bool, when: When, answer: str) -> None:
    """At every step: CancelledError comes out, no booked credit goes unreported, no slot or connection is lost."""
    steps = await sweep(client, warm=warm, when=when, answer=answer)
    kind = f"{transport} {'warm' if warm else 'cold'} {when} {answer}"
    in_doubt, booked = sum(step.doubts for step in steps), sum(step.committed for step in steps[:-1])
    print(f"{client.name} {kind}: {len(steps)} steps, {in_doubt} in doubt, {booked} booked")
    assert len(steps) > 2
    assert in_doubt > 0
    assert booked > 0


@WARM
async def test_twin_no_evidence(client: Client, warm: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the evidence a booked credit is cancelled in silence."""
    no_evidence(monkeypatch)
    with pytest.raises(AssertionError, match="misjudged as not sent"):
        await sweep(client, warm=warm, when="suspended")


@WARM
async def test_twin_cancellation_swallowed(client: Client, warm: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that makes an error of its own of CancelledError is found out."""
    attempt = Sender._attempt

    async def swallow(sender: Sender, trip: Any) -> Any:
        try:
            return await attempt(sender, trip)
        except asyncio.CancelledError:
            raise RequestTimeoutError("never mind") from None

    monkeypatch.setattr(Sender, "_attempt", swallow)
    with pytest.raises(AssertionError, match="swallowed"):
        await sweep(client, warm=warm, when="suspended")


async def test_twin_slot_lost(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slot that a cancelled call keeps is found out."""
    release = Gate.release

    def unless_cancelled(gate: Gate) -> None:
        task = asyncio.current_task()
        if task is None or not task.cancelling():
            release(gate)

    monkeypatch.setattr(Gate, "release", unless_cancelled)
    with pytest.raises(AssertionError, match="not clean"):
        await sweep(client, warm=True, when="suspended")


@pytest.mark.parametrize("commit", [True, False])
async def test_timeout_of_the_callers(client: Client, commit: bool) -> None:
    """`asyncio.timeout` around a credit ends in its own TimeoutError, and the credit is reported as in doubt."""
    events: list[Event] = []
    async with (
        CommitServer(behaviours.silence(commit=commit), flavour=client.flavour) as server,
        no_leaks(),
        client.session(server.url, on_event=events.append) as session,
    ):
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(ENOUGH):
                await client.write(session)
        assert type(caught.value) is TimeoutError
        assert_clean(session)
        assert session.statistics().connections == 0
    assert server.commits[client.method] == commit
    [event] = [event for event in events if isinstance(event, OutcomeUnknownEvent)]
    assert (event.operation, event.reference, event.movement.amount) == ("credit", "r-1", 20)


@pytest.mark.parametrize("name", ["2-dns-hangs", "4-connect-hangs", "6-tls-hangs"])
async def test_before_a_connection(client: Client, name: str) -> None:
    """Row 11: cancelled while there is no connection yet, it was not sent, and no doubt is reported."""
    events: list[Event] = []
    async with place(name) as where, no_leaks(), client.session(where.url, on_event=events.append) as session:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SHORT):
                await client.write(session)
        assert_clean(session)
        assert session.statistics().unknown == 0
    assert events == []
    assert where.server is None or where.server.seen == []


async def test_many_cancelled_in_line(client: Client) -> None:
    """Callers that are cancelled while they wait for a slot, or as it comes to them, hand it on."""
    async with CommitServer(good(), flavour=client.flavour) as server, no_leaks():
        for turns in range(20):
            async with client.session(server.url) as session:
                session._gate.bound = 1
                calls = [asyncio.create_task(client.write(session, reference=f"r-{n}")) for n in range(6)]
                for _ in range(turns):
                    await asyncio.sleep(0)
                for call in calls[1::2]:
                    call.cancel()
                ended = await asyncio.gather(*calls, return_exceptions=True)
                assert not any(isinstance(end, BaseException) for end in ended[::2])
                assert_clean(session)
                assert await client.write(session)
