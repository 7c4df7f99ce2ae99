"""SummaryRecordByFilter of the Sipay stand-in: which rows, in what order, which page of them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import frozen

from loyalty_async.sandbox_pages import missing, title
from wallet_async.sandbox.ledger import Entry, Ledger

WINDOW = timedelta(days=3)
"""Rows older than this need start_date and end_date."""
_TEXTS = ("ext_transaction_id", "id", "wallet_id", "wallet_number", "from_wallet_number", "to_wallet_number")
_MOST = 1000


@frozen(kw_only=True)
class Filter:
    """A request of SummaryRecordByFilter, checked."""

    texts: Mapping[str, str]
    """Fields that a row has to equal."""
    start: datetime
    end: datetime
    newest_first: bool
    page_size: int
    page: int
    """Pages to pass over."""


def read_filter(body: Mapping[str, Any], *, now: datetime, first_page: int) -> Filter | list[str]:
    """Check *body*: give the filter, or the validation messages."""
    problems = missing(body, ("order_column",))
    texts = {name: body[name] for name in _TEXTS if body.get(name) not in (None, "")}
    problems += [f"{title(name)} must be a string." for name, value in texts.items() if not isinstance(value, str)]
    order = body.get("order_by") or "asc"
    if order not in ("asc", "desc"):
        problems.append(f"{title('order_by')} must be 'asc' or 'desc'.")
    size = _whole(body, "page_size", 20, 1, _MOST, problems)
    index = _whole(body, "page_index", first_page, first_page, 10**9, problems)
    start = _date(body, "start_date", now - WINDOW, problems)
    # A row of this very moment belongs to the default window.
    end = _date(body, "end_date", now + timedelta(seconds=1), problems)
    if problems:
        return problems
    return Filter(
        texts=texts,
        start=start,
        end=end,
        newest_first=order == "desc",
        page_size=size,
        page=index - first_page,
    )


def select(ledger: Ledger, wanted: Filter, *, seen_until: datetime | None) -> tuple[list[Entry], int]:
    """Give the rows of the page and the number of all that match."""
    rows = [
        entry
        for entry in _candidates(ledger, wanted.texts)
        if wanted.start <= entry.created_at <= wanted.end
        and (seen_until is None or entry.created_at <= seen_until)
        and entry.transaction_id not in ledger.hidden
        and _matches(ledger, entry, wanted.texts)
    ]
    if wanted.newest_first:
        rows.reverse()
    first = wanted.page * wanted.page_size
    return rows[first : first + wanted.page_size], len(rows)


def _candidates(ledger: Ledger, texts: Mapping[str, str]) -> tuple[Entry, ...]:
    if "ext_transaction_id" in texts:
        return ledger.with_reference(texts["ext_transaction_id"])
    for name in ("wallet_number", "from_wallet_number", "to_wallet_number"):
        if name in texts:
            return ledger.entries(texts[name])
    if "wallet_id" in texts:
        return tuple(entry for wallet in ledger.owned(texts["wallet_id"]) for entry in ledger.entries(wallet.key))
    return ledger.entries()


def _matches(ledger: Ledger, entry: Entry, texts: Mapping[str, str]) -> bool:
    if "id" in texts and entry.transaction_id != texts["id"]:
        return False
    if "wallet_number" in texts and entry.wallet != texts["wallet_number"]:
        return False
    if "wallet_id" in texts:
        wallet = ledger.wallet(entry.wallet)
        if wallet is None or wallet.extra["id"] != texts["wallet_id"]:
            return False
    return _matches_side(entry, texts.get("from_wallet_number"), texts.get("to_wallet_number"))


def _matches_side(entry: Entry, sender: str | None, receiver: str | None) -> bool:
    """A debit leaves from its wallet, a credit goes to it.

    Invention: both numbers together select what matches either, since no loyalty row has two wallets.
    """
    if sender is None and receiver is None:
        return True
    return entry.wallet == (receiver if entry.kind == "credit" else sender)


def _whole(body: Mapping[str, Any], name: str, default: int, low: int, high: int, problems: list[str]) -> int:
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        problems.append(f"{title(name)} must be between '{low}' and '{high}'.")
        return default
    return value


def _date(body: Mapping[str, Any], name: str, default: datetime, problems: list[str]) -> datetime:
    value = body.get(name)
    if value in (None, ""):
        return default
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        problems.append(f"{title(name)} must be a date.")
        return default
    return at if at.tzinfo else at.replace(tzinfo=UTC)
