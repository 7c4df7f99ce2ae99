"""The loyalty client as the checks drive it; see `providers.Client`."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest

import loyalty_async.wire
from loyalty_async import LoyaltySession
from loyalty_async.sandbox import LoyaltyApi
from tests.kit import LOYALTY
from tests.kit.bodies import LOYALTY_WALLET
from wallet_async.engine.auth import Auth, BearerToken, ClientCredentials
from wallet_async.engine.calls import Kind
from wallet_async.sandbox import Entry

AMOUNT = 20
OTHER_WALLET = "LYT_0000000000000000001"


class LoyaltyClient:
    """Sipay loyalty: everything is a POST."""

    name = "loyalty"
    flavour = LOYALTY
    method = "POST"
    silent_resend = False

    def session(self, url: str, *, auth: Auth | None = None, **options: Any) -> LoyaltySession:
        return LoyaltySession(url, auth=auth or BearerToken("canary-bearer", client_key="canary-client-key"), **options)

    async def write(
        self,
        session: LoyaltySession,
        kind: Kind = "credit",
        *,
        reference: str | None = "r-1",
        timeout: float | None = None,
    ) -> Any:
        move = session.credit if kind == "credit" else session.debit
        return await move(LOYALTY_WALLET, AMOUNT, currency_code="TRY", reference=reference or "r-1", timeout=timeout)

    async def read(self, session: LoyaltySession, *, timeout: float | None = None) -> Any:
        return await session.wallet(LOYALTY_WALLET, timeout=timeout)

    def reads(self, session: LoyaltySession) -> list[Callable[[], Awaitable[Any]]]:
        return [
            lambda: session.wallet(LOYALTY_WALLET),
            lambda: session.transactions(LOYALTY_WALLET, limit=20).collect(),
        ]

    def careless(self, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(loyalty_async.wire, "read_receipt", lambda *_: lambda reply: reply)

    def trusting(self, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(
            loyalty_async.wire,
            "read_wallet",
            lambda number: lambda reply: json.loads(reply.body)["payload"]["wallet_info"],
        )

    def sandbox(self) -> LoyaltyApi:
        api = LoyaltyApi(bearer="canary-bearer")
        api.add_wallet(LOYALTY_WALLET, balance=1000)
        api.add_wallet(OTHER_WALLET)
        return api

    async def find(self, session: LoyaltySession, reference: str, since: datetime) -> Any:
        return await session.find(LOYALTY_WALLET, reference, since=since)

    def plant(self, api: LoyaltyApi, reference: str) -> None:
        api.ledger.append(LOYALTY_WALLET, "credit", AMOUNT, reference=reference)

    def arrive(self, api: LoyaltyApi) -> None:
        # Sipay searches by reference, so only rows of the same reference stand in the way: another wallet's.
        api.ledger.append(OTHER_WALLET, "credit", AMOUNT, reference="order-1847")

    def is_ours(self, entry: Entry, reference: str) -> bool:
        return (entry.wallet, entry.reference) == (LOYALTY_WALLET, reference)


def with_token(url: str, token_url: str, **options: Any) -> LoyaltySession:
    """Make a loyalty session that fetches its token."""
    credentials = ClientCredentials(
        token_url=token_url, client_id="canary-client-id", client_secret="canary-client-secret", client_key="canary-key"
    )
    return LoyaltySession(url, auth=credentials, **options)
