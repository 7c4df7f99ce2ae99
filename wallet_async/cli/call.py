"""One command of a provider, from its arguments to what stands on the screen."""

from __future__ import annotations

import asyncio
import inspect
import os
import shlex
import sys
from collections.abc import AsyncIterable, Callable
from typing import Any

from attrs import define, frozen

from wallet_async.cli import logs
from wallet_async.cli.columns import row_type
from wallet_async.cli.envfile import environment, exposure
from wallet_async.cli.exits import CommandError, Exit
from wallet_async.cli.options import Options
from wallet_async.cli.running import run
from wallet_async.cli.settling import how_to_settle
from wallet_async.cli.writers import CsvWriter, JsonWriter, Writer
from wallet_async.engine.errors import InvalidInputError, OutcomeUnknownError, WalletError
from wallet_async.engine.events import Event, OnEvent, OutcomeUnknownEvent
from wallet_async.engine.limits import Limits, Timeouts
from wallet_async.engine.once import Journal
from wallet_async.engine.session import WalletSession
from wallet_async.provider import Provider


@frozen(kw_only=True)
class Request:
    """What the user asked for."""

    provider: Provider
    name: str
    """The command, such as ``credit``."""
    function: Callable[..., Any]
    """What does it; its first parameter is the session."""
    arguments: inspect.BoundArguments
    """Its other arguments."""


@define
class _Doubt:
    """Keeps what the session tells of a movement whose outcome stayed open, also if Ctrl-C ended it."""

    event: OutcomeUnknownEvent | None = None

    def __call__(self, event: Event) -> None:
        if isinstance(event, OutcomeUnknownEvent):
            self.event = event


def perform(request: Request, options: Options) -> None:
    """Do what *request* says and write the result.

    Raises:
        WalletError: The call failed.
        CommandError: It was interrupted after a credit or debit had left.
        OutputError: The result could not be written.
    """
    logs.set_up(request.provider.name, debug=options.debug)
    doubt = _Doubt()
    session = make_session(request.provider, options, doubt)
    writer = _writer(request.function, options)
    try:
        run(_perform(session, request, writer))
    except OutcomeUnknownError as error:
        error.add_note(how_to_settle(request.provider, request.arguments.arguments))
        raise
    except KeyboardInterrupt:
        if doubt.event is None:
            raise
        name = f"{request.provider.name} {request.name}"
        text = f"{name}: interrupted after it had left: it may or may not have been booked"
        advice = how_to_settle(request.provider, request.arguments.arguments)
        raise CommandError(f"{text}; {advice}", Exit.UNKNOWN) from None


def timeouts_of(total: float) -> Timeouts:
    """Give time-outs of which none is longer than *total* seconds."""
    usual = Timeouts()
    return Timeouts(total=total, connect=min(usual.connect, total), attempt=min(usual.attempt, total))


def make_session(
    provider: Provider,
    options: Options,
    on_event: OnEvent | None,
    *,
    limits: Limits | None = None,
    journal: Journal | None = None,
) -> WalletSession:
    """Make a session of *provider* from the environment and the file that *options* name.

    Raises:
        InvalidInputError: A setting is missing or does not fit.
    """
    if options.env_file is not None and (exposed := exposure(options.env_file)):
        print(f"warning: {exposed}", file=sys.stderr)
    timeouts = timeouts_of(options.timeout)
    environ = environment(options.env_file, os.environ)
    try:
        return provider.session(environ, timeouts=timeouts, on_event=on_event, limits=limits, journal=journal)
    except InvalidInputError as error:
        error.add_note("settings come from the environment or from --env-file")
        raise


def _writer(function: Callable[..., Any], options: Options) -> Writer:
    if options.json and options.csv:
        raise InvalidInputError("--json and --csv exclude each other")
    kind = row_type(function)
    if options.json:
        return JsonWriter(kind)
    if options.csv:
        return CsvWriter(kind)
    from wallet_async.cli.tables import TableWriter

    return TableWriter(kind)


async def _perform(session: WalletSession, request: Request, writer: Writer) -> None:
    async with session:
        result = request.function(session, *request.arguments.args, **request.arguments.kwargs)
        if isinstance(result, AsyncIterable):
            await _stream(result, request, writer)
            return
        value = await result
        # Written before the session is closed: once a receipt is here, Ctrl-C must not keep it from being seen.
        if isinstance(value, list):
            for row in value:
                writer.row(row)
            writer.end()
        else:
            writer.single(value)


async def _stream(rows: AsyncIterable[Any], request: Request, writer: Writer) -> None:
    """Write rows as they come; what was read before an error or Ctrl-C is written too, and where to go on."""
    try:
        async for row in rows:
            writer.row(row)
    except (WalletError, asyncio.CancelledError):
        if writer.rows:
            writer.end()
        place = getattr(rows, "checkpoint", None)
        if writer.rows and place is not None and "resume" in inspect.signature(request.function).parameters:
            print(f"{writer.rows} rows so far; --resume {shlex.quote(str(place))} goes on after them", file=sys.stderr)
        raise
    writer.end()
    if not writer.rows:
        print(f"no rows; {request.provider.empty_history}", file=sys.stderr)
