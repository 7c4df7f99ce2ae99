"""``wallet-async sandbox``: a stand-in provider on a real socket, for other programs and for trying things out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from wallet_async.cli.running import run
from wallet_async.engine.errors import InvalidInputError
from wallet_async.provider import load_provider

if TYPE_CHECKING:
    from wallet_async.sandbox import FaultPlan, SandboxApi

Flag = Annotated[bool, Parameter(negative="", show_default=False)]
"""An option that is there or not."""


def sandbox(
    provider: str,
    /,
    *,
    port: Annotated[int, Parameter(validator=Number(gte=0, lt=65536))] = 0,
    host: str = "127.0.0.1",
    allow_remote: Flag = False,
    faults: str = "",
    seed: int = 0,
    wallets: Annotated[int, Parameter(validator=Number(gte=0))] = 10,
    state: Path | None = None,
    json: Flag = False,
    until_eof: Flag = False,
    debug: Flag = False,  # noqa: ARG001 - app.run reads it, where errors are shown
) -> None:
    """Serve a stand-in for a provider until Ctrl-C.

    What it prints can be pasted into a shell, or kept in a file for --env-file: comments, and the variables with which
    the other commands talk to it.

    Faults are parted by `;`, each `kind[@before|@after][:operation] [value] [p=CHANCE] [times=N] [nth=N]`, such as
    "close@after:credit p=0.05; latency 5-20ms; status 429 retry-after=1s nth=3; rate 200/s". Kinds: close, reset, hang,
    status, truncate, garbage, drip, late, latency, arrivals, rate, lag.

    Args:
        provider: Whose stand-in, such as rehook.
        port: TCP port; 0 takes a free one.
        host: Address to listen on; anything but loopback needs --allow-remote.
        allow_remote: Let other machines in: everybody who gets there can read the ledger.
        faults: What goes wrong, and how often.
        seed: Makes the faults repeatable.
        wallets: Wallets to begin with, empty.
        state: SQLite file to go on from and to keep; without one everything is in memory.
        json: Print one JSON line instead: provider, url, control, environ, wallets, faults, seed.
        until_eof: End with the standard input, so that it never outlives the program that started it.
        debug: Show the traceback of an error.
    """
    from wallet_async.cli.serving import Served, serve
    from wallet_async.sandbox import Sandbox

    found = load_provider(provider)
    api = found.sandbox()
    keys = tuple(found.add_wallet(api, number) for number in range(wallets))
    planned = plan(faults, seed, api)
    try:
        stand_in = Sandbox(api, faults=planned, host=host, port=port, allow_remote=allow_remote, state=state)
    except ValueError:
        raise InvalidInputError(f"--host {host} is not loopback; --allow-remote lets other machines in") from None
    served = Served(found, stand_in, keys)
    run(serve(served, served.as_json if json else served.as_shell, until_eof=until_eof))


def plan(text: str, seed: int, api: SandboxApi) -> FaultPlan:
    """Read a fault text for *api*.

    Raises:
        InvalidInputError: A word of it is wrong; the error names it and what is accepted.
    """
    from wallet_async.sandbox import FaultPlan

    try:
        made = FaultPlan.parse(text, seed=seed)
        made.bind(api.operations)
    except ValueError as error:
        raise InvalidInputError(f"--faults: {error}") from None
    return made
