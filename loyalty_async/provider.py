"""Sipay's loyalty wallets as the command line, the demo and the sandbox fixtures see them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Hashable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from loyalty_async import commands
from loyalty_async.models import LoyaltyReceipt, LoyaltyTransaction, Movement
from loyalty_async.session import LoyaltySession
from wallet_async.engine.bulk import Bulk
from wallet_async.engine.calls import Kind
from wallet_async.engine.errors import NotFoundError, OutcomeUnknownError
from wallet_async.provider import HistoryRow, WalletFacts

if TYPE_CHECKING:
    from loyalty_async.sandbox import LoyaltyApi

_SANDBOX_CLIENT = ("sandbox-client", "sandbox-client-secret")


class LoyaltyProvider:
    """Hands the loyalty wallets over; see `wallet_async.provider.Provider`."""

    name: str = "loyalty"
    wallet_fields: tuple[str, ...] = ("wallet_number",)
    walk_lookups: int = 1
    empty_history = (
        "whether loyalty movements are listed is not documented; "
        "`wallet-async loyalty wallet WALLET_NUMBER` shows if Sipay knows the wallet"
    )

    def session(self, environ: Mapping[str, str], **options: Any) -> LoyaltySession:
        """Make a session from ``LOYALTY_BASE_URL`` and the variables of its credentials."""
        return LoyaltySession.from_env(environ, **options)

    def commands(self) -> Mapping[str, Callable[..., Any]]:
        """Give ``wallet``, ``credit``, ``debit`` and ``history``."""
        return {
            "wallet": commands.wallet,
            "credit": commands.credit,
            "debit": commands.debit,
            "history": commands.history,
        }

    def sandbox(self) -> LoyaltyApi:
        """Make a stand-in that asks for a token, so that whatever runs against it fetches one."""
        from loyalty_async.sandbox import LoyaltyApi  # noqa: PLC0415 - aiohttp.web is for those who ask for it

        client_id, client_secret = _SANDBOX_CLIENT
        return LoyaltyApi(client_id=client_id, client_secret=client_secret)

    def sandbox_environ(self, url: str) -> Mapping[str, str]:
        """Give the variables of a session with the stand-in, which is its own token host."""
        client_id, client_secret = _SANDBOX_CLIENT
        return {
            "LOYALTY_BASE_URL": url,
            "LOYALTY_TOKEN_URL": url,
            "LOYALTY_CLIENT_ID": client_id,
            "LOYALTY_CLIENT_SECRET": client_secret,
        }

    def add_wallet(self, api: Any, number: int) -> Hashable:
        """Make wallet *number*."""
        wallet_number = f"LYT_{number:019}"
        api.add_wallet(wallet_number)
        return wallet_number

    def mark(self, reference: str) -> str:
        """Give the reference itself: Sipay has ``ext_transaction_id`` for it."""
        return reference

    def wallet_key(self, fields: Sequence[str]) -> str:
        """Give the wallet's number."""
        (wallet_number,) = fields
        return wallet_number

    def movement(
        self,
        wallet: Any,
        kind: Kind,
        amount: int | Decimal,
        *,
        description: str,  # noqa: ARG002 - the protocol's
        reference: str,
        currency: str | None = None,
    ) -> Movement:
        """Make a movement, in the currency of every sample if none is said; Sipay has no field for *description*."""
        return Movement(
            kind=kind, wallet_number=wallet, amount=amount, currency_code=currency or "TRY", reference=reference
        )

    def apply(
        self, session: LoyaltySession, movements: Iterable[Movement], *, concurrency: int
    ) -> Bulk[Movement, LoyaltyReceipt]:
        """Send many movements."""
        return session.apply(movements, concurrency=concurrency)

    async def settle(self, session: LoyaltySession, error: OutcomeUnknownError) -> bool:
        """Look for the movement in the history."""
        row = await session.settle(error)
        return row is not None and row.completed

    async def history(self, session: LoyaltySession, wallet: str) -> AsyncIterator[HistoryRow]:
        """Read a wallet's history, the rows that stand."""
        async for transaction in session.transactions(wallet):
            if (row := self.row(transaction)) is not None:
                yield row

    def row(self, transaction: LoyaltyTransaction) -> HistoryRow | None:
        """Give a row in shared words if it stands."""
        if not transaction.completed:
            return None
        return HistoryRow(
            transaction_id=transaction.transaction_id,
            kind=transaction.type,
            amount=transaction.amount,
            created_at=transaction.created_at,
            mark=transaction.reference,
            currency=transaction.currency_code,
        )

    async def facts(self, session: LoyaltySession, wallet: str) -> WalletFacts:
        """Read the wallet, whose id saves a walk through its history the same request."""
        try:
            found = await session.wallet(wallet)
        except NotFoundError:
            return WalletFacts(wallet=wallet, known=False)
        return WalletFacts(wallet=(wallet, found.id), known=True, balance=found.total_balance)


provider: LoyaltyProvider = LoyaltyProvider()
