"""Help, version, start-up, and that no credential is ever an argument or shown."""

from __future__ import annotations

import re
import subprocess
import sys
import time

import pytest

from tests.cli.process import SandboxProcess, end, environment, start, wallet_async
from wallet_async import __version__
from wallet_async.cli.app import build
from wallet_async.cli.exits import Exit
from wallet_async.cli.journal import COMMANDS
from wallet_async.provider import load_providers

PAGES = [
    (),
    ("demo",),
    ("sandbox",),
    ("journal",),
    ("apply",),
    ("reconcile",),
    *(("journal", command) for command in COMMANDS),
    *((name,) for name in load_providers()),
    *((name, command) for name, provider in load_providers().items() for command in provider.commands()),
]


@pytest.mark.parametrize("page", PAGES, ids=" ".join)
def test_every_command_explains_itself(page: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """Each page has a sentence, and one for every argument; none takes a credential."""
    build(page)([*page, "--help"], exit_on_error=False, print_error=False, result_action="return_value")
    shown = capsys.readouterr().out
    assert shown.startswith(f"Usage: {' '.join(['wallet-async', *page])}")
    assert not re.search(r"--[a-z-]*(key|secret|token|password|credential)", shown)
    unexplained = re.compile(r"│ \*? *(--[a-z-]+|[A-Z-]+ --[a-z-]+)( [A-Z]+)? +│")
    bare = [line for line in shown.splitlines() if unexplained.fullmatch(line)]
    assert not bare


def test_help_lists_every_exit_code_and_command() -> None:
    """What a script relies on stands in the help."""
    shown = wallet_async("--help")
    assert (shown.code, shown.err) == (0, "")
    for code in Exit:
        assert re.search(rf"^  {int(code)} ", shown.out, re.MULTILINE)
    for command in ("demo", "sandbox", "journal", "apply", "reconcile", *load_providers()):
        assert re.search(rf"^│ {command} ", shown.out, re.MULTILINE)
    assert wallet_async("--version").out == f"{__version__}\n"


def test_help_is_quick() -> None:
    """Neither aiohttp nor a provider is loaded for it; half a second is for reading, not for waiting."""
    heavy = ["aiohttp", "wallet_async.journal", *(f"{name}_async" for name in load_providers())]
    code = f"import sys; from wallet_async.cli import main; main(['--help']); print({{*{heavy}}} & {{*sys.modules}})"
    begun = time.monotonic()
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=True)
    assert ran.stdout.endswith("set()\n")
    assert time.monotonic() - begun < 5  # a loaded machine; alone it is a quarter of a second


@pytest.mark.parametrize("missing", ["cyclopts", "rich"])
def test_without_the_extra_one_line_says_what_to_install(missing: str) -> None:
    """2, and the command that mends it; another missing module is not blamed on the extra."""
    code = f"import sys; sys.modules['{missing}'] = None; from wallet_async.cli import main; sys.exit(main(['--help']))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=False)
    assert ran.returncode == 2
    assert ran.stderr.count("\n") == 1
    assert 'pip install "wallet-async[cli]"' in ran.stderr


@pytest.mark.parametrize("fault", ["", "status@before 401", "garbage"])
def test_debug_shows_all_but_credentials(rehook: SandboxProcess, loyalty: SandboxProcess, fault: str) -> None:
    """Attempts and tracebacks are on the standard error; no key, password or token of any provider is."""
    rehook.faults(fault)
    loyalty.faults(fault)
    begun = [
        start("rehook", "credit", *rehook.wallet(), "1", "--debug", environ=rehook.environ),
        start("loyalty", "credit", *loyalty.wallet(), "1", "--reference", "r", "--debug", environ=loyalty.environ),
    ]
    for process, environ in zip(begun, (rehook.environ, loyalty.environ), strict=True):
        ran = end(process)
        assert ("Traceback" in ran.err) is (ran.code != 0)
        secrets = [value for name, value in environ.items() if not name.endswith("_URL")]
        assert len(secrets) == 2
        assert not [secret for secret in secrets if secret in ran.out + ran.err]
        assert "Basic " not in ran.err
        assert "Bearer " not in ran.err


def test_an_unexpected_fault_is_told_as_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """70, one line, and the traceback only if asked for."""
    from wallet_async.cli import app, main

    def broken(_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr(app, "build", broken)
    assert main(["demo"]) == 70
    assert capsys.readouterr().err.startswith("error: unexpected KeyError: 'x'; this is a fault in wallet-async")
    assert main(["demo", "--debug"]) == 70
    assert "Traceback" in capsys.readouterr().err
