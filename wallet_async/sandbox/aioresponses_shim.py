"""Mends aioresponses 0.7.9 on aiohttp 3.14, for this project's tests and for its users'.

Two things are wrong there. `ClientResponse.__init__` wants a `stream_writer` that aioresponses does not pass,
so every mocked request ends in a TypeError. And the reader of a mocked body stands on a protocol without a
parser, so a body above the reader's limit fails when the reader tries to pause it.

The mending waits until `aioresponses.core` is imported, by whoever and whenever: the module is not imported
here, and a test that imports it inside its own function gets it mended too. That is why this is an import hook
and no fixture. A release of aioresponses that works is left alone.
"""

import sys
from collections.abc import Sequence
from functools import partial
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any
from unittest.mock import Mock

_TARGET = "aioresponses.core"


def install() -> None:
    """Mend aioresponses as soon as it is imported; now, if it is already."""
    loaded = sys.modules.get(_TARGET)
    if loaded is not None:
        mend(loaded)
    elif not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def is_broken(core: ModuleType) -> bool:
    """Say whether *core*, the module `aioresponses.core`, fails to make a response with this aiohttp."""
    from yarl import URL

    url = URL("http://localhost/")
    try:
        core.RequestMatch(url)._build_response(url)
    except TypeError:
        return True
    return False


def mend(core: ModuleType) -> None:
    """Mend *core*, the module `aioresponses.core`, if it is broken."""
    if not is_broken(core):
        return
    from aiohttp import ClientResponse, StreamReader
    from aiohttp.client_proto import ResponseHandler

    class Unpaused(ResponseHandler):
        """There is no socket behind a mocked body, so there is nothing to pause."""

        def pause_reading(self) -> None:
            pass

        def resume_reading(self, resume_parser: bool = True) -> None:
            pass

    build = core.RequestMatch._build_response

    def build_response(self: Any, *args: Any, response_class: Any = None, **kwargs: Any) -> ClientResponse:
        # The request counts as sent, so aiohttp asks the writer for nothing but its size.
        made = partial(response_class or ClientResponse, stream_writer=Mock(output_size=0))
        response: ClientResponse = build(self, *args, response_class=made, **kwargs)
        return response

    def make_reader(loop: Any = None) -> StreamReader:
        return StreamReader(Unpaused(loop=loop), limit=2**16, loop=loop)

    core.RequestMatch._build_response = build_response  # type: ignore[attr-defined]  # a module is open
    core.stream_reader_factory = make_reader  # type: ignore[attr-defined]


class _Finder(MetaPathFinder):
    """Lets the usual finders find `aioresponses.core`, and mends it once it has run."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != _TARGET:
            return None
        sys.meta_path.remove(self)  # once is enough, and the search below must not come back here
        spec = find_spec(fullname)
        loader = spec.loader if spec is not None else None
        if loader is None:
            return spec
        run = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            run(module)
            mend(module)

        loader.exec_module = exec_module  # type: ignore[method-assign]  # this one loader, for this one module
        return spec
