"""`Journal`: opened once, given to as many sessions as use it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from secrets import token_hex
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from wallet_async.engine.checks import reject
from wallet_async.engine.once import Books
from wallet_async.engine.report import Reporter
from wallet_async.journal.history import History
from wallet_async.journal.once import Once
from wallet_async.journal.resolver import Resolver
from wallet_async.journal.settling import Settling
from wallet_async.journal.store import Store

_EXPECTED = "'sqlite:///path/to/file.db' or 'postgresql://user@host/database'"


def _now() -> int:
    return time.time_ns() // 1000


class Journal:
    """Makes credits and debits once for their reference: give it to a session as ``journal=``.

    Example:
        ```python
        async with await Journal.open("sqlite:///journal.db") as journal:
            async with RehookSession(api_key, secret_key, journal=journal) as rehook:
                await rehook.credit("krishna123", "waty_Xbg", 20, reference="order-1847")
        ```
    """

    def __init__(
        self,
        store: Store,
        settling: Settling | None = None,
        *,
        clock: Callable[[], int] = _now,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._settling = settling or Settling()
        self._clock = clock
        self._monotonic = monotonic
        self._sleep = sleep
        self._owner = token_hex(8)

    @classmethod
    async def open(cls, url: str, *, settling: Settling | None = None) -> Self:
        """Open the journal that *url* names.

        Args:
            url: ``sqlite:///relative/file.db`` or ``sqlite:////absolute/file.db`` for one process;
                ``postgresql://…`` for several (extra ``[postgres]``).
            settling: What is believed of the provider when something is in doubt; None for the defaults of `Settling`.

        Raises:
            InvalidInputError: It names none, or *settling* is no `Settling`.
            JournalInUseError: Another process has the file open.
            JournalError: It cannot be opened.
        """
        scheme, path = _parts(url)
        if settling is not None and not isinstance(settling, Settling):
            raise reject("settling", settling, "a Settling")
        if scheme == "sqlite":
            from wallet_async.journal.sqlite import SqliteStore  # noqa: PLC0415 - of the two, only one is needed

            return cls(await SqliteStore.open(path), settling)
        from wallet_async.journal.postgres import PostgresStore  # noqa: PLC0415 - its driver is an extra

        return cls(await PostgresStore.open(url), settling)

    def attach(self, reporter: Reporter, movement: type[Any], books: Callable[[Any], Books[Any]]) -> Once:
        """Make what one session uses; a session calls this."""
        resolver = Resolver(
            self._store,
            reporter,
            History(movement, books),
            self._settling,
            clock=self._clock,
            monotonic=self._monotonic,
            sleep=self._sleep,
        )
        return Once(self._store, self._owner, reporter, books, self._clock, resolver)

    async def aclose(self) -> None:
        """Write what is still to be written, and close; sessions that use it are closed before."""
        await self._store.aclose()

    async def __aenter__(self) -> Self:
        """Give the journal."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self.aclose()


def _parts(url: object) -> tuple[str, str]:
    """Give scheme and path; the value of a URL that is no journal's is not repeated: it may hold a password."""
    if not isinstance(url, str):
        raise reject("url", type(url), f"a str such as {_EXPECTED}")
    parts = urlsplit(url)
    if parts.scheme in {"postgresql", "postgres"}:
        return "postgresql", url
    if parts.scheme == "sqlite" and not parts.netloc and len(parts.path) > 1:
        return "sqlite", unquote(parts.path[1:])
    raise reject("url", f"{parts.scheme}:…", f"a str such as {_EXPECTED}")
