"""The network and the providers behind it: connections, requests on their way, and the truth about each."""

from __future__ import annotations

import asyncio
import errno
import itertools
import ssl
from collections.abc import Callable, Mapping
from contextvars import Context
from datetime import datetime

import aiohttp
from aiohttp.client_proto import ResponseHandler
from attrs import define

from tests.simulate.fates import What
from tests.simulate.orders import Side
from tests.simulate.plan import Plan
from tests.simulate.wire import Wire, WiredExchange, own_wire
from wallet_async.sandbox import Entry
from wallet_async.sandbox.api import Answer, Request, parse_target


@define(eq=False)
class Sent:
    """One credit or debit that has left."""

    key: str
    """What its order is known by."""
    at: float
    """When it left."""
    open: bool = True
    """Whether it may still be carried out."""
    booked: bool = False


class Provider:
    """One provider's stand-in, as the behaviours of the fault matrix see a server."""

    port = 443

    def __init__(self, side: Side, plan: Plan, clock: Callable[[], datetime], seed: int, wallets: int) -> None:
        self.side = side
        self.flavour = side.flavour
        self.api = side.api(seed, clock, wallets)
        self.booked: dict[str, list[Entry]] = {}
        """The rows of each order, oldest first."""
        self.sent: dict[str, list[Sent]] = {}
        """What has left for each order."""
        self.doubled_by_box: set[str] = set()
        """Orders that a middle box has doubled."""
        self._plan = plan
        self._answers: dict[int, Answer] = {}
        self._of: dict[int, Sent] = {}
        self._last: tuple[Entry, bytes] | None = None

    def begin(self, exchange: WiredExchange) -> None:
        """Do nothing: the behaviours' server counts here."""

    def leave(self, exchange: WiredExchange) -> None:
        """Note a credit or debit that has left."""
        key = self.side.key_of(self._request(exchange)) or "unknown"
        sent = self._of[exchange.number] = Sent(key, asyncio.get_running_loop().time())
        self.sent.setdefault(key, []).append(sent)

    def decided(self, exchange: WiredExchange) -> None:
        """Note that a request is carried out by now, or never will be."""
        if exchange.is_write:
            self._of[exchange.number].open = False

    def forget(self, exchange: WiredExchange) -> None:
        """Note that nothing more becomes of a request."""
        self._answers.pop(exchange.number, None)
        if (sent := self._of.pop(exchange.number, None)) is not None:
            sent.open = False

    def carry_out(self, exchange: WiredExchange) -> None:
        """Check it, book it, and keep the answer."""
        before = len(self.api.ledger)
        answer = self._answers[exchange.number] = self.api.answer(self._request(exchange))
        for entry in self.api.ledger.entries()[before:] if len(self.api.ledger) > before else ():
            sent = self._of[exchange.number]
            if sent.booked:
                self.doubled_by_box.add(sent.key)
            sent.booked = True
            self.booked.setdefault(sent.key, []).append(entry)
            self._last = (entry, answer.body)

    def answer(self, exchange: WiredExchange) -> Answer:
        """Give the answer to what was carried out, or to a read."""
        if exchange.is_write:
            return self._answers[exchange.number]
        request = self._request(exchange, lag=self._plan.lag())
        answer: Answer = self.api.answer(request)
        if rows := self._plan.arrivals():
            self.api.arrive(request, rows)
        return answer

    def good(self, exchange: WiredExchange) -> bytes:
        """Give the body of a success, if need be of one that never was."""
        if exchange.is_write and not exchange.committed:
            return self.flavour.good(exchange.method, exchange.target, exchange.body or b"")
        return self.answer(exchange).body

    def answer_to_another(self, exchange: WiredExchange) -> bytes:
        """Give the last answer to another order."""
        if self._last is not None and self.side.tells_apart(self._last[0], self._request(exchange)):
            return self._last[1]
        return self.flavour.foreign()

    def what(self, exchange: WiredExchange) -> What:
        """Say what a request is for."""
        return "write" if exchange.is_write else "token" if b"token" in exchange.target else "history"

    def _request(self, exchange: WiredExchange, lag: float = 0.0) -> Request:
        path, segments, query = parse_target(exchange.target.decode())
        return Request(
            method=exchange.method,
            path=path,
            segments=segments,
            query=query,
            headers=dict(exchange.headers),
            body=exchange.body or b"",
            lag=lag,
        )


class Network:
    """Where every connection of every process leads."""

    def __init__(self, providers: Mapping[str, Provider], plan: Plan) -> None:
        self._providers = providers
        self._plan = plan
        self._numbers = itertools.count()
        self._conversations: dict[asyncio.Task[None], None] = {}
        self.broken: list[BaseException] = []
        """What went wrong in the simulator itself."""
        self.n = 0

    async def connect(self, request: aiohttp.ClientRequest, timeout: aiohttp.ClientTimeout) -> ResponseHandler:
        """Make a connection as aiohttp's connector does, or fail as it does."""
        row = self._plan.connecting()
        if row == "2":
            await asyncio.Event().wait()  # a name look-up that hangs ends with the call
        async with asyncio.timeout(timeout.sock_connect):
            await asyncio.sleep(self._plan.latency())
            if row in {"4", "6"}:
                await asyncio.Event().wait()
        if row is not None:
            raise _not_connected(row, request)
        wire, handler = own_wire(), ResponseHandler(asyncio.get_running_loop())
        wire.set_protocol(handler)
        handler.connection_made(wire)
        # The server is nobody's process: its side goes on whatever becomes of the client's.
        task = asyncio.Task(self._serve(wire, self._providers[request.url.host or ""]), context=NOBODY)
        self._conversations[task] = None
        task.add_done_callback(self._ended)
        return handler

    async def quiet(self) -> None:
        """Wait until nothing is on its way any more, late commits included."""
        while self._conversations:
            await asyncio.wait(self._conversations)

    async def aclose(self) -> None:
        """Drop whatever is on its way."""
        for task in self._conversations:
            task.cancel()
        await self.quiet()

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._conversations[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            self.broken.append(error)

    async def _serve(self, wire: Wire, provider: Provider) -> None:
        try:
            for index in itertools.count():
                exchange = WiredExchange(
                    server=provider,  # type: ignore[arg-type]
                    reader=wire.reader,
                    writer=wire.server,  # type: ignore[arg-type]
                    connection=0,
                    index=index,
                    number=next(self._numbers),
                )
                await self._exchange(exchange, provider)
                if exchange.over:
                    break
        except (asyncio.IncompleteReadError, OSError):
            pass  # the client has left
        wire.end(None)

    async def _exchange(self, exchange: WiredExchange, provider: Provider) -> None:
        await exchange.read()
        self.n += 1
        if exchange.is_write:
            provider.leave(exchange)
        try:
            await asyncio.sleep(self._plan.latency())
            await self._plan.fate(provider.what(exchange)).play(exchange, self._plan.rng)
        finally:
            provider.forget(exchange)


NOBODY = Context()
"""The context of what belongs to no process."""


def _not_connected(row: str, request: aiohttp.ClientRequest) -> Exception:
    """Make what aiohttp raises."""
    key = request.connection_key
    match row:
        case "1":
            return aiohttp.ClientConnectorDNSError(key, OSError(-2, "Name or service not known"))
        case "5":
            return aiohttp.ClientConnectorCertificateError(key, ssl.CertificateError("self-signed"))
        case "7":
            return aiohttp.ClientHttpProxyError(request.request_info, (), status=407, message="a proxy")
        case "9":
            return aiohttp.ClientConnectorError(key, OSError(errno.EMFILE, "Too many open files"))
    return aiohttp.ClientConnectorError(key, ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"))
