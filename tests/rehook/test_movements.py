"""What goes out: bodies, marks, arguments refused before anything is sent."""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from rehook_async import InvalidInputError, Movement, OutcomeUnknownError, RehookSession, RetryPolicy
from rehook_async.wire import mark
from tests.kit import REHOOK, CommitServer, behaviours, bodies, for_writes
from wallet_async.engine.marker import carries
from wallet_async.sandbox import Fault

WALLET = ("krishna123", "waty_A")


def session(url: str, **options) -> RehookSession:
    """Make a session with the sandbox of the fixture."""
    return RehookSession("sandbox-api-key", "sandbox-secret-key", base_url=url, **options)


async def sent(**arguments) -> dict:
    """Credit with *arguments* and give the JSON body that arrived, numbers as text."""
    async with CommitServer(behaviours.good(), flavour=REHOOK) as server, session(server.url) as rehook:
        await rehook.credit("krishna123", bodies.REHOOK_WALLET, **arguments)
        return json.loads(server.seen[0].body, parse_int=str, parse_float=str)


async def test_without_a_reference_the_description_goes_out_untouched() -> None:
    """Nothing is added to the caller's text unless a reference asks for it."""
    assert await sent(points=20, description="Müşteri 20 puan ✓") == {
        "description": "Müşteri 20 puan ✓",
        "points": "20",
        "type": "credit",
    }


async def test_with_a_reference_a_mark_stands_in_front() -> None:
    """The mark has at least 80 bits in A-Z2-7 and depends on nothing but the reference."""
    body = await sent(points=Decimal("0.10"), description="Order 1847", reference="order-1847")
    found, _, text = body["description"].partition(" ")
    assert re.fullmatch(r"[A-Z2-7]{16,}", found)
    assert (text, body["points"]) == ("Order 1847", "0.10")
    again = await sent(points=1, description="Order 1847", reference="order-1847")
    assert again["description"] == body["description"]
    assert mark("order-1847") != mark("order-1848")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"points": 2.5}, r"points must be .*, not 2\.5 \(float\)"),
        ({"points": True}, r"points must be .*, not True \(bool\)"),
        ({"points": 0}, r"points must be .*above zero.*, not 0 \(int\)"),
        ({"points": -3}, r"points must be .*credit or debit, not -3 \(int\)"),
        ({"points": "20"}, r"points must be .*, not '20' \(str\)"),
        ({"points": Decimal("NaN")}, r"points must be .*finite"),
        ({"points": Decimal("1E+400")}, r"points must be .*digits"),
        ({"points": 1, "source_id": ""}, r"source_id must be a non-empty str"),
        ({"points": 1, "source_id": ".."}, r"source_id must be an id that is not"),
        ({"points": 1, "wallet_id": 7}, r"wallet_id must be a str, not 7 \(int\)"),
        ({"points": 1, "wallet_id": "a\r\nHost: x"}, r"wallet_id must be .*control character"),
        ({"points": 1, "description": None}, r"description must be a str, not None"),
        ({"points": 1, "description": f"{mark('x')} hello"}, r"description must not begin with 26 characters"),
        ({"points": 1, "reference": ""}, r"reference must be a non-empty str"),
        ({"points": 1, "timeout": 0}, r"timeout must be a finite number of seconds above zero"),
        ({"points": 1, "timeout": float("nan")}, r"timeout must be a finite number"),
    ],
)
async def test_bad_input_is_refused_before_anything_is_sent(arguments: dict, complaint: str) -> None:
    """The error names the argument, its value and type, and what is expected; the server sees no connection."""
    call = {"source_id": "krishna123", "wallet_id": "waty_A"} | arguments
    async with CommitServer(behaviours.good(), flavour=REHOOK) as server, session(server.url) as rehook:
        for move in (rehook.credit, rehook.debit):
            with pytest.raises(InvalidInputError, match=complaint) as caught:
                await move(**call)
            assert caught.value.not_applied
        assert server.connections == 0


async def test_a_debit_beyond_the_balance_is_refused_and_changes_nothing(rehook_sandbox) -> None:
    """What the provider refuses is a definite error."""
    rehook_sandbox.api.add_wallet(*WALLET, balance=5)
    async with session(rehook_sandbox.url) as rehook:
        with pytest.raises(Exception, match="points") as caught:
            await rehook.debit(*WALLET, 6)
    assert caught.value.not_applied
    assert rehook_sandbox.observed.commits == 0


async def test_find_looks_past_the_first_page_while_rows_arrive(rehook_sandbox) -> None:
    """A lost answer is settled from the history although 50 rows lie on top of it and more arrive between pages."""
    await lose_an_answer(rehook_sandbox, RehookSession.settle)


async def test_sabotage_a_search_of_the_first_page_finds_nothing(rehook_sandbox) -> None:
    """The same check fails for a `settle` that reads one page only."""

    async def first_page_only(rehook: RehookSession, error: OutcomeUnknownError):
        rows = await rehook.transactions(*WALLET).collect(limit=20)
        return next((row for row in rows if carries(row.description, mark(error.reference))), None)

    with pytest.raises(AssertionError, match="not found"):
        await lose_an_answer(rehook_sandbox, first_page_only)


async def lose_an_answer(sandbox, settle) -> None:
    """Credit with the answer lost, bury the row under others, and settle."""
    sandbox.api.add_wallet(*WALLET, balance=0)
    sandbox.faults.add(Fault("close", where="after", operation="credit", times=1))
    async with session(sandbox.url) as rehook:
        with pytest.raises(OutcomeUnknownError) as caught:
            await rehook.credit(*WALLET, 20, reference="order-1847")
        for points in range(1, 51):
            await rehook.credit(*WALLET, points)
        sandbox.faults.add(Fault("arrivals", rows=7))
        row = await settle(rehook, caught.value)
        assert row is not None, "not found"
        assert (row.type, row.points) == ("credit", 20)
        since = datetime.now(UTC) - timedelta(hours=1)
        assert await rehook.find(*WALLET, "order-1847", since=since) == row
        assert await rehook.find(*WALLET, "order-1848", since=since) is None
    assert sum(entry.amount == 20 and entry.description.startswith(mark("order-1847")) for entry in truth(sandbox)) == 1


def truth(sandbox) -> list:
    """Give what the provider really booked."""
    return sandbox.ledger.entries(WALLET)


async def test_settle_without_a_reference_says_that_a_person_has_to_look() -> None:
    """Without a mark no row can be known as this movement's."""
    lost = for_writes(behaviours.cut_after_read(commit=True, end="fin"))
    async with CommitServer(lost, flavour=REHOOK) as server, session(server.url) as rehook:
        with pytest.raises(OutcomeUnknownError) as caught:
            await rehook.credit("krishna123", bodies.REHOOK_WALLET, 20)
        with pytest.raises(InvalidInputError, match="no reference"):
            await rehook.settle(caught.value)


async def test_from_env_names_the_missing_variable() -> None:
    """A missing variable is named; no value is shown."""
    with pytest.raises(InvalidInputError, match="REHOOK_SECRET_KEY is not set"):
        RehookSession.from_env({"REHOOK_API_KEY": "canary-key"})
    made = RehookSession.from_env(
        {"REHOOK_API_KEY": "canary-key", "REHOOK_SECRET_KEY": "s", "REHOOK_BASE_URL": "http://127.0.0.1:1"},
        retry=RetryPolicy(attempts=2),
    )
    assert "canary" not in repr(made)
    assert "127.0.0.1:1" in repr(made)


def test_a_movement_is_checked_when_it_is_made() -> None:
    """A ledger's bad line fails where it is read, not in the middle of a run."""
    with pytest.raises(InvalidInputError, match="kind must be 'credit' or 'debit', not 'refund'"):
        Movement(kind="refund", source_id="a", wallet_id="b", points=1)
