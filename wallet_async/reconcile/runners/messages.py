"""What a process that reads and the one that started it say to each other, over two pipes.

Each message is a pickle behind its length. Whoever started it sends an `Order`, then `Task`s, and closes its end when
there is nothing more to do, or dies: then the process ends.
"""

from __future__ import annotations

import asyncio
import os
import pickle
from pathlib import Path
from typing import Any

from attrs import frozen

from wallet_async.engine.errors import WalletError
from wallet_async.reconcile.chunks import Chunk
from wallet_async.reconcile.reader import Tally
from wallet_async.reconcile.runners.board import Report

_LENGTH = 4
"""Bytes of a length."""


@frozen
class Task:
    """Read a chunk."""

    chunk: Chunk
    into: Path


@frozen
class Read:
    """A chunk has its shard."""

    number: int
    tally: Tally


@frozen
class Failed:
    """A chunk could not be read."""

    number: int
    error: WalletError


Answer = Report | Read | Failed


def frame(message: object) -> bytes:
    """Write a message."""
    data = pickle.dumps(message)
    return len(data).to_bytes(_LENGTH) + data


def receive(pipe: int) -> Any:
    """Wait for a message; None at the end."""
    data = _exactly(pipe, int.from_bytes(_exactly(pipe, _LENGTH)))
    return pickle.loads(data) if data else None  # noqa: S301 - from whoever started this process


def _exactly(pipe: int, size: int) -> bytes:
    """Read so many bytes, or nothing at the end; a file object would hold a lock that an exit trips over."""
    data = b""
    while len(data) < size:
        some = os.read(pipe, size - len(data))
        if not some:
            return b""
        data += some
    return data


async def received(stream: asyncio.StreamReader) -> Answer | None:
    """Wait for what a process says; None at its end."""
    try:
        head = await stream.readexactly(_LENGTH)
        data = await stream.readexactly(int.from_bytes(head))
    except asyncio.IncompleteReadError:
        return None
    answer: Answer = pickle.loads(data)  # noqa: S301 - from a process that was started here
    return answer
