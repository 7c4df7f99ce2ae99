"""What the user may say of a reconciliation, by group, as `--help` shows it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from attrs import field, frozen
from cyclopts import Group, Parameter, Token
from cyclopts.validators import Number

from wallet_async.cli.commands import MOMENT
from wallet_async.engine.errors import InvalidInputError

_LEDGER = Group.create_ordered("Ledger")
_RULES = Group.create_ordered("Comparison")
_WORK = Group.create_ordered("Run")
_RESULTS = Group.create_ordered("Results")
_SETTINGS = Group.create_ordered("Settings")

MEMORY = "250MB"
"""What the library takes where nobody says; a test holds the two together, for help must not load DuckDB."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")


def _span(_: Any, tokens: Sequence[Token]) -> timedelta:
    text = tokens[0].value
    found = _SPAN.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError(f"must be a time such as 90s, 15m, 1h or 2d, not {text!r}")
    return timedelta(seconds=float(found[1]) * _UNITS[found[2]])


def _flag(group: Group, text: str) -> Any:
    return Parameter(group=group, negative="", show_default=False, help=text)


def _option(group: Group, text: str, **more: Any) -> Any:
    return Parameter(group=group, help=text, **more)


@frozen(kw_only=True)
class LedgerOptions:
    """How the ledger is read."""

    column: Annotated[
        tuple[str, ...],
        _option(
            _LEDGER,
            "What a column means, such as amount=points; may be given again. Columns that are not named are found by "
            "their headers.",
            negative="",
            show_default=False,
        ),
    ] = ()
    query: Annotated[str | None, _option(_LEDGER, "SELECT that gives the ledger, for SQLite and PostgreSQL.")] = None
    table: Annotated[str | None, _option(_LEDGER, "Table or view that is the ledger, for SQLite.")] = None
    zone: Annotated[
        str | None,
        _option(_LEDGER, "Zone of times that name none, such as Europe/Istanbul; without it they are refused."),
    ] = None
    credit: Annotated[str, _option(_LEDGER, "What the ledger calls a credit.")] = "credit"
    debit: Annotated[str, _option(_LEDGER, "What the ledger calls a debit.")] = "debit"
    unreadable: Annotated[
        Literal["refuse", "report"],
        _option(_LEDGER, "Lines that cannot be read: refuse the ledger, or go on and report them as differences."),
    ] = "refuse"
    wallets: Annotated[
        str | None, _option(_LEDGER, "File of wallets to read besides those of the ledger, with the same columns.")
    ] = None

    def columns(self) -> dict[str, str]:
        """Give the columns that were named.

        Raises:
            InvalidInputError: One is no NAME=HEADER, or is named twice.
        """
        found: dict[str, str] = {}
        for text in self.column:
            name, equals, header = text.partition("=")
            if not (name and equals and header):
                raise InvalidInputError(f"--column must be NAME=HEADER, such as amount=points, not {text!r}")
            if name in found:
                raise InvalidInputError(f"--column {name} is given twice: {found[name]!r} and {header!r}")
            found[name] = header
        return found


@frozen(kw_only=True)
class RuleOptions:
    """How the sides are compared."""

    since: Annotated[datetime | None, MOMENT, _option(_RULES, "Judge rows from this moment on.")] = None
    until: Annotated[datetime | None, MOMENT, _option(_RULES, "Judge rows up to this moment.")] = None
    window: Annotated[
        timedelta,
        _option(
            _RULES,
            "How far the times of one movement may lie apart, such as 90s, 15m, 1h or 2d.",
            converter=_span,
            show_default=lambda value: f"{value.total_seconds() / 3600:g}h",
        ),
    ] = timedelta(hours=1)
    no_balances: Annotated[
        bool, _flag(_RULES, "Do not compare balances with the sums of histories; saves up to a request a wallet.")
    ] = False
    applied: Annotated[
        tuple[Path, ...],
        _option(
            _RULES,
            "Plan of an earlier --fix that was applied: what it mended is no difference; may be given again.",
            negative="",
            show_default=False,
        ),
    ] = ()


@frozen(kw_only=True)
class WorkOptions:
    """How the provider's side is read."""

    check: Annotated[bool, _flag(_WORK, "Read the first rows, say what was understood, and send nothing.")] = False
    dry_run: Annotated[bool, _flag(_WORK, "Say how many requests it will take, and how long; send nothing.")] = False
    state: Annotated[
        Path | None,
        _option(
            _WORK,
            "Folder that keeps what has been read: a run that was stopped or killed goes on there. Left out, it is "
            "named after the ledger, such as ledger.csv.reconcile.",
        ),
    ] = None
    memory: Annotated[
        str,
        _option(
            _WORK,
            "What the comparison may hold in memory: 1500MB are good for ten million rows on each side. The process "
            "holds some 100 MB besides.",
        ),
    ] = MEMORY
    restart: Annotated[bool, _flag(_WORK, "Begin anew, whatever is in the state.")] = False
    rate: Annotated[
        float | None,
        _option(_WORK, "Requests a second at most, all processes together.", validator=Number(gt=0)),
    ] = None
    concurrency: Annotated[
        int,
        _option(
            _WORK,
            "Requests under way at once, all processes together; with --dask those of each worker.",
            validator=Number(gte=1),
        ),
    ] = 50
    processes: Annotated[int, _option(_WORK, "Processes that read.", validator=Number(gte=1))] = 1
    dask: Annotated[
        str | None,
        _option(_WORK, "Address of a Dask scheduler, such as tcp://10.0.0.5:8786, whose workers read instead."),
    ] = None
    pace: Annotated[
        str | None,
        _option(
            _WORK,
            "redis:// or postgresql:// URL through which --rate is shared with every process that names it; left out, "
            "it comes from WALLET_ASYNC_PACE. Others see arguments: keep a password out of them.",
        ),
    ] = None


@frozen(kw_only=True)
class ResultOptions:
    """What is made of the result."""

    differences: Annotated[
        tuple[Path, ...],
        _option(
            _RESULTS,
            "Write the differences: .parquet, .csv or .jsonl; may be given again.",
            negative="",
            show_default=False,
        ),
    ] = ()
    report: Annotated[Path | None, _option(_RESULTS, "Write the report: one HTML file that needs no network.")] = None
    fix: Annotated[
        Path | None,
        _option(_RESULTS, "Write the movements that would make both sides agree, for `wallet-async apply`: .csv."),
    ] = None
    json: Annotated[bool, _flag(_RESULTS, "Print the summary as one JSON object.")] = False


@frozen(kw_only=True)
class SettingOptions:
    """Settings of the session."""

    journal: Annotated[
        str | None,
        _option(_SETTINGS, "URL of the journal, which tells what is in doubt and what was settled."),
    ] = None
    env_file: Annotated[
        Path | None,
        _option(
            _SETTINGS,
            "File of KEY=value lines with credentials; wins over the environment. Keep it from others: chmod 600.",
        ),
    ] = None
    timeout: Annotated[
        float, _option(_SETTINGS, "Seconds for a request, waits and retries included.", validator=Number(gt=0))
    ] = 30.0
    debug: Annotated[
        bool, _flag(_SETTINGS, "Log every attempt to the standard error, and show the traceback of an error.")
    ] = False


@frozen(kw_only=True)
class Asked:
    """All of it."""

    provider: str
    ledger: str
    reading: LedgerOptions
    rules: RuleOptions
    work: WorkOptions
    results: ResultOptions = field(factory=ResultOptions)
    settings: SettingOptions = field(factory=SettingOptions)
