"""An id arrives at the server as exactly one path segment, or is refused before a connection is made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import quote, unquote_to_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rehook_async import RehookSession
from tests.kit import CommitServer, good
from wallet_async.engine import checks
from wallet_async.engine.errors import InvalidInputError

ARRIVE = [
    "KMN@123",
    "a/b",
    "%2F",
    "%252f",
    "?",
    "#",
    "a?page=2",
    "a;b",
    "..a",
    "...",
    "a b",
    "+",
    "ığüş",
    "😀",
    "\\",
    "a:b",
    "*",
    "~",
    "%",
]
REFUSED = [
    ".",
    "..",
    "",
    "a\r\nX: y",
    "\r",
    "\n",
    "\x00",
    "a\x7f",
    "\ud800",
    "x\udfffy",
    "x" * 10_240,
    None,
    5,
    b"a",
    True,
]


async def segments(source_id: str, wallet_id: str) -> list[bytes]:
    """Read one history and give the path the server saw, split at its slashes and decoded once."""
    async with CommitServer(good()) as server, RehookSession("key", "secret", base_url=server.url) as rehook:
        await rehook.transactions(source_id, wallet_id).collect(limit=1)
    (exchange,) = server.seen
    path, _, query = exchange.target.partition(b"?")
    assert query == b"page=1"
    assert b"#" not in exchange.target
    return [unquote_to_bytes(segment) for segment in path.split(b"/")]


async def check_arrives(value: str) -> None:
    """Assert that *value* arrives as itself, in the place of either id."""
    raw = value.encode()
    assert await segments(value, "wallet") == [b"", b"wallets", b"customer", raw, b"transactions", b"wallet"]
    assert await segments("source", value) == [b"", b"wallets", b"customer", b"source", b"transactions", raw]


@pytest.mark.parametrize("value", ARRIVE)
async def test_an_id_arrives_as_one_segment(value: str) -> None:
    """Slashes, percent signs, question marks and any alphabet are the id's own, not the URL's."""
    await check_arrives(value)


@pytest.mark.parametrize("encode", [str, quote], ids=["as it is", "quote"])
async def test_a_naive_path_sends_the_id_elsewhere(
    encode: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twin: without encoding, or with `quote` and its default safe slash, the check fails."""
    monkeypatch.setattr("rehook_async.wire.identifier", lambda _, value: encode(value))
    with pytest.raises((AssertionError, ValueError)):
        await check_arrives("a/b")


@pytest.mark.parametrize("value", REFUSED, ids=lambda value: repr(value)[:12])
async def test_what_cannot_arrive_is_refused_before_sending(value: object) -> None:
    """Dots alone, nothing, control characters and half characters are refused by name; the server sees nothing."""
    async with CommitServer(good()) as server, RehookSession("key", "secret", base_url=server.url) as rehook:
        for name, ids in {"source_id": (value, "w"), "wallet_id": ("s", value)}.items():
            for call in (lambda ids=ids: rehook.transactions(*ids), lambda ids=ids: rehook.credit(*ids, 1)):
                with pytest.raises(InvalidInputError) as caught:
                    await call()
                text = str(caught.value)
                assert name in text
                assert f"({type(value).__name__})" in text or "characters" in text
                assert len(text) < 250
    assert server.connections == 0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=40) | st.text(alphabet="./%?#@\\ \r\n\x00\ud800a2Ff", max_size=6))
def test_any_text_arrives_as_itself_or_is_refused(value: str) -> None:
    """There is no third way: an id is never changed, cut or sent to another address."""
    try:
        checks.identifier("source_id", value)
    except InvalidInputError:
        assert value in {"", ".", ".."} or any(
            ord(char) < 32 or ord(char) == 127 or "\ud800" <= char <= "\udfff" for char in value
        )
    else:
        with asyncio.Runner() as runner:
            runner.run(check_arrives(value))
