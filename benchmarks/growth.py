"""The same page with ever more in flight, and on every Python that is found here."""

import shutil
import subprocess
from pathlib import Path

from attrs import evolve

from benchmarks import charts, heap
from benchmarks.report import Cell, Figure, Section, Table
from benchmarks.requests import LIMIT, NODE, OURS, found_in_child, rates, ratio
from benchmarks.slices import Found, Plan

IN_FLIGHT = (1, 10, 50, 100, 500)
PYTHONS = ("3.11", "3.12", "3.13")
_TO = {"plain.read": "ratio to plain aiohttp (quartiles)", LIMIT: "to the limit", NODE: "to Node's undici"}


def in_flight(folder: Path, plan: Plan) -> Section:
    """Measure the page from one at a time to as many as a large application has; warm heap."""
    lines: list[tuple[Cell, ...]] = []
    points = []
    for count in IN_FLIGHT:
        found = found_in_child(folder, "page", evolve(plan, in_flight=count), "warm")
        lines.append((f"{count}", *_ratios(found)))
        points.append((count, ratio(found[1], found[0])))
    return Section(
        tables=[
            Table(
                title="Growth: requests in flight, warm heap",
                head=("in flight", *_TO.values(), "requests/s"),
                lines=lines,
            )
        ],
        charts={"in-flight": charts.curve("Requests a second, plain aiohttp = 1", "requests in flight", points)},
    )


def pythons(folder: Path, plan: Plan) -> Section:
    """Measure the page on every Python, each with this project and its libraries in an environment of its own."""
    lines: list[tuple[Cell, ...]] = []
    missing = []
    for version in PYTHONS:
        python = _environment(folder, version)
        if python is None:
            missing.append(version)
            continue
        for state in heap.STATES if plan.full else heap.STATES[-1:]:
            found = found_in_child(folder, "page", plan, state, python=python)
            lines.append((f"{version}, {state} heap", *_ratios(found)))
    return Section(
        tables=[
            Table(
                title="Pythons: one page, 50 in flight, with [fast]",
                head=("Python", *_TO.values(), "requests/s"),
                lines=lines,
                note=f"Not found: {', '.join(missing)}." if missing else "",
            )
        ]
    )


def _ratios(found: list[Found]) -> tuple[Cell, ...]:
    by_peer = {one.peer: one for one in found}
    ours = by_peer[OURS]
    return (*(ratio(ours, by_peer[peer]) if peer in by_peer else None for peer in _TO), Figure.of(rates(ours)).median)


def _environment(folder: Path, version: str) -> str | None:
    """Make an environment with this project; gives its interpreter."""
    found = shutil.which(f"python{version}")
    place = folder / f"python{version}"
    # A name that is found may still be a stub without a Python behind it.
    if found is None or subprocess.run([found, "-m", "venv", str(place)], check=False, capture_output=True).returncode:
        return None
    python = str(place / "bin" / "python")
    project = f"{Path(__file__).parent.parent}[fast]"
    subprocess.run([python, "-m", "pip", "install", "-qq", project, "trustme"], check=True)
    return python
