"""S1 to S5 and S10: requests a second of every client, in interleaved slices of one process."""

from pathlib import Path
from typing import Any

from attrs import asdict, frozen

from benchmarks import charts, child, heap, tools
from benchmarks.report import Figure, Section, Table, Verdict
from benchmarks.serving import running
from benchmarks.slices import Case, Found, Plan, Slice, interleave

OURS = "ours.read"
LIMIT = "minimal.read"
HTTPX = "by_httpx.read_by_pydantic"
NODE = "undici.read"


@frozen(kw_only=True)
class Work:
    """Clients that are measured together; the first is the baseline, the second is held against the goal."""

    title: str
    peers: tuple[str, ...]
    loops: tuple[str, ...] = ("asyncio",)
    without: tuple[str, ...] = ()
    tls: bool = False
    goal: str = ""
    """Of the second to the baseline; ``{}`` stands for the state of the heap."""
    chart: str = ""


_PAGE = "One page, 50 in flight"
_OTHERS = (LIMIT, "minimal.read_undecoded", "tuned.read", "by_httpx.read", HTTPX)
_SDKS = ("by_httpx.read_by_generated", "stainless.read", NODE)

WORKS = {
    "default": Work(
        title=f"S1: {_PAGE}, default install",
        peers=("plain.read", "ours.read_by_client_session", OURS, "tuned.read_by_cattrs"),
        without=("msgspec",),
        goal="S1",
    ),
    "fast": Work(
        title=f"S2, S3, S5: {_PAGE}, with [fast]",
        peers=("plain.read", OURS, "ours.read_by_client_session", *_OTHERS, *_SDKS),
        goal="S2, {} heap",
        chart="page",
    ),
    "tls": Work(
        title=f"S4: {_PAGE}, over TLS, with [fast]",
        peers=("plain.read", OURS, LIMIT, "tuned.read", HTTPX, NODE),
        tls=True,
        goal="S4, {} heap",
    ),
    "loops": Work(
        title=f"{_PAGE}, with and without uvloop, with [fast]",
        peers=("plain.read", OURS, LIMIT),
        loops=("asyncio", "uvloop"),
    ),
    "steps": Work(
        title="S2 layer by layer, each with those above it, with [fast]",
        peers=(
            *("plain.read", "minimal.read_undecoded", LIMIT, "steps.exchange", "steps.transport", "steps.sender"),
            *("steps.decoded", "steps.page", OURS),
        ),
    ),
    "default-steps": Work(
        title="S1 layer by layer, each with those above it, default install",
        peers=(
            *("plain.read", "steps.floor", "steps.transport_by_client_session", "steps.sender_by_client_session"),
            *("steps.decoded_by_client_session", "ours.read_by_client_session"),
        ),
        without=("msgspec",),
    ),
    "page": Work(title=_PAGE, peers=("plain.read", OURS, LIMIT, NODE)),
    "credit": Work(
        title="S10: a credit, 50 in flight, default install",
        peers=("plain.credit", "ours.credit", "ours.credit_with_reference", "by_httpx.credit"),
        without=("msgspec",),
        goal="S10, default install",
    ),
    "fast-credit": Work(
        title="S10: a credit, 50 in flight, with [fast]",
        peers=("plain.credit", "ours.credit", "ours.credit_with_reference", "by_httpx.credit"),
        goal="S10, [fast]",
    ),
}


def measure(folder: str, work: str, plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Measure in this process."""
    tls, loops, peers = WORKS[work].tls, WORKS[work].loops, WORKS[work].peers
    if tools.undici_version(Path(folder)) is None:
        peers = tuple(peer for peer in peers if peer != NODE)
    with running(Path(folder), tls=tls) as site:
        cases = [Case(peer, loop) for loop in loops for peer in peers]
        return [asdict(one) for one in interleave(site, cases, Plan(**plan))]


def found_in_child(folder: Path, work: str, plan: Plan, state: heap.State, **options: Any) -> list[Found]:
    """Measure in a process of its own."""
    environment = tools.trusting(folder) if WORKS[work].tls else {}
    answer = child.call(
        "requests.measure",
        state=state,
        without=WORKS[work].without,
        environment=environment,
        folder=str(folder),
        work=work,
        plan=asdict(plan),
        **options,
    )
    return [Found(**{**one, "slices": [Slice(**slice_) for slice_ in one["slices"]]}) for one in answer]


def section(folder: Path, work: str, plan: Plan) -> Section:
    """Measure *work* in both states of the heap."""
    of = WORKS[work]
    tables, verdicts, drawn = [], [], {}
    for state in heap.STATES if plan.full else heap.STATES[-1:]:
        found = found_in_child(folder, work, plan, state)
        skipped = "" if NODE not in of.peers or any(one.peer == NODE for one in found) else "Node: skipped, not found."
        tables.append(table(f"{of.title}, {state} heap", found, skipped))
        verdicts += _verdicts(of, state, found)
        if of.chart:
            bars = [(one.name, ratio(one, found[0])) for one in found]
            drawn[f"{of.chart}-{state}"] = charts.bars(f"Requests a second, plain aiohttp = 1 ({state} heap)", bars)
    return Section(tables=tables, verdicts=verdicts, charts=drawn)


def table(title: str, found: list[Found], note: str = "") -> Table:
    """Write every case as ratios to the first of the same round."""
    base = found[0]
    loops = len({one.loop for one in found}) > 1
    return Table(
        title=title,
        head=("client", "ratio (quartiles)", "requests/s", "by CPU time", "us of CPU", "the server's"),
        lines=[
            (
                f"{one.name}, {one.loop}" if loops else one.name,
                ratio(one, base),
                Figure.of(rates(one)).median,
                ratio(base, one, "cpu"),
                Figure.of([slice_.cpu for slice_ in one.slices]).median,
                Figure.of([slice_.server for slice_ in one.slices]).median,
            )
            for one in found
        ],
        note=note,
    )


def ratio(one: Found, base: Found, of: str = "rate") -> Figure:
    """Give the ratios of the rounds in which both took part."""
    step = max(one.every, base.every)
    values, bases = ([getattr(slice_, of) for slice_ in x.slices[:: step // x.every]] for x in (one, base))
    return Figure.ratio(values, bases)


def rates(found: Found) -> list[float]:
    """Give the requests a second of every round."""
    return [slice_.rate for slice_ in found.slices]


def _verdicts(work: Work, state: heap.State, found: list[Found]) -> list[Verdict]:
    if not work.goal:
        return []
    of = f"{state} heap"
    base, ours, *others = found
    verdicts = [Verdict(goal=work.goal.format(state), figure=ratio(ours, base), of=of)]
    if work.goal.startswith("S2"):
        goals = {NODE: "S2, Node", HTTPX: "S3", LIMIT: "S5"}
        verdicts += [
            Verdict(goal=goals[one.peer], figure=ratio(ours, one), of=of) for one in others if one.peer in goals
        ]
    return verdicts
