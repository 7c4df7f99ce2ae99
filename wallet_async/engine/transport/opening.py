"""Which transport a session gets."""

from __future__ import annotations

import warnings

import aiohttp

from wallet_async.engine.limits import Limits, Timeouts
from wallet_async.engine.transport import Transport, inside
from wallet_async.engine.transport.client_session import ClientSessionTransport


def open_transport(base_url: str, limits: Limits, timeouts: Timeouts, http: aiohttp.ClientSession | None) -> Transport:
    """Make the direct transport, or the one through `ClientSession` where that is asked for or needed.

    It is asked for by ``http=``, whose proxies, middlewares and trace configurations have to be kept; and needed if our
    own session was given trace configurations, as instrumentation does that replaces aiohttp's constructor, or if
    aiohttp's inside is not what the direct transport was written for.
    """
    changed = inside.missing() if http is None else None
    if changed is not None:
        warnings.warn(
            f"aiohttp {aiohttp.__version__} has changed ({changed}): requests go through ClientSession, more slowly",
            RuntimeWarning,
            stacklevel=2,
        )
    session = ClientSessionTransport(base_url, limits, timeouts, http)
    connector = session.http.connector
    if http is not None or changed is not None or connector is None or session.http.trace_configs:
        return session
    from wallet_async.engine.transport.direct import DirectTransport  # noqa: PLC0415 - it needs what `missing` looks for

    return DirectTransport(session, connector)
