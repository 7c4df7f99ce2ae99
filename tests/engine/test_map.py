"""`map`: the same question about very many things, under one bound; a failure harms no other."""

from __future__ import annotations

from rehook_async import Done, Failed, NotFoundError, RehookSession
from wallet_async.sandbox import Sandbox


async def test_each_item_gets_its_answer_or_its_error(rehook_sandbox: Sandbox) -> None:
    """Ten customers and one that is not there: ten answers, one `Failed`, never more than two requests at once."""
    for number in range(10):
        rehook_sandbox.api.add_wallet(f"customer-{number}", f"waty_{number}", balance=0)
    asked = [f"customer-{number}" for number in range(11)]
    async with RehookSession("sandbox-api-key", "sandbox-secret-key", base_url=rehook_sandbox.url) as rehook:
        results = [result async for result in rehook.map(rehook.wallets, asked, concurrency=2)]
    found = {result.item: result.value[0].wallet_id for result in results if isinstance(result, Done)}
    assert found == {f"customer-{number}": f"waty_{number}" for number in range(10)}
    (failed,) = [result for result in results if isinstance(result, Failed)]
    assert failed.item == "customer-10"
    assert isinstance(failed.error, NotFoundError)
    assert rehook_sandbox.observed.max_in_flight <= 2
