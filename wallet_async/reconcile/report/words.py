"""What a person is told: what each class means and what to do about it, and the verdict in one sentence. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from attrs import frozen

from wallet_async.reconcile.model import Class, Summary


@frozen(kw_only=True)
class Meaning:
    """What a class says."""

    title: str
    sort: str
    """Which of `SORTS` it belongs to."""
    means: str
    """What it is, in one sentence."""
    advice: str
    """What to do."""


SORTS: Mapping[str, str] = {
    "missing": "missing on one side",
    "twice": "there more than once",
    "unlike": "on both sides, unlike",
    "unclear": "cannot be told",
}
"""What colours tell apart: ten classes would be too many."""

MEANINGS: Mapping[Class, Meaning] = {
    "missing_at_provider": Meaning(
        title="Missing at the provider",
        sort="missing",
        means="The ledger has the movement, the provider's history does not.",
        advice="Settle what the journal has in doubt; a repair plan books the rest.",
    ),
    "missing_in_ledger": Meaning(
        title="Missing in the ledger",
        sort="missing",
        means="The provider booked a movement that the ledger does not have.",
        advice="Find out who asked for it; a repair plan holds the lines that the ledger lacks.",
    ),
    "amount_differs": Meaning(
        title="Amount differs",
        sort="unlike",
        means="Both sides have the movement, with different amounts.",
        advice="Find out which side is right; a repair plan books the difference as the ledger has it.",
    ),
    "kind_differs": Meaning(
        title="Kind differs",
        sort="unlike",
        means="One side has a credit where the other has a debit.",
        advice="Find out which side is right; a repair plan books what the ledger has.",
    ),
    "time_differs": Meaning(
        title="Time differs",
        sort="unlike",
        means="Both sides have the movement, further apart in time than the window allows.",
        advice="No money is missing: look for a wrong time zone or late bookings, or allow a wider window.",
    ),
    "duplicated_at_provider": Meaning(
        title="Duplicated at the provider",
        sort="twice",
        means="The provider booked one movement of the ledger more than once.",
        advice="A repair plan takes each surplus booking back.",
    ),
    "duplicated_in_ledger": Meaning(
        title="Duplicated in the ledger",
        sort="twice",
        means="The ledger has one movement of the provider more than once.",
        advice="Take the surplus lines out of the ledger; a repair plan holds the opposite ones.",
    ),
    "unreadable_row": Meaning(
        title="Unreadable row",
        sort="unclear",
        means="A row could not be compared, such as one whose amount is no number.",
        advice="Mend it where it comes from, and compare again.",
    ),
    "ambiguous": Meaning(
        title="Ambiguous",
        sort="unclear",
        means="Rows fit one another in several ways, and nothing tells which belong together.",
        advice="A person has to decide; references or transaction ids in the ledger keep it from happening.",
    ),
    "balance_differs": Meaning(
        title="Balance differs",
        sort="unlike",
        means="The balance that the provider gives is not the sum of its own history.",
        advice="Ask the provider: a row is missing from its history, or its balance is wrong.",
    ),
}


def short(name: Class) -> str:
    """Give the name of a class as words: ``missing at provider``."""
    return name.replace("_", " ")


def number(value: int | Decimal, places: int = 0) -> str:
    """Write a number with every digit, at least *places* after the point, and commas between thousands."""
    whole, _, rest = f"{value:,f}".partition(".")
    rest = rest.rstrip("0").ljust(places, "0")
    return f"{whole}.{rest}" if rest else whole


def places(summary: Summary, *, fractions: bool) -> int:
    """Say how many digits every amount has after the point, so that they stand under one another.

    Args:
        summary: The reconciliation.
        fractions: Whether an amount of a difference has any.
    """
    sums = (amount for side in (summary.ledger, summary.provider) for amount in (side.credits, side.debits))
    return 2 if fractions or any(amount % 1 for amount in sums) else 0


def span(seconds: float) -> str:
    """Write a time that is to come, no more exact than it is known."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"


def count(amount: int, noun: str) -> str:
    """Write how many there are of something: ``1 wallet``, ``1,204 wallets``."""
    return f"{amount:,} {noun}{'s' * (amount != 1)}"


def verdict(summary: Summary, wallets: int) -> str:
    """Say in one sentence how it came out.

    Args:
        summary: The reconciliation.
        wallets: Wallets that differ.
    """
    differences = sum(summary.differences.values())
    unread = f"{count(summary.unread_wallets, 'wallet')} could not be read"
    if differences:
        found = f"{count(differences, 'difference')} in {count(wallets, 'wallet')}"
        return f"{found}; {unread}" if summary.unread_wallets else found
    return f"no difference found, but {unread}" if summary.unread_wallets else "ledger and provider agree"
