"""Jinja as the report uses it: everything is escaped, and numbers, times and commands are written in one way."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from wallet_async import __version__
from wallet_async.engine.errors import InvalidInputError
from wallet_async.engine.redact import printable
from wallet_async.reconcile.model import CLASSES, wallet_parts
from wallet_async.reconcile.report import words

if TYPE_CHECKING:
    from jinja2 import Environment


def environment(places: int, service: str) -> Environment:
    """Make what renders the templates.

    Args:
        places: Digits after the point that every amount has at least.
        service: The provider, as the journal knows it.

    Raises:
        InvalidInputError: Jinja is not installed.
    """
    try:
        import jinja2  # noqa: PLC0415 - the extra [reconcile]
    except ModuleNotFoundError:
        raise InvalidInputError('the report needs Jinja: python -m pip install "wallet-async[reconcile]"') from None

    def visible(value: Any) -> Any:
        # Names are other people's texts: none may turn the direction of what follows, or hide in control characters.
        return printable(value) if type(value) is str else value

    made = jinja2.Environment(
        loader=jinja2.PackageLoader("wallet_async.reconcile.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )

    def money(sums: Mapping[str, Decimal]) -> str:
        return " + ".join(f"{words.number(value, places)} {currency}".rstrip() for currency, value in sums.items())

    made.filters |= {
        "amount": lambda value: words.number(value, places),
        "n": words.number,
        "money": money,
        "total": total,
        "tenths": "{:,.1f}".format,
        "utc": utc,
        "parts": wallet_parts,
        "short": words.short,
        "duration": duration,
    }
    made.globals |= {
        "CLASSES": CLASSES,
        "MEANINGS": words.MEANINGS,
        "SORTS": words.SORTS,
        "VERSION": __version__,
        "count": words.count,
        "command": lambda reference: command(service, reference),
    }
    return made


def total(sums: Iterable[Mapping[str, Decimal]]) -> Mapping[str, Decimal]:
    """Add sums up, currency by currency."""
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for each in sums:
        for currency, amount in each.items():
            found[currency] += amount
    return dict(sorted(found.items()))


def utc(moment: datetime) -> str:
    """Write a time in UTC; one without a zone is in UTC already."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.replace(tzinfo=None).isoformat(" ")


def duration(length: timedelta) -> str:
    """Write a length of time in its largest whole unit: ``1 hour``, ``90 minutes``."""
    for name, unit in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        if length and not length % unit:
            return words.count(length // unit, name)
    return f"{words.number(Decimal(str(length.total_seconds())))} seconds"


def command(service: str, reference: str) -> str:
    """Write what shows the journal's entry of *reference*, to be pasted into a shell."""
    options_end = "-- " if reference.startswith("-") else ""
    return f"wallet-async journal show {options_end}{shlex.quote(service)} {shlex.quote(reference)}"
