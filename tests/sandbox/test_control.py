"""The control endpoint, as a test in another process uses it."""

from decimal import Decimal
from typing import Any

import pytest

from rehook_async.sandbox import RehookApi
from tests.sandbox.wire import call
from wallet_async.sandbox import Fault, FaultPlan, Sandbox

PATH = "/wallets/customer/k/transactions/w"
CREDIT = {"type": "credit", "points": 1, "description": ""}


async def test_faults_are_set_shown_and_removed() -> None:
    """PUT replaces the plan by text or JSON, GET shows both, DELETE empties it; control is not struck."""
    async with Sandbox(RehookApi(), faults=FaultPlan.parse("close p=0.5", seed=3)) as sandbox:
        shown = (await call(sandbox, "GET", "/_sandbox/faults")).json()
        assert (shown["seed"], shown["text"]) == (3, "close@after p=0.5")
        text = {"text": "status@before 503; latency 1-2ms", "seed": 9}
        shown = (await call(sandbox, "PUT", "/_sandbox/faults", text)).json()
        assert [fault["kind"] for fault in shown["faults"]] == ["status", "latency"]
        assert sandbox.faults.faults[1] == Fault("latency", seconds=(0.001, 0.002))
        assert (await call(sandbox, "GET", PATH)).status == 503
        again = (await call(sandbox, "PUT", "/_sandbox/faults", {"faults": shown["faults"]})).json()
        assert again == {**shown, "seed": 9}
        assert (await call(sandbox, "DELETE", "/_sandbox/faults")).json()["faults"] == []
        assert (await call(sandbox, "GET", PATH)).status == 404


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"text": "clsoe"}, "unknown fault: 'clsoe'; accepted: close"),
        ({"text": "close:refund"}, "unknown operation 'refund'"),
        ({"text": 5}, "must be a str, got int"),
        ({"text": "", "faults": []}, 'expected an object with "text" or "faults"'),
        ({"txt": ""}, 'expected an object with "text" or "faults"'),
        ([], 'expected an object with "text" or "faults"'),
        ({"faults": {}}, "faults must be a list, got dict"),
        ({"faults": [{"kind": "close", "prob": 1}]}, "field of a fault: 'prob' is not one of kind, where"),
        ({"faults": ["close"]}, "must be an object with a kind"),
        ({"text": "", "seed": "x"}, "seed must be an int, got str"),
        (b"{", "Expecting property name"),
    ],
)
async def test_a_mistake_is_told_and_changes_nothing(body: object, message: str) -> None:
    """A wrong plan gets 400 with the reason, and the old plan stays."""
    async with Sandbox(RehookApi(), faults=FaultPlan.parse("close")) as sandbox:
        response = await call(sandbox, "PUT", "/_sandbox/faults", body)
        assert response.status == 400
        assert message in response.json()["error"]
        assert [fault.kind for fault in sandbox.faults.faults] == ["close"]


async def test_ledger_and_counters() -> None:
    """The ledger comes exact and from a sequence on; counters can be set to zero; control is not counted."""
    async with Sandbox(RehookApi()) as sandbox:
        key = sandbox.api.add_wallet("k", "w", balance=Decimal("0.10")).key
        sandbox.ledger.append(key, "credit", Decimal("12345678901234567.89"))
        await call(sandbox, "PUT", PATH, CREDIT)
        response = await call(sandbox, "GET", "/_sandbox/ledger")
        assert b'"amount": 12345678901234567.89,' in response.body
        assert b'"balance": 12345678901234568.99\n' in response.body
        rest: dict[str, Any] = (await call(sandbox, "GET", "/_sandbox/ledger?after=1")).json()
        assert [(row["wallet"], row["kind"], row["amount"]) for row in rest["entries"]] == [(["k", "w"], "credit", 1)]
        seen = (await call(sandbox, "GET", "/_sandbox/observed")).json()
        assert (seen["requests"], seen["commits"]) == ({"credit": 1}, 1)
        assert (await call(sandbox, "DELETE", "/_sandbox/observed")).json()["commits"] == 0
        assert (await call(sandbox, "GET", "/_sandbox/ledger?after=x")).status == 400


async def test_an_unknown_call_says_which_there_are() -> None:
    """A wrong control path or method gets 404 and the list."""
    async with Sandbox(RehookApi()) as sandbox:
        for method, path in (("GET", "/_sandbox/x"), ("PATCH", "/_sandbox/faults")):
            response = await call(sandbox, method, path)
            assert response.status == 404
            assert "GET, PUT, DELETE faults" in response.json()["error"]
