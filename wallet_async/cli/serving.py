"""Serving a stand-in until somebody ends it, and what is said about it meanwhile."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sqlite3
import threading
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from attrs import frozen

from wallet_async.cli.exits import CommandError, Exit
from wallet_async.cli.writers import put
from wallet_async.engine import codec
from wallet_async.engine.errors import InvalidInputError
from wallet_async.provider import Provider
from wallet_async.sandbox import Sandbox
from wallet_async.sandbox.control import PREFIX

_LISTENING = {"//0.0.0.0:": "//127.0.0.1:", "//[::]:": "//[::1]:"}
"""Addresses a server listens on and no client connects to, and where it is reached on this machine."""


@frozen
class Served:
    """A running stand-in and what the user has to know of it."""

    provider: Provider
    sandbox: Sandbox[Any]
    wallets: tuple[Hashable, ...]
    """Keys of the wallets it began with."""

    @property
    def url(self) -> str:
        """Where a client on this machine reaches it."""
        url = self.sandbox.url
        for listening, reached in _LISTENING.items():
            url = url.replace(listening, reached)
        return url

    @property
    def environ(self) -> Mapping[str, str]:
        """The variables with which the other commands talk to it."""
        return self.provider.sandbox_environ(self.url)

    def as_json(self) -> str:
        """Say everything in one line, for a program."""
        faults = self.sandbox.faults
        fields = {
            "provider": self.provider.name,
            "url": self.url,
            "control": self.url + PREFIX,
            "environ": self.environ,
            "wallets": self.wallets,
            "faults": faults.text(),
            "seed": faults.seed,
        }
        return codec.dumps(fields).decode() + "\n"

    def as_shell(self) -> str:
        """Say it as lines that a shell takes: comments and ``export``."""
        name, faults = self.provider.name, self.sandbox.faults
        lines = [
            f"# {name} sandbox at {self.sandbox.url} with {len(self.wallets)} wallets; Ctrl-C ends it",
            f"# faults: {faults.text() or 'none'} (seed {faults.seed})",
            f"# control: {self.url}{PREFIX} (faults, ledger, observed, openapi.json)",
            *(f"# try: wallet-async {name} history {shlex.join(words(key))}" for key in self.wallets[:1]),
            *(f"export {variable}={shlex.quote(value)}" for variable, value in self.environ.items()),
        ]
        return "".join(f"{line}\n" for line in lines)


def words(key: Any) -> list[str]:
    """Give a wallet's key as the words of a command line."""
    return [key] if isinstance(key, str) else list(key)


async def serve(served: Served, say: Callable[[], str], *, until_eof: bool) -> None:
    """Serve until Ctrl-C (which cancels), SIGTERM, or the end of the standard input if *until_eof*.

    Args:
        served: What to serve.
        say: Gives what is printed once it answers.
        until_eof: Whether the end of the standard input ends it.

    Raises:
        InvalidInputError: The state is another provider's.
        CommandError: The address cannot be listened on, or the state cannot be opened.
    """
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    if os.name == "posix":
        loop.add_signal_handler(signal.SIGTERM, ended.set)
    await _start(served.sandbox)
    try:
        put(say())
        if until_eof:
            threading.Thread(target=_read_to_end, args=(loop, ended), daemon=True).start()
        await ended.wait()
    finally:
        await served.sandbox.aclose()


async def _start(sandbox: Sandbox[Any]) -> None:
    try:
        await sandbox.start()
    except ValueError as error:
        raise InvalidInputError(str(error)) from None
    except (OSError, RuntimeError, sqlite3.Error) as error:
        raise CommandError(f"the sandbox cannot start: {error}", Exit.FAILED) from None


def _read_to_end(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    # Not through sys.stdin: its lock, held by a daemon thread, would break the interpreter's shutdown.
    while os.read(0, 4096):
        pass
    loop.call_soon_threadsafe(ended.set)
