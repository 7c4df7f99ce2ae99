"""docs/compared.md, from what was found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version

from tests.compare.clients import NAMES, PACKAGES
from tests.compare.faults import BOOKED, KILLED, TIMEOUT
from tests.compare.tally import Tally

_PAGE = """\
# Compared

Credits that were paid twice or lost, counted by one harness (`tests/compare`) at one stand-in for Rehook, on real
sockets. Each client was asked to credit the same {references:,} references, once each, as its own documentation has it
done; three attempts with a short pause where it repeats at all. Three requests in ten met a fault; every client waits
{timeout:g} s for an answer. Then the ledger was read.

| client | paid once | **paid twice or more** | **lost** | said "failed", yet booked | said "unknown" |
|---|--:|--:|--:|--:|--:|
{clients}

*Lost*: told as paid, or given up, and not booked. *Said "failed", yet booked*: whoever believes it and pays again pays
twice. *Said "unknown"*: the library says that nobody can tell, and a later look, or a person, has to.

An idempotency key protects only where the provider knows it. Rehook documents none, and neither does Sipay.

## By fault

Paid twice or more / lost / said "failed", yet booked, of {each} references each ({killed} for the kills).

| fault | {names} |
|---|{dashes}|
{faults}

The process is killed while a credit is booked and not yet answered. Every client keeps a file of what it has done and
goes on from there when it is started again; what was under way is in nobody's file. Only a journal that was written
before knows of it.

What no client can prevent is missing here: a middle box that sends a request twice, and a provider that books later
than the time it was given ([once.md](once.md)). This library reports both.

---
{date}, seed {seed}, {versions}.
Once more: `nox -s compare -- --references {references} --seed {seed}`. How often a fault strikes is drawn from the
seed; a busy machine that answers late adds some.
"""


def page(found: Mapping[str, Mapping[str, Tally]], *, references: int, seed: int) -> str:
    """Write the page: by client and fault, what became of the references."""
    first = next(iter(found.values()))
    each, killed = (_all(first[name]) for name in (next(iter(BOOKED)), KILLED))
    return _PAGE.format(
        references=references,
        timeout=TIMEOUT,
        clients="\n".join(_client(name, sum(found[name].values(), Tally())) for name in NAMES),
        each=each,
        killed=killed,
        names=" | ".join(NAMES),
        dashes="--:|" * (len(NAMES) - 1) + "--:",
        faults="\n".join(_fault(fault, [found[name][fault] for name in NAMES]) for fault in first),
        date=datetime.now(UTC).date(),
        seed=seed,
        versions=", ".join(f"{package} {version(package)}" for package in PACKAGES),
    )


def _client(name: str, of: Tally) -> str:
    return f"| {name} | {of.once:,} | **{of.doubled:,}** | **{of.lost:,}** | {of.denied:,} | {of.unknown:,} |"


def _fault(fault: str, of: list[Tally]) -> str:
    return f"| {fault} | " + " | ".join(f"{one.doubled} / {one.lost} / {one.denied}" for one in of) + " |"


def _all(of: Tally) -> int:
    return of.once + of.doubled + of.lost + of.denied + of.unknown
