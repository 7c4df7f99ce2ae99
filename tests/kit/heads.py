"""Ready behaviours for answers whose head no parser can make sense of (matrix row 28)."""

from __future__ import annotations

from .behaviours import reply
from .exchange import response
from .server import Behaviour

MALFORMED: dict[str, tuple[bytes, bytes]] = {
    "no-version": (b"HTTP/1.1 200", b"200"),
    "other-protocol": (b"HTTP/1.1", b"HTTQ/1.1"),
    "status-of-letters": (b" 200 ", b" 2x0 "),
    "status-of-four-digits": (b" 200 ", b" 2000 "),
    "status-negative": (b" 200 ", b" -200 "),
    "length-of-letters": (b"Content-Length: ", b"Content-Length: x"),
    "length-negative": (b"Content-Length: ", b"Content-Length: -"),
    "length-twice": (b"Content-Length: ", b"Content-Length: 7\r\nContent-Length: "),
    "length-of-two-values": (b"Content-Length: ", b"Content-Length: 7, "),
    "chunk-size-of-letters": (b"Content-Length: ", b"Transfer-Encoding: chunked\r\nX-Length: "),
    "chunked-and-length": (b"Content-Length: ", b"Transfer-Encoding: chunked\r\nContent-Length: "),
    "name-with-blank": (b"Content-Type", b"Content Type"),
    "name-empty": (b"Content-Type", b""),
    "line-without-colon": (b"Content-Type: ", b"this is no header\r\nContent-Type: "),
    "nul-in-value": (b"Content-Type: ", b"X-Nul: a\x00b\r\nContent-Type: "),
    "bare-cr": (b"Content-Type: ", b"X-Cr: a\rb\r\nContent-Type: "),
    "huge-value": (b"Content-Type: ", b"X-Huge: " + b"a" * 200_000 + b"\r\nContent-Type: "),
    "many-headers": (b"Content-Type: ", b"X-More: a\r\n" * 50_000 + b"Content-Type: "),
}
"""What to replace in the head of a good answer, and by what."""


def malformed(kind: str, *, commit: bool = True) -> Behaviour:
    """Row 28: commit, then answer well but for one fault in the head, named as in `MALFORMED`; then close."""
    old, new = MALFORMED[kind]
    return reply(lambda e: response(200, e.good()).replace(old, new, 1), commit=commit, end="fin")
