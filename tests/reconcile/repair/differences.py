"""``differences.parquet`` as tests write it: columns by name, NULL where nothing is said."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from wallet_async.reconcile.database import database, quoted
from wallet_async.reconcile.files import replacing
from wallet_async.reconcile.model import DIFFERENCE_COLUMNS

Row = Mapping[str, Any]
WALLET = "krishna123\twaty_1"


def difference(of: str, **values: Any) -> dict[str, Any]:
    """Give a difference of a class, with an id as the matching makes one: from what it is about."""
    row = {"class": of, "severity": "difference", "wallet": WALLET, "detail": f"{of} it is"} | values
    about = (row.get(name) for name in ("class", "wallet", "ledger_line", "transaction_id"))
    return {"id": sha256("|".join(map(str, about)).encode()).hexdigest()[:16]} | row


def missing(line: int, kind: str = "credit", amount: object = 10, **values: Any) -> dict[str, Any]:
    """Give a line of the ledger that the provider lacks."""
    said = {"ledger_line": line, "ledger_kind": kind, "ledger_amount": amount}
    return difference("missing_at_provider", **said | values)


def unlike(of: str, line: int, ledger: tuple[str, object], row: tuple[str, object], **values: Any) -> dict[str, Any]:
    """Give a pair whose two sides differ."""
    kinds = {"ledger_kind": ledger[0], "ledger_amount": ledger[1], "kind": row[0], "amount": row[1]}
    return difference(of, ledger_line=line, transaction_id=f"trhi_{line}", **kinds | values)


def only_there(of: str, number: int, kind: str = "credit", amount: object = 10, **values: Any) -> dict[str, Any]:
    """Give a row at the provider that the ledger lacks, or that is there once too often."""
    return difference(of, transaction_id=f"trhi_x{number}", kind=kind, amount=amount, **values)


def write(path: Path, rows: Iterable[Row]) -> Path:
    """Write *rows* as the matching does, in its order; give *path*."""
    lines = path.with_suffix(".jsonl")
    lines.write_text(
        "".join(json.dumps({name: _text(row.get(name)) for name in DIFFERENCE_COLUMNS}) + "\n" for row in rows)
    )
    kinds = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in DIFFERENCE_COLUMNS)
    columns = ", ".join(f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind in DIFFERENCE_COLUMNS.items())
    with replacing(path) as part, database(path.parent / "spill") as connection:
        connection.execute(
            f"COPY (SELECT {columns} FROM read_json({quoted(lines)}, format='newline_delimited', columns={{{kinds}}}) "
            f"ORDER BY wallet, class, ledger_line, transaction_id) TO {quoted(part)} (FORMAT parquet)"
        )
    return path


def read(path: Path) -> list[dict[str, Any]]:
    """Read the rows of such a file, in their order."""
    with database(path.parent / "spill") as connection:
        found = connection.execute(
            f"SELECT * FROM read_parquet({quoted(path)}, file_row_number = true) ORDER BY file_row_number"
        )
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _text(value: object) -> str | None:
    return None if value is None else str(value)
