"""Columns are found by their names or as they are named, and nothing about them is guessed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.reconcile.ledger.kit import HEADERS, ROW, loyalty, refused, row, rows_of, source, text, written
from wallet_async.engine.errors import InvalidInputError
from wallet_async.reconcile.ledger import CsvLedger, Reading

FOUND = {
    "wallet": "krishna123\twaty_1",
    "kind": "credit",
    "transaction_id": "txn-1",
    "reference": "order-1",
    "currency": "TRY",
}


def _some(found: dict[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in FOUND}


@pytest.mark.parametrize(
    "headers",
    [
        HEADERS,
        ("Source-ID", "wallet id", "TYPE", "Points", "Created", "Txn ID", "ref", "CurrencyCode"),
        (" source_id ", "WalletId", "direction", "Value", "Timestamp", "tx_id", "ext_transaction_id", "currency"),
    ],
)
async def test_columns_are_found_by_their_names(headers: tuple[str, ...], tmp_path: Path) -> None:
    """Case, punctuation and blanks do not count, and a few other names are known."""
    (found,) = await rows_of(source(tmp_path, ROW, headers=headers))
    assert _some(found) == FOUND


async def test_a_wallet_of_one_part_may_be_called_wallet(tmp_path: Path) -> None:
    """Where there is one part there is nothing to confuse it with."""
    (found,) = await rows_of(source(tmp_path, ("90001", "5"), headers=("Wallet", "amount")), provider=loyalty)
    assert found["wallet"] == "90001"
    assert "no column 'source_id', 'wallet_id'" in await refused(
        source(tmp_path, ("90001", "5"), headers=("Wallet", "amount"))
    )


async def test_columns_are_taken_as_they_are_named(tmp_path: Path) -> None:
    """A named header goes before one found by its name, also before one of two that fit."""
    headers = [*HEADERS, "value", "order_id"]
    reading = Reading(columns={"amount": "value", "reference": "order_id"})
    (found,) = await rows_of(source(tmp_path, (*ROW, "77", "mine"), headers=headers), reading)
    assert (found["amount"], found["reference"]) == (77, "mine")


async def test_a_column_can_be_left_out(tmp_path: Path) -> None:
    """An empty header leaves out what would have been found by its name."""
    (found,) = await rows_of(source(tmp_path, row(created_at="2024-01-31")), Reading(columns={"created_at": ""}))
    assert found["created_at"] is None


async def test_a_named_header_has_to_be_there(tmp_path: Path) -> None:
    """The error lists the headers and the one that is closest."""
    message = await refused(source(tmp_path, ROW), Reading(columns={"reference": "refrence"}))
    assert message.startswith(
        "ledger.csv has no header 'refrence', which reference was to be taken from (closest: 'ref"
    )
    assert "'source_id', 'wallet_id', 'kind'" in message


async def test_only_our_columns_can_be_named(tmp_path: Path) -> None:
    """A name that is none of ours is a mistake, and ours are listed."""
    message = await refused(source(tmp_path, ROW), Reading(columns={"amonut": "amount"}))
    assert "there is no column 'amonut' to name; expected one of 'source_id', 'wallet_id', 'kind', 'amount'" in message


async def test_headers_without_a_name_are_nothing(tmp_path: Path) -> None:
    """Spreadsheets leave empty headers at the end of a line; they are no header twice."""
    (found,) = await rows_of(source(tmp_path, (*ROW, "", ""), headers=[*HEADERS, "", ""]))
    assert _some(found) == FOUND


async def test_headers_only_are_an_empty_ledger(tmp_path: Path) -> None:
    """Nothing was booked: no error, and no rows."""
    assert await rows_of(source(tmp_path)) == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
async def test_the_delimiter_is_found(delimiter: str, tmp_path: Path) -> None:
    """It is the one the header has most of; a mark of the byte order in front is no part of a header."""
    content = "\ufeff" + text([HEADERS, ROW], delimiter)
    (found,) = await rows_of(CsvLedger(written(tmp_path, content)))
    assert _some(found) == FOUND


async def test_the_sign_says_the_kind_where_no_column_does(tmp_path: Path) -> None:
    """Above zero is a credit, below a debit, zero is neither."""
    headers = ("source_id", "wallet_id", "amount")
    signed = [("a", "b", amount) for amount in ("5", "-5", "+5")]
    found = await rows_of(source(tmp_path, *signed, headers=headers))
    assert [(one["kind"], one["amount"]) for one in found] == [("credit", 5), ("debit", 5), ("credit", 5)]
    assert "amount is 0" in await refused(source(tmp_path, ("a", "b", "-0.0"), headers=headers))


async def test_the_words_for_kinds_can_be_named(tmp_path: Path) -> None:
    """Their case does not count."""
    found = await rows_of(source(tmp_path, row(kind=" IN "), row(kind="out")), Reading(credit="in", debit="Out"))
    assert [one["kind"] for one in found] == ["credit", "debit"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"zone": "Europe/Nowhere"}, "zone must be the name of a time zone"),
        ({"zone": "../../etc/passwd"}, "zone must be the name of a time zone"),
        ({"debit": "Credit"}, "debit must be another word than that for a credit"),
        ({"unreadable": "ignore"}, "unreadable must be 'refuse' or 'report'"),
    ],
)
def test_a_reading_is_checked_when_it_is_made(arguments: dict[str, Any], expected: str) -> None:
    """A mistake in it is told before any file is opened."""
    with pytest.raises(InvalidInputError, match=expected):
        Reading(**arguments)
