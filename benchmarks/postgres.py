"""A PostgreSQL server of the run's own, on a free loopback port, with a journal in it; commits reach the disk."""

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SETTINGS = "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=on -c synchronous_commit=on"


def programs() -> Path | None:
    """Find the folder of PostgreSQL's programs: on the path, or where Debian has them."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    for folder in [*map(Path, os.get_exec_path()), *debian]:
        if all((folder / name).exists() for name in ("initdb", "postgres", "pg_ctl")):
            return folder
    return None


def version(folder: Path) -> str:
    """Name the release, such as ``PostgreSQL 15.3``."""
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    return f"PostgreSQL {said.split()[2]}"


@contextmanager
def running(programs: Path, disk: str) -> Iterator[str]:
    """Run the server with its files in a new folder below *disk*; gives the URL of its journal."""
    from wallet_async.journal.postgres import install  # noqa: PLC0415 - its driver is an extra

    # PostgreSQL refuses root.
    user = next(name for name in ("postgres", "nobody") if _exists(name)) if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(dir=disk) as folder:
        if user is not None:
            shutil.chown(folder, user)
        data = f"{folder}/data"

        def run(program: str, *arguments: str) -> None:
            command = [str(programs / program), "-D", data, *arguments]
            subprocess.run(command, user=user, cwd=folder, stdout=subprocess.DEVNULL, check=True)

        run("initdb", "--username=wallet", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        run("pg_ctl", "start", "--wait", "--silent", f"--log={folder}/log", f"--options=-p {port} {_SETTINGS}")
        try:
            url = f"postgresql://wallet@127.0.0.1:{port}/postgres"
            asyncio.run(install(url))
            yield url
        finally:
            run("pg_ctl", "stop", "--wait", "--silent", "--mode=immediate")


def _exists(user: str) -> bool:
    import pwd  # noqa: PLC0415 - not on Windows, where nobody is root

    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
