"""The ledger: exact sums, exact order, and a file that outlives the process."""

import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from loyalty_async.sandbox import LoyaltyApi
from rehook_async.sandbox import RehookApi
from tests.sandbox.wire import call
from wallet_async.sandbox import Ledger, Sandbox
from wallet_async.sandbox.jsontext import dumps, loads
from wallet_async.sandbox.ledger import as_amount

PATH = "/wallets/customer/k/transactions/w"


def ledger() -> Ledger:
    """Give a ledger with the wallet A."""
    made = Ledger(new_id=lambda number: f"t{number}", clock=lambda: datetime(2025, 1, 1, tzinfo=UTC))
    made.add_wallet("A", Decimal("0.1"))
    return made


def test_sums_are_exact() -> None:
    """0.1 + 0.2 is 0.3, a debit subtracts, and a row from elsewhere may overdraw."""
    made = ledger()
    assert made.append("A", "credit", Decimal("0.2")).balance == Decimal("0.3")
    assert made.append("A", "debit", 1).balance == Decimal("-0.7")
    assert made.balance("A") == Decimal("-0.7")
    assert [row.sequence for row in made.entries()] == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("B", "credit", 1), LookupError),
        (("A", "gift", 1), ValueError),
        (("A", "credit", 0), ValueError),
        (("A", "credit", 0.5), ValueError),
        (("A", "credit", Decimal("NaN")), ValueError),
    ],
)
def test_a_wrong_row_is_refused(arguments: tuple[Any, ...], error: type[Exception]) -> None:
    """A row that cannot be is refused, and the ledger stays as it was."""
    made = ledger()
    with pytest.raises(error):
        made.append(*arguments)
    assert len(made) == 0


def test_a_wrong_wallet_is_refused() -> None:
    """A wallet opens once, with a balance that is int or Decimal and not negative."""
    made = ledger()
    with pytest.raises(ValueError, match="already"):
        made.add_wallet("A")
    with pytest.raises(TypeError, match="got float"):
        made.add_wallet("B", 1.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="from 0"):
        made.add_wallet("B", -1)
    assert "B" not in made


@pytest.mark.parametrize(
    "value", [True, 0, -1, 1.5, "1", None, Decimal("Infinity"), Decimal("1e24"), Decimal("1e-9"), 10**24]
)
def test_what_is_no_amount(value: object) -> None:
    """Only finite ints and Decimals above zero, within bounds, are amounts."""
    assert as_amount(value) is None


async def test_commits_are_counted_exactly_under_concurrency() -> None:
    """300 debits of 1 at once on a balance of 100: exactly 100 succeed, and ids are all different."""
    async with Sandbox(RehookApi()) as sandbox:
        sandbox.api.add_wallet("k", "w", balance=100)
        body = {"type": "debit", "points": 1, "description": ""}
        answers = await asyncio.gather(*(call(sandbox, "PUT", PATH, body) for _ in range(300)))
        assert sum(answer.status == 200 for answer in answers) == 100
        assert sandbox.observed.commits == len(sandbox.ledger) == 100
        assert len({row.transaction_id for row in sandbox.ledger.entries()}) == 100
        assert sandbox.observed.requests["debit"] == 300
        assert sandbox.observed.in_flight == 0


async def test_a_stale_balance_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sabotaged twin: a balance read before the other commits lets too many debits through."""
    async with Sandbox(RehookApi()) as sandbox:
        sandbox.api.add_wallet("k", "w", balance=100)
        monkeypatch.setattr(sandbox.ledger, "balance", lambda wallet: 100)
        body = {"type": "debit", "points": 1, "description": ""}
        await asyncio.gather(*(call(sandbox, "PUT", PATH, body) for _ in range(150)))
        assert sandbox.observed.commits > 100


async def test_the_state_goes_on_after_a_restart(tmp_path: Path) -> None:
    """Wallets, rows, order, exact amounts and ids continue from the file."""
    file = tmp_path / "state.db"
    body = {"type": "credit", "points": 0.1, "description": "\ud800 İ"}
    async with Sandbox(RehookApi(), state=file) as first:
        first.api.add_wallet("k", "w", balance=Decimal("1E+1"), customer_id="cust_1")
        await call(first, "PUT", PATH, body)
        await call(first, "PUT", PATH, body)
        before = first.ledger.entries()
    async with Sandbox(RehookApi(), state=file) as second:
        assert second.ledger.entries() == before == first.ledger.entries()
        assert second.ledger.wallets() == first.ledger.wallets()
        answer = await call(second, "PUT", "/wallets/customer/cust_1/transactions/w", body)
        assert answer.json()["loyalty_points"] == 10.3
        assert answer.json()["txn_id"] not in {row.transaction_id for row in before}
        assert len((await call(second, "GET", PATH)).json()) == 3


async def test_wallets_added_before_the_start_are_kept_too(tmp_path: Path) -> None:
    """What was in memory goes into the file; a wallet that the file knows keeps the file's balance."""
    file = tmp_path / "state.db"
    for opening in (5, 99):
        api = LoyaltyApi()
        api.add_wallet("A", balance=opening)
        async with Sandbox(api, state=file) as sandbox:
            assert sandbox.ledger.balance("A") == 5 + len(sandbox.ledger)
            if not len(sandbox.ledger):
                sandbox.ledger.append("A", "credit", 1, reference="r")
            assert [row.reference for row in sandbox.ledger.with_reference("r")] == ["r"]


async def test_a_file_belongs_to_one_api_and_one_sandbox(tmp_path: Path) -> None:
    """Another API's file, a file in use, and two sets of rows are refused with a reason."""
    file = tmp_path / "state.db"
    async with Sandbox(RehookApi(), state=file) as sandbox:
        with pytest.raises(RuntimeError, match="open in another sandbox"):
            await Sandbox(RehookApi(), state=file).start()
        key = sandbox.api.add_wallet("k", "w").key
        sandbox.ledger.append(key, "credit", 1)
    with pytest.raises(ValueError, match="belongs to the 'rehook' sandbox"):
        await Sandbox(LoyaltyApi(), state=file).start()
    api = RehookApi()
    api.add_wallet("k", "w")
    api.ledger.append(("k", "w"), "credit", 1)
    with pytest.raises(ValueError, match="append rows after the sandbox has started"):
        await Sandbox(api, state=file).start()


@pytest.mark.parametrize("text", ["NaN", "Infinity", "[" * 100_000, '"\udcff"', "{", ""])
def test_what_is_no_json_is_a_value_error(text: str) -> None:
    """Every unreadable body ends in one kind of error."""
    with pytest.raises(ValueError):
        loads(text.encode("utf-8", "surrogateescape"))


def test_json_is_printed_as_on_the_pages() -> None:
    """One item a line, no indent, exact decimals; what is printed reads back; other types are refused."""
    value = {"a": [1, Decimal("1.50"), None, True], "b": {}, "c": [], "İ": 'x"'}
    text = dumps(value).decode()
    assert text == '{\n"a": [\n1,\n1.50,\nnull,\ntrue\n],\n"b": {},\n"c": [],\n"İ": "x\\""\n}'
    assert loads(text.encode()) == value == json.loads(text, parse_float=Decimal)
    with pytest.raises(TypeError, match="float"):
        dumps(1.5)
