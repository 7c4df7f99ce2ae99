"""Rows 12 to 39 of the fault matrix: on the wire, the answer, the status."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.faults.judge import HASTY, Outcome, judge, judge_side_by_side
from tests.faults.providers import CLIENTS, Client
from tests.faults.sabotage import CLASSES, no_evidence
from tests.kit import ROWS
from wallet_async.engine.calls import Kind
from wallet_async.engine.errors import OutcomeUnknownError, RefusedError, WalletError
from wallet_async.engine.limits import Gate
from wallet_async.engine.transport import client_session, faults, odd

WAITING = [row for row in ROWS.values() if row.needs_deadline]
"""Rows in which nothing happens until the deadline: they wait together."""
EACH_KIND = pytest.mark.parametrize(
    ("kind", "transport"),
    [("credit", "direct"), ("credit", "session"), ("debit", "direct")],
    indirect=["transport"],
)


def check_doubt(outcome: Outcome, kind: Kind) -> None:
    """Assert that an unknown outcome tells of which movement, and that it was sent once."""
    if isinstance(outcome.error, OutcomeUnknownError):
        assert outcome.error.movement.kind == kind
        assert outcome.error.reference == "r-1"
        assert outcome.error.attempts == 1


@EACH_KIND
@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row not in WAITING])
async def test_row(client: Client, name: str, kind: Kind, transport: str) -> None:
    """The claim and the commits are the row's, one request reached the server, and nothing is left behind."""
    check_doubt(await judge(client, ROWS[name], kind), kind)


@EACH_KIND
async def test_rows_that_wait(client: Client, kind: Kind, transport: str) -> None:
    """The same holds where only the deadline ends the call."""
    assert len(WAITING) == 5
    for outcome in await judge_side_by_side(client, WAITING, kind):
        if isinstance(outcome, BaseException):
            raise outcome
        check_doubt(outcome, kind)


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if 12 <= row.number <= 30 and row not in WAITING])
async def test_row_over_the_callers_session(provider: Client, name: str) -> None:
    """With the caller's own plain `aiohttp.ClientSession`, its defaults included, the same holds."""
    await judge(provider, ROWS[name], http=aiohttp.ClientSession)


async def test_rows_that_wait_over_the_callers_session(provider: Client) -> None:
    """And where only the deadline ends the call."""
    for outcome in await judge_side_by_side(provider, WAITING, http=aiohttp.ClientSession):
        if isinstance(outcome, BaseException):
            raise outcome


async def test_twin_no_evidence(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transport that does not note that bytes left turns a lost answer into "not sent"."""
    no_evidence(monkeypatch)
    rows = [ROWS[name] for name in ("16-silence-committed", "27-drip-head", "27-drip-body")]
    for found in await judge_side_by_side(client, rows):
        with pytest.raises(AssertionError, match="claims NOT_SENT, not UNKNOWN"):
            raise found


@pytest.mark.parametrize(
    "name", ["29-foreign-answer", "29-unsolicited", "23-empty-200", "23-204", "23-null", "30-200-other-json"]
)
async def test_twin_no_echo_check(client: Client, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that takes any 2xx for a success, empty or somebody else's, is found out."""
    client.careless(monkeypatch)
    with pytest.raises(AssertionError, match="claims DONE, not UNKNOWN"):
        await judge(client, ROWS[name])


def refused_by_parser(fault: BaseException, *, sent: bool) -> WalletError:
    """Take the status 400 that aiohttp's parser puts on a broken head for the provider's own word."""
    if isinstance(fault, aiohttp.ClientResponseError):
        return RefusedError("refused", status=fault.status, not_applied=True)
    return faults.translate(fault, sent=sent)


@pytest.mark.parametrize("name", ["28-status-of-letters", "28-length-of-letters", "28-chunked-and-length"])
async def test_twin_status_of_the_exception(client: Client, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that believes `ClientResponseError.status` calls a committed write refused."""
    monkeypatch.setattr(client_session, "translate", refused_by_parser)
    monkeypatch.setattr(odd, "DecodeError", lambda text: RefusedError(text, status=400, not_applied=True))
    with pytest.raises(AssertionError, match="claims REJECTED, not UNKNOWN"):
        await judge(client, ROWS[name])


@pytest.mark.parametrize("name", ["00-good", "15-rst-committed", "31-400-envelope"])
async def test_twin_slot_kept(client: Client, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gate whose slots do not come back is found out."""
    monkeypatch.setattr(Gate, "release", lambda gate: None)
    with pytest.raises(AssertionError, match="not clean"):
        await judge(client, ROWS[name])


async def test_twin_connection_left(client: Client, transport: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is not closed at the end is found out."""

    async def forget(transport: Any) -> None:
        kept.append(transport)

    kept: list[Any] = []
    own_close = CLASSES[transport].aclose
    monkeypatch.setattr(CLASSES[transport], "aclose", forget)
    with pytest.raises(AssertionError, match=r"left behind|did not come"):
        await judge(client, ROWS["00-good"])
    for left in kept:
        await own_close(left)


def test_the_matrix_is_whole() -> None:
    """Every row is run for every provider, and the only rows that may be sent again are 401 and 429."""
    assert {row.number for row in ROWS.values() if row.may_resend} == {19, 32, 37}
    assert set(CLIENTS) == {"rehook", "loyalty"}
    assert HASTY.attempts == 3
