"""What a provider's sandbox hands over: pure answers to pure requests.

An API never sees a socket. `SandboxApi.answer` is a plain function, so that nothing can run between its
check of a balance and its entry in the ledger: commits are counted exactly, however many requests are open.
"""

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote

from attrs import field, frozen

from wallet_async.sandbox.ledger import Entry, Ledger


@frozen(kw_only=True)
class Request:
    """One request as it came off the wire."""

    method: str
    """Upper case."""
    path: str
    """The path exactly as sent, still percent-encoded, without the query."""
    segments: tuple[str, ...] | None
    """The parts between the slashes, each decoded once; None if one of them is not UTF-8."""
    query: Mapping[str, str] = field(factory=dict)
    """Decoded query parameters; the last of a name wins."""
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    """Request headers, looked up without regard to case."""
    body: bytes = field(default=b"", repr=False)
    """The whole body."""
    lag: float = 0.0
    """Seconds for which a history hides a new row (a fault)."""


@frozen
class Answer:
    """One response, before a fault gets at it."""

    status: int
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(factory=dict, kw_only=True)
    """Headers beside Content-Type and Content-Length."""


@frozen
class Route:
    """One documented call, as the command line lists it and the OpenAPI page describes it."""

    operation: str
    method: str
    path: str
    """Template, with names in braces."""


class SandboxApi(Protocol):
    """A provider's stand-in, written from its pages.

    Example:
        >>> from rehook_async.sandbox import RehookApi
        >>> RehookApi(api_key="key", secret_key="secret").name
        'rehook'
    """

    @property
    def name(self) -> str:
        """The provider's name, as in its entry point."""

    @property
    def routes(self) -> tuple[Route, ...]:
        """Every documented call."""

    @property
    def operations(self) -> tuple[str, ...]:
        """Every word `operation` may answer: what a fault can be aimed at."""

    @property
    def ledger(self) -> Ledger:
        """The truth: every committed movement, in commit order."""

    def operation(self, request: Request) -> str:
        """Say which operation *request* is."""

    def answer(self, request: Request) -> Answer:
        """Check *request*, commit it if it is a movement, and answer."""

    def failure(self, status: int) -> Answer:
        """Give the provider's own error envelope for *status*."""

    def arrive(self, request: Request, rows: int) -> None:
        """Append *rows* movements from elsewhere to the wallet whose history *request* reads."""

    def take_back(self, entry: Entry) -> None:
        """Reverse a movement, as somebody at the provider may do."""

    def openapi(self) -> dict[str, Any]:
        """Give the OpenAPI 3 document."""


def parse_target(target: str) -> tuple[str, tuple[str, ...] | None, dict[str, str]]:
    """Split a raw request target into path, decoded segments and query.

    Each segment is decoded after the split: `a%2Fb` is one segment `a/b`, and `%252F` stays the text `%2F`.
    A router that decodes first would send one customer's points to another.
    """
    path, _, query = target.partition("?")
    if not path.startswith("/") and "://" in path:  # absolute form, as sent to a proxy
        path = "/" + path.split("://", 1)[1].partition("/")[2]
    try:
        parts = path.split("/")[1:]
        segments = tuple(unquote(part, errors="strict") if "%" in part else part for part in parts)
    except UnicodeDecodeError:
        return path, None, {}
    return path, segments, dict(parse_qsl(query, keep_blank_values=True)) if query else {}
