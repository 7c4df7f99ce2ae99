"""All that this project uses of aiohttp beyond its documented API, and whether it is there.

`ClientSession` is documented, what it is made of is not quite: the connector's `connect`, the request it is asked with,
the protocol object of a connection, and that object's way to be fed and read. Where `missing` finds a difference, the
direct transport is not used at all. A contract test holds this list to the oldest and the newest aiohttp allowed.
"""

from __future__ import annotations

import asyncio
import inspect
import pkgutil
import types
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import aiohttp
import aiohttp.client
from yarl import URL

if TYPE_CHECKING:
    from aiohttp.connector import Connection

_USED: dict[str, tuple[str, ...]] = {
    # where it is, and the arguments it has to take
    "aiohttp:ClientRequest": ("method", "url", "loop"),
    "aiohttp:BaseConnector.connect": ("req", "traces", "timeout"),
    "aiohttp.connector:Connection.close": (),
    "aiohttp.connector:Connection.protocol": (),
    "aiohttp.connector:Connection.transport": (),
    "aiohttp.client_proto:ResponseHandler.set_response_params": ("read_until_eof", "auto_decompress"),
    "aiohttp.client_proto:ResponseHandler.data_received": ("data",),
    "aiohttp.client_proto:ResponseHandler.connection_lost": ("exc",),
    "aiohttp.client_proto:ResponseHandler.closed": (),
    "aiohttp.client_proto:ResponseHandler.read": (),
    "aiohttp.client_proto:ResponseHandler.should_close": (),
    "aiohttp.http:RawResponseMessage.code": (),
    "aiohttp.http:RawResponseMessage.reason": (),
    "aiohttp.http:RawResponseMessage.headers": (),
    "aiohttp.http:RawResponseMessage.should_close": (),
    "aiohttp.http:RawResponseMessage.upgrade": (),
    "aiohttp.http_exceptions:HttpProcessingError": (),
    "aiohttp:ClientSession._request": (),
    "aiohttp:ClientSession.trace_configs": (),
}


@lru_cache(maxsize=16)
def _bind(thing: Callable[..., object], arguments: tuple[str, ...]) -> None:
    # Remembered, since a look at a signature is most of what opening a session takes; an error is not.
    inspect.signature(thing).bind_partial(**dict.fromkeys(arguments))


def missing() -> str | None:
    """Name the first thing that is not as this project expects it; None if all is."""
    for name, arguments in _USED.items():
        try:
            thing = pkgutil.resolve_name(name)
            if arguments:
                _bind(thing, arguments)
        except (ImportError, AttributeError, TypeError):
            return f"{name}({', '.join(arguments)})"
    return None


@lru_cache(maxsize=4)
def _is_genuine(request: object) -> bool:
    # A wrapper's `__code__` may be that of what it wraps, and so may its `__class__`.
    return type(request) is types.FunctionType and request.__code__.co_filename == aiohttp.client.__file__


def is_patched() -> bool:
    """Whether somebody has replaced `ClientSession._request`, as aioresponses and VCR.py do, to answer in its place."""
    return not _is_genuine(aiohttp.ClientSession._request)  # noqa: SLF001 - this is what they replace


def count_connections(connector: aiohttp.BaseConnector | None) -> int:
    """Count the open connections of *connector*, for statistics only: 0 where aiohttp no longer tells."""
    idle = getattr(connector, "_conns", {})
    return sum(map(len, idle.values())) + len(getattr(connector, "_acquired", ()))


async def connect(
    connector: aiohttp.BaseConnector, url: URL, timeout: aiohttp.ClientTimeout, loop: asyncio.AbstractEventLoop
) -> Connection:
    """Take a new connection to the host of *url*; its name look-up, TLS and choice of address are aiohttp's."""
    return await connector.connect(aiohttp.ClientRequest("GET", url, loop=loop), traces=[], timeout=timeout)
