"""The report as text: exact, escaped, bounded, and the same for the same inputs."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve
from markupsafe import escape

from tests.reconcile.report.made import made, many, month, report
from wallet_async.engine.errors import InvalidInputError
from wallet_async.reconcile.model import CLASSES, Rules, Side
from wallet_async.reconcile.report import Timing
from wallet_async.reconcile.report.rendering import command, duration
from wallet_async.reconcile.report.words import MEANINGS

MANY = int(os.environ.get("REPORT_DIFFERENCES", "3000"))
"""Differences of the long report; 1000000 for the long run."""

_TIMES = re.compile(r"<section data-times.*?</section>", re.DOTALL)

FIRST = Timing(started_at=datetime(2026, 4, 1, 2, 0, tzinfo=UTC), seconds=71.84, sessions=1, requests=112_406)
SECOND = Timing(
    started_at=datetime(2026, 4, 2, 5, 0, tzinfo=timezone(timedelta(hours=3))), seconds=90, sessions=4, requests=112_913
)


def without_times(page: str) -> str:
    """Cut out what depends on time and chance."""
    return _TIMES.sub("", page)


def test_two_runs_differ_in_their_times_only(tmp_path: Path) -> None:
    """Reports of the same differences are equal byte for byte but for one block."""
    told = made(tmp_path / "state", month(number=20), unread=[("a\tb", "503")])
    first, second = (report(told, tmp_path / "report.html", timing=timing) for timing in (FIRST, SECOND))
    assert without_times(first) == without_times(second) != first
    assert "2026-04-02 02:00:00 UTC" in second
    assert "3 times" in second


def test_times_outside_their_block_are_found(tmp_path: Path) -> None:
    """Sabotaged twin: with the block's mark taken away the same check fails."""
    told = made(tmp_path / "state", month(number=5))
    pages = [report(told, tmp_path / "report.html", timing=timing) for timing in (FIRST, SECOND)]
    first, second = (page.replace(" data-times", "") for page in pages)
    assert without_times(first) != without_times(second)


def test_what_comes_from_data_is_escaped(tmp_path: Path) -> None:
    """Markup in any text of any row is shown as it is; nothing can turn the direction of writing."""
    evil = "<script>alert(1)</script>\u202e\"'&"
    row = {"class": "missing_at_provider", "wallet": f"{evil}\t{evil}", "ledger_amount": Decimal(1)}
    texts = ("ledger_kind", "reference", "ledger_transaction_id", "transaction_id", "kind", "currency", "matched_by")
    texts += ("detail", "journal_state", "journal_reason")
    note = {**row, "severity": "note"}
    rows = [{**one, **dict.fromkeys(texts, evil)} for one in (row, note)]
    told = made(tmp_path / "state", rows, unread=[(evil, evil)], service=evil, matched={evil: 1})
    page = report(told, tmp_path / "report.html")
    assert "<script" not in page
    assert "\u202e" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt; &#34;&#39;&amp;") > 20


def test_every_class_says_what_it_means(tmp_path: Path) -> None:
    """A difference of each class is counted, explained, and listed."""
    rows = [{"class": name, "wallet": "a\tb", "detail": f"detail of {name}"} for name in CLASSES]
    page = report(made(tmp_path / "state", rows), tmp_path / "report.html")
    assert "10 differences in 1 wallet" in page
    for name in CLASSES:
        assert escape(MEANINGS[name].means) in page
        assert f"detail of {name}" in page


def test_agreement_is_one_sentence(tmp_path: Path) -> None:
    """Without differences the report says so and holds no empty chart."""
    page = report(made(tmp_path / "state", []), tmp_path / "report.html")
    assert "<span>Ledger and provider agree</span>" in page
    assert 'id="classes"' not in page
    assert "differ</h2>" not in page


def test_unread_wallets_are_no_agreement(tmp_path: Path) -> None:
    """A wallet that could not be read is named with its error, and the verdict does not say that all is well."""
    told = made(tmp_path / "state", [], unread=[("cust-7\twaty_7", "ServerError: 503")])
    page = report(told, tmp_path / "report.html")
    assert "No difference found, but 1 wallet could not be read" in page
    assert "ServerError: 503" in page
    assert "agree</span>" not in page


def test_numbers_are_exact(tmp_path: Path) -> None:
    """Every digit is there, in groups of three; two digits after the point where any amount has some."""
    huge = Decimal("12345678901234567890123456.123456789012")
    rows = [
        {"class": "missing_at_provider", "wallet": "a\tb", "ledger_amount": huge},
        {"class": "amount_differs", "wallet": "a\tb", "ledger_amount": Decimal(1000), "amount": Decimal("999.5")},
    ]
    side = Side(rows=1_000_000, credits=huge, debits=Decimal(0))
    page = report(made(tmp_path / "state", rows, ledger=side, provider=side), tmp_path / "report.html")
    assert page.count("12,345,678,901,234,567,890,123,456.123456789012") >= 3
    assert ">1,000.00<" in page
    assert ">999.50<" in page
    assert ">0.50<" in page


def test_currencies_are_not_added_up(tmp_path: Path) -> None:
    """What is at stake in two currencies is two sums."""
    rows = [
        {"class": "missing_in_ledger", "wallet": "a\tb", "amount": Decimal(5), "currency": currency, "reference": place}
        for place, currency in enumerate(["TRY", "TRY", "USD"])
    ]
    page = report(made(tmp_path / "state", rows), tmp_path / "report.html")
    assert page.count("10.00 TRY + 5.00 USD") == 3  # at the top, of the class, of the wallet
    assert ">15.00" not in page


def test_it_stays_small(tmp_path: Path) -> None:
    """However many differences there are, 200 of each class are listed, and it says where the others are."""
    told = many(tmp_path / "state", MANY)
    page = report(told, tmp_path / "report.html")
    left_out = MANY // len(CLASSES) - 200
    assert page.count(f"{left_out:,} more are in differences.parquet") == len(CLASSES)
    assert page.count('<tr><th scope="row">customer-') == 200 * len(CLASSES)
    assert len(page) < 2_000_000


def test_the_rules_are_told(tmp_path: Path) -> None:
    """Which rows were judged stands at the top, in UTC."""
    since = datetime(2026, 3, 1, 3, tzinfo=timezone(timedelta(hours=3)))
    rules = Rules(since=since, until=datetime(2026, 4, 1, tzinfo=UTC), window=timedelta(minutes=90))
    page = report(evolve(made(tmp_path / "state", []), rules=rules), tmp_path / "report.html")
    assert "Judged are rows from 2026-03-01 00:00:00 until 2026-04-01 00:00:00 (UTC)" in page
    assert "90 minutes" in page


def test_a_report_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    """If the differences cannot be read, the old report stays and nothing is left beside it."""
    told = made(tmp_path / "state", [])
    target = tmp_path / "report.html"
    target.write_text("the old one")
    told.differences.write_bytes(b"PAR1 truncated")
    with pytest.raises(Exception, match="parquet"):
        report(told, target)
    assert target.read_text() == "the old one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "state"]


def test_a_target_in_no_folder_is_refused(tmp_path: Path) -> None:
    """One line that names the folder, before anything is read."""
    told = made(tmp_path / "state", [])
    with pytest.raises(InvalidInputError, match=r"there is no folder .*nowhere"):
        report(told, tmp_path / "nowhere" / "report.html")
    with pytest.raises(InvalidInputError, match="is a folder, not a file"):
        report(told, tmp_path)


@pytest.mark.parametrize(
    ("reference", "shown"),
    [
        ("order-1", "wallet-async journal show rehook order-1"),
        ("it's; rm -rf /", """wallet-async journal show rehook 'it'"'"'s; rm -rf /'"""),
        ("-x", "wallet-async journal show -- rehook -x"),
    ],
)
def test_commands_can_be_pasted(reference: str, shown: str) -> None:
    """Whatever a reference holds, a shell takes it as one argument."""
    assert command("rehook", reference) == shown


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (timedelta(), "0 seconds"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(days=2), "2 days"),
        (timedelta(seconds=90.5), "90.5 seconds"),
    ],
)
def test_lengths_of_time_have_a_unit(length: timedelta, shown: str) -> None:
    """The largest unit of which there is a whole number."""
    assert duration(length) == shown
