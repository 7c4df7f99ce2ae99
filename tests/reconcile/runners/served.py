"""The sandbox for other machines: ``python -m … HOST PORT``; says ``ready``, and serves until its input ends."""

from __future__ import annotations

import asyncio
import sys

from tests.reconcile.runners.common import filled
from wallet_async.sandbox import Sandbox


async def main(host: str, port: str) -> None:
    async with Sandbox(filled(), host=host, port=int(port), allow_remote=True):
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
