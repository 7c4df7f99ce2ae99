"""Entries of the journal as rows: times as times, and what is kept as JSON as what it says. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import attrs
from attrs import field, frozen

from wallet_async.engine import codec
from wallet_async.journal.entry import Entry

T = TypeVar("T", bound="Record")


@frozen(kw_only=True)
class Record:
    """One entry; what tables leave out may be personal data."""

    service: str
    reference: str
    state: str
    attempt: int
    reason: str | None
    sent_at: datetime | None
    send_by: datetime | None = field(repr=False)
    created_at: datetime = field(repr=False)
    updated_at: datetime
    owner: str = field(repr=False)
    fingerprint: str = field(repr=False)
    movement: Mapping[str, Any] | None = field(repr=False)
    """None once it is pruned."""
    receipt: Mapping[str, Any] | None = field(repr=False)


@frozen(kw_only=True)
class Detail(Record):
    """One entry alone: there is room for more of it."""

    send_by: datetime | None
    created_at: datetime
    movement: Mapping[str, Any] | None
    mark: str | None
    """What its row at the provider shows of the reference; None if the provider is not installed."""


def record(kind: type[T], entry: Entry, **more: Any) -> T:
    """Make a row of *entry*, and of what a row of this *kind* says besides."""
    values = attrs.asdict(entry)
    for name in ("sent_at", "send_by", "created_at", "updated_at"):
        values[name] = _moment(values[name])
    values["movement"] = codec.loads(entry.movement.encode()) if entry.movement else None
    values["receipt"] = codec.loads(entry.receipt.encode()) if entry.receipt else None
    return kind(**values, **more)


def _moment(microseconds: int) -> datetime | None:
    return datetime.fromtimestamp(microseconds / 1e6, UTC) if microseconds else None
