"""What every client in the comparison is: something that is asked to credit a reference, and says how that ended."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Literal

import attrs

CUSTOMER, WALLET, POINTS = "krishna123", "waty_Compared", 20
KEY, SECRET = "sandbox-api-key", "sandbox-secret-key"
AUTHORIZATION = {"Authorization": f"Basic {b64encode(f'{KEY}:{SECRET}'.encode()).decode()}"}
PATH = f"/wallets/customer/{CUSTOMER}/transactions/{WALLET}"
ATTEMPTS = 3
PAUSE = 0.02  # seconds before the second attempt; twice that before the third

Told = Literal["paid", "failed", "unknown", "later"]
"""Booked; given up; it says itself that nobody knows; to be asked for again, which its documentation calls safe."""
Credit = Callable[[str], Awaitable[Told]]


@attrs.frozen(kw_only=True)
class Place:
    """Where a client works."""

    url: str
    folder: Path
    """Of its own, and kept when it is killed."""
    timeout: float
    """Seconds for an answer."""


Open = Callable[[Place], AbstractAsyncContextManager[Credit]]


def body(reference: str) -> dict[str, Any]:
    """Give the JSON of one credit: Rehook has no field for a reference, so it stands where a person would put it."""
    return {"type": "credit", "points": POINTS, "description": reference}


def telling(credit: Callable[[str], Awaitable[object]]) -> Credit:
    """Let a function that returns or raises say "paid" or "failed"."""

    async def told(reference: str) -> Told:
        try:
            await credit(reference)
        except Exception:
            return "failed"
        return "paid"

    return told
