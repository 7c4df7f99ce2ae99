"""Credentials from a file: ``KEY=value`` lines, as Docker and shells read them. Values never stand in an error."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from wallet_async.engine.errors import InvalidInputError

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read_env_file(path: Path) -> dict[str, str]:
    """Read an environment file.

    Raises:
        InvalidInputError: It cannot be read, or a line of it is no ``KEY=value``.
    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise InvalidInputError(f"--env-file {path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise InvalidInputError(f"--env-file {path} is not UTF-8 text") from None
    return parse_env(text, name=f"--env-file {path}")


def parse_env(text: str, *, name: str) -> dict[str, str]:
    """Read ``KEY=value`` lines.

    Empty lines and lines that begin with ``#`` are left out, ``export`` in front is allowed, one pair of quotes around
    a value is taken off, and nothing is expanded: a secret may hold ``$``, ``#`` and backslashes.

    Raises:
        InvalidInputError: A line is something else. It is named by its number alone, for it may hold a secret.
    """
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        pair = _LINE.fullmatch(stripped)
        if pair is None:
            raise InvalidInputError(f"{name}, line {number}: expected KEY=value")
        found[pair[1]] = _unquoted(pair[2])
    return found


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value


def exposure(path: Path) -> str | None:
    """Say how others can get at a file with credentials, or None if they cannot."""
    try:
        status = path.stat()
    except OSError:
        return None
    # A pipe or a device, such as <(pass show rehook), has no readers of its own; Windows keeps no such mode.
    if os.name != "posix" or not stat.S_ISREG(status.st_mode) or not status.st_mode & _OTHERS:
        return None
    return f"{path} can be used by others (mode {stat.S_IMODE(status.st_mode):04o}): chmod 600 {path}"


def environment(path: Path | None, environ: Mapping[str, str]) -> Mapping[str, str]:
    """Give the settings of a session: what stands in the file wins, for it was named on purpose."""
    return environ if path is None else {**environ, **read_env_file(path)}
