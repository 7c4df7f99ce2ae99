"""Every error aiohttp's client can raise has a meaning here; a new one in a new release fails this test."""

import aiohttp
import pytest

from wallet_async.engine.errors import (
    ConnectError,
    DecodeError,
    DisconnectedError,
    InvalidInputError,
    RequestTimeoutError,
    TransportError,
)
from wallet_async.engine.transport.faults import HANDLED, translate

# What each class means before any byte of a request has left.
MEANING = {
    "ClientConnectionError": DisconnectedError,
    "ClientConnectionResetError": DisconnectedError,
    "ClientConnectorCertificateError": ConnectError,
    "ClientConnectorDNSError": ConnectError,
    "ClientConnectorError": ConnectError,
    "ClientConnectorSSLError": ConnectError,
    "ClientError": DisconnectedError,
    "ClientHttpProxyError": ConnectError,
    "ClientOSError": DisconnectedError,
    "ClientPayloadError": DisconnectedError,
    "ClientProxyConnectionError": ConnectError,
    "ClientResponseError": DecodeError,
    "ClientSSLError": ConnectError,
    "ConnectionTimeoutError": ConnectError,
    "ContentTypeError": DecodeError,
    "InvalidURL": InvalidInputError,
    "InvalidUrlClientError": InvalidInputError,
    "InvalidUrlRedirectClientError": InvalidInputError,
    "NonHttpUrlClientError": DisconnectedError,
    "NonHttpUrlRedirectClientError": DisconnectedError,
    "RedirectClientError": DisconnectedError,
    "ServerConnectionError": DisconnectedError,
    "ServerDisconnectedError": DisconnectedError,
    "ServerFingerprintMismatch": ConnectError,
    "ServerTimeoutError": RequestTimeoutError,
    "SocketTimeoutError": RequestTimeoutError,
    "TooManyRedirects": DecodeError,
    "UnixClientConnectorError": ConnectError,
    "UploadAbortedError": DisconnectedError,
    "WSMessageTypeError": None,  # websockets are not spoken here
    "WSServerHandshakeError": None,
}


def _raisable() -> dict[str, type[BaseException]]:
    names = (getattr(aiohttp, name) for name in dir(aiohttp))
    return {
        kind.__name__: kind
        for kind in names
        if isinstance(kind, type) and issubclass(kind, aiohttp.ClientError | aiohttp.ServerTimeoutError)
    }


def _known() -> list[str]:
    """The classes of the table that this aiohttp has; the oldest one allowed lacks some."""
    return [name for name, meaning in MEANING.items() if meaning and hasattr(aiohttp.client_exceptions, name)]


def test_every_client_error_has_a_meaning() -> None:
    """The table names exactly the error classes that aiohttp exports."""
    exported = set(_raisable())
    assert exported - set(MEANING) == set(), "new in this aiohttp: say what they mean"


@pytest.mark.parametrize("name", _known())
def test_before_anything_left_the_class_decides(name: str) -> None:
    """A fault before the first byte is translated by its class, and an attempt catches it."""
    kind = getattr(aiohttp.client_exceptions, name)
    fault = kind.__new__(kind)
    assert isinstance(fault, HANDLED)
    assert type(translate(fault, sent=False)) is MEANING[name]


@pytest.mark.parametrize("name", _known())
def test_after_bytes_left_nothing_is_certain(name: str) -> None:
    """Once bytes have left, no class of error may claim that the call did not run."""
    kind = getattr(aiohttp.client_exceptions, name)
    error = translate(kind.__new__(kind), sent=True)
    assert isinstance(error, TransportError | DecodeError)
    assert not error.not_applied


def test_sabotage_by_class_alone_a_refused_second_try_would_pass_for_not_sent() -> None:
    """Without the evidence, "connection refused" after aiohttp's own second try reads as "nothing was sent"."""
    refused = aiohttp.ClientConnectorError.__new__(aiohttp.ClientConnectorError)
    assert translate(refused, sent=False).not_applied
    assert not translate(refused, sent=True).not_applied
