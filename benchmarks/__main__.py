"""``python -m benchmarks``: measure all goals; ``python -m benchmarks profile s2``: see where the time goes."""

import argparse
import json
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from attrs import asdict, evolve

from benchmarks import (
    growth,
    heap,
    histories,
    imports,
    journals,
    machine,
    profiles,
    report,
    requests,
    rows,
    scans,
    tools,
)
from benchmarks.report import Section
from benchmarks.slices import Plan

_RESULTS = Path(__file__).parent / "results"

Part = Callable[[Path, Plan], Section]


def _requests(work: str) -> Part:
    return lambda folder, plan: requests.section(folder, work, plan)


def _fewer(measure: Part, share: int) -> Part:
    """Take a share of the rounds: where one takes long, or is steady."""
    return lambda folder, plan: measure(folder, evolve(plan, rounds=max(2, plan.rounds // share)))


PARTS: dict[str, Part] = {
    **{
        work: _requests(work)
        for work in ("default", "fast", "tls", "loops", "steps", "default-steps", "credit", "fast-credit")
    },
    "histories": _fewer(histories.section, 6),
    "scans": _fewer(scans.section, 3),
    "rows": rows.section,
    "imports": _fewer(imports.section, 2),
    "journals": journals.section,
    "in-flight": _fewer(growth.in_flight, 3),
    "pythons": growth.pythons,
}
"""Everything that can be measured; the environments of the last one take minutes to make, so it is asked for."""


def main() -> None:
    """Do what the command line asks for."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        tools.prepare(Path(folder))
        if options.command == "profile":
            taken_on = machine.describe()
            text = profiles.profile(Path(folder), options.goal)
            _keep(
                options.out,
                f"profile-{options.goal}.md",
                f"{text}\nTaken at commit {taken_on['commit']}, {taken_on['python']}, {taken_on['date']}.\n",
            )
        else:
            _run(Path(folder), options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="as little as shows that it runs")
    parser.add_argument("--rounds", type=int, default=30, help="slices of each client (30)")
    parser.add_argument("--seed", type=int, default=None, help="of the order of the slices (from the clock)")
    parser.add_argument("--only", nargs="+", choices=PARTS, help="these parts alone")
    parser.add_argument("--pythons", action="store_true", help="also on every Python found")
    parser.add_argument("--out", type=Path, default=_RESULTS, help="folder for the results")
    commands = parser.add_subparsers(dest="command")
    profile = commands.add_parser("profile", help="own time by function")
    profile.add_argument("goal", choices=[*profiles.PROFILED, "s9"])
    options = parser.parse_args()
    if options.rounds < 2:
        parser.error("--rounds must be at least 2: one round has no spread")
    options.seed = options.seed if options.seed is not None else int(datetime.now(UTC).timestamp())
    return options


def _run(folder: Path, options: argparse.Namespace) -> None:
    taken_on = machine.describe()
    plan = Plan(rounds=options.rounds, seed=options.seed)
    if options.quick:
        plan = evolve(plan, rounds=2, seconds=0.02, full=False)
    verified = "yes" if heap.observed() else "no: without glibc 2.33 the two are not told apart"
    taken_on |= {"seed": f"{plan.seed}", "rounds": f"{plan.rounds}", "heap state verified": verified}
    print(f"seed {plan.seed}, {plan.rounds} rounds; {taken_on['cpu']}, {taken_on['python']}", flush=True)
    sections = []
    for name in options.only or [name for name in PARTS if name != "pythons" or options.pythons]:
        begun = perf_counter()
        sections.append(PARTS[name](folder, plan))
        print(f"{name}: {perf_counter() - begun:.0f} s", flush=True)
    name = f"{taken_on['date'][:10]}-{taken_on['commit'].split()[0]}"
    document = {"taken on": taken_on, "sections": [asdict(section) | {"charts": None} for section in sections]}
    _keep(options.out, f"{name}.json", json.dumps(document, indent=1) + "\n", show=False)
    _keep(options.out, f"{name}.md", report.markdown(name, taken_on, sections))
    for section in sections:
        for chart, svg in section.charts.items():
            _keep(options.out, f"{name}-{chart}.svg", svg, show=False)


def _keep(folder: Path, name: str, text: str, *, show: bool = True) -> None:
    """Write a result, and show it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    if show:
        print(text)


if __name__ == "__main__":
    main()
