"""The compact text of a fault plan: `close@after:credit p=0.05; latency 5-20ms; rate 200/s`.

Grammar: clauses parted by `;`, each `kind[@before|@after][:operation] [value] [name=value ...]`. The bare
value is the kind's own: a time for latency, drip, late and lag, a number for status, arrivals and rate. `:*`
aims arrivals or lag at every operation.
"""

import re
from collections.abc import Callable

from attrs import fields_dict

from wallet_async.sandbox.faults import KINDS, Fault

_TIME = re.compile(r"(?P<low>\d+(\.\d+)?)(-(?P<high>\d+(\.\d+)?))?(?P<unit>ms|s)")
# kind -> the field that its bare value fills
_BARE: dict[str, str] = {
    **dict.fromkeys(("latency", "drip", "late", "lag"), "seconds"),
    "status": "status",
    "arrivals": "rows",
    "rate": "rate",
}
_COMMON = {"p": "probability", "times": "times", "nth": "nth"}
_SOME = {"body": "body", "then": "then", "retry-after": "retry_after", "form": "form"}
_NAMED = _COMMON | _SOME


def parse_faults(text: str) -> list[Fault]:
    """Read the compact text.

    Raises:
        ValueError: a word is unknown or its value wrong; the message names the word and the accepted ones.
        TypeError: *text* is no str.
    """
    if not isinstance(text, str):
        raise TypeError(f"a fault text must be a str, got {type(text).__name__}")
    return [_clause(clause.split()) for clause in text.split(";") if clause.strip()]


def _clause(words: list[str]) -> Fault:
    head, colon, operation = words[0].partition(":")
    kind, at, where = head.partition("@")
    if kind not in KINDS:
        raise _unknown("fault", kind, tuple(KINDS))
    values: dict[str, object] = {"operation": None if operation == "*" else operation} if colon else {}
    if colon and not operation:
        raise ValueError(f"{words[0]!r}: name an operation after the colon")
    if at:
        if where not in KINDS[kind].where:
            raise _unknown(f"side of {kind!r}", where, KINDS[kind].where)
        values["where"] = where
    for word in words[1:]:
        name, value = _word(kind, word)
        if name in values:
            raise ValueError(f"{word!r} says {name.replace('_', ' ')} of {kind!r} a second time")
        values[name] = value
    missing = _BARE.get(kind)
    if missing and missing not in values and kind not in ("status", "arrivals"):
        raise ValueError(f"{kind!r} needs a value, such as {kind} {'200/s' if kind == 'rate' else '5-20ms'}")
    return Fault(kind, **values)  # type: ignore[arg-type]  # names and types come from the tables above


def _word(kind: str, word: str) -> tuple[str, object]:
    name, equals, value = word.partition("=")
    if not equals and kind in _BARE:
        field = _BARE[kind]
        return field, _READ[field](word)
    accepted = [*_COMMON, *(text for text, field in _SOME.items() if field in KINDS[kind].accepts)]
    if not equals or name not in accepted:
        raise _unknown(f"word for {kind!r}", name, tuple(f"{text}=" for text in accepted))
    field = _NAMED[name]
    return field, _READ.get(field, str)(value)


def _unknown(what: str, word: str, accepted: tuple[str, ...]) -> ValueError:
    return ValueError(f"unknown {what}: {word!r}; accepted: {', '.join(accepted)}")


def _time(text: str) -> tuple[float, float]:
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no time; write 5ms, 5-20ms or 1.5s")
    unit = 0.001 if found["unit"] == "ms" else 1.0
    low = float(found["low"]) * unit
    return low, float(found["high"]) * unit if found["high"] else low


def _seconds(text: str) -> float:
    low, high = _time(text)
    if low != high:
        raise ValueError(f"{text!r} is a range; retry-after takes one time")
    return low


def _rate(text: str) -> int:
    if not text.endswith("/s"):
        raise ValueError(f"{text!r} is no rate; write 200/s")
    return _whole(text.removesuffix("/s"))


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is no whole number")
    return int(text)


def _chance(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"p={text} is no number from 0 to 1") from None


_READ: dict[str, Callable[[str], object]] = {
    "seconds": _time,
    "status": _whole,
    "rows": _whole,
    "rate": _rate,
    "probability": _chance,
    "times": _whole,
    "nth": _whole,
    "retry_after": _seconds,
}


def print_fault(fault: Fault) -> str:
    """Give the text that `parse_faults` reads back as *fault*."""
    known = fields_dict(Fault)
    aim = "" if fault.operation == KINDS[fault.kind].operation else f":{fault.operation or '*'}"
    words = [f"{fault.kind}@{fault.where}{aim}"]
    bare = _BARE.get(fault.kind)
    if bare == "seconds":
        low, high = fault.seconds
        words.append(f"{_plain(low)}s" if low == high else f"{_plain(low)}-{_plain(high)}s")
    elif bare:
        words.append(f"{getattr(fault, bare)}{'/s' if bare == 'rate' else ''}")
    for text, name in _NAMED.items():
        value = getattr(fault, name)
        if value == known[name].default:
            continue
        unit = "s" if name == "retry_after" else ""
        words.append(f"{text}={_plain(value) if isinstance(value, float) else value}{unit}")
    return " ".join(words)


def _plain(number: float) -> str:
    return format(number, ".12f").rstrip("0").rstrip(".")
