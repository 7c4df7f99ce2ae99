"""Movements and receipts as text: what the journal keeps of them, and what tells one movement from another."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import cache
from hashlib import sha256
from typing import Any, TypeVar

import attrs

from wallet_async.engine import codec
from wallet_async.engine.structure import Decoder

T = TypeVar("T")

_HALF = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair: JSON can carry it as an escape, UTF-8 cannot."""


def write(value: Any) -> str:
    """Write a movement or a receipt as JSON, every digit kept.

    A field whose metadata say ``"kept": False`` is left out: it may be as good as a credential.
    """
    return _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", codec.text(_fields(value, _plain)))


def sentence(text: str) -> str:
    """Make *text*, which may quote what a provider sent, one that any database keeps."""
    return _HALF.sub("\ufffd", text).replace("\0", "\ufffd")


def read_receipt(kind: type[T], text: str) -> T:
    """Read what `write` made of a receipt.

    Raises:
        DecodeError: It is not one.
    """
    decoder: Decoder[T] = Decoder(kind)
    return decoder(codec.loads(text.encode()))


def read_movement(kind: type[T], text: str) -> T:
    """Read what `write` made of a movement.

    Raises:
        DecodeError: It is no JSON.
        InvalidInputError: A field does not fit.
    """
    return kind(**codec.loads(text.encode()))


def fingerprint(movement: Any) -> str:
    """Make the digest of a movement: equal for equal arguments, whether an amount was written 10, 10.0 or 1E1."""
    return sha256(codec.text(_fields(movement, _equal)).encode()).hexdigest()


def _fields(value: Any, write_one: Callable[[Any], Any]) -> dict[str, Any]:
    return {name: write_one(getattr(value, name)) for name in _names(value.__class__)}


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    """Give the fields of a class that are kept."""
    return tuple(field.name for field in attrs.fields(kind) if field.metadata.get("kept", True))


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int | Decimal):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    return _fields(value, _plain) if attrs.has(type(value)) else value


def _equal(value: Any) -> Any:
    if isinstance(value, Decimal) or type(value) is int:
        return format(Decimal(value).normalize(), "f")
    return value
