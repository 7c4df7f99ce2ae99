"""With msgspec and without it an answer is the same objects or the same error, whatever stands in it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import loyalty_async.wire
import rehook_async.wire
from loyalty_async import Movement as LoyaltyMovement
from rehook_async import Movement, Transaction
from tests.engine import odd_json
from tests.engine.decoding import long_way, outcome, pure
from tests.kit import bodies
from wallet_async.engine import codec, fast, rows
from wallet_async.engine.calls import Reply

pytestmark = pytest.mark.skipif(fast.msgspec is None, reason="msgspec is not installed")
# DECODE_EXAMPLES is for long runs (with `-o timeout=0`): examples a test.
EXAMPLES = settings(max_examples=int(os.environ.get("DECODE_EXAMPLES", "200")))

CREDIT = Movement(kind="credit", source_id="a", wallet_id=bodies.REHOOK_WALLET, points=20, description="hello")
LOYALTY_CREDIT = LoyaltyMovement(
    kind="credit", wallet_number=bodies.LOYALTY_WALLET, amount=25, currency_code="TRY", reference="order-1847"
)
READERS: dict[str, Callable[[Reply], Any]] = {
    "page": lambda reply: rehook_async.wire.read_transactions(reply, 1),
    "receipt": rehook_async.wire.read_receipt(CREDIT, "hello"),
    "loyalty page": loyalty_async.wire.read_transactions(bodies.LOYALTY_WALLET),
    "loyalty receipt": loyalty_async.wire.read_receipt(LOYALTY_CREDIT),
}


def texts(row: dict[str, Any]) -> dict[str, str]:
    """Give names and values of a row as JSON texts."""
    return {name: json.dumps(value) for name, value in row.items()}


ROW = texts(json.loads(bodies.rehook_history(1))[0])
RECEIPT = texts(json.loads(bodies.rehook_receipt(description="hello")))
WALLET = texts(json.loads(bodies.loyalty_wallet()))
LOYALTY_ROW = texts(
    {
        "id": "7160182174011919319",
        "wallet_id": 6118170317107163101,
        "transaction_type": "Loyalty",
        "transaction_status_id": 20,
        "created_date_utc": "2022-06-02T13:43:32.6738595+00:00",
        "completed_date_utc": None,
        "tx_base_amount": 25.5,
        "currency_code": "TRY",
        "to_wallet_number": bodies.LOYALTY_WALLET,
        "ext_transaction_id": "order-1847",
        "tx_additional_data_json": "{}",
    }
)


def agree(name: str, body: bytes) -> None:
    """Assert that the reader *name* makes the same of *body* with msgspec, without it, and the long way."""
    reply = Reply(200, {}, body)
    quick = outcome(lambda: READERS[name](reply))
    with pure():
        assert outcome(lambda: READERS[name](reply)) == quick
    with long_way():
        assert outcome(lambda: READERS[name](reply)) == quick


def objects(usual: dict[str, str]) -> st.SearchStrategy[str]:
    """Write an object with the usual fields, most often changed in a place or two."""
    return odd_json.changed(usual).flatmap(odd_json.written)


def lists(usual: dict[str, str]) -> st.SearchStrategy[str]:
    """Write a list of up to four rows, sometimes with something else among them."""
    rows = st.lists(objects(usual), max_size=4)
    among = st.lists(objects(usual) | odd_json.VALUES, max_size=3)
    return st.tuples(rows | rows | rows | among, odd_json.BLANKS).map(
        lambda found: f"[{f',{found[1]}'.join(found[0])}]"
    )


def in_envelope(payload: str) -> str:
    """Write Sipay's envelope around *payload*."""
    return bodies.loyalty_envelope(payload).decode()


PAGES = lists(ROW).flatmap(odd_json.damaged)


@EXAMPLES
@given(PAGES)
def test_a_page_is_the_same_either_way(body: bytes) -> None:
    """Rehook's pages: usual, odd and broken rows."""
    agree("page", body)


@EXAMPLES
@given(objects(RECEIPT).flatmap(odd_json.damaged))
def test_a_receipt_is_the_same_either_way(body: bytes) -> None:
    """Rehook's receipts: with a field too many, too few, twice or of another kind."""
    agree("receipt", body)


@EXAMPLES
@given(lists(LOYALTY_ROW).map(lambda found: in_envelope(f'{{"results": {found}}}')).flatmap(odd_json.damaged))
def test_a_loyalty_page_is_the_same_either_way(body: bytes) -> None:
    """Sipay's pages, in their envelope."""
    agree("loyalty page", body)


@EXAMPLES
@given(objects(WALLET).map(in_envelope).flatmap(odd_json.damaged))
def test_a_loyalty_receipt_is_the_same_either_way(body: bytes) -> None:
    """Sipay's receipts, in their envelope."""
    agree("loyalty receipt", body)


def page(*changes: tuple[str, str]) -> bytes:
    """Write a page of two usual rows and one in which each text (first) is replaced by another (second)."""
    row = json.dumps(json.loads(bodies.rehook_history(1))[0])
    odd = row
    for old, new in changes:
        assert old in odd
        odd = odd.replace(old, new)
    return f"[{row}, {odd}, {row}]".encode()


ODD_PAGES = {
    "usual": page(),
    "decimals": page(("10,", "0.10,")),
    "number in quotes": page(("10,", '"10",')),
    "repeated field": page(('"points"', '"points": 5, "points"')),
    "repeated for a missing one": page(('"description": "Wallet', '"type": "credit", "type": "Wallet')),
    "1e400": page(("10,", "1e400,")),
    "without zone": page(("Z", "")),
    "blank for T": page(("13T", "13 ")),
    "nine digits": page(("999999Z", "999999999Z")),
    "seven digits": page(("999999Z", "9999999Z")),
    "null description": page(('"Wallet updated for redemption of code: KBLGPN"', "null")),
    "no description": page(('"description"', '"remark"')),
    "tomorrow's field": page(('"points"', '"new": {"a": [1, "x"]}, "points"')),
    "deep junk": page(('"points"', '"new": ' + "[" * 70 + "]" * 70 + ', "points"')),
    "half a character": page(('"points"', '"new": "\\ud800", "points"')),
    "bad row": page(("10,", "null,")),
    "no id": page(('"transaction_id"', '"id"')),
    "empty": b"[]",
    "an object": b"{}",
}


@pytest.mark.parametrize("name", ODD_PAGES)
def test_an_odd_page_is_the_same_either_way(name: str) -> None:
    """Each of the known traps, by name."""
    agree("page", ODD_PAGES[name])


@pytest.mark.parametrize("name", ["usual", "decimals"])
def test_a_usual_page_is_read_by_msgspec(name: str) -> None:
    """What the provider sends is taken by the quickest reader: the comparisons above compare something."""
    found = rows.readers(Transaction)[0](ODD_PAGES[name])
    assert found is not None
    assert [type(row) for row in found] == [Transaction] * 3
    assert codec._quick()(ODD_PAGES[name]) is not None
    assert all(codec._quick()(body) for body in (bodies.rehook_receipt(), bodies.loyalty_success()))


def typed(sabotage: str) -> rows.Read:
    """Make the reader by msgspec without one of its checks."""
    msgspec = fast.msgspec
    native = msgspec.json.Decoder(list[Transaction])
    one, raw = msgspec.json.Decoder(Transaction), msgspec.json.Decoder(list[msgspec.Raw])

    def careless(body: bytes) -> list[Any] | None:
        try:
            match sabotage:
                case "quotes":
                    return native.decode(body)
                case "moments":
                    found = native.decode(body)
                    return found if body.count(b'"') == 22 * len(found) else None
                case "rows":
                    return [one.decode(row) for row in raw.decode(body) if b"null" not in bytes(row)]
        except (ValueError, RecursionError):
            return None
        raise AssertionError(sabotage)

    return careless


CAUGHT = {
    "quotes": ["number in quotes", "repeated field", "repeated for a missing one", "deep junk"],
    "moments": ["without zone", "1e400"],
    "rows": ["bad row"],
}


@pytest.mark.parametrize(("sabotage", "name"), [(sabotage, name) for sabotage in CAUGHT for name in CAUGHT[sabotage]])
def test_sabotage_a_careless_reader_is_caught(sabotage: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twin: without the count of quotes, with moments without zone, or leaving a bad row out, the same check fails."""
    reader = typed(sabotage)
    monkeypatch.setattr(rows, "readers", lambda kind: (reader,))
    with pytest.raises(AssertionError):
        agree("page", ODD_PAGES[name])


@pytest.mark.parametrize("sabotage", CAUGHT)
def test_sabotage_the_property_finds_it_too(sabotage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twin: generated pages are odd enough to find each of them, not only those thought of."""
    reader = typed(sabotage)
    monkeypatch.setattr(rows, "readers", lambda kind: (reader,))
    search = given(PAGES)(lambda body: agree("page", body))
    with pytest.raises(AssertionError):
        # The same examples each time: how many it takes is chance, and sometimes a great many.
        settings(
            max_examples=5000, database=None, phases=[Phase.generate], report_multiple_bugs=False, derandomize=True
        )(search)()


def test_sabotage_moments_that_are_cut_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twin: without rounding, as `datetime.fromisoformat` alone has it, the same check fails."""
    monkeypatch.setattr(codec, "_FRACTION", re.compile("(?!)"))
    with pytest.raises(AssertionError):
        agree("page", ODD_PAGES["nine digits"])


def test_sabotage_without_the_count_a_repeated_key_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twin: msgspec alone takes the last of two amounts, and the same check fails."""
    body = bodies.rehook_receipt(description="hello").replace(b'"points": 20', b'"points": 2, "points": 20')
    agree("receipt", body)
    monkeypatch.setattr(codec, "_quick", lambda: fast.msgspec.json.Decoder(float_hook=codec._number).decode)
    with pytest.raises(AssertionError):
        agree("receipt", body)


@pytest.mark.parametrize("version", ["0.20.1", "0.9", "", "new", None])
def test_an_old_or_broken_msgspec_is_as_none(version: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too old, without a version or not to be imported: the standard library does all, and nothing is raised."""
    stand_in = ModuleType("msgspec")
    if version is not None:
        stand_in.__version__ = version
    monkeypatch.setitem(sys.modules, "msgspec", stand_in)
    assert fast._find() is None
    monkeypatch.setitem(sys.modules, "msgspec", None)
    assert fast._find() is None
    stand_in.__version__ = "0.21.0"
    monkeypatch.setitem(sys.modules, "msgspec", stand_in)
    assert fast._find() is stand_in


def test_without_msgspec_all_is_read_as_ever() -> None:
    """In a process that has no msgspec, a page and a receipt are read, and nothing asks for it again."""
    code = (
        "import sys; sys.modules['msgspec'] = None\n"
        "from tests.engine.test_fast import ODD_PAGES, READERS, Reply\n"
        "from wallet_async.engine import codec, rows\n"
        "found = READERS['page'](Reply(200, {}, ODD_PAGES['usual']))\n"
        "assert len(found) == 3 and codec._quick() is None and len(rows.readers(type(found[0]))) == 1\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
