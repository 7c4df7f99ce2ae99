"""What is used of aiohttp's inside is on one list, is there, and is used nowhere else.

This runs with the newest aiohttp allowed and, in ``nox -s lowest``, with the oldest.
"""

from __future__ import annotations

import ast
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import loyalty_async
import rehook_async
import wallet_async
from wallet_async.engine.transport import inside

PACKAGES = [Path(package.__path__[0]) for package in (rehook_async, loyalty_async, wallet_async)]
TRANSPORT = Path(wallet_async.__path__[0], "engine", "transport")
PUBLIC = {"aiohttp", "aiohttp.abc", "aiohttp.client"}
"""Modules of aiohttp that its documentation names, or whose file name only is asked for."""
FOR_TYPES = {"aiohttp.client_proto", "aiohttp.connector"}
"""Modules of which `inside.missing` knows all that is used."""
ALLOWED_PRIVATE = {("client_session.py", "_retry_connection"), ("inside.py", "_request")}
"""The switch that aiohttp's own test client sets too, and what is replaced by those who answer in its place."""


def test_all_is_there() -> None:
    """With this aiohttp the direct transport is used."""
    assert inside.missing() is None


@pytest.mark.parametrize("name", inside._USED)
def test_each_is_there(name: str) -> None:
    """Each thing is found by its name and takes the arguments it is given."""
    thing = pkgutil.resolve_name(name)
    if arguments := inside._USED[name]:
        inspect.signature(thing).bind_partial(**dict.fromkeys(arguments))


def private(source: str) -> Iterator[str]:
    """Give the private attributes that a module reaches for on anything but ``self`` and its own class."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            owner = node.value
            if not (isinstance(owner, ast.Name) and owner.id in {"self", "cls"}):
                yield node.attr


def imported(source: str) -> Iterator[str]:
    """Give the modules of aiohttp that a module imports."""
    for node in ast.walk(ast.parse(source)):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        yield from (name for name in names if name.split(".")[0] == "aiohttp")


def test_nothing_private_is_touched() -> None:
    """In transport/ only the two known private attributes of aiohttp are used, each in one file."""
    found = {(path.name, name) for path in TRANSPORT.glob("*.py") for name in private(path.read_text())}
    assert found == ALLOWED_PRIVATE


def test_the_inside_is_imported_in_transport_only() -> None:
    """No module elsewhere imports aiohttp's undocumented modules, and in transport/ those on the list only."""
    listed = {name.partition(":")[0] for name in inside._USED}
    for package in PACKAGES:
        for path in package.rglob("*.py"):
            strangers = set(imported(path.read_text())) - PUBLIC - {"aiohttp.web", "aiohttp.test_utils"}
            if path.parent == TRANSPORT:
                strangers -= listed
            assert not strangers or "sandbox" in str(path), f"{path.name}: {strangers}"


def test_twin_of_both_searches() -> None:
    """What the searches look for is found where it is."""
    code = "from aiohttp.streams import DataQueue\nimport aiohttp.helpers\nconnector._conns.clear()\nself._mine = 1\n"
    assert list(private(code)) == ["_conns"]
    assert set(imported(code)) == {"aiohttp.streams", "aiohttp.helpers"}
