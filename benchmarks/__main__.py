"""``python -m benchmarks``: measure all goals; ``python -m benchmarks profile s1|s10|s9``: see where the time goes."""

import argparse
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from attrs import asdict

from benchmarks import clients, heap, imports, machine, profiles, report, requests, rows

_RESULTS = Path(__file__).parent / "results"
_SLICE = 0.15
"""Seconds a slice of S1 and S10 takes about: many short ones even out what else the machine does."""


def main() -> None:
    """Do what the command line asks for."""
    options = _options()
    if options.command == "profile":
        _keep(options.out, f"profile-{options.work}", ".md", _profile(options.work))
    elif options.command == "measure":
        found = requests.measure_both(options.rounds, _SLICE, options.seed, options.heap)
        json.dump(
            {work: {name: [asdict(one) for one in all_] for name, all_ in c.items()} for work, c in found.items()},
            sys.stdout,
        )
    else:
        _run(options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rounds: to see that it runs")
    parser.add_argument("--rounds", type=int, default=None, help="rounds of S1 and S10 (40)")
    parser.add_argument("--seed", type=int, default=None, help="of the order of the slices (from the clock)")
    parser.add_argument("--out", type=Path, default=_RESULTS, help="folder for the results")
    commands = parser.add_subparsers(dest="command")
    profile = commands.add_parser("profile", help="own time by function")
    profile.add_argument("work", choices=["s1", "s10", "s9"])
    measure = commands.add_parser("measure", help="S1 and S10 in this process alone (the whole run starts it)")
    measure.add_argument("heap", choices=heap.STATES)
    options = parser.parse_args()
    options.rounds = options.rounds or (4 if options.quick else 40)
    if options.rounds < 2:
        parser.error("--rounds must be at least 2: one round has no spread")
    options.seed = options.seed if options.seed is not None else int(datetime.now(UTC).timestamp())
    return options


def _profile(work: str) -> str:
    return imports.profile() if work == "s9" else profiles.profile(work.upper())


def _run(options: argparse.Namespace) -> None:
    taken_on = machine.describe()
    print(f"seed {options.seed}, {options.rounds} rounds; {taken_on['cpu']}, {taken_on['python']}", flush=True)
    tables = []
    for state in heap.STATES:
        for work, found in _in_child(state, options).items():
            tables.append(report.requests_table(work, state, found))
    tables.append(report.rows_table(rows.measure(options.rounds, options.seed)))
    tables.append(report.imports_table(imports.measure(max(4, options.rounds // 2), options.seed)))
    settings: dict[str, Any] = {
        "seed": options.seed,
        "rounds": options.rounds,
        "in flight": clients.IN_FLIGHT,
        "heap state verified": "yes" if heap.observed() else "no: without glibc 2.33 the two are not told apart",
        "heavy modules loaded by import rehook_async": ", ".join(imports.loaded()) or "none",
    }
    text = report.markdown(taken_on, settings, sorted(tables, key=lambda table: int(table.goal[1:])))
    name = f"{taken_on['date'][:10]}-{taken_on['commit'].split()[0]}"
    document = {"machine": taken_on, "settings": settings, "tables": [asdict(table) for table in tables]}
    _keep(options.out, name, ".json", json.dumps(document, indent=1) + "\n", show=False)
    _keep(options.out, name, ".md", text)


def _in_child(state: heap.State, options: argparse.Namespace) -> dict[str, dict[str, list[requests.Slice]]]:
    """Measure S1 and S10 in a process that is held in one state of the heap."""
    arguments = ["--rounds", str(options.rounds), "--seed", str(options.seed), "measure", state]
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        env={**os.environ, **heap.environment(state)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = json.loads(child.stdout)
    return {
        work: {name: [requests.Slice(**one) for one in slices] for name, slices in cases.items()}
        for work, cases in found.items()
    }


def _keep(folder: Path, name: str, ending: str, text: str, *, show: bool = True) -> None:
    """Write a result, and show it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}{ending}").write_text(text)
    if show:
        print(text)


if __name__ == "__main__":
    main()
