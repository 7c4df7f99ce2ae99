"""The summary on the terminal: what was compared, what differs, and the verdict in the last line."""

from __future__ import annotations

import json
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.reconcile.report.made import Made, made, month
from wallet_async.cli.reconcile.summary import tell, tell_json
from wallet_async.reconcile.report import read_overview


def said(told: Made, capsys: pytest.CaptureFixture[str], *, width: int = 10_000, see: tuple[str, ...] = ()) -> str:
    """Give the summary of *told* as a terminal of *width* shows it, without its colours."""
    seen = read_overview(told.differences, spill=told.spill, shown=2)
    tell(Console(file=StringIO(), width=width), told.summary, seen, see=[Path(name) for name in see])
    return capsys.readouterr().out


def test_it_ends_with_the_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The last line says how many differences there are in how many wallets, and which files tell more."""
    rows = [
        {"class": "missing_at_provider", "wallet": f"c\tw{place % 2}", "ledger_amount": Decimal(10 * place)}
        for place in range(1, 4)
    ]
    shown = said(made(tmp_path / "state", rows), capsys, see=("differences.csv", "report.html"))
    lines = shown.splitlines()
    assert lines[-1] == "3 differences in 2 wallets: see differences.csv, report.html"
    assert "  missing at provider             3          2        60.00" in lines
    assert "    c w1: the two sides differ" in lines
    assert shown.count("the two sides differ") == 2


def test_agreement_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No table of differences where there is none."""
    shown = said(made(tmp_path / "state", []), capsys)
    assert shown.splitlines()[-1] == "ledger and provider agree"
    assert "at stake" not in shown


def test_unread_wallets_are_no_agreement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The last line does not say that all is well."""
    shown = said(made(tmp_path / "state", [], unread=[("a\tb", "503"), ("c\td", "503")]), capsys)
    assert shown.splitlines()[-1] == "no difference found, but 2 wallets could not be read"


@pytest.mark.parametrize("width", [60, 80, 120])
def test_it_fits_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str], width: int) -> None:
    """No line is longer than the terminal is wide, and no figure is folded."""
    shown = said(made(tmp_path / "state", month(number=30)), capsys, width=width)
    assert max(map(len, shown.splitlines())) <= width
    assert "1,000,000 rows" in shown
    assert "48,210,331.40" in shown


def test_a_pipe_gets_plain_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No control characters, not even those of the data."""
    row = {"class": "unreadable_row", "wallet": "c\x1b[31m\tw", "detail": "amount: '\x07'"}
    shown = said(made(tmp_path / "state", [row]), capsys)
    assert shown.replace("\n", "").isprintable()


def summary_as_json(told: Made, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    tell_json(told.summary)
    out = capsys.readouterr().out
    assert out.endswith("\n")
    assert out.count("\n") == 1
    found: dict[str, Any] = json.loads(out, parse_float=Decimal)
    return found


def test_json_is_the_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object with every field, sums exact, and whether the sides agree."""
    told = made(tmp_path / "state", [{"class": "ambiguous", "wallet": "a\tb"}])
    found = summary_as_json(told, capsys)
    assert found["clean"] is False
    assert found["differences"]["ambiguous"] == 1
    assert found["ledger"] == {"rows": 1_000_000, "credits": Decimal("48210331.40"), "debits": Decimal("30118402.75")}
    assert summary_as_json(made(tmp_path / "clean", []), capsys)["clean"] is True
