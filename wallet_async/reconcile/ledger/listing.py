"""Wallets that are listed beside the ledger: those of which it has no line are looked at too."""

from __future__ import annotations

from functools import partial
from itertools import islice
from pathlib import Path
from threading import Event

from wallet_async.engine.errors import InvalidInputError
from wallet_async.reconcile.database import database, quoted
from wallet_async.reconcile.files import replacing
from wallet_async.reconcile.ledger.columns import find_columns
from wallet_async.reconcile.ledger.reading import Reading
from wallet_async.reconcile.ledger.rows import Marks
from wallet_async.reconcile.ledger.source import LedgerSource, Opening, folder_in
from wallet_async.reconcile.ledger.threads import StoppedError, in_thread
from wallet_async.reconcile.ledger.values import UnreadableError, identifier
from wallet_async.reconcile.model import wallet_text

_BATCH = 10_000
"""Wallets between two looks at whether somebody still waits."""


async def read_wallets(source: LedgerSource, reading: Reading, provider: Marks, into: Path, spill: Path) -> None:
    """Read a list of wallets and write it to the Parquet file *into*, column ``wallet``, as it comes.

    Args:
        source: Where it is; it needs no more columns than those of a wallet.
        reading: Which header is which, as in the ledger.
        provider: Names the parts of a wallet.
        into: A file in a folder that is there.
        spill: A folder for files that are not kept; made if it is not there.

    Raises:
        InvalidInputError: It cannot be read, or one of its lines names no wallet.
    """
    with folder_in(spill) as folder:
        opening = await source.fetch(folder, first=None)
        await in_thread(partial(_write, opening, reading, provider, into, folder))


def _write(opening: Opening, reading: Reading, provider: Marks, into: Path, folder: Path, stop: Event) -> None:
    texts, fields = folder / "wallets", provider.wallet_fields
    with opening() as table, texts.open("w", encoding="utf-8", newline="\n") as file:
        found = find_columns(table, fields, reading.columns, movements=False)
        records = table.records([found[name].index for name in fields])
        while batch := list(islice(records, _BATCH)):
            if stop.is_set():
                raise StoppedError
            for line, parts in batch:
                try:
                    if isinstance(parts, UnreadableError):
                        raise parts
                    wallet = wallet_text([identifier(*pair) for pair in zip(fields, parts, strict=True)])
                except UnreadableError as problem:
                    raise InvalidInputError(f"{table.name} {table.unit} {line}: {problem}") from None
                file.write(f"{wallet}\n")
    columns = "columns={wallet: 'VARCHAR'}, delim='\x1f', quote='', escape='', header=false, auto_detect=false"
    with replacing(into) as part, database(folder) as connection:
        connection.execute(f"COPY (FROM read_csv({quoted(texts)}, {columns})) TO {quoted(part)} (FORMAT parquet)")
