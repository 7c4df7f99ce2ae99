"""A sandbox with the provider's side of a world, in a process of its own: ``python -m … PROVIDER SEED … FOLDER``."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from pathlib import Path

from rehook_async.sandbox import RehookApi
from tests.reconcile.planted.filling import Files, fill
from tests.reconcile.planted.world import World
from wallet_async.provider import Provider, load_provider
from wallet_async.sandbox import Sandbox, SandboxApi
from wallet_async.sandbox.control import PREFIX


def stand_in(provider: Provider) -> SandboxApi:
    """Make a stand-in that tells balances."""
    api = provider.sandbox()
    return RehookApi(api.api_key, api.secret_key, balances=True) if isinstance(api, RehookApi) else api


async def main(name: str, seed: str, wallets: str, rows: str, each: str, folder: str) -> None:
    """Fill it, write the files, say where it listens, and serve until the standard input ends."""
    provider = load_provider(name)
    api = stand_in(provider)
    world = World(provider=name, seed=int(seed), wallets=int(wallets), rows=int(rows), each=int(each))
    fill(api, provider, world, Files(Path(folder)))
    gc.freeze()  # millions of objects that stay: to search them for garbage would hold up the answers
    async with Sandbox(api) as sandbox:
        environ = dict(provider.sandbox_environ(sandbox.url))
        print(json.dumps({"environ": environ, "control": sandbox.url + PREFIX, "rows": len(api.ledger)}), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
