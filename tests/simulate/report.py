"""What a run came to, as a page for `docs/`."""

from __future__ import annotations

from tests.simulate.episode import Total, many
from tests.simulate.plan import Believed

EXPECTED = (
    *map(str, (*range(1, 8), 9)),
    *map(str, range(11, 18)),
    *map(str, range(19, 41)),
    *("42", "43", *(f"44{letter}" for letter in "abcdef")),
    *map(str, range(46, 52)),
    *("53", "56", "58", "59", "60"),
)
"""Rows of the matrix that a run of some thousand orders has to draw; 57 is drawn in its own."""


def beyond_too(orders: int, seed: int) -> Total:
    """Run so many orders of which some are booked later than D: then doubles are to be told, each of them."""
    total = Total()
    for outcome in many(orders, seed, believed=Believed(beyond=True, harsh=True)):
        total.add(outcome)
    return total


def missing(total: Total) -> list[str]:
    """Give the rows that were never drawn."""
    return [row for row in EXPECTED if not total.met[row]]


def written(seed: int, total: Total, beyond: Total) -> str:
    """Write the page."""
    settled = total.claims["settled: applied"] + total.claims["settled: not_applied"]
    killed = sum(count for row, count in total.met.items() if row.startswith("44"))
    figures = {
        "operations": total.orders,
        "episodes, seeds from " + str(seed): total.episodes,
        "processes, of which killed": f"{total.processes:,}, {killed:,}",
        "virtual hours": round(total.seconds / 3600),
        "faults injected": sum(total.met.values()),
        "in doubt and settled from the history": settled,
        "lost, doubled, wrong claims, left in doubt, too late": len(total.wrong),
        "doubled by a middle box, each reported": total.doubled,
    }
    lines = [
        "# The simulator's last long run",
        "",
        "Written by `nox -s simulate`. Real sessions and a real journal in virtual time; every claim is held against",
        "the provider's ledger, and every order has to end within D + L + 30 s of the last fault. One seed repeats an",
        "episode.",
        "",
        "| | |",
        "|---|---:|",
        *(
            f"| {name} | {count:,} |" if isinstance(count, int) else f"| {name} | {count} |"
            for name, count in figures.items()
        ),
        "",
        f"Nothing wrong in {total.orders:,} operations bounds the rate at 3/N = {3 / total.orders:.1e} (95 %)."
        if not total.wrong
        else "**Wrong:** " + "; ".join(total.wrong[:20]),
        "",
        f"Beyond D, on purpose (row 57): {beyond.orders:,} operations, {beyond.met['57']:,} requests booked",
        f"between D and 3 D after they were given up; {beyond.doubled:,} orders doubled, {len(beyond.wrong)} of them",
        "not reported.",
        "",
        "What callers and listeners were told: "
        + ", ".join(f"{name} {count:,}" for name, count in total.claims.most_common())
        + ".",
        "",
        "## Faults by row of the fault matrix",
        "",
        "| row | times |",
        "|---|---:|",
        *(f"| {row} | {total.met[row]:,} |" for row in sorted(total.met, key=_place) if row != "0"),
        "",
        "Never drawn: " + (", ".join(missing(total)) or "none") + ".",
        "",
    ]
    return "\n".join(lines)


def _place(row: str) -> tuple[int, str]:
    return int(row.rstrip("abcdef")), row
