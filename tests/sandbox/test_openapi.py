"""Each stand-in against its own OpenAPI page, by schemathesis, with a bounded number of seeded examples."""

import asyncio
import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import load_all_checks
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from loyalty_async.sandbox import LoyaltyApi
from rehook_async.sandbox import RehookApi
from tests.sandbox.wire import BASIC
from wallet_async.sandbox import Answer, Request, Sandbox

load_all_checks()
CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
KNOWN = {
    "source_id": "krishna123",
    "wallet_id": "waty_A",
    "wallet_number": "LYT_1",
    "currency_code": "TRY",
    "type": "credit",
    "points": 5,
    "amount": 5,
}
FORM = {"grant_type": "client_credentials", "client_id": "id", "client_secret": "s"}
EXAMPLES = int(os.environ.get("OPENAPI_EXAMPLES", "12"))
"""Requests to each operation; a longer search sends more."""


def check(url: str, headers: dict[str, str]) -> int:
    """Send examples to every operation, about half of them aimed at a wallet that exists; give how many."""
    schema = schemathesis.openapi.from_url(f"{url}/_sandbox/openapi.json")
    sent = 0
    for result in schema.get_all_operations():
        operation = result.ok()  # type: ignore[union-attr]  # an invalid page raises here

        @seed(7)
        @settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(), aimed=st.booleans())
        def examples(case: Any, aimed: bool) -> None:
            nonlocal sent
            if aimed:
                aim(case)
            case.call_and_validate(checks=CHECKS, headers=headers)
            sent += 1

        examples()
    return sent


def aim(case: Any) -> None:
    """Point *case* at a wallet that exists."""
    for part in (case.path_parameters, case.body):
        if isinstance(part, dict):
            part.update({name: value for name, value in (KNOWN | FORM).items() if name in part})


def loyalty(**options: Any) -> LoyaltyApi:
    """Give Sipay's stand-in with one wallet."""
    api = LoyaltyApi(**options)
    api.add_wallet("LYT_1", balance=1000)
    return api


def rehook() -> RehookApi:
    """Give Rehook's stand-in with one wallet and a page of rows."""
    api = RehookApi()
    key = api.add_wallet("krishna123", "waty_A", balance=1000).key
    for _ in range(30):
        api.ledger.append(key, "credit", 1, description="x")
    return api


@pytest.mark.parametrize(
    ("api", "headers", "commits"),
    [
        (rehook(), {"Authorization": BASIC}, True),
        (rehook(), {}, False),
        (loyalty(), {}, True),
        (loyalty(failure_status=200, deduplicate=True, first_page_index=1), {}, True),
        (loyalty(client_id="id", client_secret="s"), {}, False),
    ],
    ids=["rehook", "rehook-without-key", "loyalty", "loyalty-200", "loyalty-without-token"],
)
async def test_answers_conform_to_the_openapi_page(api: Any, headers: dict[str, str], commits: bool) -> None:
    """No 5xx, no status, content type or body that the page does not show."""
    async with Sandbox(api) as sandbox:
        operations = sum(len(path.keys() - {"parameters"}) for path in api.openapi()["paths"].values())
        sent = await asyncio.to_thread(check, sandbox.url, headers)
        assert sent >= EXAMPLES * operations // 2
        assert sandbox.observed.requests.total() >= sent
        assert (sandbox.observed.commits > 0) == commits


class Renamed(RehookApi):
    """A sabotaged stand-in: it misspells a field of the receipt."""

    def answer(self, request: Request) -> Answer:
        """Answer with `txnid` for `txn_id`."""
        answer = super().answer(request)
        return Answer(answer.status, answer.body.replace(b"transaction_id", b"txnid"), answer.content_type)


async def test_a_misspelt_field_is_found() -> None:
    """The sabotaged twin: the same check fails on a stand-in that strays from its page."""
    api = Renamed()
    key = api.add_wallet("krishna123", "waty_A").key
    api.ledger.append(key, "credit", 1)
    async with Sandbox(api) as sandbox:
        with pytest.raises((Failure, FailureGroup), match=r"txnid|transaction_id"):
            await asyncio.to_thread(check, sandbox.url, {"Authorization": BASIC})
