"""What both providers' sessions share: opening, closing, the right loop, and the way to the sender."""

from __future__ import annotations

import asyncio
import sys
import warnings
from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, Awaitable, Callable, Coroutine, Iterable
from datetime import datetime
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar
from weakref import WeakSet

import anyio.to_thread
from attrs import asdict

from wallet_async.engine import checks, process
from wallet_async.engine.ahead import Ahead, Surroundings
from wallet_async.engine.auth import Auth
from wallet_async.engine.bulk import Bulk
from wallet_async.engine.calls import Call, MovementLike, Reply
from wallet_async.engine.errors import SessionClosedError
from wallet_async.engine.events import DoubledEvent, OnEvent, PersonNeededEvent
from wallet_async.engine.limits import Gate, Limits, Timeouts
from wallet_async.engine.once import Booking, Books, Journal, Once
from wallet_async.engine.progress import OnProgress
from wallet_async.engine.report import Reporter
from wallet_async.engine.retry import RetryPolicy
from wallet_async.engine.runs import Runs
from wallet_async.engine.send import Sender
from wallet_async.engine.statistics import Counts, Statistics
from wallet_async.engine.transport import Transport
from wallet_async.engine.trip import Announcement

if TYPE_CHECKING:
    import aiohttp

T = TypeVar("T")
ItemT = TypeVar("ItemT")

_TRANSPORT = "wallet_async.engine.transport.opening"


class WalletSession(ABC):
    """Base of the providers' sessions.

    It is made anywhere, opens in the running event loop at ``async with`` or at the first call, and belongs to that
    loop and process from then on. It may be opened in one task and closed in another.
    """

    service: ClassVar[str]
    """The provider's name."""
    _movement: ClassVar[type[Any]]
    """The class of its credits and debits."""

    def __init__(
        self,
        *,
        base_url: str,
        auth: Auth,
        limits: Limits | None = None,
        retry: RetryPolicy | None = None,
        timeouts: Timeouts | None = None,
        http: aiohttp.ClientSession | None = None,
        on_event: OnEvent | None = None,
        journal: Journal | None = None,
    ) -> None:
        self.base_url: str = checks.base_url("base_url", base_url)
        """Where its requests go."""
        self._auth = auth
        self._limits = checks.setting("limits", limits, Limits)
        self._retry = checks.setting("retry", retry, RetryPolicy)
        self._timeouts = checks.setting("timeouts", timeouts, Timeouts)
        self._http = checks.client_session("http", http)
        if on_event is not None and not callable(on_event):
            raise checks.reject("on_event", on_event, "a function of one event")
        self._reporter = Reporter(self.service, on_event)
        self._once: Once | None = None if journal is None else self._attach(journal)
        self._opening = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process: object = None
        self._gate = Gate(self._limits)
        self._sender: Sender | None = None
        self._transport: Transport | None = None
        self._runs = Runs(self._reporter)
        self._ahead: WeakSet[Ahead[Any]] = WeakSet()
        self._writes = 0
        self._writes_ended = asyncio.Event()
        self._closed = False
        self._ended = asyncio.Event()
        self._made_at = process.place()

    async def __aenter__(self) -> Self:
        """Open the session in the running event loop.

        Raises:
            SessionClosedError: It is closed already, or open in another event loop or process.
        """
        await self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the session."""
        await self.aclose()

    async def aclose(self) -> None:
        """Take no new call, end bulk runs, reading ahead and settling, wait for writes under way, close connections.

        A write under way is never cancelled: it ends within its own time-out.
        """
        if self._closed:
            await self._ended.wait()
            return
        self._check_place()
        self._closed = True
        try:
            if self._once is not None:
                await self._once.aclose()
            await self._runs.aclose()
            for ahead in list(self._ahead):
                await ahead.aclose()
            while self._writes:
                self._writes_ended.clear()
                await self._writes_ended.wait()
        finally:
            if self._transport is not None:
                await self._transport.aclose()
            self._ended.set()

    def statistics(self) -> Statistics:
        """Say what the session is doing and has done so far."""
        counts = self._sender.counts if self._sender else Counts()
        return Statistics(
            transport=self._transport.name if self._transport else "",
            connections=self._transport.connections() if self._transport else 0,
            max_in_flight=self._gate.bound,
            in_flight=self._gate.in_flight,
            queued=self._gate.queued,
            **asdict(counts),
            **(asdict(self._once.tally) if self._once else {}),
        )

    def map(
        self,
        function: Callable[[ItemT], Awaitable[T]],
        items: Iterable[ItemT] | AsyncIterable[ItemT],
        *,
        concurrency: int = 50,
        on_progress: OnProgress | None = None,
    ) -> Bulk[ItemT, T]:
        """Await ``function(item)`` for very many items under one bound; results come as they finish.

        Args:
            function: Such as `wallets`, or a coroutine function that makes several reading calls.
            items: Of any number.
            concurrency: As in `scan`.
            on_progress: As in `scan`.

        Example:
            ```python
            async for result in rehook.map(rehook.wallets, ["krishna123", "meera"]):
                print(result.item, result)
            ```
        """
        return self._runs.map(function, items, concurrency, on_progress)

    def _read(self, call: Call, read: Callable[[Reply], T], timeout: float | None) -> Coroutine[Any, Any, T]:
        """Send a call that may be repeated."""
        sender = self._ready()
        return sender.send(call, read, timeout=timeout) if sender else self._read_first(call, read, timeout)

    async def _read_first(self, call: Call, read: Callable[[Reply], T], timeout: float | None) -> T:
        """Send the first call, which opens the session, or one that has to be told why it cannot be sent."""
        return await (await self._open()).send(call, read, timeout=timeout)

    async def _write(
        self,
        call: Call,
        read: Callable[[Reply], T],
        timeout: float | None,
        movement: MovementLike | None = None,
        announcement: Announcement | None = None,
    ) -> T:
        """Send a call that must not run twice; closing the session waits for it."""
        sender = self._ready() or await self._open()
        self._writes += 1
        try:
            return await sender.send(call, read, timeout=timeout, movement=movement, announcement=announcement)
        finally:
            self._writes -= 1
            self._writes_ended.set()

    async def _book(self, movement: Any, timeout: float | None) -> Any:
        """Make a credit or debit; with a journal, once for its reference."""
        if self._once is None:
            return await self._books(movement).move(None, timeout)
        total = self._timeouts.total if timeout is None else checks.seconds("timeout", timeout)
        return await self._once.run(movement, total)

    def _attach(self, journal: Journal) -> Once:
        if not callable(getattr(journal, "attach", None)):
            raise checks.reject("journal", journal, "a Journal (`await Journal.open(url)`)")
        return self.hand_over(journal.attach)

    def hand_over(self, make: Callable[[Reporter, type[Any], Callable[[Any], Books[Any]]], T]) -> T:
        """Give *make* what a journal needs of this session; `Journal.resolver` calls this."""
        return make(self._reporter, self._movement, self._books)

    def booking(self) -> Booking:
        """Give what a consumer needs of this session; `Consumer` calls this."""
        return Booking(self._once, self._movement, self._reporter, self._timeouts.total)

    @abstractmethod
    def _books(self, movement: Any) -> Books[Any]:
        """Say how *movement* is sent, and how the history shows it."""

    def _surroundings(self) -> Surroundings:
        """Give what a pager uses of the session once it reads more than one page."""
        return Surroundings(
            self._reporter, self._ahead.add, lambda: self._sender.counts.throttled if self._sender else 0
        )

    def _oldest(
        self, found: list[T], reference: str, *, key: Callable[[T], str], moment: Callable[[T], datetime]
    ) -> T | None:
        """Give the oldest of the rows booked with one reference, and report it if there are several."""
        found.sort(key=moment)
        if len(found) > 1:
            ids = tuple(map(key, found))
            self._reporter.emit(DoubledEvent(service=self.service, reference=reference, transaction_ids=ids))
        return found[0] if found else None

    def _tell_person(self, reference: str, reason: str) -> None:
        """Report what a person has to look at although the movement is known to be booked."""
        self._reporter.emit(PersonNeededEvent(service=self.service, reference=reference, reason=reason))

    def _check_place(self) -> None:
        """Refuse another event loop or process than the one the session was opened in."""
        # The process first: a child mostly runs a loop of its own too.
        if self._loop is not None and self._process is not process.current():
            raise SessionClosedError("this session was opened before a fork; make one in the child process")
        if self._loop is not None and self._loop is not asyncio.get_running_loop():
            raise SessionClosedError(
                "this session was opened in another event loop; make one for each loop (asyncio.run makes a new loop)"
            )

    def _ready(self) -> Sender | None:
        """Give the sender if the session is open here, in this loop and process; `_open` says what is wrong."""
        if self._closed or self._loop is not asyncio.get_running_loop() or self._process is not process.current():
            return None
        return self._sender

    async def _open(self) -> Sender:
        if self._closed:
            raise SessionClosedError("this session is closed; make a new one")
        self._check_place()
        if self._sender is not None:
            return self._sender
        self._loop, self._process = asyncio.get_running_loop(), process.current()
        async with self._opening:
            if self._sender is None:
                self._sender = await self._make_sender()
                if self._once is not None:
                    self._once.start()
        return self._sender

    async def _make_sender(self) -> Sender:
        # aiohttp, cattrs and msgspec take far longer to import than the rest, and aiohttp builds the process's one TLS
        # context as it is imported: in a thread, so that the host's event loop goes on meanwhile.
        for name in ("cattrs.gen", "wallet_async.engine.fast", _TRANSPORT):
            if name not in sys.modules:
                await anyio.to_thread.run_sync(import_module, name)
        open_transport = import_module(_TRANSPORT).open_transport
        transport: Transport = open_transport(self.base_url, self._limits, self._timeouts, self._http)
        self._transport = transport
        return Sender(
            transport=transport,
            gate=self._gate,
            credentials=self._auth.start(asyncio.get_running_loop().time),
            retry=self._retry,
            timeouts=self._timeouts,
            reporter=self._reporter,
        )

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open" if self._sender else "not opened yet"
        return f"<{type(self).__name__} {self.base_url} {state}>"

    def __del__(self) -> None:
        if getattr(self, "_transport", None) is not None and not self._closed and self._http is None:
            warnings.warn(
                f"unclosed {self!r}, made at {self._made_at}; use `async with` or `await session.aclose()`",
                ResourceWarning,
                source=self,
                stacklevel=2,
            )
