"""``wallet-async apply`` that is ended before its end: killed, or with Ctrl-C."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from tests.cli.plans import booked, lines, plan_of, states
from tests.cli.process import PATIENCE, Inside, SandboxProcess, end, start

QUICK = ("--commit-within", "0.001", "--shown-within", "0.001", "--every", "0.01")
"""As if a provider booked and showed everything at once."""
KILLS = int(os.environ.get("APPLY_KILLS", "1"))  # a long run sets it; at most 6


def until_booked(rehook: SandboxProcess, wallets: Sequence[Sequence[str]], least: int) -> None:
    """Wait until so many movements stand in the sandbox's ledger."""
    ends = time.monotonic() + PATIENCE
    while len(booked(rehook, *wallets)) < least:
        assert time.monotonic() < ends
        time.sleep(0.005)


def test_killed_in_the_middle_it_ends_the_same(
    rehook: SandboxProcess, tmp_path: Path, url: str, inside: Inside
) -> None:
    """Killed -9, then settled and run again: each movement stands in the provider's ledger once."""
    wallets = [rehook.wallet() for _ in range(4)]
    plan = plan_of(tmp_path, [line for wallet in wallets for line in lines(wallet, 10)])
    apply = ("apply", "rehook", plan, "--journal", url, "--yes", "--json", "--timeout", "0.5")
    rehook.faults("latency:credit 20-40ms")
    for kill in range(KILLS):
        process = start(*apply, environ=rehook.environ)
        until_booked(rehook, wallets, 6 * kill + 3)
        assert end(process, signal.SIGKILL).code == -signal.SIGKILL
    rehook.faults("")
    last = inside(*apply, environ=rehook.environ)
    if last.code == 3:  # something was about to leave, and did not: the history proves it
        assert inside("journal", "resolve", "rehook", url, *QUICK, environ=rehook.environ).code == 0
        last = inside(*apply, environ=rehook.environ)
    assert last.code == 0, last.err
    assert set(states(last)) <= {"applied", "already"}
    for wallet in wallets:
        assert sorted(row["amount"] for row in booked(rehook, wallet)) == list(range(1, 11))


def test_ctrl_c_ends_what_has_left(rehook: SandboxProcess, tmp_path: Path, url: str) -> None:
    """130; what had left is finished and told, nothing else is begun, and the rest is for the next run."""
    wallets, number = [rehook.wallet() for _ in range(3)], 150
    report = tmp_path / "done.csv"
    plan = plan_of(tmp_path, [line for wallet in wallets for line in lines(wallet, 50)])
    rehook.faults("latency:credit 20-40ms")
    process = start(
        *("apply", "rehook", plan, "--journal", url, "--yes", "--json", "--report", str(report)), environ=rehook.environ
    )
    until_booked(rehook, wallets, 3)
    ended = end(process, signal.SIGINT)
    assert ended.code == 130
    done = len(ended.rows)
    assert 3 <= done < number
    assert states(ended) == {"applied": done}
    assert len(booked(rehook, *wallets)) == done
    assert ended.err.splitlines() == [
        f"applied: {done}",
        f"interrupted after {done} of {number} movements; run it again for the others",
    ]
    assert report.read_text().count("\n") == done + 1
