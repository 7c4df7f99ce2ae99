"""One of several processes that want more than a rate gives; run as a module by its test.

Prints ``ready``, waits for a line, and then prints when each request may leave, by the clock all processes share.
"""

from __future__ import annotations

import asyncio
import sys
import time

from tests.rates.world import Careless
from wallet_async.rates import SharedRate

TASKS = 20


async def main(url: str, name: str, per_second: str, kind: str, count: str) -> None:
    """Take *count* cells as quickly as they come."""
    async with await (Careless if kind == "careless" else SharedRate).open(
        url, name=name, per_second=float(per_second)
    ) as rate:
        print("ready", flush=True)
        sys.stdin.readline()
        left = iter(range(int(count)))

        async def leave() -> None:
            for _ in left:
                await rate.wait()
                print(time.monotonic(), flush=True)

        await asyncio.gather(*(leave() for _ in range(TASKS)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
