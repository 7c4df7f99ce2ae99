"""What every command of the journal takes: its URL, and how to say what came of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from attrs import frozen
from cyclopts import Parameter

from wallet_async.cli.envfile import environment
from wallet_async.cli.options import CONNECTION, OUTPUT
from wallet_async.cli.writers import JsonWriter, Writer
from wallet_async.engine.errors import InvalidInputError

VARIABLE = "WALLET_ASYNC_JOURNAL"

Url = Annotated[
    str | None,
    Parameter(
        show_default=False,
        help="sqlite:///file.db, sqlite:////folder/file.db or postgresql://user@host/database; left out, it comes from "
        f"{VARIABLE} in the environment or in --env-file. Others see arguments: keep a password out of them.",
    ),
]


@frozen(kw_only=True)
class JournalOptions:
    """What the user may say of any command of the journal."""

    json: Annotated[
        bool,
        Parameter(
            group=OUTPUT,
            negative="",
            show_default=False,
            help="One JSON object a line, every field: exact numbers, times in UTC.",
        ),
    ] = False
    env_file: Annotated[
        Path | None,
        Parameter(group=CONNECTION, help="File of KEY=value lines; wins over the environment. Keep it from others."),
    ] = None
    debug: Annotated[
        bool,
        Parameter(group=CONNECTION, negative="", show_default=False, help="Show the traceback of an error."),
    ] = False


Options = Annotated[JournalOptions, Parameter(name="*")]
DEFAULTS = JournalOptions()


def journal_url(url: str | None, options: JournalOptions) -> str:
    """Give the URL of the journal: the argument, or what the environment says.

    Raises:
        InvalidInputError: Neither says it, or the file of *options* cannot be read.
    """
    found = url or environment(options.env_file, os.environ).get(VARIABLE)
    if not found:
        raise InvalidInputError(f"which journal? Name its URL, such as sqlite:///journal.db, or set {VARIABLE}")
    return found


def writer(kind: type[Any], options: JournalOptions) -> Writer:
    """Make what writes rows of *kind*: a table for people, JSON lines for machines."""
    if options.json:
        return JsonWriter(kind)
    from wallet_async.cli.tables import TableWriter

    return TableWriter(kind)
