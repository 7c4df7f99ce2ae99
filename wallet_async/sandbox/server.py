"""A provider's stand-in on a real TCP socket."""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from attrs import evolve

from wallet_async.sandbox import delivery
from wallet_async.sandbox.api import Answer, Request, SandboxApi, parse_target
from wallet_async.sandbox.control import PREFIX, Control
from wallet_async.sandbox.faults import Fault
from wallet_async.sandbox.ledger import Ledger
from wallet_async.sandbox.observed import Observed
from wallet_async.sandbox.plan import Drawn, FaultPlan

Api = TypeVar("Api", bound=SandboxApi)


class _Server(web.Server):
    """aiohttp's server, which also tells when a client has gone: a hanging request must end then."""

    def __init__(self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], observed: Observed) -> None:
        super().__init__(handler, access_log=None)
        self._observed = observed
        self._gone: dict[int, asyncio.Event] = {}

    def gone(self, request: web.BaseRequest) -> asyncio.Event:
        """Give an event that is set when *request*'s connection is lost."""
        if request.transport is None:
            event = asyncio.Event()
            event.set()
            return event
        return self._gone.setdefault(id(request.protocol), asyncio.Event())

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        self._observed.connections += 1
        super().connection_made(handler, transport)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        event = self._gone.pop(id(handler), None)
        if event is not None:
            event.set()


class Sandbox(Generic[Api]):
    """Serves one API over TCP, with its ledger, its faults and its counters in reach.

    Example:
        >>> import asyncio
        >>> from rehook_async.sandbox import RehookApi
        >>> async def main() -> int:
        ...     async with Sandbox(RehookApi(), faults=FaultPlan(seed=7)) as sandbox:
        ...         sandbox.api.add_wallet("krishna123", "waty_A", balance=40)
        ...         return len(sandbox.ledger.entries())
        >>> asyncio.run(main())
        0
    """

    def __init__(
        self,
        api: Api,
        *,
        faults: FaultPlan | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        allow_remote: bool = False,
        state: Path | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Make a sandbox; it listens from `async with` on.

        Args:
            api: The provider's stand-in.
            faults: What goes wrong; None: nothing, until a fault is added.
            host: Address to listen on; anything but loopback needs *allow_remote*.
            port: TCP port; 0 takes a free one.
            allow_remote: Whether other machines may reach it. Everybody who does can read the ledger.
            state: SQLite file to go on from and to keep; None: in memory.
            sleep: Waits the given seconds; latency, drip and late commits go through it.
            clock: Gives the time, aware, from which a Retry-After date is counted.

        Raises:
            ValueError: *host* is not loopback and *allow_remote* is false, or a fault is aimed at an
                operation that *api* does not have.
        """
        if not allow_remote and not _is_loopback(host):
            raise ValueError(f"host {host!r} is not loopback; pass allow_remote=True to serve other machines")
        self.api = api
        self.faults: FaultPlan = FaultPlan() if faults is None else faults
        self.faults.bind(api.operations)
        self.observed: Observed = Observed()
        self._host, self._port = host, port
        self._state = state
        self._sleep = sleep
        self._clock = clock
        self._closing = asyncio.Event()
        self._late: set[asyncio.Task[None]] = set()
        self._control = Control(api, self.faults, self.observed)
        self._server: _Server | None = None
        self._runner: web.ServerRunner | None = None

    @property
    def ledger(self) -> Ledger:
        """The truth: every committed movement, in commit order."""
        return self.api.ledger

    @property
    def port(self) -> int:
        """The TCP port it listens on.

        Raises:
            RuntimeError: it is not running.
        """
        if self._runner is None or not self._runner.addresses:
            raise RuntimeError("the sandbox is not running; use it in `async with`")
        return int(self._runner.addresses[0][1])

    @property
    def url(self) -> str:
        """The base URL, such as `http://127.0.0.1:54321`."""
        return f"http://{f'[{self._host}]' if ':' in self._host else self._host}:{self.port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def start(self) -> None:
        """Open the state and listen.

        Raises:
            RuntimeError: it was started before, or the state is open in another process.
            ValueError: the state is another API's.
            OSError: the port is taken.
        """
        if self._runner is not None or self._closing.is_set():
            raise RuntimeError("a sandbox starts once; make a new one")
        if self._state is not None:
            self.ledger.attach(self._state, name=self.api.name)
        self._server = _Server(self._handle, self.observed)
        # Hanging requests end with the closing event; what sleeps on after this time is cancelled.
        self._runner = web.ServerRunner(self._server, shutdown_timeout=0.1)
        try:
            await self._runner.setup()
            await web.TCPSite(self._runner, self._host, self._port, backlog=1024).start()
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Stop listening, end every request, drop late commits that are still waiting, close the state."""
        self._closing.set()
        for task in self._late:
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self.ledger.detach()

    async def settled(self) -> None:
        """Wait until every late commit has been made."""
        while self._late:
            await asyncio.gather(*self._late, return_exceptions=True)

    async def _handle(self, raw: web.BaseRequest) -> web.StreamResponse:
        path, segments, query = parse_target(raw.raw_path)
        body = await raw.read()
        if path.startswith(PREFIX):
            return delivery.respond(self._control.answer(raw.method, path, query, body))
        request = Request(method=raw.method, path=path, segments=segments, query=query, headers=raw.headers, body=body)
        operation = self.api.operation(request)
        observed = self.observed
        observed.requests[operation] += 1
        observed.in_flight += 1
        observed.max_in_flight = max(observed.max_in_flight, observed.in_flight)
        try:
            drawn = self.faults.draw(operation)
            observed.faults.update(drawn.kinds)
            return await self._serve(raw, request, drawn)
        finally:
            observed.in_flight -= 1

    async def _serve(self, raw: web.BaseRequest, request: Request, drawn: Drawn) -> web.StreamResponse:
        if drawn.limited is not None:
            refusal = self.api.failure(429)
            return delivery.respond(
                delivery.with_retry_after(refusal, drawn.retry_after, drawn.limited.form, self._clock())
            )
        if drawn.pause:
            await self._sleep(drawn.pause)
        if drawn.lag:
            request = evolve(request, lag=drawn.lag)
        ending = drawn.ending
        if ending is None:
            answer = self._commit(request)
        elif ending.kind == "late":
            self._commit_late(request, self.faults.seconds(ending))
            return await self._end(raw, ending.then, ending, Answer(200))
        elif ending.where == "before":
            return await self._end(raw, ending.kind, ending, Answer(200))
        else:
            answer = self._commit(request)
        if drawn.rows:
            self.api.arrive(request, drawn.rows)
        if ending is None:
            return delivery.respond(answer)
        return await self._end(raw, ending.kind, ending, answer)

    def _commit(self, request: Request) -> Answer:
        """Let the API check, commit and answer in one step: no await stands between."""
        before = len(self.ledger)
        answer = self.api.answer(request)
        self.observed.commits += len(self.ledger) - before
        return answer

    def _commit_late(self, request: Request, seconds: float) -> None:
        async def commit() -> None:
            await self._sleep(seconds)
            self._commit(request)

        task = asyncio.create_task(commit())
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _end(self, raw: web.BaseRequest, kind: str, fault: Fault, answer: Answer) -> web.StreamResponse:
        match kind:
            case "close":
                return delivery.close(raw)
            case "reset":
                return delivery.reset(raw)
            case "hang":
                gone = [self._server.gone(raw)] if self._server is not None else []
                return await delivery.hang(raw, self._closing, *gone)
            case "truncate":
                return delivery.truncate(raw, answer)
            case "drip":
                return await delivery.drip(raw, answer, fault, self.faults.seconds, self._sleep)
            case "garbage":
                return delivery.respond(delivery.garbage())
            case _:
                return delivery.respond(self._refusal(fault))

    def _refusal(self, fault: Fault) -> Answer:
        if fault.body == "provider":
            answer = self.api.failure(fault.status)
        elif fault.body == "html":
            answer = delivery.gateway_page(fault.status)
        else:
            answer = Answer(fault.status, b"", "text/plain")
        if fault.retry_after is None:
            return answer
        return delivery.with_retry_after(answer, fault.retry_after, fault.form, self._clock())


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
