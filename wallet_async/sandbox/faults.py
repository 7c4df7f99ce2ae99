"""One fault: what goes wrong, where, for which requests, how often."""

from collections.abc import Mapping
from typing import Any

from attrs import Factory, asdict, field, fields_dict, frozen


@frozen
class Kind:
    """What a kind of fault can do."""

    where: tuple[str, ...]
    """Sides of the commit on which it can strike; the first is the default."""
    accepts: tuple[str, ...] = ()
    """Fields of `Fault` it reads beside the common ones."""
    ends: bool = True
    """Whether it takes the place of the answer; at most one such fault strikes a request."""
    operation: str | None = None
    """The operation it strikes unless told otherwise; None: any."""


KINDS: Mapping[str, Kind] = {
    "close": Kind(("after", "before")),
    "reset": Kind(("after", "before")),
    "hang": Kind(("after", "before")),
    "status": Kind(("before", "after"), ("status", "body", "retry_after", "form")),
    "truncate": Kind(("after",)),
    "garbage": Kind(("after", "before")),
    "drip": Kind(("after",), ("seconds",)),
    "late": Kind(("after",), ("seconds", "then")),
    "latency": Kind(("before",), ("seconds",), ends=False),
    "arrivals": Kind(("after",), ("rows",), ends=False, operation="transactions"),
    "rate": Kind(("before",), ("rate", "retry_after", "form"), ends=False),
    "lag": Kind(("before",), ("seconds",), ends=False, operation="transactions"),
}
COMMON = ("where", "operation", "probability", "times", "nth")


def _usual(fault: Any) -> Kind:
    """The kind of *fault*; for an unknown one, which is refused later, one without any habits."""
    return KINDS.get(fault.kind, Kind(("",)))


@frozen
class Fault:
    """What goes wrong with some requests.

    Kinds: `close` (FIN), `reset` (RST), `hang` (no answer until the client leaves or the sandbox closes),
    `status`, `truncate` (Content-Length longer than the body), `garbage` (not JSON), `drip` (a byte every
    *seconds*), `late` (no answer; the commit follows after *seconds*), `latency`, `arrivals` (*rows* new rows
    at the head of a wallet after each page that is read of it), `rate` (more than *rate* requests a second
    get 429), `lag` (a history hides a row for *seconds*).

    Example:
        >>> Fault("close", operation="credit", probability=0.05).where
        'after'
    """

    kind: str
    where: str = field(kw_only=True, default=Factory(lambda fault: _usual(fault).where[0], takes_self=True))
    """`before` or `after` the commit; each kind has its default (`KINDS`)."""
    operation: str | None = field(kw_only=True, default=Factory(lambda fault: _usual(fault).operation, takes_self=True))
    """Only requests of this operation; None strikes any. `arrivals` and `lag` strike `transactions`."""
    probability: float = field(default=1.0, kw_only=True)
    """Chance for each matching request, above 0, at most 1."""
    times: int | None = field(default=None, kw_only=True)
    """At most so often."""
    nth: int | None = field(default=None, kw_only=True)
    """Only the nth matching request, counted from 1."""
    status: int = field(default=503, kw_only=True)
    """HTTP status of `status`."""
    body: str = field(default="provider", kw_only=True)
    """Body of `status`: the `provider`'s envelope, a gateway's `html`, or `empty`."""
    seconds: tuple[float, float] = field(default=(0.0, 0.0), kw_only=True)
    """Shortest and longest time in seconds; a time between them is drawn for each request."""
    rows: int = field(default=1, kw_only=True)
    """Rows that `arrivals` appends after each page."""
    rate: int = field(default=0, kw_only=True)
    """Requests a second that `rate` lets through."""
    retry_after: float | None = field(default=None, kw_only=True)
    """Retry-After in seconds; None: `rate` tells when the second is over, `status` sends none."""
    form: str = field(default="seconds", kw_only=True)
    """Form of Retry-After: `seconds` or `date`."""
    then: str = field(default="close", kw_only=True)
    """What `late` does to the connection at once: `close` or `hang`."""

    def __attrs_post_init__(self) -> None:
        _check_common(self)
        _check_parameters(self)


def _choose(name: str, value: object, accepted: tuple[str, ...]) -> None:
    if value not in accepted:
        raise ValueError(f"{name}: {value!r} is not one of {', '.join(accepted)}")


def _number(name: str, value: object, low: float, high: float, *, whole: bool = False) -> None:
    kinds = (int,) if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
        bounds = f"{'an int' if whole else 'a number'} from {low:g} to {high:g}"
        raise ValueError(f"{name} must be {bounds}, got {type(value).__name__} {value!r}")


def _check_common(fault: Fault) -> None:
    _choose("kind", fault.kind, tuple(KINDS))
    _choose(f"where of {fault.kind!r}", fault.where, KINDS[fault.kind].where)
    if fault.operation is not None and not isinstance(fault.operation, str):
        raise ValueError(f"operation must be a str or None, got {type(fault.operation).__name__}")
    _number("probability", fault.probability, 1e-12, 1)
    if fault.times is not None and fault.nth is not None:
        raise ValueError("give times or nth, not both")
    for name in ("times", "nth"):
        if getattr(fault, name) is not None:
            _number(name, getattr(fault, name), 1, 1e9, whole=True)


def _check_parameters(fault: Fault) -> None:
    known = fields_dict(Fault)
    for name in known.keys() - {"kind", *COMMON, *KINDS[fault.kind].accepts}:
        if getattr(fault, name) != known[name].default:
            raise ValueError(f"{fault.kind!r} takes no {name}")
    _number("status", fault.status, 200, 599, whole=True)
    _choose("body", fault.body, ("provider", "html", "empty"))
    _choose("form", fault.form, ("seconds", "date"))
    _choose("then", fault.then, ("close", "hang"))
    if not isinstance(fault.seconds, tuple) or len(fault.seconds) != 2:
        raise ValueError(f"seconds must be a pair (shortest, longest), got {fault.seconds!r}")
    _number("seconds", fault.seconds[0], 0, 86_400)
    _number("seconds", fault.seconds[1], fault.seconds[0], 86_400)
    _number("rows", fault.rows, 1, 1_000_000, whole=True)
    _number("rate", fault.rate, 1 if fault.kind == "rate" else 0, 1e9, whole=True)
    if fault.retry_after is not None:
        _number("retry_after", fault.retry_after, 0, 1e9)


def fault_to_dict(fault: Fault) -> dict[str, Any]:
    """Give the JSON form: kind, where, and each field that is not at its default."""
    known = fields_dict(Fault)
    always = ("kind", "where", "operation")
    return {name: value for name, value in asdict(fault).items() if name in always or value != known[name].default}


def fault_from_dict(value: object) -> Fault:
    """Read the JSON form.

    Raises:
        ValueError: it is no object, or a field is unknown or has a wrong value.
    """
    if not isinstance(value, dict) or "kind" not in value:
        raise ValueError(f"a fault must be an object with a kind, got {value!r}")
    known = fields_dict(Fault)
    for name in value:
        _choose("field of a fault", name, tuple(known))
    values: dict[str, Any] = {name: tuple(item) if isinstance(item, list) else item for name, item in value.items()}
    return Fault(**values)
