"""What a figure was taken on: the machine, Python, and the version of everything that took part."""

import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_LIBRARIES = (
    "aiohttp",
    "yarl",
    "multidict",
    "frozenlist",
    "propcache",
    "anyio",
    "attrs",
    "cattrs",
    "msgspec",
    "asyncpg",
    "uvloop",
    "httpx",
    "pydantic",
    "openai",
    "openapi-python-client",
)


def describe() -> dict[str, str]:
    """Name the machine, Python, the libraries and this project's commit."""
    found = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _commit(),
        "cpu": _cpu(),
        "cores": f"{os.cpu_count()}",
        "kernel": f"{platform.system()} {platform.release()}",
        "libc": " ".join(platform.libc_ver()),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "load": " ".join(f"{load:.1f}" for load in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown",
    }
    return found | {"node": _node()} | {name: _version(name) for name in _LIBRARIES}


def _node() -> str:
    node = shutil.which("node")
    if node is None:
        return "not installed"
    return subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _commit() -> str:
    git = shutil.which("git")
    if git is None:
        return "unknown"

    def ask(*arguments: str) -> str:
        here = Path(__file__).parent
        return subprocess.run([git, *arguments], cwd=here, capture_output=True, text=True, check=False).stdout.strip()

    changed = ask("status", "--porcelain", "--", "../rehook_async", "../wallet_async", ".")
    return (ask("rev-parse", "--short", "HEAD") or "unknown") + (" with changes" if changed else "")
