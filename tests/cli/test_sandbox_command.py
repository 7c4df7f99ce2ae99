"""``wallet-async sandbox``: what it prints is what a user pastes."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.process import SandboxProcess, end, sandbox, start, wallet_async
from wallet_async.cli import main
from wallet_async.cli.envfile import parse_env


def test_what_it_prints_is_a_shell_script_and_an_env_file(tmp_path: Path) -> None:
    """The lines can be run by a shell and read as a file; with them the other commands reach it."""
    process = start("sandbox", "rehook", "--wallets", "2", "--faults", "latency 1ms; close p=0.5", "--seed", "3")
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(7)]
    try:
        text = "".join(lines)
        assert "latency@before 0.001s; close@after p=0.5 (seed 3)" in text
        assert "/_sandbox/" in text
        shell = subprocess.run(["sh", "-euc", text + "\nenv"], capture_output=True, text=True, check=True)
        exported = [line for line in shell.stdout.splitlines() if line.startswith("REHOOK_")]
        environ = parse_env("\n".join(exported), name="x")
        path = tmp_path / "env"
        path.write_text(text)
        path.chmod(0o600)
        assert parse_env(text, name="x") == environ
        hint = next(line for line in lines if line.startswith("# try: wallet-async "))
        tried = wallet_async(*hint.split()[3:], "--env-file", str(path))
        assert "no rows" in tried.err
    finally:
        assert end(process, signal.SIGINT).code == 130


def test_what_it_says_to_a_program(rehook: SandboxProcess) -> None:
    """`--json` prints one line with all there is to know."""
    assert set(rehook.said) == {"provider", "url", "control", "environ", "wallets", "faults", "seed"}
    assert rehook.control("GET", "observed")["commits"] >= 0


def test_a_state_file_is_gone_on_from(tmp_path: Path) -> None:
    """What was booked is there after a restart, and more wallets can be had."""
    state = str(tmp_path / "state")
    with sandbox("rehook", "--state", state, "--wallets", "1") as running:
        wallet = running.wallet()
        assert wallet_async("rehook", "credit", *wallet, "7", environ=running.environ).code == 0
        busy = wallet_async("sandbox", "rehook", "--state", state)
        assert busy.code == 1
        assert "open in another sandbox" in busy.err
    with sandbox("rehook", "--state", state, "--wallets", "2") as running:
        assert len(running.said["wallets"]) == 2
        (row,) = wallet_async("rehook", "history", *wallet, "--json", environ=running.environ).rows
        assert row["points"] == 7
    other = wallet_async("sandbox", "loyalty", "--state", state)
    assert other.code == 2
    assert "belongs to the 'rehook' sandbox" in other.err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("nope",), "there is no provider 'nope'; installed: loyalty, rehook"),
        ((), "requires an argument"),
        (("rehook", "--faults", "clsoe"), "unknown fault: 'clsoe'; accepted: close, reset"),
        (("rehook", "--faults", "close:refund"), "unknown operation 'refund'"),
        (("rehook", "--faults", "latency"), "'latency' needs a value"),
        (("rehook", "--host", "0.0.0.0"), "--host 0.0.0.0 is not loopback; --allow-remote"),
        (("rehook", "--port", "65536"), "--port"),
        (("rehook", "--wallets", "-1"), "--wallets"),
    ],
)
def test_a_mistake_is_one_clear_line(words: tuple[str, ...], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """2, and the line names what is wrong and what is accepted."""
    assert main(["sandbox", *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert line in said.err
    assert said.err.count("\n") == 1


def test_a_taken_port_is_told(rehook: SandboxProcess) -> None:
    """1: the command is right, the port is not free."""
    port = str(rehook.said["url"]).rpartition(":")[2]
    ended = wallet_async("sandbox", "rehook", "--port", port)
    assert ended.code == 1
    assert "address already in use" in ended.err


def test_other_machines_are_let_in_only_when_told() -> None:
    """With --allow-remote it listens everywhere, and the variables lead to it on this machine."""
    with sandbox("rehook", "--host", "0.0.0.0", "--allow-remote", "--wallets", "1") as running:
        assert running.said["url"].startswith("http://127.0.0.1:")
        assert wallet_async("rehook", "wallets", running.wallet()[0], environ=running.environ).code == 0
