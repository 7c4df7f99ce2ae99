"""A disk as a power cut may leave it: what was synced is there; of what was not, any part."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from attrs import define, field, frozen

SECTOR = 512
"""Bytes that are written whole or not at all."""
TRACED = "trace=pwrite64,write,fsync,fdatasync,ftruncate,unlink,openat,sendto"

_LINE = re.compile(r"\d+ +(\w+)\((.*)")
_RESUMED = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>.*")
_HEX = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_FD = re.compile(r"\d+<((?:\\x[0-9a-f]{2})*)>")


@frozen
class Step:
    """One thing that a process did."""

    kind: Literal["write", "cut", "sync", "make", "remove", "said"]
    place: str
    """The file's path; or the call that it was said by: ``sendto`` for a request, ``write`` for what a child tells."""
    data: bytes = b""
    at: int = 0
    """Where it was written, or the length it was cut to."""


@define
class _File:
    durable: bytes = b""
    pending: list[Step] = field(factory=list)


@define
class Disk:
    """The files of a folder, and of each what no power cut can take away."""

    folder: str
    files: dict[str, _File] = field(factory=dict)
    names: set[str] = field(factory=set)
    """Those files whose names were synced, too."""
    removed: dict[str, _File] = field(factory=dict)
    """Those that are gone, and that a power cut brings back."""

    def do(self, step: Step) -> None:
        """Take *step*."""
        match step.kind:
            case "make":
                self.files.setdefault(step.place, _File())
            case "remove":
                self.removed[step.place] = self.files.pop(step.place)
            case "write" | "cut":
                self.files[step.place].pending.append(step)
            case "sync" if step.place == self.folder:
                self.names, self.removed = set(self.files), {}
            case "sync":
                file = self.files[step.place]
                file.durable, file.pending = _after(file.durable, file.pending), []
            case "said":
                pass

    def least(self) -> dict[str, bytes]:
        """Give what is left if nothing was written that was not waited for."""
        return {name: file.durable for name, file in (self.removed | self.files).items() if name in self.names}

    def most(self) -> dict[str, bytes]:
        """Give what is left if all of it was written."""
        return {name: _after(file.durable, file.pending) for name, file in self.files.items()}

    def some(self, rng: random.Random) -> dict[str, bytes]:
        """Give what is left if some of it was written, in whatever order, and one piece in part."""
        left = {}
        for name, file in self.files.items():
            steps = [step for step in file.pending if rng.random() < 0.5]
            if steps and steps[-1].kind == "write":
                torn = rng.randrange(0, len(steps[-1].data) + 1, min(SECTOR, len(steps[-1].data) or 1))
                steps[-1] = Step("write", name, steps[-1].data[:torn], steps[-1].at)
            if name in self.names or rng.random() < 0.5:
                left[name] = _after(file.durable, steps)
        return left


def _after(content: bytes, steps: list[Step]) -> bytes:
    found = bytearray(content)
    for step in steps:
        if step.kind == "cut":
            del found[step.at :]
        else:
            found.extend(bytes(max(0, step.at - len(found))))
        if step.kind == "write":
            found[step.at : step.at + len(step.data)] = step.data
    return bytes(found)


def read(log: Path, folder: Path) -> Iterator[Step]:
    """Give the steps that ``strace -f -y -xx`` saw in *folder*, and what was said over sockets and pipes.

    What was written counts from the beginning of a call, what was synced from its end.
    """
    under_way: dict[str, Step] = {}
    for line in log.read_text().splitlines():
        if resumed := _RESUMED.match(line):
            if (step := under_way.pop(resumed[1], None)) is not None:
                yield step
        elif (call := _LINE.match(line)) and "= -1" not in line:
            step = _step(call[1], call[2], str(folder))
            if step is not None and step.kind == "sync" and line.endswith("<unfinished ...>"):
                under_way[line.split()[0]] = step
            elif step is not None:
                yield step


def _step(call: str, arguments: str, folder: str) -> Step | None:
    texts = [_bytes(text) for text in _HEX.findall(arguments)]
    if call in {"openat", "unlink"}:
        name = texts[0].decode()
        kind: Literal["make", "remove"] = "make" if call == "openat" else "remove"
        return Step(kind, name) if name.startswith(folder) and (call == "unlink" or "O_CREAT" in arguments) else None
    place = "".join(_bytes(found).decode() for found in _FD.findall(arguments))
    if not place.startswith(folder):
        return Step("said", call, texts[0]) if texts else None
    numbers = [int(number) for number in re.findall(r", (\d+)(?=[,)]| <)", arguments)]
    match call:
        case "fsync" | "fdatasync":
            return Step("sync", place)
        case "ftruncate":
            return Step("cut", place, at=numbers[0])
        case "pwrite64":
            return Step("write", place, texts[0], numbers[1])
        case _:  # the mark, which is always written from its beginning
            return Step("write", place, texts[0])


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def states(steps: list[Step], folder: Path, rng: random.Random) -> Iterator[tuple[int, dict[str, bytes]]]:
    """Give what a power cut may leave, before each step and at the end, beside the number of steps that were taken."""
    disk = Disk(str(folder))
    for taken, step in enumerate([*steps, None]):
        for left in (disk.least(), disk.most(), disk.some(rng), disk.some(rng)):
            yield taken, left
        if step is not None:
            disk.do(step)
