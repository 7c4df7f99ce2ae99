"""The goals, and whether a figure reaches them."""

from attrs import frozen


@frozen
class Goal:
    """One bound, or two: what has to be reached, and what would be splendid."""

    id: str
    work: str
    sign: str
    """``">="`` or ``"<="``."""
    must: float | None
    moonshot: float | None
    unit: str

    def reached(self, figure: float) -> str:
        """Say in a word how far *figure* comes."""
        for bound, word in ((self.moonshot, "moonshot"), (self.must, "yes")):
            if bound is not None and (figure >= bound if self.sign == ">=" else figure <= bound):
                return word
        return "no" if self.must is None else "**no**"

    def bound(self, value: float | None) -> str:
        """Write a bound."""
        return "" if value is None else f"{self.sign} {value:g}"


_PAGE = "one page to 19 typed frozen objects, 50 in flight"
_CREDIT = "credit end to end, 50 in flight, against the same PUT"
_JOURNALED = "credit with a durable SQLite journal"
_AIOHTTP = "x plain aiohttp"

GOALS = {
    goal.id: goal
    for goal in (
        Goal("S1", f"{_PAGE}, default install, through ClientSession", ">=", 1.0, 1.3, _AIOHTTP),
        Goal("S2, warm heap", f"{_PAGE}, with [fast], own transport, no uvloop", ">=", 3.0, 4.3, _AIOHTTP),
        Goal("S2, fresh heap", f"{_PAGE}, with [fast], own transport, no uvloop", ">=", 3.8, 5.5, _AIOHTTP),
        Goal("S2, Node", "S2, typed, against undici, untyped", ">=", None, 1.3, "x undici"),
        Goal("S3", "S2 against httpx + pydantic", ">=", 25, 50, "x httpx + pydantic"),
        Goal("S4, warm heap", "S2 over TLS", ">=", 2.3, 3.5, f"{_AIOHTTP} over TLS"),
        Goal("S4, fresh heap", "S2 over TLS", ">=", 3.0, 5.0, f"{_AIOHTTP} over TLS"),
        Goal("S5", "S2 against a minimal protocol, typed (the limit)", ">=", 0.65, 0.9, "x the limit"),
        Goal("S6, time", "100 pages at 50 ms a request, lookahead=16", "<=", 1.25, 1.1, "x ideal"),
        Goal("S6, requests", "the same", "<=", 1.15, None, "requests a page"),
        Goal("S7, rate", "one-page wallets through scan, 50 in flight", ">=", 0.9, 0.97, "x bare workers"),
        Goal("S7, growth", "memory after the longest scan less that after the shortest", "<=", 10, None, "MB"),
        Goal("S7, memory", "most memory of the longest scan", "<=", None, 60, "MB"),
        Goal("S8", "async for over rows already here", "<=", 0.15, 0.07, "us a row"),
        Goal("S9", "import rehook_async", "<=", 1.25, 0.2, "x import aiohttp"),
        Goal("S10, default install", _CREDIT, ">=", 1.0, None, _AIOHTTP),
        Goal("S10, [fast]", f"{_CREDIT}, with [fast]", ">=", 2.0, 3.5, _AIOHTTP),
        Goal("S11", f"{_JOURNALED}, 50 in flight, sharing commits", ">=", 5, 20, "x a commit each"),
        Goal("S11, in flight", f"{_JOURNALED}, 50 in flight, sharing commits", ">=", 5, 20, "x one at a time"),
    )
}
