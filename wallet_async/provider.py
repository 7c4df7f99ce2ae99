"""What a provider package hands over, so that everything above the engine works for it without knowing it.

A package offers one object that fits `Provider` through the entry-point group ``wallet_async.providers``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Hashable, Mapping
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


class Provider(Protocol):
    """A provider, as the command line, the demo and the sandbox fixtures see it."""

    @property
    def name(self) -> str:
        """Short name: of the entry point, the command group, the environment variables, the pytest fixture."""

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

    def movement(
        self, wallet: Any, kind: Kind, amount: int | Decimal, *, description: str, reference: str
    ) -> MovementLike:
        """Make a movement of one wallet."""

    def apply(self, session: Any, movements: Iterable[Any], *, concurrency: int) -> Bulk[Any, Any]:
        """Send many movements."""

    async def settle(self, session: Any, error: OutcomeUnknownError) -> bool:
        """Whether a movement whose outcome was unknown stands in the history now."""

    def history(self, session: Any, wallet: Any) -> AsyncIterator[HistoryRow]:
        """Read a wallet's history, 20 rows a request."""


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
