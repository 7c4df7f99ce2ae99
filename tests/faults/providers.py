"""Both providers' sessions behind one small face, so that each check is written once."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Protocol

import pytest

import rehook_async.wire
from rehook_async import RehookSession
from rehook_async.sandbox import RehookApi
from tests.faults.loyalty_client import LoyaltyClient
from tests.kit import REHOOK, Flavour
from tests.kit.bodies import REHOOK_WALLET
from wallet_async.engine.calls import Kind
from wallet_async.engine.marker import carries
from wallet_async.engine.transport import direct
from wallet_async.sandbox import Entry

CUSTOMER = "krishna123"
AMOUNT = 20


class Client(Protocol):
    """One provider, as the checks drive it."""

    name: str
    flavour: Flavour
    method: str
    """HTTP method of a credit or debit."""
    silent_resend: bool
    """Whether plain aiohttp would send a credit a second time by itself (`IDEMPOTENT_METHODS`)."""

    def session(self, url: str, **options: Any) -> Any:
        """Make a session with credentials that cost no request."""

    async def write(
        self, session: Any, kind: Kind = "credit", *, reference: str | None = "r-1", timeout: float | None = None
    ) -> Any:
        """Credit or debit `AMOUNT`."""

    async def read(self, session: Any, *, timeout: float | None = None) -> Any:
        """Make one read that is one request."""

    def reads(self, session: Any) -> list[Callable[[], Awaitable[Any]]]:
        """Give every kind of read."""

    def careless(self, patch: pytest.MonkeyPatch) -> None:
        """Sabotage: take every 2xx for a success, whatever it says."""

    def trusting(self, patch: pytest.MonkeyPatch) -> None:
        """Sabotage: read answers without looking at what they are."""

    def sandbox(self) -> Any:
        """Make a stand-in API with the wallet of `write`."""

    async def find(self, session: Any, reference: str, since: datetime) -> Any:
        """Look a reference up."""

    def plant(self, api: Any, reference: str) -> None:
        """Book the movement of `write` once more, behind the client's back."""

    def arrive(self, api: Any) -> None:
        """Book a row that stands in the way of whoever looks for "order-1847"."""

    def is_ours(self, entry: Entry, reference: str) -> bool:
        """Whether a row of the truth is the movement of `write` with this reference."""


class RehookClient:
    """Rehook: a write is a PUT."""

    name = "rehook"
    flavour = REHOOK
    method = "PUT"
    silent_resend = True

    def session(self, url: str, **options: Any) -> RehookSession:
        return RehookSession("canary-api-key", "canary-secret-key", base_url=url, **options)

    async def write(
        self,
        session: RehookSession,
        kind: Kind = "credit",
        *,
        reference: str | None = "r-1",
        timeout: float | None = None,
    ) -> Any:
        move = session.credit if kind == "credit" else session.debit
        return await move(CUSTOMER, REHOOK_WALLET, AMOUNT, description="Order 1", reference=reference, timeout=timeout)

    async def read(self, session: RehookSession, *, timeout: float | None = None) -> Any:
        return await session.wallets(CUSTOMER, timeout=timeout)

    def reads(self, session: RehookSession) -> list[Callable[[], Awaitable[Any]]]:
        return [
            lambda: session.wallets(CUSTOMER),
            lambda: session.transactions(CUSTOMER, REHOOK_WALLET, limit=20).collect(),
        ]

    def careless(self, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(rehook_async.wire, "read_receipt", lambda *_: lambda reply: reply)

    def trusting(self, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(rehook_async.wire, "read_wallets", lambda reply: json.loads(reply.body)[0]["wallet_id"])

    def sandbox(self) -> RehookApi:
        api = RehookApi("canary-api-key", "canary-secret-key")
        api.add_wallet(CUSTOMER, REHOOK_WALLET, balance=1000)
        return api

    async def find(self, session: RehookSession, reference: str, since: datetime) -> Any:
        return await session.find(CUSTOMER, REHOOK_WALLET, reference, since=since)

    def plant(self, api: RehookApi, reference: str) -> None:
        description = f"{rehook_async.wire.mark(reference)} Order 1"
        api.ledger.append((CUSTOMER, REHOOK_WALLET), "credit", AMOUNT, description=description)

    def arrive(self, api: RehookApi) -> None:
        api.ledger.append((CUSTOMER, REHOOK_WALLET), "credit", AMOUNT, description="Order 1")

    def is_ours(self, entry: Entry, reference: str) -> bool:
        return carries(entry.description, rehook_async.wire.mark(reference))


TRANSPORTS = ("direct", "session")
"""The transport on connections of our own, which a session takes by itself, and the one through `ClientSession`."""


def use_transport(name: str, patch: pytest.MonkeyPatch) -> None:
    """Let sessions that are opened from now on use one of `TRANSPORTS`."""
    if name == "session":
        patch.setattr(direct, "DirectTransport", lambda session, connector: session)


CLIENTS: dict[str, Client] = {client.name: client for client in (RehookClient(), LoyaltyClient())}
