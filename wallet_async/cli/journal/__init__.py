"""``wallet-async journal``: the journal from the outside. Loaded when one of its commands is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wallet_async.cli.journal.decide import decide
from wallet_async.cli.journal.entries import export, list_entries, show
from wallet_async.cli.journal.prune import prune
from wallet_async.cli.journal.restored import accept_restored, declare_restored
from wallet_async.cli.journal.settle import audit, resolve
from wallet_async.cli.journal.tables import check, install, sql, upgrade

COMMANDS: Mapping[str, Callable[..., Any]] = {
    "install": install,
    "upgrade": upgrade,
    "check": check,
    "sql": sql,
    "list": list_entries,
    "show": show,
    "export": export,
    "resolve": resolve,
    "audit": audit,
    "decide": decide,
    "prune": prune,
    "declare-restored": declare_restored,
    "accept-restored": accept_restored,
}
"""The commands, by name."""
