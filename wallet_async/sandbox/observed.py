"""Counters a test reads: what the server saw, not what the client believes."""

from collections import Counter
from typing import Any

from attrs import Factory, define


@define
class Observed:
    """What has reached the sandbox since it started or since `reset`."""

    requests: Counter[str] = Factory(Counter)
    """Requests by operation, faulty ones included; control requests are not counted."""
    faults: Counter[str] = Factory(Counter)
    """Faults carried out, by kind."""
    commits: int = 0
    """Movements committed for a request; rows from elsewhere are not counted."""
    connections: int = 0
    """TCP connections accepted."""
    in_flight: int = 0
    """Requests being handled now."""
    max_in_flight: int = 0
    """The most requests that were being handled at once."""

    def reset(self) -> None:
        """Set every counter to zero; requests in flight stay counted."""
        self.requests.clear()
        self.faults.clear()
        self.commits = self.connections = 0
        self.max_in_flight = self.in_flight

    def as_dict(self) -> dict[str, Any]:
        """Give the counters as JSON-able values."""
        return {
            "requests": dict(self.requests),
            "faults": dict(self.faults),
            "commits": self.commits,
            "connections": self.connections,
            "in_flight": self.in_flight,
            "max_in_flight": self.max_in_flight,
        }
