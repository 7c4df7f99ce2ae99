"""What goes out and what comes back: plain values, no I/O, and nobody changes them.

They are not frozen, since one of each is made for every request, and to make a frozen one takes twice as long.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from decimal import Decimal
from typing import Literal, Protocol

from attrs import define, field

Kind = Literal["credit", "debit"]


def opposite(kind: Kind) -> Kind:
    """Give the kind that takes *kind* back."""
    return "debit" if kind == "credit" else "credit"


class MovementLike(Protocol):
    """What the engine needs to know of a provider's credit or debit."""

    @property
    def kind(self) -> Kind:
        """Whether it adds or takes."""

    @property
    def amount(self) -> int | Decimal:
        """How much, always above zero; the direction is `kind`."""

    @property
    def wallet(self) -> Hashable:
        """What identifies the wallet; movements of one wallet keep their order."""

    @property
    def reference(self) -> str | None:
        """The caller's own name for it, by which it can be found again."""


@define(kw_only=True)
class Call:
    """One request, complete but for credentials."""

    operation: str
    """What it is for, as the user would say it: ``"credit"``."""
    method: str
    """The HTTP method; says nothing about repeatability here (Rehook moves points with PUT, Sipay reads with POST)."""
    target: str
    """Path and query, percent-encoded, appended to the base URL as it is."""
    body: bytes | None = field(default=None, repr=False)
    """The request body; kept out of `repr` because a token call carries a secret."""
    content_type: str = "application/json"
    """Type of `body`."""
    repeatable: bool
    """True if sending it twice does no more than sending it once."""
    base_url: str | None = None
    """Where to, if not to the session's own base URL (the token host)."""


@define
class Reply:
    """One answer, whole and bounded, whatever its status."""

    status: int
    """The HTTP status."""
    headers: Mapping[str, str] = field(repr=False)
    """The answer's headers; look-up ignores case."""
    body: bytes = field(repr=False)
    """The body after decompression, at most `Limits.max_body` bytes."""
