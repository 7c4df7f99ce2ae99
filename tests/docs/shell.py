"""A shell that follows a page: it types the commands of its `shellsession` blocks and compares what they print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

_BLOCK = re.compile(r"`([\w.]+)`:\n\n```csv\n(.*?)^```$|^```shellsession\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ENDED = "\x1e"
"""Printed behind each command, with its exit code."""


def steps(block: str) -> list[tuple[str, str]]:
    """Part a block into commands (`$`, going on with `>`) and what each prints."""
    found: list[tuple[str, str]] = []
    for line in block.splitlines(keepends=True):
        if line.startswith("$ "):
            found.append((line[2:], ""))
        else:
            command, output = found.pop()
            goes_on = line.startswith("> ") and not output
            found.append((command + line[2:], "") if goes_on else (command, output + line))
    return found


def check_printed(said: str, expected: str) -> None:
    """Assert that *said* is what a page says, where ``…`` is any text, and alone in a line any lines.

    Raises:
        AssertionError: It is not.
    """
    lines = expected.splitlines()
    texts = ("(.*\n)*" if line == "…" else ".+".join(map(re.escape, line.split("…"))) + " *\n" for line in lines)
    assert re.fullmatch("".join(texts), said), f"the page says\n{expected}\nbut it is\n{said}"


class Shell:
    """One bash in a folder of its own, and beside it what the page starts in another terminal.

    Args:
        folder: An empty one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._environ = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONWARNINGS": "error",
            "TZ": "UTC",
        }

    def __enter__(self) -> Self:
        self._bash = self._start("bash")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def follow(self, page: str) -> None:
        """Do what a page tells from top to bottom: save its files, type its commands.

        Raises:
            AssertionError: A command printed something else than the page says, or failed without `echo $?` after it.
        """
        for name, file, session in _BLOCK.findall(page):
            if name:
                (self._folder / name).write_text(file, "utf-8")
            for (command, expected), (after, _) in pairwise([*steps(session), ("", "")]):
                if command.startswith("wallet-async sandbox "):
                    self._serve(command, expected)
                    continue
                said, code = self._type(command)
                check_printed(said, expected)
                assert code == 0 or after == "echo $?\n", f"{command} ended with {code}:\n{said}"

    def _serve(self, command: str, expected: str) -> None:
        """Start it in a terminal of its own, and paste the variables that it prints into this one."""
        sandbox = self._start(f"exec {command.strip()} --until-eof")
        assert sandbox.stdout is not None
        said = "".join(sandbox.stdout.readline() for _ in expected.splitlines())
        check_printed(said, expected)
        self._type(said)

    def _type(self, command: str) -> tuple[str, int]:
        """Run a command; give what it printed, and its exit code, which the next one sees as well."""
        bash = self._bash
        assert bash.stdin is not None
        assert bash.stdout is not None
        ending = f"(code=$?; printf '{_ENDED}%d\\n' $code; exit $code)"
        bash.stdin.write(f"{{\n{command}}} </dev/null\n{ending}\n")
        bash.stdin.flush()
        said = ""
        for line in bash.stdout:
            text, ended, code = line.partition(_ENDED)
            said += text
            if ended:
                return said, int(code)
        raise AssertionError(f"{command} ended the shell:\n{said}")

    def _start(self, command: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            ["bash", "-c", command],
            cwd=self._folder,
            env=self._environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._stack.callback(process.communicate)  # the end of its standard input ends it
        return process
