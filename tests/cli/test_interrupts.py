"""Ctrl-C, a reader that leaves, a full disk: clean ends, honest exit codes."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from tests.cli.process import COMMAND, PATIENCE, SandboxProcess, end, environment, start, wallet_async


def _seen(rehook: SandboxProcess, operation: str) -> None:
    """Wait until the sandbox has a request of *operation* in its hands."""
    ends = time.monotonic() + PATIENCE
    while not rehook.control("GET", "observed")["requests"].get(operation):
        assert time.monotonic() < ends
        time.sleep(0.005)


def _endless(rehook: SandboxProcess) -> subprocess.Popen[str]:
    """Read a history without end: as many rows arrive as are read."""
    history = ("rehook", "history", *rehook.wallet(), "--json")
    rehook.faults("arrivals 20")
    wallet_async(*history, environ=rehook.environ)  # an empty page, after which the first rows arrive
    return start(*history, environ=rehook.environ)


def test_ctrl_c_during_a_read(rehook: SandboxProcess) -> None:
    """130, one word, no traceback."""
    rehook.faults("hang:wallets")
    rehook.control("DELETE", "observed")
    process = start("rehook", "wallets", rehook.wallet()[0], environ=rehook.environ)
    _seen(rehook, "wallets")
    ended = end(process, signal.SIGINT)
    assert (ended.code, ended.out, ended.err) == (130, "", "interrupted\n")


def test_ctrl_c_after_a_credit_has_left(rehook: SandboxProcess) -> None:
    """3, not 130: a script must not take it for undone, and the line says how to find out."""
    rehook.faults("hang@after:credit")
    rehook.control("DELETE", "observed")
    process = start("rehook", "credit", *rehook.wallet(), "5", "--reference", "o-1", environ=rehook.environ)
    _seen(rehook, "credit")
    ended = end(process, signal.SIGINT)
    assert (ended.code, ended.out) == (3, "")
    assert "it may or may not have been booked" in ended.err
    assert "wallet-async rehook history" in ended.err
    assert ended.err.count("\n") == 1


def test_ctrl_c_in_the_middle_of_a_history(rehook: SandboxProcess) -> None:
    """The rows so far are printed, whole, and where to go on."""
    process = _endless(rehook)
    assert process.stdout is not None
    first = process.stdout.readline()
    ended = end(process, signal.SIGINT)
    assert ended.code == 130
    rows = [first, *ended.out.splitlines(keepends=True)]
    assert all(row.endswith("}\n") for row in rows)
    hint, last = ended.err.splitlines()
    assert hint.startswith(f"{len(rows)} rows so far; --resume ")
    assert last == "interrupted"


def test_a_reader_that_leaves_is_no_error(rehook: SandboxProcess) -> None:
    """`| head -1`: quiet, 141 as of any program that SIGPIPE ends."""
    process = _endless(rehook)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    process.stdout = None
    ended = end(process)
    assert (ended.code, ended.err) == (141, "")


def test_a_full_disk_does_not_look_like_a_refusal(rehook: SandboxProcess) -> None:
    """5 if the credit was made and its receipt could not be written: 1 would have it sent again."""
    for form in ((), ("--json",), ("--csv",)):
        wallet = rehook.wallet()
        with Path("/dev/full").open("w") as full:
            ended = wallet_async("rehook", "credit", *wallet, "1", *form, environ=rehook.environ, stdout=full)
        assert ended.code == 5
        assert ended.err == "error: the result could not be written: No space left on device\n"
        assert [row for row in rehook.control("GET", "ledger")["entries"] if row["wallet"] == wallet]


def test_without_a_standard_output_nothing_is_sent(rehook: SandboxProcess) -> None:
    """2: a receipt that nobody can read is no reason to book."""
    wallet = rehook.wallet()
    command = [*COMMAND, "rehook", "credit", *wallet, "1"]
    ran = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command],
        env=environment(rehook.environ),
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (2, "error: there is no standard output to write to\n")
    assert not [row for row in rehook.control("GET", "ledger")["entries"] if row["wallet"] == wallet]


def test_ctrl_c_ends_a_sandbox() -> None:
    """130, nothing but the word; SIGTERM and the end of its input end it too, as asked: 0."""
    for number, code, said in ((signal.SIGINT, 130, "interrupted\n"), (signal.SIGTERM, 0, "")):
        process = start("sandbox", "rehook", "--wallets", "1", stdin=subprocess.DEVNULL)
        assert process.stdout is not None
        assert process.stdout.readline().startswith("# rehook sandbox at http://127.0.0.1:")
        ended = end(process, number)
        assert (ended.code, ended.err) == (code, said)


def test_a_sandbox_ends_with_its_input() -> None:
    """`--until-eof`: whoever started it and died leaves nothing behind."""
    read, write = os.pipe()
    process = start("sandbox", "rehook", "--json", "--until-eof", stdin=read)
    os.close(read)
    assert process.stdout is not None
    process.stdout.readline()
    os.close(write)
    assert end(process).code == 0
