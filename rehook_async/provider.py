"""Rehook as the command line, the demo and the sandbox fixtures see it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Hashable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rehook_async import commands, wire
from rehook_async.models import Movement, Receipt, Transaction
from rehook_async.session import RehookSession
from wallet_async.engine.bulk import Bulk
from wallet_async.engine.calls import Kind
from wallet_async.engine.errors import NotFoundError, OutcomeUnknownError
from wallet_async.engine.marker import find_mark
from wallet_async.provider import HistoryRow, WalletFacts

if TYPE_CHECKING:
    from rehook_async.sandbox import RehookApi

_SANDBOX_KEYS = ("sandbox-api-key", "sandbox-secret-key")


class RehookProvider:
    """Hands Rehook over; see `wallet_async.provider.Provider`."""

    name: str = "rehook"
    wallet_fields: tuple[str, ...] = ("source_id", "wallet_id")
    walk_lookups: int = 0
    empty_history = (
        "Rehook may answer a wallet it does not know in the same way; "
        "`wallet-async rehook wallets SOURCE_ID` lists those it knows"
    )

    def session(self, environ: Mapping[str, str], **options: Any) -> RehookSession:
        """Make a session from ``REHOOK_API_KEY``, ``REHOOK_SECRET_KEY`` and ``REHOOK_BASE_URL``."""
        return RehookSession.from_env(environ, **options)

    def commands(self) -> Mapping[str, Callable[..., Any]]:
        """Give ``wallets``, ``credit``, ``debit`` and ``history``."""
        return {
            "wallets": commands.wallets,
            "credit": commands.credit,
            "debit": commands.debit,
            "history": commands.history,
        }

    def sandbox(self) -> RehookApi:
        """Make a stand-in."""
        from rehook_async.sandbox import RehookApi  # noqa: PLC0415 - aiohttp.web is for those who ask for it

        return RehookApi(*_SANDBOX_KEYS)

    def sandbox_environ(self, url: str) -> Mapping[str, str]:
        """Give the variables of a session with the stand-in."""
        return dict(zip(("REHOOK_API_KEY", "REHOOK_SECRET_KEY", "REHOOK_BASE_URL"), (*_SANDBOX_KEYS, url), strict=True))

    def add_wallet(self, api: Any, number: int) -> Hashable:
        """Make wallet *number*."""
        wallet = (f"customer-{number:05}", f"waty_{number:021}")
        api.add_wallet(*wallet, balance=0)
        return wallet

    def mark(self, reference: str) -> str:
        """Give the mark in front of a row's description."""
        return wire.mark(reference)

    def wallet_key(self, fields: Sequence[str]) -> tuple[str, str]:
        """Make ``(source_id, wallet_id)``."""
        source_id, wallet_id = fields
        return source_id, wallet_id

    def movement(
        self,
        wallet: Any,
        kind: Kind,
        amount: int | Decimal,
        *,
        description: str,
        reference: str,
        currency: str | None = None,  # noqa: ARG002 - the protocol's
    ) -> Movement:
        """Make a movement; a Rehook wallet has one currency."""
        source_id, wallet_id = wallet
        return Movement(
            kind=kind,
            source_id=source_id,
            wallet_id=wallet_id,
            points=amount,
            description=description,
            reference=reference,
        )

    def apply(
        self, session: RehookSession, movements: Iterable[Movement], *, concurrency: int
    ) -> Bulk[Movement, Receipt]:
        """Send many movements."""
        return session.apply(movements, concurrency=concurrency)

    async def settle(self, session: RehookSession, error: OutcomeUnknownError) -> bool:
        """Look for the movement in the history."""
        return await session.settle(error) is not None

    async def history(self, session: RehookSession, wallet: tuple[str, str]) -> AsyncIterator[HistoryRow]:
        """Read a wallet's history."""
        async for transaction in session.transactions(*wallet):
            yield self.row(transaction)

    def row(self, transaction: Transaction) -> HistoryRow:
        """Give a row in shared words."""
        return HistoryRow(
            transaction_id=transaction.transaction_id,
            kind=transaction.type,
            amount=transaction.points,
            created_at=transaction.created_at,
            mark=find_mark(transaction.description),
        )

    async def facts(self, session: RehookSession, wallet: tuple[str, str]) -> WalletFacts:
        """Look for the wallet among its customer's, for Rehook answers a history it does not know with an empty one."""
        source_id, wallet_id = wallet
        try:
            listed = await session.wallets(source_id)
        except NotFoundError:
            listed = []
        found = next((one for one in listed if one.wallet_id == wallet_id), None)
        return WalletFacts(wallet=wallet, known=found is not None, balance=found.balance if found else None)


provider: RehookProvider = RehookProvider()
