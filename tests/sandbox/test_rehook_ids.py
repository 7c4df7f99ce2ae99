"""Ids and texts at the Rehook stand-in: what stands in a path or a body arrives as itself."""

from urllib.parse import quote

import pytest

from rehook_async.sandbox import RehookApi
from tests.sandbox.wire import BASIC, call, request, send
from wallet_async.sandbox import Sandbox

CREDIT = {"description": "", "points": 20, "type": "credit"}


@pytest.mark.parametrize("name", ["KMN@123", "a/b", "..", ".", "%2F", "?", "#", "é", " ", "+", "a%00b", "x;y", "\n"])
async def test_an_id_arrives_as_itself(name: str) -> None:
    """The decoded path segment is the id, whatever it holds; its neighbours by decoding twice get nothing."""
    async with Sandbox(RehookApi()) as sandbox:
        sandbox.api.add_wallet(name, name)
        target = f"/wallets/customer/{quote(name, safe='')}/transactions/{quote(name, safe='')}"
        response = await call(sandbox, "PUT", target, CREDIT)
        assert response.json()["wallet_id"] == name
        assert [row.wallet for row in sandbox.ledger.entries()] == [(name, name)]


async def test_a_slash_that_is_not_escaped_is_another_path() -> None:
    """`a/b` sent raw, and `%252F` for `%2F`, do not reach the wallet: the check above can fail."""
    async with Sandbox(RehookApi()) as sandbox:
        sandbox.api.add_wallet("a/b", "%2F")
        raw = await call(sandbox, "PUT", "/wallets/customer/a/b/transactions/%252F", CREDIT)
        once = await call(sandbox, "PUT", "/wallets/customer/a%2Fb/transactions/%2F", CREDIT)
        assert (raw.status, once.body) == (404, b"")
        assert len(sandbox.ledger) == 0


async def test_raw_bytes_in_the_path_do_not_break_the_server() -> None:
    """A segment that is not UTF-8 gets 400, so do raw bytes, and the sandbox lives on."""
    async with Sandbox(RehookApi()) as sandbox:
        assert (await call(sandbox, "GET", "/wallets/customer/%FF")).status == 400
        sent = request("PUT", "/wallets/@@", Authorization=BASIC).replace(b"@@", "é".encode())
        assert b" 400 " in (await send(sandbox, sent))[:16]
        assert (await call(sandbox, "GET", "http://sandbox/wallets/customer/x")).status == 404


async def test_ids_have_the_documented_shape_and_repeat_with_the_seed() -> None:
    """`trhi_` and 21 letters or digits, all different, the same for the same seed."""
    ids = []
    for seed in (1, 1, 2):
        api = RehookApi(seed=seed)
        key = api.add_wallet("k", "w").key
        ids.append([api.ledger.append(key, "credit", 1).transaction_id for _ in range(100)])
    assert ids[0] == ids[1] != ids[2]
    assert len(set(ids[0])) == 100
    assert all(one.startswith("trhi_") and len(one) == 26 and one[5:].isalnum() for one in ids[0])


async def test_text_goes_through_unchanged() -> None:
    """Turkish, quotes, control characters and a lone surrogate come back as they were sent."""
    async with Sandbox(RehookApi()) as sandbox:
        sandbox.api.add_wallet("k", "w")
        for text in ("İşlem başarılı", 'a"b\\c', "\x00\n\u2028", "\ud800x", "🎉"):
            body = {"type": "credit", "points": 1, "description": text}
            response = await call(sandbox, "PUT", "/wallets/customer/k/transactions/w", body)
            assert response.json()["description"] == text
