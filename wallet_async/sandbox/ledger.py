"""The ledger: what really happened, whatever the client was told."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Context, Decimal, Inexact
from pathlib import Path
from typing import Any

from attrs import field, frozen

from wallet_async.sandbox.state import SqliteState

Amount = int | Decimal
WalletKey = str | tuple[str, ...]
"""A wallet's name in its provider: a number, or (source_id, wallet_id)."""

_EXACT = Context(prec=60, traps=[Inexact])


@frozen(kw_only=True)
class Entry:
    """One committed movement."""

    sequence: int
    """Place in the commit order, from 1."""
    transaction_id: str
    wallet: WalletKey
    kind: str
    """`credit` or `debit`."""
    amount: Amount
    """Size of the movement, above zero."""
    balance: Amount
    """Balance after it."""
    description: str = ""
    reference: str | None = None
    """The caller's own id, where the provider has a field for one."""
    created_at: datetime
    extra: Mapping[str, Any] = field(factory=dict)
    """What else the provider prints for the row."""


@frozen(kw_only=True)
class LedgerWallet:
    """One wallet and what it was opened with."""

    key: WalletKey
    opening: Amount
    """Balance before the first entry."""
    owners: tuple[str, ...] = ()
    """Every other id it is looked for by, such as its owner's."""
    extra: Mapping[str, Any] = field(factory=dict)
    """What else the provider prints for the wallet."""


def as_amount(value: object) -> Amount | None:
    """Give *value* if it is an int or Decimal above 0 and below 1e24 with at most 8 decimals, else None."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    if isinstance(value, int):
        return value if 0 < value < 10**24 else None
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or value <= 0 or value.adjusted() >= 24 or exponent < -8:
        return None
    return value


def _add(left: Amount, right: Amount) -> Amount:
    if isinstance(left, int) and isinstance(right, int):
        return left + right
    return _EXACT.add(Decimal(left), Decimal(right))


class Ledger:
    """Wallets and their entries, in memory and, if attached, in an SQLite file.

    Example:
        >>> ledger = Ledger(new_id=lambda sequence: f"t{sequence}")
        >>> _ = ledger.add_wallet("A", 40)
        >>> ledger.append("A", "credit", 20).balance
        60
    """

    def __init__(
        self,
        *,
        new_id: Callable[[int], str],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.hidden: set[str] = set()
        """Ids of entries that no history shows any more: taken out, merged with others, or too old for it."""
        self._new_id = new_id
        self._clock = clock
        self._wallets: dict[WalletKey, LedgerWallet] = {}
        self._owned: dict[str, list[LedgerWallet]] = {}
        self._rows: dict[WalletKey, list[Entry]] = {}
        self._all: list[Entry] = []
        self._by_reference: dict[str, list[Entry]] = {}
        self._state: SqliteState | None = None

    def __len__(self) -> int:
        return len(self._all)

    def __contains__(self, wallet: WalletKey) -> bool:
        return wallet in self._wallets

    def add_wallet(
        self,
        key: WalletKey,
        balance: Amount = 0,
        *,
        owners: tuple[str, ...] = (),
        extra: Mapping[str, Any] | None = None,
    ) -> LedgerWallet:
        """Open the wallet *key* with *balance*.

        Raises:
            ValueError: there is such a wallet, or the balance is below zero or not finite.
            TypeError: the balance is neither int nor Decimal.
        """
        if key in self._wallets:
            raise ValueError(f"wallet {key!r} is already in the ledger")
        if isinstance(balance, bool) or not isinstance(balance, int | Decimal):
            raise TypeError(f"balance must be int or Decimal, got {type(balance).__name__}")
        if balance != 0 and as_amount(balance) is None:
            raise ValueError(f"balance must be from 0 to 1e24 with at most 8 decimals, got {balance}")
        wallet = LedgerWallet(key=key, opening=balance, owners=owners, extra=extra or {})
        self._take_wallet(wallet)
        if self._state is not None:
            self._state.add_wallet(wallet)
        return wallet

    def append(
        self,
        wallet: WalletKey,
        kind: str,
        amount: Amount,
        *,
        description: str = "",
        reference: str | None = None,
        created_at: datetime | None = None,
        transaction_id: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Entry:
        """Commit one movement and give its entry; a debit may leave the balance below zero.

        Raises:
            LookupError: there is no such wallet.
            ValueError: *kind* is neither `credit` nor `debit`, or *amount* cannot be an amount.
        """
        if wallet not in self._wallets:
            raise LookupError(f"wallet {wallet!r} is not in the ledger")
        if kind not in ("credit", "debit"):
            raise ValueError(f"kind must be 'credit' or 'debit', got {kind!r}")
        size = as_amount(amount)
        if size is None:
            raise ValueError(f"amount must be an int or Decimal above 0, got {amount!r}")
        sequence = len(self._all) + 1
        entry = Entry(
            sequence=sequence,
            transaction_id=transaction_id or self._new_id(sequence),
            wallet=wallet,
            kind=kind,
            amount=size,
            balance=_add(self.balance(wallet), size if kind == "credit" else -size),
            description=description,
            reference=reference,
            created_at=created_at or self._clock(),
            extra=extra or {},
        )
        if self._state is not None:  # first the file: what memory shows must survive a restart
            self._state.add_entry(entry)
        self._take_entry(entry)
        return entry

    def wallet(self, key: WalletKey) -> LedgerWallet | None:
        """Give the wallet *key*, or None."""
        return self._wallets.get(key)

    def wallets(self) -> tuple[LedgerWallet, ...]:
        """Give every wallet, in the order they were opened."""
        return tuple(self._wallets.values())

    def owned(self, owner: str) -> tuple[LedgerWallet, ...]:
        """Give the wallets of *owner*, by any id the owner goes by."""
        return tuple(self._owned.get(owner, ()))

    def entries(self, wallet: WalletKey | None = None) -> tuple[Entry, ...]:
        """Give every entry, or those of one *wallet*, in commit order."""
        return tuple(self._all if wallet is None else self._rows.get(wallet, ()))

    def newest(self, wallet: WalletKey, start: int, count: int) -> list[Entry]:
        """Give up to *count* entries of *wallet*, newest first, after passing over *start*."""
        rows = self._rows.get(wallet, [])
        end = max(len(rows) - start, 0)
        return rows[max(end - count, 0) : end][::-1]

    def with_reference(self, reference: str) -> tuple[Entry, ...]:
        """Give the entries that carry *reference*, in commit order."""
        return tuple(self._by_reference.get(reference, ()))

    def balance(self, wallet: WalletKey) -> Amount:
        """Give the balance after the last entry.

        Raises:
            LookupError: there is no such wallet.
        """
        rows = self._rows.get(wallet)
        return rows[-1].balance if rows else self._wallets[wallet].opening

    def attach(self, path: Path, *, name: str) -> None:
        """Go on from the SQLite file at *path*, and keep every later change in it.

        Raises:
            ValueError: the file is another API's, or both it and the memory hold entries.
            RuntimeError: the file is open in another process.
        """
        state = SqliteState(path, name=name)
        try:
            self._merge(state)
        except BaseException:
            state.close()
            raise
        self._state = state

    def detach(self) -> None:
        """Close the file; the entries stay readable."""
        if self._state is not None:
            self._state.close()
            self._state = None

    def _merge(self, state: SqliteState) -> None:
        wallets, entries = state.load()
        if entries and self._all:
            raise ValueError("state: the file holds entries, so append rows after the sandbox has started")
        kept = {row["key"] for row in wallets}
        for wallet in self._wallets.values():
            if wallet.key not in kept:
                state.add_wallet(wallet)
        for row in wallets:
            if row["key"] not in self._wallets:
                self._take_wallet(LedgerWallet(**row))
        for entry in self._all:
            state.add_entry(entry)
        for row in entries:
            self._take_entry(Entry(**row))

    def _take_wallet(self, wallet: LedgerWallet) -> None:
        self._wallets[wallet.key] = wallet
        for owner in dict.fromkeys(wallet.owners):
            self._owned.setdefault(owner, []).append(wallet)

    def _take_entry(self, entry: Entry) -> None:
        self._all.append(entry)
        self._rows.setdefault(entry.wallet, []).append(entry)
        if entry.reference is not None:
            self._by_reference.setdefault(entry.reference, []).append(entry)
