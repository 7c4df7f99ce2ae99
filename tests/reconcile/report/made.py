"""Reconciliations made by hand: the files that a comparison leaves, as the report reads them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from attrs import frozen

from wallet_async.reconcile.database import database, quoted
from wallet_async.reconcile.model import CLASSES, DIFFERENCE_COLUMNS, HISTORY_COLUMNS, Rules, Side, Summary, wallet_text
from wallet_async.reconcile.report import Timing, write_report

FIELDS = ("source_id", "wallet_id")

_BEGIN = datetime(2026, 3, 1)


@frozen(kw_only=True)
class Made:
    """What `write_report` is given."""

    folder: Path
    summary: Summary
    rules: Rules

    @property
    def differences(self) -> Path:
        return self.folder / "differences.parquet"

    @property
    def history(self) -> Path:
        return self.folder / "history"

    @property
    def spill(self) -> Path:
        return self.folder / "spill"


def summed(rows: Sequence[Mapping[str, Any]], **more: Any) -> Summary:
    """Give the summary that goes with *rows*."""
    counts = {
        severity: {name: sum(row["class"] == name and row["severity"] == severity for row in rows) for name in CLASSES}
        for severity in ("difference", "note")
    }
    usual: dict[str, Any] = {
        "service": "rehook",
        "wallets": 100_000,
        "unknown_wallets": 0,
        "unread_wallets": 0,
        "ledger": Side(rows=1_000_000, credits=Decimal("48210331.40"), debits=Decimal("30118402.75")),
        "provider": Side(rows=1_000_012, credits=Decimal("48203190.15"), debits=Decimal("30120011.30")),
        "matched": {"transaction id": 612_408, "reference": 386_220, "wallet, kind, amount and time": 882},
        "paired_in_order": counts["note"]["ambiguous"],
        "balances": 99_985,
        "arrived_since": 41,
        "outside": 0,
        "requests": 112_406,
    }
    return Summary(**{**usual, "differences": counts["difference"], "notes": counts["note"], **more})


def made(folder: Path, rows: Iterable[Mapping[str, Any]], unread: Iterable[tuple[str, str]] = (), **more: Any) -> Made:
    """Write the files of a comparison whose differences are *rows*; *more* goes into its summary."""
    kept = sorted(
        (complete(row) for row in rows), key=lambda row: (row["wallet"], row["class"], row["ledger_line"] or 0)
    )
    unread = list(unread)
    told = Made(folder=folder, rules=Rules(), summary=summed(kept, **{"unread_wallets": len(unread), **more}))
    told.history.mkdir(parents=True)
    _write(told.differences, DIFFERENCE_COLUMNS, kept)
    ends = (_BEGIN + timedelta(minutes=7), _BEGIN + timedelta(days=31, hours=-1, seconds=12))
    history = [{"wallet": "w", "transaction_id": "t", "created_at": end} for end in ends]
    _write(told.history / "00000.parquet", HISTORY_COLUMNS, history)
    _write(told.history / "00001.parquet", HISTORY_COLUMNS, [{"wallet": name, "error": why} for name, why in unread])
    return told


def complete(row: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in what *row* leaves out."""
    digest = sha256(repr(sorted(row.items(), key=str)).encode()).hexdigest()[:16]
    usual = {"id": digest, "severity": "difference", "detail": "the two sides differ", "currency": None}
    return {**dict.fromkeys(DIFFERENCE_COLUMNS), **usual, **row}


def report(told: Made, path: Path, *, timing: Timing | None = None) -> str:
    """Write the report of *told* to *path* and give it as text."""
    write_report(
        path,
        summary=told.summary,
        rules=told.rules,
        differences=told.differences,
        history=told.history,
        timing=timing,
        provider_fields=FIELDS,
        journal=True,
        spill=told.spill,
    )
    return path.read_text("utf-8")


def _write(path: Path, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
    with database(path.parent / "spill") as connection:
        connection.execute(
            "CREATE TABLE made (" + ", ".join(f'"{name}" {kind}' for name, kind in columns.items()) + ")"
        )
        if rows:
            connection.executemany(
                f"INSERT INTO made VALUES ({', '.join('?' * len(columns))})",
                [[row.get(name) for name in columns] for row in rows],
            )
        connection.execute(f"COPY made TO {quoted(path)} (FORMAT parquet)")


def month(seed: int = 20260301, number: int = 1000) -> list[dict[str, Any]]:
    """Make *number* differences as a month of a loyalty programme might leave them, and some notes."""
    chance = random.Random(seed)
    weights = {
        "missing_at_provider": 412,
        "missing_in_ledger": 158,
        "amount_differs": 121,
        "kind_differs": 23,
        "time_differs": 96,
        "duplicated_at_provider": 87,
        "duplicated_in_ledger": 41,
        "unreadable_row": 9,
        "ambiguous": 38,
        "balance_differs": 15,
    }
    wallets = [_wallet(chance) for _ in range(int(number * 0.75))]
    classes = chance.choices(list(weights), list(weights.values()), k=number)
    rows = [_difference(chance, name, chance.choice(wallets[: len(wallets) // 8] * 3 + wallets)) for name in classes]
    notes = [_difference(chance, "ambiguous", chance.choice(wallets)) for _ in range(14)]
    alike = "2 in the ledger, 2 at the provider, alike in all but time: paired in order of time"
    return rows + [{**row, "severity": "note", "amount": row["ledger_amount"], "detail": alike} for row in notes]


def _wallet(chance: random.Random) -> str:
    return wallet_text((f"customer-{chance.randrange(100_000):05}", "waty_" + _token(chance, 16)))


def _token(chance: random.Random, length: int) -> str:
    return "".join(chance.choices("abcdefghijkmnpqrstuvwxyz23456789", k=length))


def _moment(chance: random.Random) -> datetime:
    """Most on two bad days: an outage and a batch that ran twice."""
    day = chance.choices(range(31), [14 if day == 11 else 8 if day in {12, 23} else 1 for day in range(31)])[0]
    return _BEGIN + timedelta(days=day, seconds=chance.randrange(86_400))


def _difference(chance: random.Random, name: str, wallet: str) -> dict[str, Any]:
    amount = Decimal(round(10 ** chance.gauss(1.9, 0.65) * 4)) / 4 + Decimal("0.25")
    at, kind = _moment(chance), chance.choices(["credit", "debit"], [3, 1])[0]
    reference, transaction = f"order-{chance.randrange(10**6):06}", "txn_" + _token(chance, 20)
    ours = {
        "ledger_line": chance.randrange(2, 1_000_001),
        "ledger_kind": kind,
        "ledger_amount": amount,
        "ledger_created_at": at,
        "reference": reference,
    }
    theirs = {"transaction_id": transaction, "kind": kind, "amount": amount, "created_at": at + timedelta(seconds=2)}
    both = {**ours, **theirs, "matched_by": "reference"}
    usual = {"class": name, "wallet": wallet}
    match name:
        case "missing_at_provider":
            more = {**ours, "detail": f"line {ours['ledger_line']:,} has no row at the provider"}
            state = chance.choices([None, "in_doubt", "refused", "applied"], [6, 2, 2, 1])[0]
            reasons = {
                "in_doubt": "no answer came within 30 s",
                "refused": "WALLET_BLOCKED",
                "applied": "it was taken back since",
            }
            more |= {"journal_state": state, "journal_reason": reasons.get(state or "")}
        case "missing_in_ledger":
            more = {**theirs, "detail": "no line of the ledger has this row of the provider"}
        case "amount_differs":
            other = amount + chance.choice([Decimal(1), Decimal("0.01"), amount])
            more = {**both, "amount": other, "detail": f"{amount} in the ledger, {other} at the provider"}
        case "kind_differs":
            more = {**both, "kind": "debit" if kind == "credit" else "credit", "detail": "a credit faces a debit"}
        case "time_differs":
            hours = chance.choice([3, 3, 3, 26])
            late = at + timedelta(hours=hours)
            more = {**both, "created_at": late, "detail": f"the provider booked it {hours} hours later"}
        case "duplicated_at_provider":
            more = {**theirs, "reference": reference, "detail": f"the provider booked {reference} 2 times"}
        case "duplicated_in_ledger":
            more = {**ours, "detail": f"the ledger has {reference} 2 times"}
        case "unreadable_row":
            more = {"ledger_line": ours["ledger_line"], "detail": "amount: '1e16' is no plain decimal number"}
        case "ambiguous":
            which = "3 in the ledger, 2 at the provider: one is missing at the provider, and nothing tells which"
            more = {**ours, "detail": which}
        case _:
            more = {"amount": amount, "detail": f"the balance is {amount}, the history adds up to {amount - 5}"}
    return {**usual, **more}


def many(folder: Path, number: int) -> Made:
    """Make *number* differences, spread over all classes and a thousand wallets."""
    told = made(folder, [])
    names = ", ".join(f"'{name}'" for name in CLASSES)
    columns = ", ".join(f'"{name}"' for name in DIFFERENCE_COLUMNS)
    filled = {
        "id": "lpad(to_hex(i), 16, '0')",
        "class": f"([{names}])[i % {len(CLASSES)} + 1]",
        "severity": "'difference'",
        "wallet": "'customer-' || i % 1000 || chr(9) || 'waty_' || i % 1000",
        "ledger_line": "i",
        "ledger_kind": "'credit'",
        "ledger_amount": "i % 4999 / 4",
        "ledger_created_at": "TIMESTAMP '2026-03-01' + to_minutes(i % 40000)",
        "reference": "'order-' || i",
        "transaction_id": "'txn_' || i",
        "kind": "'credit'",
        "amount": "i % 4000",
        "created_at": "TIMESTAMP '2026-03-01' + to_minutes(i % 40000)",
        "detail": "'the two sides differ'",
        "journal_state": "'in_doubt'",
        "journal_reason": "'no answer came within 30 s'",
    }
    values = ", ".join(
        f'CAST({filled.get(name, "NULL")} AS {kind}) AS "{name}"' for name, kind in DIFFERENCE_COLUMNS.items()
    )
    rows = f"SELECT {columns} FROM (SELECT {values} FROM range({number}) r(i)) ORDER BY wallet, class, ledger_line"
    with database(told.spill) as connection:
        connection.execute(f"COPY ({rows}) TO {quoted(told.differences)} (FORMAT parquet)")
    return told
