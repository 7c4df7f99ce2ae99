"""A run that asks for the wrong rows is refused as it is made: not once for every wallet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from loyalty_async import LoyaltySession
from rehook_async import InvalidInputError, RehookSession
from wallet_async.engine import checks

SESSIONS: dict[str, Any] = {
    "rehook": lambda: RehookSession("key", "secret"),
    "loyalty": lambda: LoyaltySession(base_url="https://sipay.test"),
}
WRONG: dict[str, Any] = {"since": datetime(2026, 11, 22), "limit": -1}
EACH = [(session, run, name) for session in SESSIONS for run in ("scan", "scan_pages") for name in WRONG]


def made(session: str, run: str, name: str) -> Any:
    """Make a run with one wrong argument."""
    return getattr(SESSIONS[session](), run)(["w"], **{name: WRONG[name]})


@pytest.mark.parametrize(("session", "run", "name"), EACH)
def test_it_is_refused_at_once(session: str, run: str, name: str) -> None:
    """One error that names the argument, before a wallet is taken."""
    with pytest.raises(InvalidInputError, match=rf"^{name} must be"):
        made(session, run, name)


@pytest.mark.parametrize(("session", "run", "name"), EACH)
def test_twin_unchecked_the_run_begins(session: str, run: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the check nothing is said until wallets are read."""
    monkeypatch.setattr(checks, "selection", lambda since, limit: None)
    made(session, run, name)
