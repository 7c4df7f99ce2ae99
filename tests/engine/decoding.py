"""Answers read in two ways, and what came of it in a form that shows every difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any

import attrs
import pytest

from wallet_async.engine import codec, rows
from wallet_async.engine.errors import WalletError

Way = Callable[[], Any]


@cache
def _pairs(kind: Any) -> tuple[rows.Read, ...]:
    return (rows._pairs_reader(kind),)


@contextmanager
def pure() -> Iterator[None]:
    """Decode as without msgspec: the standard library, the generated row function, cattrs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec, "_quick", lambda: None)
        patch.setattr(rows, "readers", _pairs)
        yield


@contextmanager
def long_way() -> Iterator[None]:
    """Decode the long way only: the standard library and cattrs, nothing quick."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec, "_quick", lambda: None)
        patch.setattr(rows, "readers", lambda kind: ())
        yield


def outcome(read: Way) -> Any:
    """Give what *read* returns with the type of every part, or its error with everything it tells."""
    try:
        return shape(read())
    except WalletError as error:
        return type(error), str(error), error.not_applied, vars(error)


def shape(value: Any) -> Any:
    """Give *value* so that two are equal only if nothing tells them apart: 1 and Decimal(1), UTC and +00:00, order."""
    if attrs.has(type(value)):
        return type(value), [(name, shape(getattr(value, name))) for name in attrs.fields_dict(type(value))]
    if isinstance(value, Mapping):
        return type(value), [(name, shape(item)) for name, item in value.items()]
    if isinstance(value, list | tuple):
        return type(value), [shape(item) for item in value]
    if isinstance(value, datetime):
        return datetime, repr(value), value.fold
    return type(value), repr(value)
