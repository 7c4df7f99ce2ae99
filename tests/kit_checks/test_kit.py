"""The server and the rows of the fault matrix do what they say."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.kit import (
    FLAVOURS,
    LOYALTY,
    REHOOK,
    ROWS,
    Behaviour,
    CommitServer,
    Exchange,
    Flavour,
    behaviours,
    bodies,
    for_writes,
    gated,
    good,
    hostile,
    in_turn,
    no_leaks,
    redirect,
    response,
    retry_in,
    status,
)
from tests.kit.heads import MALFORMED

from .raw import PATIENCE, QUIET, Raw, read_request, request, until, write_request

FLAVOUR = pytest.mark.parametrize("flavour", FLAVOURS.values(), ids=FLAVOURS)


async def met(name: str, flavour: Flavour) -> tuple[CommitServer, bytes]:
    """Send one write into row `name`, over a used connection if the row wants one."""
    async with CommitServer(ROWS[name], flavour=flavour) as server, Raw(server.port) as client:
        if ROWS[name].warm:
            await client.ask(read_request(flavour))
        patience = QUIET if ROWS[name].needs_deadline else PATIENCE
        answer = await client.whatever(write_request(flavour), patience)
        if ROWS[name].needs_deadline:
            await until(lambda: server.seen and server.seen[-1].body is not None)
        return server, answer


@FLAVOUR
@pytest.mark.parametrize("name", ROWS)
async def test_a_row_commits_what_it_says(name: str, flavour: Flavour) -> None:
    """One write into a row makes exactly the commits stated, and leaves nothing open."""
    async with no_leaks():
        server, _ = await met(name, flavour)
    assert sum(server.commits.values()) == ROWS[name].commits == len(server.committed)
    assert server.in_flight == server.open_connections == 0
    assert server.connections == 1


async def test_a_client_that_sends_twice_is_found_out() -> None:
    """The sabotaged twin: a client that repeats a write after a lost connection shows as two commits."""
    async with CommitServer(ROWS["15-rst-committed"]) as server:
        for _ in range(2):
            async with Raw(server.port) as client:
                await client.whatever(write_request(REHOOK))
    assert server.commits["PUT"] == 2 > ROWS["15-rst-committed"].commits


@FLAVOUR
@pytest.mark.parametrize("name", [name for name in ROWS if ROWS[name].claim == "DONE"])
async def test_a_done_row_answers_well(name: str, flavour: Flavour) -> None:
    """Where the claim is DONE, the provider's success is on the wire, whole."""
    _, answer = await met(name, flavour)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert isinstance(json.loads(answer.partition(b"\r\n\r\n")[2]), dict)


@FLAVOUR
@pytest.mark.parametrize("name", [name for name in ROWS if ROWS[name].claim == "REJECTED"])
async def test_a_rejected_row_shows_the_envelope(name: str, flavour: Flavour) -> None:
    """Where the claim is REJECTED, the provider's own error fields are on the wire, whole."""
    _, answer = await met(name, flavour)
    body = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert set(body) >= {"code", "message", "details" if flavour is REHOOK else "errors"}


@pytest.mark.parametrize("name", [name for name in ROWS if ROWS[name].number in range(12, 16)])
async def test_on_the_wire_no_byte_is_answered(name: str) -> None:
    """In rows 12 to 16 the client gets nothing at all for its write."""
    assert (await met(name, REHOOK))[1] == b""


@pytest.mark.parametrize("kind", MALFORMED)
async def test_a_malformed_head_differs_from_a_good_one(kind: str) -> None:
    """Every fault of row 28 changes the head and nothing else."""
    whole = response(200, bodies.rehook_receipt())
    old, new = MALFORMED[kind]
    assert whole.replace(old, new, 1) != whole
    assert whole.replace(old, new, 1).partition(b"\r\n\r\n")[2] == whole.partition(b"\r\n\r\n")[2]


async def test_the_request_is_recorded_as_it_stood_on_the_wire() -> None:
    """Target bytes, headers and body are kept exactly; a 10 kB id fits."""
    line = "PUT /wallets/customer/" + "%2F" * 3_500 + "/transactions/a%20b"
    async with CommitServer(good()) as server, Raw(server.port) as client:
        await client.ask(request(line, b'{"points": 1.10, "type": "debit", "description": "\xc3\xa9"}'))
    seen = server.seen[0]
    assert seen.target.decode() == line[4:]
    assert (seen.method, seen.header("hOsT"), seen.index) == ("PUT", "kit", 0)
    assert seen.body is not None
    assert b"\xc3\xa9" in seen.body


async def test_flight_and_connections_are_counted() -> None:
    """Requests held behind a gate are all in flight at once, and none is when they are answered."""
    gate, full = asyncio.Event(), asyncio.Event()

    async def answer_when_open(exchange: Exchange) -> None:
        if exchange.server.in_flight == 5:
            full.set()
        await gated(gate, good())(exchange)

    async def one(server: CommitServer) -> bytes:
        async with Raw(server.port) as client:
            await client.ask(read_request(REHOOK))
            return await client.ask(write_request(REHOOK))

    async with no_leaks(), CommitServer(for_writes(answer_when_open)) as server:
        tasks = [asyncio.create_task(one(server)) for _ in range(5)]
        await asyncio.wait_for(full.wait(), 5)
        assert server.in_flight == server.open_connections == 5
        gate.set()
        await asyncio.gather(*tasks)
        assert (server.max_in_flight, server.in_flight, server.connections) == (5, 0, 5)
    assert server.commits == {"PUT": 5}
    assert [exchange.index for exchange in server.seen].count(1) == 5


async def test_behaviours_come_in_turn() -> None:
    """`in_turn` goes by exchange over all connections and stays at the last; reads are no commits."""
    async with CommitServer(in_turn(status(429), good()), flavour=LOYALTY) as server:
        async with Raw(server.port) as client:
            first = await client.ask(write_request(LOYALTY))
            assert first.startswith(b"HTTP/1.1 429 ")
            assert b"200" in (await client.ask(read_request(LOYALTY)))[:12]
        async with Raw(server.port) as client:
            assert b"200" in (await client.ask(write_request(LOYALTY)))[:12]
    assert server.commits == {"POST": 1}


async def test_a_fault_of_the_behaviour_itself_is_raised() -> None:
    """A behaviour that commits what it did not receive is a fault of the test, and closing says so."""
    server = await CommitServer(lambda exchange: _commit_unread(exchange.commit)).__aenter__()
    async with Raw(server.port) as client:
        await client.whatever(b"")
    with pytest.raises(RuntimeError, match="before its body"):
        await server.aclose()


async def _commit_unread(commit: Callable[[], None]) -> None:
    commit()


async def test_closing_cuts_requests_that_hang() -> None:
    """`aclose` ends connections that wait for ever, and those no task was yet started for."""
    async with no_leaks():
        async with CommitServer(behaviours.silence(commit=True)) as server:
            clients = [await Raw(server.port).__aenter__() for _ in range(3)]
            clients[0].writer.write(write_request(REHOOK))
        for client in clients:
            await client.__aexit__(None, None, None)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: redirect(307, "http://localhost:{port}/x"), b"Location: http://localhost:"),
        (lambda: retry_in(60), b"Retry-After: "),
        (lambda: status(503, "html", {"Retry-After": "1"}), b"Retry-After: 1\r\n"),
    ],
)
async def test_a_status_carries_its_headers(make: Callable[[], Behaviour], field: bytes) -> None:
    """Redirects and retry hints are in the head."""
    async with CommitServer(make()) as server, Raw(server.port) as client:
        answer = await client.ask(write_request(REHOOK))
    assert field in answer
    assert b"{port}" not in answer


def test_a_bomb_is_what_it_says() -> None:
    """The repeated block makes a valid gzip file of the stated size; cut and corrupt ones are not valid."""
    bomb = hostile.gzip_bomb(b'{"a": 1}', 3 * hostile.MEBIBYTE)
    assert len(bomb) < 10_000
    whole = gzip.decompress(bomb)
    assert (len(whole), json.loads(whole)) == (3 * hostile.MEBIBYTE + 8, {"a": 1})
    for broken in (hostile.gzip_cut, hostile.gzip_corrupt):
        with pytest.raises((EOFError, zlib.error, gzip.BadGzipFile)):
            gzip.decompress(broken(bodies.rehook_receipt()))


def test_hostile_json_is_hostile_to_the_plain_parser() -> None:
    """What the standard parser lets pass, and what it does not, is as the matrix says."""
    body = bodies.rehook_receipt()
    with pytest.raises(RecursionError):
        json.loads(hostile.deep(body))
    with pytest.raises(ValueError, match="digits"):
        json.loads(hostile.with_member(body, b"9" * 5000))
    assert json.loads(hostile.replaced(body, "loyalty_points", b"1e400"))["loyalty_points"] == float("inf")
    assert json.loads(hostile.twice(body, "points", b"7"))["points"] == 20
    assert hostile.twice(body, "points", b"7").count(b'"points"') == 2


def test_canned_bodies_echo_what_was_sent() -> None:
    """Receipts, pages and envelopes carry the values asked for, money to the last digit."""
    receipt = json.loads(bodies.rehook_receipt(points=Decimal("0.30"), kind="debit"), parse_float=Decimal)
    assert b'"loyalty_points": 60,' in bodies.rehook_receipt()
    assert (receipt["points"], receipt["loyalty_points"]) == (Decimal("0.30"), Decimal("39.70"))
    rows = json.loads(bodies.rehook_history(20, start=5, descriptions={5: "mine"}))
    assert len({row["transaction_id"] for row in rows}) == 20
    assert [row["created_at"] for row in rows] == sorted((row["created_at"] for row in rows), reverse=True)
    assert rows[0]["description"] == "mine"
    amount = Decimal("12345678901234567.89")
    wallet = json.loads(bodies.loyalty_success(amount=amount, previous=0), parse_float=Decimal)["payload"]
    assert (wallet["total_balance"], wallet["number"]) == (amount, bodies.LOYALTY_WALLET)


@FLAVOUR
def test_a_foreign_answer_is_well_formed_and_not_ours(flavour: Flavour) -> None:
    """Somebody else's success has the fields of ours, and another wallet."""
    write = write_request(flavour)
    line, body = write.split(b"\r\n")[0], write.partition(b"\r\n\r\n")[2]
    method, target, _ = line.split(b" ")
    ours = json.loads(flavour.good(method.decode(), target, body))
    theirs = json.loads(flavour.foreign())
    assert ours.keys() == theirs.keys()
    assert ours != theirs


def test_rows_are_named_after_their_number() -> None:
    """A row's name begins with its number; all rows from 12 to 39 that a server can make are there."""
    assert all(name.startswith(f"{row.number:02d}-") for name, row in ROWS.items())
    made_elsewhere = {17, 18}  # the replaying proxy, and the client's own repetition
    assert {row.number for row in ROWS.values()} == {0} | set(range(12, 40)) - made_elsewhere
