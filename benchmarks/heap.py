"""The two states of glibc's heap that move a client's speed by 15-20 us an answer.

asyncio's stream transport takes 256 KiB for every `recv`. In a fresh heap glibc maps and unmaps that each time; once a
larger block was freed (the heap is warm) it does not: the threshold of mmap has moved up. The process that measures is
started with the threshold held where either state has it, so that nothing changes the state half-way.
"""

import ctypes
import os
from collections.abc import Mapping
from typing import Literal, get_args

State = Literal["fresh", "warm"]
STATES: tuple[State, ...] = get_args(State)

_RECV = 256 * 1024
_THRESHOLDS = {"fresh": 128 * 1024, "warm": 32 * 1024 * 1024}
"""Bytes from which glibc maps: its initial value, and the highest it moves to on its own."""
_VARIABLE = "MALLOC_MMAP_THRESHOLD_"
_MOST_HOLES = 400
_filled: list[bytes] = []


def environment(state: State) -> Mapping[str, str]:
    """Give the variables that hold a process in *state*."""
    threshold = _THRESHOLDS[state]
    # Freed memory at the top is given back from twice the threshold on, as when glibc moves the threshold itself.
    trim = threshold if state == "fresh" else 2 * threshold
    return {_VARIABLE: str(threshold), "MALLOC_TRIM_THRESHOLD_": str(trim)}


def observed() -> State | None:
    """Say which state this process is in, by taking a block as `recv` does; None without glibc 2.33."""
    try:
        mallinfo = ctypes.CDLL(None).mallinfo2
    except (OSError, AttributeError, TypeError):
        return None
    mallinfo.restype = _MallInfo
    before = mallinfo().hblks
    block = bytearray(_RECV)
    after = mallinfo().hblks
    del block
    return "fresh" if after > before else "warm"


def hold() -> None:
    """Bring this process back to the state its environment asks for.

    Where much has been freed, a hole in the heap may take the block and keep the fresh state away: it is filled.

    Raises:
        RuntimeError: It is in the other state and cannot be brought back.
    """
    if os.environ.get(_VARIABLE) != str(_THRESHOLDS["fresh"]):
        return require("warm")
    for _ in range(_MOST_HOLES):
        if observed() != "warm":
            return None
        _filled.append(bytes(_RECV))
    return require("fresh")


def require(state: State) -> None:
    """Stop a measurement that would be reported under the wrong state.

    Raises:
        RuntimeError: The heap is in the other state.
    """
    if observed() not in {state, None}:
        raise RuntimeError(f"the heap is {observed()}, expected {state}")


class _MallInfo(ctypes.Structure):
    """``struct mallinfo2``."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        )
    )
