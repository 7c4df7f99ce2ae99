"""The fault plan: which faults strike the next request."""

import random
import time
from collections.abc import Callable, Iterable

from attrs import define, frozen

from wallet_async.sandbox.fault_text import parse_faults, print_fault
from wallet_async.sandbox.faults import KINDS, Fault


@frozen(kw_only=True)
class Drawn:
    """What strikes one request."""

    pause: float = 0.0
    """Latency in seconds, before anything else."""
    limited: Fault | None = None
    """The rate limit that refuses it."""
    retry_after: float = 0.0
    """Seconds until that limit lets requests through again."""
    ending: Fault | None = None
    """The fault that takes the place of the answer."""
    rows: int = 0
    """Rows from elsewhere that arrive after the answer is made."""
    lag: float = 0.0
    """Seconds for which a history hides a new row."""
    kinds: tuple[str, ...] = ()
    """Kinds of all of these, in the plan's order."""


_NOTHING = Drawn()


@define
class _Armed:
    """A fault and what it has done so far."""

    fault: Fault
    seen: int = 0
    fired: int = 0
    window: float = float("-inf")
    """When the current second of a rate limit began."""
    passed: int = 0
    """Requests in that second."""


class FaultPlan:
    """Faults, in order; a seed makes every run of the same requests alike.

    Example:
        >>> plan = FaultPlan.parse("close@after:credit p=0.05; latency 5-20ms; rate 200/s", seed=7)
        >>> [fault.kind for fault in plan.faults]
        ['close', 'latency', 'rate']
    """

    def __init__(
        self,
        faults: Iterable[Fault] = (),
        *,
        seed: int = 0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.seed: int = seed
        self._random = random.Random(seed)
        self._monotonic = monotonic
        self._operations: tuple[str, ...] | None = None
        self._armed: list[_Armed] = []
        for fault in faults:
            self.add(fault)

    @classmethod
    def parse(cls, text: str, *, seed: int = 0, monotonic: Callable[[], float] = time.monotonic) -> "FaultPlan":
        """Read the compact text of `fault_text`.

        Raises:
            ValueError: a word is unknown or its value wrong.
            TypeError: *text* is no str.
        """
        return cls(parse_faults(text), seed=seed, monotonic=monotonic)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults, in the order in which they are tried."""
        return tuple(armed.fault for armed in self._armed)

    def text(self) -> str:
        """Give the compact text of the plan."""
        return "; ".join(print_fault(fault) for fault in self.faults)

    def add(self, fault: Fault) -> Fault:
        """Add *fault* at the end and give it back.

        Raises:
            TypeError: it is no Fault.
            ValueError: it is aimed at an operation that the sandbox's API does not have.
        """
        if not isinstance(fault, Fault):
            raise TypeError(f"fault must be a Fault, got {type(fault).__name__}")
        self._check(fault)
        self._armed.append(_Armed(fault))
        return fault

    def clear(self) -> None:
        """Remove every fault; the random numbers go on where they were."""
        self._armed.clear()

    def replace(self, faults: Iterable[Fault], *, seed: int | None = None) -> None:
        """Put *faults* in place of all there are; none is replaced if one of them is refused.

        Raises:
            ValueError: one is aimed at an operation that the sandbox's API does not have.
        """
        armed = [_Armed(fault) for fault in faults]
        for one in armed:
            self._check(one.fault)
        self._armed = armed
        if seed is not None:
            self.seed = seed
            self._random.seed(seed)

    def bind(self, operations: tuple[str, ...]) -> None:
        """Refuse, from now on, faults aimed at any operation but these.

        Raises:
            ValueError: the plan holds one already.
        """
        self._operations = operations
        for fault in self.faults:
            self._check(fault)

    def _check(self, fault: Fault) -> None:
        known, operation = self._operations, fault.operation
        if known is not None and operation is not None and operation not in known:
            raise ValueError(f"unknown operation {operation!r} in a fault; accepted: {', '.join(known)}")

    def draw(self, operation: str) -> Drawn:
        """Say what strikes the next request, which is an *operation*."""
        if not self._armed:
            return _NOTHING
        for armed in self._armed:
            if armed.fault.kind == "rate" and self._strikes(armed, operation):
                return self._limit(armed)
        struck: list[Fault] = []
        ending: Fault | None = None
        for armed in self._armed:
            ends = KINDS[armed.fault.kind].ends
            if armed.fault.kind == "rate" or (ends and ending is not None):
                continue  # the answer is lost already: later faults of that sort keep their turn
            if self._strikes(armed, operation):
                struck.append(armed.fault)
                ending = armed.fault if ends else ending
        return Drawn(
            pause=sum(self.seconds(fault) for fault in struck if fault.kind == "latency"),
            ending=ending,
            rows=sum(fault.rows for fault in struck if fault.kind == "arrivals"),
            lag=max((self.seconds(fault) for fault in struck if fault.kind == "lag"), default=0.0),
            kinds=tuple(fault.kind for fault in struck),
        )

    def _limit(self, armed: _Armed) -> Drawn:
        wait = armed.fault.retry_after
        if wait is None:
            wait = armed.window + 1 - self._monotonic()
        return Drawn(limited=armed.fault, retry_after=wait, kinds=("rate",))

    def seconds(self, fault: Fault) -> float:
        """Draw a time between the fault's two bounds."""
        low, high = fault.seconds
        return low if low == high else self._random.uniform(low, high)

    def _strikes(self, armed: _Armed, operation: str) -> bool:
        fault = armed.fault
        if fault.operation is not None and fault.operation != operation:
            return False
        if fault.kind == "rate" and not self._over_rate(armed):
            return False
        armed.seen += 1
        if fault.nth is not None and armed.seen != fault.nth:
            return False
        if fault.times is not None and armed.fired >= fault.times:
            return False
        if fault.probability < 1 and self._random.random() >= fault.probability:
            return False
        armed.fired += 1
        return True

    def _over_rate(self, armed: _Armed) -> bool:
        now = self._monotonic()
        if now - armed.window >= 1:
            armed.window, armed.passed = now, 0
        armed.passed += 1
        return armed.passed > armed.fault.rate
