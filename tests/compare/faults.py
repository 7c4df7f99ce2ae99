"""What goes wrong: each fault strikes three requests of ten, for a share of the references."""

from __future__ import annotations

import random

from wallet_async.sandbox import FaultPlan

TIMEOUT = 0.2  # seconds for which every client waits for an answer

BOOKED = {
    "closed after booking": "close@after:credit p=0.3",
    "reset after booking": "reset@after:credit p=0.3",
    "silence after booking": "hang@after:credit p=0.3",
    "gateway's 502 after booking": "status@after:credit 502 body=html p=0.3",
    "answer cut short": "truncate:credit p=0.3",
    "answer that is no JSON": "garbage@after:credit p=0.3",
    "answer after the time-out": "latency:credit 300-400ms p=0.3",
    "closed, then booked": "late:credit 20-100ms p=0.3",
}
"""By name: faults whose request is booked all the same."""
NOT_BOOKED = {
    "closed unread, as a stale connection is": "close@before:credit p=0.3",
    "silence, not booked": "hang@before:credit p=0.3",
    "gateway's 503, not booked": "status@before:credit 503 body=html p=0.3",
    "429 in the provider's words": "status@before:credit 429 retry-after=0s p=0.3",
}
"""By name: faults whose request is not booked."""
FAULTS = BOOKED | NOT_BOOKED
KILLED = "process killed"
"""The fault that needs a process: killed when a credit is booked and not yet answered, and started again."""


def plan(name: str, seed: int) -> FaultPlan:
    """Give the plan of one of `FAULTS`, the same for the same seed."""
    return FaultPlan.parse(FAULTS[name], seed=random.Random(f"{seed} {name}").randrange(2**32))
