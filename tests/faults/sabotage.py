"""Transports with a fault of their own, for sabotaged twins. Each breaks both transports unless it says otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import BytesPayload

from wallet_async.engine.calls import Reply
from wallet_async.engine.errors import DisconnectedError
from wallet_async.engine.transport import Evidence
from wallet_async.engine.transport.client_session import ClientSessionTransport
from wallet_async.engine.transport.direct import DirectTransport

BOTH = (DirectTransport, ClientSessionTransport)
CLASSES = {"direct": DirectTransport, "session": ClientSessionTransport}


def no_evidence(patch: pytest.MonkeyPatch) -> None:
    """Let nobody know what has left."""
    for kind in BOTH:
        own = kind.attempt

        async def attempt(self: Any, call: Any, credentials: Any, _: Any, deadline: float, own: Any = own) -> Reply:
            return await own(self, call, credentials, Evidence(), deadline)

        patch.setattr(kind, "attempt", attempt)


def late(seconds: float, patch: pytest.MonkeyPatch) -> None:
    """Let every attempt last longer than its deadline."""
    for kind in BOTH:
        own = kind.attempt

        async def attempt(self: Any, call: Any, credentials: Any, ev: Any, deadline: float, own: Any = own) -> Reply:
            return await own(self, call, credentials, ev, deadline + seconds)

        patch.setattr(kind, "attempt", attempt)


def sends_again(patch: pytest.MonkeyPatch) -> None:
    """Let the direct transport do what aiohttp does: send again, by itself, when the connection broke."""
    own = DirectTransport.attempt

    async def attempt(self: Any, call: Any, credentials: Any, evidence: Evidence, deadline: float) -> Reply:
        try:
            return await own(self, call, credentials, evidence, deadline)
        except DisconnectedError:
            evidence.sent = False
            return await own(self, call, credentials, evidence, deadline)

    patch.setattr(DirectTransport, "attempt", attempt)


def plain_body(value: bytes, content_type: str, evidence: Any, deadline: float) -> BytesPayload:
    """Make the body that aiohttp would use, which can be sent as often as it likes."""
    return BytesPayload(value, content_type=content_type)
