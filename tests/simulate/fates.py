"""What may happen to a request that has left, by row of the fault matrix: those of `tests.kit`, and some that last."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from random import Random
from typing import Literal

from attrs import frozen

from tests.kit import ROWS, answers, hostile, response
from tests.simulate.wire import WiredExchange

What = Literal["write", "history", "token"]
"""What a request is for."""

Play = Callable[[WiredExchange, Random], Awaitable[None]]
"""Lets it happen."""

COSTLY = ("24-gzip-bomb", "25-", "26-deep", "26-only-brackets", "27-drip", "27-flood", "28-huge")
"""Rows of the kit that take a processor's time; smaller ones stand in."""
LEFT_OUT = (*COSTLY, "28-many", "14-part")


@frozen
class Fate:
    """One thing that may happen."""

    row: str
    """Of the fault matrix."""
    play: Play


def of_the_kit(name: str) -> Fate:
    """Take a row of the kit."""
    row = ROWS[name]
    return Fate(str(row.number), lambda exchange, _: row(exchange))


async def well(exchange: WiredExchange, _: Random) -> None:
    """Carry it out and answer as the provider does."""
    exchange.commit()
    answer = exchange.server.answer(exchange)
    await exchange.send(response(answer.status, answer.body, answer.headers, content_type=answer.content_type))


async def slow(exchange: WiredExchange, rng: Random, *, first: bool) -> None:
    """Answer after seconds: the caller may have gone, and it was carried out before or is only then."""
    if first:
        exchange.commit()
    await asyncio.sleep(rng.uniform(0, 8))
    await well(exchange, rng)


async def late(exchange: WiredExchange, rng: Random, *, within: tuple[float, float]) -> None:
    """Say nothing, and carry it out so many seconds after the client has given it up."""
    if rng.random() < 0.5:
        exchange.rst()
    else:
        await exchange.given_up()
    await asyncio.sleep(rng.uniform(*within))
    exchange.commit()


async def twice(exchange: WiredExchange, rng: Random) -> None:
    """Carry it out twice, as a middle box does that repeats what it thinks was lost."""
    exchange.commit()
    answer = exchange.server.answer(exchange)
    exchange.committed = False
    exchange.commit()
    await exchange.send(response(answer.status, answer.body, answer.headers, content_type=answer.content_type))


async def of_another(exchange: WiredExchange, rng: Random) -> None:
    """Answer with what another movement was answered, whether this one was carried out or not."""
    if rng.random() < 0.5:
        exchange.commit()
    await exchange.send(response(200, exchange.server.answer_to_another(exchange)))


def small(exchange: WiredExchange) -> bytes:
    """A bomb that takes no second."""
    return hostile.gzip_bomb(exchange.good(), size=hostile.MEBIBYTE)


_SMALLER = {
    "24": answers.body(small, encoding="gzip"),
    "25": answers.over_cap(200_000),
    "26": answers.body(lambda exchange: hostile.deep(exchange.good(), depth=20_000)),
    "27": answers.drip_body(0.5),
    "0": answers.chunked(),
}

KIT = [of_the_kit(name) for name in ROWS if not name.startswith(LEFT_OUT)]
KIT += [Fate(row, lambda exchange, _, act=act: act(exchange)) for row, act in _SMALLER.items()]  # type: ignore[misc]
BY_ROW = {row: [fate for fate in KIT if fate.row == row] for row in dict.fromkeys(fate.row for fate in KIT)}
FINE = Fate("0", well)
SLOW = [Fate("16", partial(slow, first=first)) for first in (True, False)]
TWICE = Fate("17", twice)
OF_ANOTHER = Fate("29", of_another)
