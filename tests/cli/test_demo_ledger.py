"""The ledger of the demo: the same for a seed, never overdrawn, and read from a file without a doubt left."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet_async.cli.demo.ledger import Ledger, Line, generate, parse, read
from wallet_async.engine.errors import InvalidInputError


@given(st.integers(1, 400), st.integers(1, 20), st.integers())
def test_a_made_ledger_can_be_booked_in_its_order(movements: int, wallets: int, seed: int) -> None:
    """As many lines and wallets as asked for, references apart, no wallet below zero at any time; twice the same."""
    ledger = generate(movements=movements, wallets=wallets, seed=seed)
    assert ledger == generate(movements=movements, wallets=wallets, seed=seed)
    assert (len(ledger.lines), len(set(ledger.wallets))) == (movements, wallets)
    assert len({line.reference for line in ledger.lines}) == movements
    balances = dict.fromkeys(ledger.wallets, Decimal(0))
    for line in ledger.lines:
        balances[line.wallet] += line.signed
        assert line.amount > 0
        assert balances[line.wallet] >= 0


def test_another_seed_is_another_ledger_and_no_float_could_hold_it() -> None:
    """The default size has debits, cents, and amounts beyond a float's digits."""
    lines = generate(movements=3000, wallets=120, seed=7).lines
    assert lines != generate(movements=3000, wallets=120, seed=8).lines
    assert 500 < sum(line.kind == "debit" for line in lines) < 1500
    assert any(Decimal(float(line.amount)) != line.amount for line in lines if line.amount > 10**9)


def test_a_file_is_read(tmp_path: Path) -> None:
    """Columns in any order, also unknown ones; references are made where there are none; a byte order mark is taken."""
    path = tmp_path / "ledger.csv"
    path.write_text("\ufeffkind,wallet,who,amount,reference\ncredit,A,x,12.50,r-1\ndebit, B ,y,7\n", "utf-8")
    assert read(path) == Ledger(
        (
            Line(wallet="A", kind="credit", amount=Decimal("12.50"), reference="r-1", description=""),
            Line(wallet="B", kind="debit", amount=Decimal(7), reference="row-2", description=""),
        ),
        ("A", "B"),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the header has no wallet, kind, amount"),
        ("wallet;kind;amount\n", "the header has no wallet, kind, amount"),
        ("wallet,kind,amount\n", "there is no movement in it"),
        ("wallet,kind,amount\nA,credit,1\nA,refund,1\n", "line 3: kind must be 'credit' or 'debit', not 'refund'"),
        ("wallet,kind,amount\nA,credit,1,5\nA,credit\n", "line 3: amount must be a number"),
        ('wallet,kind,amount\nA,credit,"1,5"\n', "line 2: amount must be a number such as 20 or 12.50, not '1,5'"),
        ("wallet,kind,amount\nA,credit,-1\n", "line 2: amount must be"),
        ("wallet,kind,amount\nA,credit,NaN\n", "line 2: amount must be"),
        ("wallet,kind,amount\n,credit,1\n", "line 2: wallet must be"),
        ("wallet,kind,amount,reference\nA,credit,1,x\nB,credit,1,x\n", "line 3: reference 'x' stands there twice"),
    ],
)
def test_a_wrong_line_is_named(text: str, message: str) -> None:
    """The error names the line, the column and what is expected."""
    with pytest.raises(InvalidInputError) as caught:
        parse(text.splitlines(keepends=True), name="ledger")
    assert message in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A missing file and one that is no text."""
    with pytest.raises(InvalidInputError, match="cannot be read"):
        read(tmp_path / "none")
    (tmp_path / "binary").write_bytes(b"wallet,kind,amount\n\xff,credit,1\n")
    with pytest.raises(InvalidInputError, match="no CSV in UTF-8"):
        read(tmp_path / "binary")
