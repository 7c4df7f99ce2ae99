"""What the users of the simulator want booked, and the two providers they want it from."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, Protocol

from attrs import define, field, frozen

from loyalty_async import LoyaltySession
from loyalty_async.sandbox import LoyaltyApi
from rehook_async import RehookSession
from rehook_async.sandbox import RehookApi
from tests.kit import LOYALTY, REHOOK, Flavour
from wallet_async.engine.auth import ClientCredentials
from wallet_async.engine.calls import Kind
from wallet_async.engine.marker import carries, find_mark, marker
from wallet_async.sandbox import Entry
from wallet_async.sandbox.api import Request

RICH = 10**9  # what a wallet holds that never runs short
EMPTY = 0

End = Literal["applied", "refused"]


@frozen(kw_only=True)
class Order:
    """One movement that somebody wants, under one reference."""

    number: int
    kind: Kind
    wallet: int
    """Number of the wallet; the last one of a provider is empty."""
    amount: int

    @property
    def reference(self) -> str:
        return f"order-{self.number}"


@define
class Progress:
    """How far one order has come."""

    order: Order
    waiting: int = 1
    """Processes that still have to hear of its end."""
    ends: list[End] = field(factory=list)
    """What its askers were left with."""
    refusals: int = 0


class Side(Protocol):
    """One provider: its stand-in, its session, and how an order is told from its request."""

    service: str
    flavour: Flavour

    def api(self, seed: int, clock: Callable[[], datetime], wallets: int) -> Any:
        """Make the stand-in with its wallets."""

    def session(self, **options: Any) -> Any:
        """Make a session."""

    async def write(self, session: Any, order: Order, amount: int, timeout: float) -> Any:
        """Ask for *order*."""

    def key(self, order: Order) -> str:
        """What *order* is known by in a request and in the ledger."""

    def key_of(self, request: Request) -> str | None:
        """What the order behind *request* is known by."""

    def tells_apart(self, entry: Entry, request: Request) -> bool:
        """Whether the answer that *entry* was booked with can be known not to be that to *request*."""


class RehookSide:
    """Rehook: an order is known by its mark."""

    service = "rehook"
    flavour = REHOOK

    def api(self, seed: int, clock: Callable[[], datetime], wallets: int) -> RehookApi:
        api = RehookApi(seed=seed, clock=clock)
        for number in range(wallets):
            balance = EMPTY if number == wallets - 1 else RICH
            api.add_wallet(f"customer-{number}", f"waty_{number}", balance)
        return api

    def session(self, **options: Any) -> RehookSession:
        return RehookSession("key", "secret", base_url="https://rehook.example", **options)

    async def write(self, session: RehookSession, order: Order, amount: int, timeout: float) -> Any:
        move = session.credit if order.kind == "credit" else session.debit
        customer, wallet = f"customer-{order.wallet}", f"waty_{order.wallet}"
        return await move(customer, wallet, amount, description="An order", reference=order.reference, timeout=timeout)

    def key(self, order: Order) -> str:
        return marker("rehook", order.reference)

    def key_of(self, request: Request) -> str | None:
        return find_mark(json.loads(request.body).get("description", ""))

    def tells_apart(self, entry: Entry, request: Request) -> bool:
        return not carries(entry.description, self.key_of(request) or "")


class LoyaltySide:
    """Sipay: an order is known by its ``ext_transaction_id``."""

    service = "loyalty"
    flavour = LOYALTY

    def __init__(self, *, deduplicate: bool) -> None:
        self._deduplicate = deduplicate

    def api(self, seed: int, clock: Callable[[], datetime], wallets: int) -> LoyaltyApi:
        client = {"client_id": "client", "client_secret": "secret"}
        api = LoyaltyApi(**client, seed=seed, clock=clock, deduplicate=self._deduplicate, expires_in=120)
        for number in range(wallets):
            api.add_wallet(f"LYT_{number}", balance=EMPTY if number == wallets - 1 else RICH)
        return api

    def session(self, **options: Any) -> LoyaltySession:
        auth = ClientCredentials(token_url="https://token.example", client_id="client", client_secret="secret")
        return LoyaltySession("https://loyalty.example", auth=auth, **options)

    async def write(self, session: LoyaltySession, order: Order, amount: int, timeout: float) -> Any:
        move = session.credit if order.kind == "credit" else session.debit
        return await move(
            f"LYT_{order.wallet}", amount, currency_code="TRY", reference=order.reference, timeout=timeout
        )

    def key(self, order: Order) -> str:
        return order.reference

    def key_of(self, request: Request) -> str | None:
        reference = json.loads(request.body).get("ext_transaction_id")
        return reference if isinstance(reference, str) else None

    def tells_apart(self, entry: Entry, request: Request) -> bool:
        # An answer repeats the wallet and nothing else: two movements of one wallet are answered alike.
        return entry.wallet != json.loads(request.body).get("wallet_number")
