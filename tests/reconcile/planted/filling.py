"""Puts a world where it belongs: the ledger into a file, the provider's side into a sandbox, what is planted beside."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from tests.reconcile.planted.made import Line, Planted, Wallet
from tests.reconcile.planted.world import World
from wallet_async.engine.marker import stamp
from wallet_async.provider import Provider

Found = tuple[str, str, tuple[str, ...], int | None, str | None]
"""A difference: severity, class, wallet, line of the file, id at the provider."""


@frozen
class Files:
    """Where a world's files are."""

    folder: Path

    @property
    def ledger(self) -> Path:
        """The own ledger."""
        return self.folder / "ledger.csv"

    @property
    def wallets(self) -> Path:
        """All wallets, also those the ledger has no line of."""
        return self.folder / "wallets.csv"

    @property
    def planted(self) -> Path:
        """What has to be found."""
        return self.folder / "planted.json"


@define
class Writer:
    """Takes wallets one after another and writes the files at the end, when it is known where each line stands."""

    fields: Sequence[str]
    """`Provider.wallet_fields`."""
    _lines: list[tuple[datetime, int, tuple[str, ...]]] = field(factory=list)
    _planted: list[tuple[tuple[str, ...], Planted]] = field(factory=list)
    _wallets: list[tuple[str, ...]] = field(factory=list)

    def add(self, wallet: Wallet) -> None:
        """Take a wallet."""
        self._wallets.append(wallet.key)
        self._lines += [(line.place, line.number, (*wallet.key, *_texts(line))) for line in wallet.lines]
        self._planted += [(wallet.key, planted) for planted in wallet.planted]

    def write(self, files: Files) -> None:
        """Write the ledger in the order of its times, the wallets, and what is planted."""
        self._lines.sort()
        head = (*self.fields, "kind", "amount", "created_at", "transaction_id", "reference")
        _write(files.ledger, [head, *(texts for _, _, texts in self._lines)])
        _write(files.wallets, [tuple(self.fields), *self._wallets])
        stands = {number: place + 2 for place, (_, number, _) in enumerate(self._lines)}  # the head is line 1
        planted: list[Found] = [
            (
                one.severity,
                one.kind,
                wallet,
                None if one.line is None else stands[one.line],
                one.transaction_id,
            )
            for wallet, one in self._planted
        ]
        files.planted.write_text(json.dumps(planted))


def planted_in(files: Files) -> list[Found]:
    """Read what has to be found."""
    return [
        (severity, kind, tuple(key), line, row)
        for severity, kind, key, line, row in json.loads(files.planted.read_text())
    ]


def fill(api: Any, provider: Provider, world: World, files: Files) -> None:
    """Write the ledger of *world* and put its other side into the stand-in *api*."""
    writer = Writer(provider.wallet_fields)
    for wallet in world:
        writer.add(wallet)
        _book(api, provider, wallet)
    writer.write(files)


def _book(api: Any, provider: Provider, wallet: Wallet) -> None:
    if wallet.booked == "nothing":
        return
    if wallet.booked == "customer":
        if provider.name == "rehook":
            api.add_wallet(wallet.key[0], "waty_other")
        return
    api.add_wallet(*wallet.key, balance=wallet.opening)
    key = provider.wallet_key(wallet.key)
    for row in wallet.rows:
        api.ledger.append(
            key,
            row.kind,
            row.amount,
            # Rehook shows the mark in the description, Sipay has a field for the reference.
            description=stamp(provider.mark(row.reference), "points") if row.reference else "points",
            reference=row.reference,
            created_at=row.created_at,
            transaction_id=row.transaction_id,
        )


def _texts(line: Line) -> tuple[str, ...]:
    return line.kind, line.amount, line.created_at, line.transaction_id, line.reference


def _write(path: Path, rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
