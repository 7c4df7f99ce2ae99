"""What aiohttp raises, in this project's words. The first class that fits decides, so the order matters."""

from __future__ import annotations

import os

import aiohttp

from wallet_async.engine.errors import (
    ConnectError,
    DecodeError,
    DisconnectedError,
    InvalidInputError,
    RequestTimeoutError,
    WalletError,
)

_CERTIFICATE = (aiohttp.ClientSSLError, aiohttp.ServerFingerprintMismatch)
_NOT_CONNECTED = (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError, aiohttp.ConnectionTimeoutError)

HANDLED = (aiohttp.ClientError, OSError, EOFError)
"""What an attempt catches; a time-out and a TLS fault are an `OSError` too."""


def translate(fault: BaseException, *, sent: bool) -> WalletError:
    """Say what *fault* means; its own text is not repeated, since aiohttp prints headers and addresses.

    Args:
        fault: What aiohttp or the socket raised.
        sent: Whether bytes of a request that must not run twice had left. Then nothing proves that it did not run,
            whatever the class says: aiohttp's own second try may be refused a connection after the first was booked.
    """
    kind = type(fault).__name__
    if not sent:
        if isinstance(fault, aiohttp.InvalidURL):
            return InvalidInputError(f"the address cannot be used ({kind})")
        if isinstance(fault, _CERTIFICATE):
            return ConnectError(f"the server's TLS certificate or protocol was not accepted ({kind})", retryable=False)
        if isinstance(fault, _NOT_CONNECTED):
            return ConnectError(f"no connection was made ({kind}{_system(fault)})")
    if isinstance(fault, TimeoutError):
        return RequestTimeoutError(f"no answer in time ({kind})")
    if isinstance(fault, aiohttp.ClientResponseError):
        # aiohttp's parser reports broken heads as a status of 400: the provider said no such thing.
        return DecodeError("the answer is not sound HTTP")
    if isinstance(fault, aiohttp.ClientPayloadError):
        return DisconnectedError("the answer was cut short")
    return DisconnectedError(f"the connection broke ({kind}{_system(fault)})")


def _system(fault: BaseException) -> str:
    number = getattr(fault, "errno", None)
    # Name look-ups count below zero, in a table of their own.
    return f": {os.strerror(number)}" if isinstance(number, int) and number > 0 else ""
