"""All that this project uses of aiohttp beyond its documented API, and whether it is there.

`ClientSession` is documented, what it is made of is not quite: the connector's `connect`, the request it is asked with,
the protocol object of a connection, and that object's way to be fed and read. Where `missing` finds a difference, the
direct transport is not used at all. A contract test holds this list to the oldest and the newest aiohttp allowed.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import aiohttp
import aiohttp.client
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http import RawResponseMessage
from yarl import URL

_USED: tuple[tuple[Any, str, tuple[str, ...]], ...] = (
    # where it is, its name, the arguments it has to take
    (aiohttp, "ClientRequest", ("method", "url", "loop")),
    (aiohttp.TCPConnector, "connect", ("req", "traces", "timeout")),
    (Connection, "close", ()),
    (Connection, "protocol", ()),
    (Connection, "transport", ()),
    (ResponseHandler, "set_response_params", ("read_until_eof", "auto_decompress")),
    (ResponseHandler, "data_received", ("data",)),
    (ResponseHandler, "connection_lost", ("exc",)),
    (ResponseHandler, "read", ()),
    (ResponseHandler, "should_close", ()),
    (RawResponseMessage, "code", ()),
    (RawResponseMessage, "headers", ()),
    (RawResponseMessage, "should_close", ()),
    (RawResponseMessage, "upgrade", ()),
    (aiohttp.ClientSession, "_request", ("method", "str_or_url")),
    (aiohttp.ClientSession, "trace_configs", ()),
)


def missing() -> str | None:
    """Name the first thing that is not as this project expects it; None if all is."""
    for place, name, arguments in _USED:
        thing = getattr(place, name, None)
        if thing is None:
            return f"{place.__name__}.{name}"
        if arguments and not set(arguments) <= set(inspect.signature(thing).parameters):
            return f"{place.__name__}.{name}({', '.join(arguments)})"
    return None


def is_patched() -> bool:
    """Whether somebody has replaced `ClientSession._request`, as aioresponses and VCR.py do, to answer in its place."""
    code = getattr(aiohttp.ClientSession._request, "__code__", None)  # noqa: SLF001 - this is what they replace
    return code is None or code.co_filename != aiohttp.client.__file__


def count_connections(connector: aiohttp.BaseConnector | None) -> int:
    """Count the open connections of *connector*, for statistics only: 0 where aiohttp no longer tells."""
    idle = getattr(connector, "_conns", {})
    return sum(map(len, idle.values())) + len(getattr(connector, "_acquired", ()))


async def connect(
    connector: aiohttp.BaseConnector, url: URL, timeout: aiohttp.ClientTimeout, loop: asyncio.AbstractEventLoop
) -> Connection:
    """Take a new connection to the host of *url*; its name look-up, TLS and choice of address are aiohttp's."""
    return await connector.connect(aiohttp.ClientRequest("GET", url, loop=loop), [], timeout)
