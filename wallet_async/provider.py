"""What a provider package hands over, so that everything above the engine works for it without knowing it.

A package offers one object that fits `Provider` through the entry-point group ``wallet_async.providers``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Hashable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Protocol

from attrs import frozen

from wallet_async.engine.bulk import Bulk
from wallet_async.engine.calls import Kind, MovementLike
from wallet_async.engine.errors import InvalidInputError, OutcomeUnknownError
from wallet_async.engine.session import WalletSession

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wallet_async.sandbox import SandboxApi

GROUP = "wallet_async.providers"
"""The entry-point group."""


@frozen(kw_only=True)
class HistoryRow:
    """One row of a history in words that all providers share."""

    transaction_id: str
    """The provider's id of the row."""
    kind: str
    """``"credit"``, ``"debit"``, or whatever else the provider calls it."""
    amount: int | Decimal
    """How much, above zero."""
    created_at: datetime
    """When it was booked."""
    mark: str | None = None
    """What it shows of the reference it was sent with (`Provider.mark`), or None if it shows none."""
    currency: str | None = None
    """Its currency, if the provider says it for each row."""


@frozen(kw_only=True)
class WalletFacts:
    """What a provider says of a wallet besides its history."""

    wallet: Hashable
    """The wallet as `scan_pages` takes it; with what saves it a request, where there is such a thing."""
    known: bool
    """False if the provider says that there is no such wallet."""
    balance: int | Decimal | None = None
    """What is in it; None if the provider does not say."""


class Provider(Protocol):
    """A provider, as the command line, the demo and the sandbox fixtures see it."""

    @property
    def name(self) -> str:
        """Short name: of the entry point, the command group, the environment variables, the pytest fixture."""

    @property
    def wallet_fields(self) -> tuple[str, ...]:
        """Names of what identifies a wallet, as the columns of files carry them."""

    @property
    def walk_lookups(self) -> int:
        """Requests a walk through a history makes before its first page, if it is given no more than the fields."""

    @property
    def empty_history(self) -> str:
        """What to tell a user whose history is empty: how to find out if the wallet is unknown."""

    def session(self, environ: Mapping[str, str], **options: Any) -> WalletSession:
        """Make a session from environment variables; *options* go to its constructor (limits, retry, on_event …)."""

    def commands(self) -> Mapping[str, Callable[..., Any]]:
        """Give the subcommands: functions whose first parameter is the session and whose others become arguments.

        A coroutine function gives one value or a list; a plain function gives an async iterable of rows. Values are
        attrs objects; their fields become columns.
        """

    def sandbox(self) -> SandboxApi:
        """Make a stand-in with credentials of its own."""

    def sandbox_environ(self, url: str) -> Mapping[str, str]:
        """Give the environment in which `session` talks to a sandbox of `sandbox` that answers at *url*."""

    def add_wallet(self, api: SandboxApi, number: int) -> Hashable:
        """Make wallet *number* in a sandbox, empty, and give its key as movements and the sandbox's ledger carry it."""

    def mark(self, reference: str) -> str:
        """Say how a history shows that a row was sent with *reference*: `HistoryRow.mark`."""

    def wallet_key(self, fields: Sequence[str]) -> Hashable:
        """Make the key of a wallet, as `scan_pages` takes it, from its `wallet_fields`."""

    def movement(
        self,
        wallet: Any,
        kind: Kind,
        amount: int | Decimal,
        *,
        description: str,
        reference: str,
        currency: str | None = None,
    ) -> MovementLike:
        """Make a movement of one wallet; *currency* counts where the provider has a field for it."""

    def apply(self, session: Any, movements: Iterable[Any], *, concurrency: int) -> Bulk[Any, Any]:
        """Send many movements."""

    async def settle(self, session: Any, error: OutcomeUnknownError) -> bool:
        """Whether a movement whose outcome was unknown stands in the history now."""

    def history(self, session: Any, wallet: Any) -> AsyncIterator[HistoryRow]:
        """Read a wallet's history, 20 rows a request."""

    def row(self, transaction: Any) -> HistoryRow | None:
        """Give a row of a history in shared words; None for one that does not stand, such as a cancelled one."""

    async def facts(self, session: Any, wallet: Any) -> WalletFacts:
        """Ask what the provider says of a wallet: one request.

        Raises:
            WalletError: The call failed.
        """


def load_providers() -> dict[str, Provider]:
    """Find every installed provider, by name, in order of their names."""
    return {entry.name: entry.load() for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name)}


def load_provider(name: str) -> Provider:
    """Find one provider.

    Raises:
        InvalidInputError: None of that name is installed; the error lists those that are.
    """
    found = [entry for entry in entry_points(group=GROUP) if entry.name == name]
    if not found:
        names = ", ".join(sorted(entry.name for entry in entry_points(group=GROUP))) or "none"
        raise InvalidInputError(f"there is no provider {name!r}; installed: {names}")
    provider: Provider = found[0].load()
    return provider
