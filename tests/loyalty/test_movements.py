"""What goes out: bodies to the last digit, arguments refused before anything is sent, and one request a movement."""

import json
import pickle
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from loyalty_async import Failed, InvalidInputError, Movement, OutcomeUnknownError
from tests.kit import LOYALTY, CommitServer, behaviours, for_writes
from tests.loyalty.common import OTHER, WALLET, credit, session, stand_in
from wallet_async.engine import codec
from wallet_async.sandbox import Fault, Sandbox

AMOUNTS = {
    "12345678901234567.89": Decimal("12345678901234567.89"),
    "0.3": Decimal("0.1") + Decimal("0.2"),
    "1000": Decimal("1E+3"),
    "0.0000001": Decimal("1E-7"),
    "25.00": Decimal("25.00"),
    "25": 25,
    "9007199254740993": 2**53 + 1,
}


async def sent(**arguments: Any) -> tuple[bytes, bytes]:
    """Credit with *arguments*; give the target and the body that arrived, as bytes."""
    async with CommitServer(behaviours.good(), flavour=LOYALTY) as server, session(server.url) as loyalty:
        await credit(loyalty, **arguments)
        (exchange,) = server.seen
        assert exchange.method == "POST"
        assert exchange.header("Content-Type") == "application/json"
        return exchange.target, exchange.body or b""


async def test_the_body_is_that_of_the_page_and_nothing_more() -> None:
    """The four mandatory fields in the page's order; what is None is left out, hash_key too."""
    assert await sent() == (
        b"/v1/Wallet/IncreaseLoyaltyBalance",
        b'{"wallet_number":"LYT_7160182174011919319","amount":25,"currency_code":"TRY","ext_transaction_id":"order-1847"}',
    )


async def test_every_optional_field_goes_out_under_its_name() -> None:
    """account_number keeps its zero and its quotes, tx_group_correlation_id is a number of any size."""
    _, body = await sent(account_number="0202", tx_group_correlation_id=10**19 + 1, hash_key="abc")
    assert body.endswith(b',"hash_key":"abc","account_number":"0202","tx_group_correlation_id":10000000000000000001}')


async def test_text_goes_out_in_utf8() -> None:
    """A Turkish reference is sent as it is written."""
    _, body = await sent(reference="Sipariş-ığü 1847 ✓")
    assert '"ext_transaction_id":"Sipariş-ığü 1847 ✓"'.encode() in body


@pytest.mark.parametrize("text", AMOUNTS)
async def test_an_amount_is_unchanged_on_the_wire_and_back(text: str) -> None:
    """Every digit, no exponent, no float in between: in the request, the receipt and the balance that comes back."""
    await check_amount(text)


async def check_amount(text: str) -> None:
    amount = AMOUNTS[text]
    async with CommitServer(behaviours.good(), flavour=LOYALTY) as server, session(server.url) as loyalty:
        receipt = await credit(loyalty, amount)
        (exchange,) = server.seen
        assert b'"amount":%s,' % text.encode() in (exchange.body or b"")
        assert receipt.amount == amount
        assert receipt.wallet.total_balance == 1000 + amount


async def test_an_amount_comes_back_from_the_history_as_it_was_sent() -> None:
    """The sandbox books, prints and lists it; the row has the same amount to the last digit."""
    async with Sandbox(stand_in()) as sandbox, session(sandbox.url) as loyalty:
        for text, amount in AMOUNTS.items():
            await credit(loyalty, amount, reference=text)
        rows = await loyalty.transactions(WALLET).collect()
        assert {row.reference: row.amount for row in rows} == AMOUNTS
        assert (await loyalty.wallet(WALLET)).total_balance == 1000 + sum(AMOUNTS.values())


async def test_sabotage_an_amount_through_float_loses_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same check fails where a float stands in between, for the last digit as for the form."""
    monkeypatch.setattr(codec, "dumps", lambda fields: json.dumps(fields, default=float).encode())
    for text in ("12345678901234567.89", "1000", "0.0000001"):
        with pytest.raises(AssertionError):
            await check_amount(text)


async def test_a_debit_goes_to_its_own_address() -> None:
    """DecreaseLoyaltyBalance takes the same body; the receipt says debit."""
    async with Sandbox(stand_in()) as sandbox, session(sandbox.url) as loyalty:
        receipt = await loyalty.debit(WALLET, 10, currency_code="TRY", reference="order-1")
        assert (receipt.type, receipt.amount, receipt.wallet.total_balance) == ("debit", 10, 990)
        assert [(entry.kind, entry.reference) for entry in sandbox.ledger.entries()] == [("debit", "order-1")]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"amount": 2.5}, r"amount must be .*, not 2\.5 \(float\)"),
        ({"amount": True}, r"amount must be .*, not True \(bool\)"),
        ({"amount": 0}, r"amount must be .*above zero.*, not 0 \(int\)"),
        ({"amount": Decimal("-3")}, r"amount must be .*credit or debit, not Decimal\('-3'\)"),
        ({"amount": "20"}, r"amount must be .*, not '20' \(str\)"),
        ({"amount": Decimal("NaN")}, r"amount must be .*finite"),
        ({"amount": Decimal("Infinity")}, r"amount must be .*finite"),
        ({"amount": Decimal("1E+400")}, r"amount must be .*digits"),
        ({"wallet_number": ""}, r"wallet_number must be a non-empty str"),
        ({"wallet_number": 7160182174011919319}, r"wallet_number must be a str, not 7160182174011919319 \(int\)"),
        ({"wallet_number": "LYT\n1"}, r"wallet_number must be text without control characters"),
        ({"currency_code": None}, r"currency_code must be a str, not None"),
        ({"currency_code": ""}, r"currency_code must be a non-empty str"),
        ({"reference": None}, r"reference must be a str, not None"),
        ({"reference": ""}, r"reference must be a non-empty str"),
        ({"reference": "x" * 513}, r"reference must be at most 512 characters"),
        ({"reference": "\ud800"}, r"reference must be text that can be encoded"),
        ({"account_number": 202}, r"account_number must be a str, not 202 \(int\)"),
        ({"tx_group_correlation_id": "7"}, r"tx_group_correlation_id must be an int of at least 0, not '7' \(str\)"),
        ({"tx_group_correlation_id": True}, r"tx_group_correlation_id must be an int"),
        ({"hash_key": 7}, r"hash_key must be a str, or a function that returns one, not int"),
        ({"hash_key": lambda movement: b"x"}, r"hash_key must be a str, or a function that returns one, not bytes"),
        ({"timeout": 0}, r"timeout must be a finite number of seconds above zero"),
    ],
)
async def test_bad_input_is_refused_before_anything_is_sent(arguments: dict[str, Any], complaint: str) -> None:
    """The error names the argument, its value and type, and what is expected; the server sees no connection."""
    call = {"wallet_number": WALLET, "amount": 25, "currency_code": "TRY", "reference": "order-1"} | arguments
    async with CommitServer(behaviours.good(), flavour=LOYALTY) as server, session(server.url) as loyalty:
        for move in (loyalty.credit, loyalty.debit):
            with pytest.raises(InvalidInputError, match=complaint) as caught:
                await move(**call)
            assert caught.value.not_applied
        assert server.connections == 0


async def test_bad_input_of_reads_is_refused_too() -> None:
    """No request leaves for a wallet, account, reference or bound that cannot be one."""
    async with CommitServer(behaviours.good(), flavour=LOYALTY) as server, session(server.url) as loyalty:
        for call in (
            lambda: loyalty.wallet(""),
            lambda: loyalty.wallet(WALLET, account_number=202),
            lambda: loyalty.add_program(" \t"),
            lambda: loyalty.find(WALLET, "", since=datetime.now(UTC)),
            lambda: loyalty.find(WALLET, "order-1", since=None),
            lambda: loyalty.transactions(7),
            lambda: loyalty.transactions(WALLET, wallet_id=7),
            lambda: loyalty.transactions(WALLET, since="2026-01-01"),
            lambda: loyalty.transactions(WALLET, until=0),
            lambda: loyalty.transactions(WALLET, limit=-1),
            lambda: loyalty.transactions(WALLET, resume="x"),
            lambda: loyalty.transactions(WALLET, timeout=-1),
        ):
            with pytest.raises(InvalidInputError):
                await call()
        assert server.connections == 0


def test_a_movement_is_checked_when_it_is_made() -> None:
    """A ledger's bad line fails where it is read, not in the middle of a run."""
    with pytest.raises(InvalidInputError, match="kind must be 'credit' or 'debit', not 'refund'"):
        Movement(kind="refund", wallet_number=WALLET, amount=1, currency_code="TRY", reference="r")


@pytest.mark.parametrize("text", ["", "8f14e45fceea167a"])
async def test_a_hash_key_is_sent_as_it_is(text: str) -> None:
    """The pages' samples send an empty one; nothing is made up in its place."""
    _, body = await sent(hash_key=text)
    assert f'"hash_key":"{text}"'.encode() in body


async def test_a_function_makes_the_hash_key_of_the_checked_movement() -> None:
    """It is called once, with the movement, when all other fields are good; what it returns goes out."""
    seen: list[Movement] = []

    def make(movement: Movement) -> str:
        seen.append(movement)
        return f"{movement.kind}|{movement.wallet_number}|{movement.amount}|{movement.reference}"

    _, body = await sent(hash_key=make, amount=Decimal("0.30"))
    assert f'"hash_key":"credit|{WALLET}|0.30|order-1847"'.encode() in body
    assert len(seen) == 1
    with pytest.raises(InvalidInputError, match="amount"):
        await sent(hash_key=make, amount=-1)
    assert len(seen) == 1


async def test_an_error_with_a_hash_function_pickles_without_it() -> None:
    """The movement holds the text, so the error goes through a process pool; the text stands in no repr."""
    lost = for_writes(behaviours.cut_after_read(commit=True, end="fin"))
    async with CommitServer(lost, flavour=LOYALTY) as server, session(server.url) as loyalty:
        with pytest.raises(OutcomeUnknownError) as caught:
            await credit(loyalty, hash_key=lambda movement: "canary-hash")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert copy.movement == caught.value.movement
    assert copy.movement.hash_key == "canary-hash"
    assert "canary" not in repr(copy.movement) + repr(copy) + str(copy)


async def test_apply_keeps_the_order_inside_a_wallet_and_books_each_movement_once() -> None:
    """A refused and a lost movement harm no other; what is lost is settled from the history."""
    async with Sandbox(stand_in()) as sandbox, session(sandbox.url) as loyalty:
        sandbox.faults.add(Fault("reset", operation="credit", nth=7))
        movements = [
            Movement(kind=kind, wallet_number=wallet, amount=amount, currency_code="TRY", reference=f"{wallet}-{n}")
            for n in range(20)
            for wallet in (WALLET, OTHER)
            for kind, amount in [("debit", 10**6) if (n, wallet) == (5, OTHER) else ("credit", n + 1)]
        ]
        failed = [result async for result in loyalty.apply(movements, concurrency=8) if isinstance(result, Failed)]
        unknown = [result.error for result in failed if isinstance(result.error, OutcomeUnknownError)]
        assert (len(failed), len(unknown)) == (2, 1)
        row = await loyalty.settle(unknown[0])
        assert row is not None
        assert row.reference == unknown[0].reference
        for wallet in (WALLET, OTHER):
            booked = [entry.reference for entry in sandbox.ledger.entries(wallet)]
            assert booked == [m.reference for m in movements if m.wallet == wallet and m.kind == "credit"]
