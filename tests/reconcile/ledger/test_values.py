"""What each text means: amounts to the last digit, times to the microsecond, or why it means nothing."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from wallet_async.reconcile.ledger.values import UnreadableError, amount, identifier, in_utc, moment

ISTANBUL = ZoneInfo("Europe/Istanbul")
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "below", "size"),
    [
        ("12.50", False, "12.50"),
        ("-12", True, "12"),
        ("+3", False, "3"),
        ("  7 ", False, "7"),
        ("007.100", False, "7.1"),
        ("0.000000000001", False, "0.000000000001"),
        ("10.0000000000000000", False, "10"),
        ("9" * 26 + "." + "9" * 12, False, "9" * 26 + "." + "9" * 12),
        ("0" * 50 + "1." + "5" + "0" * 50, False, "1.5"),
    ],
)
def test_amounts_are_exact(text: str, below: bool, size: str) -> None:
    """Zeros around a number change nothing, and every digit is kept."""
    found_below, found = amount(text)
    assert (found_below, Decimal(found)) == (below, Decimal(size))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "is empty"),
        ("  ", "is empty"),
        ("0", "is 0"),
        ("-0.00", "is 0"),
        ("1e16", "has an exponent"),
        ("1.5E-3", "has an exponent"),
        ("12,50", "has a comma"),
        ("1.234,50", "has a comma"),
        ("1" + "0" * 26, "more than 26 digits"),
        ("0." + "0" * 12 + "1", "more than 12"),
        ("NaN", "no plain decimal number"),
        ("Infinity", "no plain decimal number"),
        (".5", "no plain decimal number"),
        ("5.", "no plain decimal number"),
        ("1_000", "no plain decimal number"),
        ("0x10", "no plain decimal number"),
        ("--5", "no plain decimal number"),
        ("١٢", "no plain decimal number"),
        ("$5", "no plain decimal number"),
        ("1\n2", "'1 2' is no plain"),
        ("x" * 500, f"'{'x' * 40}…' is no plain"),
    ],
)
def test_what_is_no_exact_amount_is_told(text: str | None, problem: str) -> None:
    """Each fault has its words, short and printable."""
    with pytest.raises(UnreadableError, match=re.escape(problem)) as caught:
        amount(text)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-31T23:59:59Z", datetime(2024, 1, 31, 23, 59, 59, tzinfo=UTC)),
        ("2024-01-31 23:59:59+03", datetime(2024, 1, 31, 20, 59, 59, tzinfo=UTC)),
        ("2024-01-31T23:59+05:45", datetime(2024, 1, 31, 18, 14, tzinfo=UTC)),
        ("2024-01-31 23:59:59,5-0800", datetime(2024, 2, 1, 7, 59, 59, 500_000, tzinfo=UTC)),
        ("2024-01-31T23:59:59.123456789Z", datetime(2024, 1, 31, 23, 59, 59, 123_456, tzinfo=UTC)),
        ("20240131T235959Z", datetime(2024, 1, 31, 23, 59, 59, tzinfo=UTC)),
        ("2024-01-31 23:59:59", datetime(2024, 1, 31, 20, 59, 59, tzinfo=UTC)),
    ],
)
def test_times_are_kept_in_utc(text: str, expected: datetime) -> None:
    """A time is where its zone says; one without is where the ledger's zone says."""
    found = in_utc(moment(text), ISTANBUL)
    assert found == expected
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("yesterday", "is no time such as"),
        ("2024-02-30T00:00:00Z", "is no time such as"),
        ("2024-01-31T23:59:60Z", "is no time such as"),
        ("31.01.2024 23:59", "is no time such as"),
        ("1706745599", "is no time such as"),
        ("infinity", "is no time such as"),
        ("2024-01-31", "has no time of day"),
        ("20240131", "has no time of day"),
        ("2024-W05-3", "has no time of day"),
        ("0001-01-01T00:00:00+03:00", "outside the years 1 to 9999"),
        ("9999-12-31T23:59:59-03:00", "outside the years 1 to 9999"),
    ],
)
def test_what_is_no_time_is_told(text: str, problem: str) -> None:
    """A date without a time of day is none: it would lie up to a day from the provider's."""
    with pytest.raises(UnreadableError, match=problem):
        in_utc(moment(text), ISTANBUL)


@pytest.mark.parametrize("text", ["2024-03-31 02:30:00", "2024-10-27 02:30:00"])
def test_a_local_time_that_clocks_skip_or_show_twice_is_not_guessed(text: str) -> None:
    """Which was meant nobody knows; with an offset it is clear."""
    with pytest.raises(UnreadableError, match="Europe/Berlin either skipped or there twice"):
        in_utc(moment(text), BERLIN)
    assert in_utc(moment(text + "+01:00"), BERLIN)
    assert in_utc(moment(text.replace("02:30", "04:30")), BERLIN)


@pytest.mark.parametrize(("text", "problem"), [("", "wallet_id is empty"), (None, "is empty"), ("a\tb", "control")])
def test_ids_that_cannot_be_sent_are_told(text: str | None, problem: str) -> None:
    """The same rule as for what is sent."""
    with pytest.raises(UnreadableError, match=problem):
        identifier("wallet_id", text)


@pytest.mark.parametrize("text", [" a ", "müşteri", "a\u2028b", "\u00a0", "KMN@123", "a/b?c#d", "'; DROP TABLE x; --"])
def test_ids_are_kept_as_they_stand(text: str) -> None:
    """Blanks are part of an id, and so is whatever else can be sent."""
    assert identifier("wallet_id", text) == text
