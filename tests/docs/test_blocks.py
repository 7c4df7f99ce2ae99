"""README and docs are true: their python and console blocks are run as a reader would run them."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN = [sys.executable, "-X", "dev", "-W", "error"]


def blocks(kind: str) -> list:
    """Collect the blocks of one kind, each with a name that leads to it; a method alone is shown, not run."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in BLOCK.finditer(text):
            if match[1] == kind and "    self,\n" not in match[2]:
                line = text.count("\n", 0, match.start()) + 1
                found.append(pytest.param(match[2], id=f"{page.relative_to(ROOT)}:{line}"))
    return found


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Start both providers' sandboxes as processes and give the variables the blocks expect."""
    code = Path(__file__).with_name("stand_in.py")
    process = subprocess.Popen([sys.executable, str(code)], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
    variables = dict(os.environ) | {"PYTHONPATH": str(ROOT)}  # for the test kit, which is not installed
    for line in process.stdout:
        if line == "ready\n":
            break
        name, _, value = line.strip().partition("=")
        variables[name] = value
    yield variables
    process.communicate(timeout=20)


@pytest.mark.parametrize("block", blocks("python"))
def test_python_block(block: str, environment: dict[str, str], tmp_path: Path) -> None:
    """A python block runs to its end without a warning; one that holds tests passes them."""
    script = tmp_path / "test_block.py"
    script.write_text(block, encoding="utf-8")
    # A folder and settings of its own: what a user's project would have, not what this one has.
    settings = ["-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function"]
    others = ["-p", "no:schemathesis", "-p", "no:hypothesispytest"]
    pytest_run = ["-m", "pytest", "-q", *settings, *others, "--rootdir", str(tmp_path)]
    is_test = "\nasync def test_" in block
    done = subprocess.run(
        [*RUN, *pytest_run, str(script)] if is_test else [*RUN, str(script)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("block", blocks("console"))
def test_console_block(block: str, environment: dict[str, str], tmp_path: Path) -> None:
    """Each `$` line of a console block that calls our command succeeds."""
    for line in block.splitlines():
        if line.startswith("$ wallet-async "):
            words = shlex.split(line.removeprefix("$ wallet-async "))
            done = subprocess.run(
                [sys.executable, "-m", "wallet_async.cli", *words],
                env=environment,
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, line + "\n" + done.stdout + done.stderr


def test_the_first_two_sh_blocks_are_one_command_each() -> None:
    """The first runs the main job, the second the tests; nothing else is needed."""
    first, second, *_ = [match[2] for match in BLOCK.finditer(PAGES[0].read_text(encoding="utf-8")) if match[1] == "sh"]
    assert first.count("\n") == second.count("\n") == 1
    assert first.endswith("&& wallet-async demo\n")
    assert second.endswith("python -m pytest -n auto\n")


def test_links_inside_the_project_lead_somewhere() -> None:
    """Every relative link of README and docs names a file that is there."""
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            if (ROOT / "CHANGELOG.md").exists():  # the tests of the wheel see only some of the files
                assert (page.parent / target).exists(), f"{page.name}: {target}"
