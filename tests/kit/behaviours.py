"""Ready behaviours for what happens on the wire (matrix rows 12 to 19), and means to combine them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

from .bodies import HTML
from .exchange import Exchange, response
from .server import Behaviour

End = Literal["keep", "fin", "rst"]
"""How a connection goes on after an answer: kept alive, closed in order, or reset."""

Make = Callable[[Exchange], bytes]
"""Builds the raw bytes of an answer from the request that was read."""


async def finish(exchange: Exchange, end: End) -> None:
    """Bring the connection to its `end`."""
    if end == "fin":
        await exchange.fin()
    elif end == "rst":
        exchange.rst()


def reply(make: Make, *, commit: bool = True, end: End = "keep") -> Behaviour:
    """Read all, commit or not, send what `make` builds, then keep, close or reset."""

    async def act(exchange: Exchange) -> None:
        await exchange.read()
        if commit:
            exchange.commit()
        await exchange.send(make(exchange))
        await finish(exchange, end)

    return act


def good(*, commit: bool = True, end: End = "keep") -> Behaviour:
    """Answer as the provider does when all is well."""
    return reply(lambda exchange: response(200, exchange.good()), commit=commit, end=end)


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Give the server's n-th exchange the n-th behaviour; the last one stays."""

    async def act(exchange: Exchange) -> None:
        await behaviours[min(exchange.number, len(behaviours) - 1)](exchange)

    return act


def for_writes(behaviour: Behaviour) -> Behaviour:
    """Answer reads well and give `behaviour` to writes, whose head is then already read."""
    well = good()

    async def act(exchange: Exchange) -> None:
        await exchange.read_head()
        await (behaviour if exchange.is_write else well)(exchange)

    return act


def gated(gate: asyncio.Event, behaviour: Behaviour) -> Behaviour:
    """Read all, hold the request in flight until `gate` is set, then go on with `behaviour`."""

    async def act(exchange: Exchange) -> None:
        await exchange.read()
        await gate.wait()
        await behaviour(exchange)

    return act


def when_warm(behaviour: Behaviour) -> Behaviour:
    """Answer a connection's first request well and give `behaviour` to every later one."""
    well = good()

    async def act(exchange: Exchange) -> None:
        await (behaviour if exchange.index else well)(exchange)

    return act


def close_on_accept(end: End) -> Behaviour:
    """Row 12: end a fresh connection before a byte is read."""

    async def act(exchange: Exchange) -> None:
        await finish(exchange, end)

    return act


def stale(*, commit: bool, end: End) -> Behaviour:
    """Row 13: close a reused connection just as its next request comes, carried out or not."""
    return when_warm(cut_after_read(commit=True, end=end) if commit else close_on_accept(end))


def cut_in_request(*, body_bytes: int = 0) -> Behaviour:
    """Row 14: reset after the head and `body_bytes` bytes of the body."""

    async def act(exchange: Exchange) -> None:
        await exchange.read_head()
        await exchange.reader.readexactly(body_bytes)
        exchange.rst()

    return act


def cut_after_read(*, commit: bool, end: End) -> Behaviour:
    """Row 15: read all, commit or not, and end the connection without an answer."""
    return reply(lambda _: b"", commit=commit, end=end)


def silence(*, commit: bool) -> Behaviour:
    """Row 16: read all, commit or not, and never answer."""

    async def act(exchange: Exchange) -> None:
        await exchange.read()
        if commit:
            exchange.commit()
        await exchange.hold()

    return act


def early(status: int, *, envelope: bool) -> Behaviour:
    """Row 19: answer after the head, before the body was read, and close."""

    async def act(exchange: Exchange) -> None:
        await exchange.read_head()
        body = exchange.server.flavour.refusal(status) if envelope else HTML
        kind = "application/json" if envelope else "text/html"
        await exchange.send(response(status, body, {"Connection": "close"}, content_type=kind))
        await exchange.fin()

    return act
