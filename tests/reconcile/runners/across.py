"""A run with a cluster from a machine of its own: ``python -m … SCHEDULER RATE FOLDER``.

Prints a line of figures at each standing; then reads everything alone too, and prints the last standing of the cluster.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from attrs import asdict
from distributed import Client

from rehook_async.provider import provider
from tests.reconcile.runners.common import by_one, work
from tests.reconcile.runners.recording import Recording
from wallet_async.reconcile.runners.cluster import Cluster
from wallet_async.reconcile.standing import Standing


def say(standing: Standing) -> None:
    print(json.dumps(asdict(standing)), flush=True)


async def main(scheduler: str, rate: str, folder: str) -> None:
    async with Client(scheduler, asynchronous=True, set_as_default=False) as client:
        await client.wait_for_workers(3)
        await client.register_plugin(Recording(Path(folder)), "recording")
    runner = Cluster(provider=provider, address=scheduler, rate=float(rate))
    last = await runner.run(work(Path(folder, "cluster")), say)
    await by_one(os.environ, Path(folder, "one"))
    say(last)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
