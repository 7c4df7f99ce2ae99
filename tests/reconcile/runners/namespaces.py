"""Network namespaces on one bridge: each is a machine of its own as far as the network goes. Needs root and `ip`."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from attrs import frozen

_NET = "10.213.77"


@frozen
class Machine:
    """A namespace with one address."""

    name: str
    address: str

    def command(self, *words: str) -> tuple[str, ...]:
        """Give a command that runs there."""
        return ("ip", "netns", "exec", self.name, *words)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextmanager
def _namespace(name: str) -> Iterator[None]:
    try:
        _ip("netns", "add", name)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no network namespace can be made: it takes root (or CAP_SYS_ADMIN)")
    try:
        _ip("-n", name, "link", "set", "lo", "up")
        yield
    finally:
        _ip("netns", "delete", name)


@contextmanager
def machines(count: int) -> Iterator[list[Machine]]:
    """Give so many machines that reach each other, and nothing else."""
    if shutil.which("ip") is None:
        pytest.skip("`ip` is not installed: apt-get install iproute2")
    unique = f"wa{os.getpid()}"
    with ExitStack() as stack:
        hub = f"{unique}hub"
        stack.enter_context(_namespace(hub))
        _ip("-n", hub, "link", "add", "bridge", "type", "bridge")
        _ip("-n", hub, "link", "set", "bridge", "up")
        made = []
        for number in range(1, count + 1):
            machine = Machine(f"{unique}n{number}", f"{_NET}.{number}")
            stack.enter_context(_namespace(machine.name))
            port = f"port{number}"
            # Both ends are made inside: nothing of it shows in the machine's own network.
            _ip("-n", hub, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", machine.name)
            _ip("-n", hub, "link", "set", port, "master", "bridge", "up")
            _ip("-n", machine.name, "address", "add", f"{machine.address}/24", "dev", "eth0")
            _ip("-n", machine.name, "link", "set", "eth0", "up")
            made.append(machine)
        yield made
