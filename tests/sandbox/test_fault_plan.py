"""The fault plan without a server: which faults strike, and the compact text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet_async.sandbox import Fault, FaultPlan
from wallet_async.sandbox.fault_text import parse_faults, print_fault
from wallet_async.sandbox.faults import KINDS, fault_from_dict, fault_to_dict


def struck(plan: FaultPlan, count: int, operation: str = "credit") -> list[int]:
    """Give the numbers, from 1, of the requests that lost their answer."""
    return [number for number in range(1, count + 1) if plan.draw(operation).ending is not None]


def test_how_often_a_fault_strikes() -> None:
    """Always, the nth time, at most so often, or by a seeded chance."""
    assert struck(FaultPlan([Fault("close")]), 3) == [1, 2, 3]
    assert struck(FaultPlan([Fault("close", nth=2)]), 3) == [2]
    assert struck(FaultPlan([Fault("close", times=2)]), 3) == [1, 2]
    chances = [struck(FaultPlan([Fault("close", probability=0.3)], seed=seed), 1000) for seed in (1, 1, 2)]
    assert chances[0] == chances[1] != chances[2]
    assert 250 < len(chances[0]) < 350


def test_only_matching_requests_count() -> None:
    """`nth` counts the requests of its own operation."""
    plan = FaultPlan([Fault("close", operation="credit", nth=2)])
    drawn = [plan.draw(operation).ending for operation in ("credit", "debit", "debit", "credit", "credit")]
    assert [ending is not None for ending in drawn] == [False, False, False, True, False]


def test_one_ending_a_request() -> None:
    """Of two faults that take the answer's place the first strikes, and the second keeps its turn."""
    plan = FaultPlan.parse("close times=1; reset times=1")
    kinds = [drawn.ending.kind if (drawn := plan.draw("credit")).ending else None for _ in range(3)]
    assert kinds == ["close", "reset", None]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("close@after:credit p=0.05", Fault("close", operation="credit", probability=0.05)),
        ("latency 5-20ms", Fault("latency", seconds=(0.005, 0.02))),
        ("rate 200/s", Fault("rate", rate=200)),
        ("rate 5/s retry-after=2s form=date", Fault("rate", rate=5, retry_after=2.0, form="date")),
        ("status@after 503 body=html", Fault("status", where="after", status=503, body="html")),
        ("status", Fault("status")),
        (
            "late:debit 1.5s then=hang times=2",
            Fault("late", operation="debit", seconds=(1.5, 1.5), then="hang", times=2),
        ),
        ("arrivals 3 nth=2", Fault("arrivals", rows=3, nth=2)),
        ("arrivals:*", Fault("arrivals", operation=None)),
        ("drip 1ms", Fault("drip", seconds=(0.001, 0.001))),
        ("  reset@before  ", Fault("reset", where="before")),
    ],
)
def test_the_text_form(text: str, fault: Fault) -> None:
    """Each form of the text gives its fault, and the fault's own text gives it again."""
    assert parse_faults(text) == [fault]
    assert parse_faults(print_fault(fault)) == [fault]


def test_a_plan_of_several_clauses() -> None:
    """Clauses are parted by semicolons; empty ones are nothing."""
    plan = FaultPlan.parse("close@after:credit p=0.05; latency 5-20ms;; rate 200/s;")
    assert [fault.kind for fault in plan.faults] == ["close", "latency", "rate"]
    assert FaultPlan.parse(plan.text()).faults == plan.faults
    assert FaultPlan.parse("").faults == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("clsoe", r"unknown fault: 'clsoe'; accepted: close, reset, hang"),
        ("close@afer", r"unknown side of 'close': 'afer'; accepted: after, before"),
        ("truncate@before", r"unknown side of 'truncate': 'before'; accepted: after"),
        ("close prob=1", r"unknown word for 'close': 'prob'; accepted: p=, times=, nth="),
        ("close 5ms", r"unknown word for 'close': '5ms'"),
        ("close body=html", r"unknown word for 'close': 'body'"),
        ("status 503 body=xml", r"body: 'xml' is not one of provider, html, empty"),
        ("status 99", r"status must be an int from 200 to 599, got int 99"),
        ("latency 5", r"'5' is no time; write 5ms"),
        ("latency 20-5ms", r"seconds must be a number from 0.02"),
        ("latency", r"'latency' needs a value, such as latency 5-20ms"),
        ("rate 200", r"'200' is no rate; write 200/s"),
        ("rate 0/s", r"rate must be an int from 1"),
        ("close p=2", r"probability must be a number from 1e-12 to 1, got float 2.0"),
        ("close p=x", r"p=x is no number"),
        ("close times=-1", r"'-1' is no whole number"),
        ("close times=1 nth=1", r"give times or nth, not both"),
        ("close p=1 p=1", r"'p=1' says probability of 'close' a second time"),
        ("close:", r"name an operation after the colon"),
        ("rate 2/s retry-after=1-2s", r"is a range; retry-after takes one time"),
    ],
)
def test_a_typo_is_named(text: str, message: str) -> None:
    """The error names the word and says what is accepted."""
    with pytest.raises(ValueError, match=message):
        FaultPlan.parse(text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "nothing"}, "kind: 'nothing' is not one of"),
        ({"kind": "close", "rows": 3}, "'close' takes no rows"),
        ({"kind": "late", "where": "before"}, "where of 'late'"),
        ({"kind": "close", "times": True}, "times must be an int"),
        ({"kind": "close", "operation": 5}, "operation must be a str"),
        ({"kind": "latency", "seconds": 5}, "seconds must be a pair"),
    ],
)
def test_a_wrong_fault_is_refused(arguments: dict[str, Any], message: str) -> None:
    """A fault that makes no sense fails when it is made."""
    with pytest.raises(ValueError, match=message):
        Fault(**arguments)


def test_a_plan_takes_faults_only() -> None:
    """A text where a fault belongs, or the reverse, is a TypeError that says so."""
    with pytest.raises(TypeError, match="fault must be a Fault, got str"):
        FaultPlan(["close"])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="must be a str, got bytes"):
        FaultPlan.parse(b"close")  # type: ignore[arg-type]


@st.composite
def faults(draw: st.DrawFn) -> Fault:
    """Any fault that can be written."""
    kind = draw(st.sampled_from(list(KINDS)))
    rule = KINDS[kind]
    milliseconds = sorted(draw(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6))))
    parameters = {
        "seconds": (milliseconds[0] / 1000, milliseconds[1] / 1000),
        "status": draw(st.integers(200, 599)),
        "body": draw(st.sampled_from(["provider", "html", "empty"])),
        "rows": draw(st.integers(1, 99)),
        "rate": draw(st.integers(1, 10**6)),
        "retry_after": draw(st.none() | st.integers(0, 10**6).map(lambda number: number / 1000)),
        "form": draw(st.sampled_from(["seconds", "date"])),
        "then": draw(st.sampled_from(["close", "hang"])),
    }
    often = draw(st.sampled_from([{}, {"times": 3}, {"nth": 2}]))
    chosen: dict[str, Any] = {name: parameters[name] for name in rule.accepts} | often
    return Fault(
        kind,
        where=draw(st.sampled_from(rule.where)),
        operation=draw(st.sampled_from([None, "credit", "transactions"])),
        probability=draw(st.integers(1, 1000)) / 1000,
        **chosen,
    )


@given(faults())
def test_text_and_json_forms_lose_nothing(fault: Fault) -> None:
    """Every fault survives both of its written forms."""
    assert parse_faults(print_fault(fault)) == [fault]
    assert fault_from_dict(fault_to_dict(fault)) == fault
