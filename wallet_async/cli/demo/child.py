"""The sandbox in a process of its own: it has a core for itself, and its end is an event like a provider's outage."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Hashable, Mapping
from contextlib import asynccontextmanager
from http.client import HTTPException
from typing import Any, cast
from urllib.request import ProxyHandler, build_opener

from wallet_async.cli.demo.verdict import Truth
from wallet_async.cli.exits import CommandError, Exit
from wallet_async.engine import codec
from wallet_async.engine.errors import DecodeError

_PATIENCE = 20.0
"""Seconds for the sandbox to start, to end, or to answer a question about itself."""

_direct = build_opener(ProxyHandler({}))
"""No proxy of the environment stands between two processes of one machine."""


@asynccontextmanager
async def sandbox_process(provider: str, *, wallets: int, faults: str, seed: int) -> AsyncIterator[SandboxProcess]:
    """Run ``wallet-async sandbox`` while the block runs.

    It ends with this process, however that ends: its standard input is a pipe whose other end is held here. Ctrl-C in a
    terminal does not reach it, for it has a session of its own.

    Raises:
        CommandError: It does not start.
    """
    options = {"--wallets": wallets, "--faults": faults, "--seed": seed}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "wallet_async.cli", "sandbox", provider, "--json", "--until-eof"),
        *(f"{name}={value}" for name, value in options.items()),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield SandboxProcess(process, await _greeting(process))
    finally:
        await _end(process)


async def _greeting(process: asyncio.subprocess.Process) -> Any:
    output = cast(asyncio.StreamReader, process.stdout)
    try:
        async with asyncio.timeout(_PATIENCE):
            return codec.loads(await output.readline())
    except (TimeoutError, DecodeError):
        raise CommandError("the sandbox did not start", Exit.UNREACHED) from None


async def _end(process: asyncio.subprocess.Process) -> None:
    cast(asyncio.StreamWriter, process.stdin).close()
    try:
        async with asyncio.timeout(_PATIENCE):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
    except BaseException:
        process.kill()
        raise


class SandboxProcess:
    """A running ``wallet-async sandbox``, and what can be asked of it."""

    def __init__(self, process: asyncio.subprocess.Process, said: Mapping[str, Any]) -> None:
        self._process = process
        self.url: str = str(said["url"])
        """Where it answers."""
        self.wallets: tuple[Hashable, ...] = tuple(map(_key, said["wallets"]))
        """The keys of its wallets, as movements carry them."""

    async def ended(self) -> None:
        """Wait until it has ended by itself.

        Raises:
            CommandError: It has; nothing else comes out of here but a cancellation.
        """
        code = await self._process.wait()
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        raise CommandError(f"the sandbox {how} before the demo was done", Exit.UNREACHED)

    async def observed(self) -> Mapping[str, Any]:
        """Ask for its counters: requests, faults, commits, in_flight."""
        found: Mapping[str, Any] = await self._ask("observed")
        return found

    async def quiet(self) -> None:
        """Wait until it works on no request: what it has not booked by then, it never will.

        Twice in a row, since a request may have arrived and not been begun when the first question was answered.
        """
        try:
            async with asyncio.timeout(_PATIENCE):
                calm = 0
                while calm < 2:
                    calm = calm + 1 if (await self.observed())["in_flight"] == 0 else 0
                    await asyncio.sleep(0 if calm else 0.01)
        except TimeoutError:
            text = f"the sandbox is still at work on a request after {_PATIENCE:.0f} s"
            raise CommandError(text, Exit.UNREACHED) from None

    async def truth(self) -> dict[Hashable, Truth]:
        """Ask for its ledger, by wallet."""
        found = await self._ask("ledger")
        rows: dict[Hashable, list[tuple[str, str, Any]]] = {_key(wallet["key"]): [] for wallet in found["wallets"]}
        for entry in found["entries"]:
            rows[_key(entry["wallet"])].append((entry["transaction_id"], entry["kind"], entry["amount"]))
        return {
            (key := _key(wallet["key"])): Truth(rows=tuple(rows[key]), balance=wallet["balance"])
            for wallet in found["wallets"]
        }

    async def _ask(self, what: str) -> Any:
        try:
            return codec.loads(await asyncio.to_thread(_get, f"{self.url}/_sandbox/{what}"))
        except (OSError, HTTPException) as error:
            raise CommandError(f"the sandbox does not answer: {error}", Exit.UNREACHED) from None


def _get(url: str) -> bytes:
    with _direct.open(url, timeout=_PATIENCE) as answer:
        body: bytes = answer.read()
    return body


def _key(value: Any) -> Hashable:
    """Give a wallet's key: JSON has no tuples."""
    return tuple(value) if isinstance(value, list) else str(value)
