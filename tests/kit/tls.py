"""Server certificates, sound and unsound (matrix row 5, goal G20)."""

from __future__ import annotations

import datetime
import ssl
from typing import Literal, get_args

import attrs
import trustme

from .exchange import CHUNK, Exchange
from .server import CommitServer

TlsKind = Literal["good", "wrong-host", "unknown-ca", "self-signed", "expired", "not-yet-valid"]
BAD_TLS: tuple[TlsKind, ...] = get_args(TlsKind)[1:]
"""Every kind a client must refuse."""


@attrs.frozen
class Certificates:
    """One server's TLS side and the authority its clients are told to trust."""

    server: ssl.SSLContext
    """For `CommitServer(tls=...)`, which is then reached as https://localhost."""
    ca: trustme.CA

    def client(self) -> ssl.SSLContext:
        """Build a client context that trusts `ca` and nothing else."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.ca.configure_trust(context)
        return context


def certificates(kind: TlsKind = "good") -> Certificates:
    """Make the certificates of one kind; all but `good` have exactly one fault."""
    trusted, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    today, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    if kind == "self-signed":
        _use_own(trustme.CA(), context)
    else:
        issuer = trustme.CA() if kind == "unknown-ca" else trusted
        host = "elsewhere.example" if kind == "wrong-host" else "localhost"
        issuer.issue_cert(
            host,
            *(() if kind == "wrong-host" else ("127.0.0.1",)),
            not_before=today + day if kind == "not-yet-valid" else today - 30 * day,
            not_after=today - day if kind == "expired" else today + 30 * day,
        ).configure_cert(context)
    return Certificates(context, trusted)


def _use_own(ca: trustme.CA, context: ssl.SSLContext) -> None:
    """Let the server show an authority's own certificate, which nobody else signed."""
    with ca.private_key_pem.tempfile() as key, ca.cert_pem.tempfile() as certificate:
        context.load_cert_chain(certificate, key)


def old_tls() -> CommitServer:
    """Build a server that speaks TLS 1.1 at most: use https:// with its port.

    It only ever sends a ServerHello of that version, at which a client of today has to hang up.
    """

    async def act(exchange: Exchange) -> None:
        await exchange.reader.read(CHUNK)
        chosen = b"\x03\x02" + bytes(32) + b"\x00" + b"\x00\x2f" + b"\x00"  # version, random, session, suite
        hello = b"\x02" + len(chosen).to_bytes(3, "big") + chosen
        await exchange.send(b"\x16\x03\x02" + len(hello).to_bytes(2, "big") + hello)
        await exchange.hold()

    return CommitServer(act)
