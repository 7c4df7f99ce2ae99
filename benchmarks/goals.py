"""The goals, and whether a figure reaches them."""

from typing import Literal

from attrs import frozen


@frozen(kw_only=True)
class Goal:
    """One line of the goals' table."""

    id: str
    work: str
    must: float
    moonshot: float
    better: Literal["higher", "lower"]
    unit: str

    def reached(self, figure: float) -> str:
        """Say in a word how far *figure* comes."""
        for bound, word in ((self.moonshot, "moonshot"), (self.must, "yes")):
            if (figure >= bound) if self.better == "higher" else (figure <= bound):
                return word
        return "**no**"

    @property
    def sign(self) -> str:
        """The sign in front of a bound."""
        return ">=" if self.better == "higher" else "<="


GOALS = {
    goal.id: goal
    for goal in (
        Goal(
            id="S1",
            work="one page to typed frozen objects, 50 in flight, default install, through ClientSession",
            must=1.0,
            moonshot=1.3,
            better="higher",
            unit="x plain aiohttp",
        ),
        Goal(
            id="S8",
            work="async for over rows already here",
            must=0.15,
            moonshot=0.07,
            better="lower",
            unit="us a row",
        ),
        Goal(
            id="S9",
            work="import rehook_async",
            must=1.25,
            moonshot=0.2,
            better="lower",
            unit="x import aiohttp",
        ),
        Goal(
            id="S10",
            work="credit end to end, 50 in flight, default install, against the same PUT",
            must=1.0,
            moonshot=3.5,
            better="higher",
            unit="x plain aiohttp",
        ),
    )
}
