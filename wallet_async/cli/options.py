"""The options that every command of a provider has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from attrs import frozen
from cyclopts import Group, Parameter

OUTPUT = Group.create_ordered("Output")
CONNECTION = Group.create_ordered("Settings")


@frozen(kw_only=True)
class Options:
    """What the user may say of any call, whatever it does."""

    json: Annotated[
        bool,
        Parameter(
            group=OUTPUT,
            negative="",
            show_default=False,
            help="One JSON object a line, every field, as each row comes: exact numbers, ids as strings, times in UTC.",
        ),
    ] = False
    csv: Annotated[
        bool,
        Parameter(
            group=OUTPUT,
            negative="",
            show_default=False,
            help="CSV with a header, every field, as each row comes. A text that a spreadsheet would run as a formula "
            "gets an apostrophe in front; --json leaves it as it is.",
        ),
    ] = False
    env_file: Annotated[
        Path | None,
        Parameter(
            group=CONNECTION,
            help="File of KEY=value lines with credentials; wins over the environment. Keep it from others: chmod 600.",
        ),
    ] = None
    timeout: Annotated[
        float,
        Parameter(group=CONNECTION, help="Seconds for a call, waits and retries included; of a history for each page."),
    ] = 30.0
    debug: Annotated[
        bool,
        Parameter(
            group=CONNECTION,
            negative="",
            show_default=False,
            help="Log every attempt to the standard error, and show the traceback of an error.",
        ),
    ] = False
