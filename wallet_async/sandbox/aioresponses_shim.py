"""Has aioresponses mended as soon as somebody imports it, for this project's tests and for its users'.

What is wrong with it stands in `aioresponses_mending`. The mending waits until `aioresponses.core` is
imported, by whoever and whenever: neither it nor aiohttp is imported here, and a test that imports it inside
its own function gets it mended too. That is why this is an import hook and no fixture. A release that works
is left alone.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

_TARGET = "aioresponses.core"


def install() -> None:
    """Mend aioresponses as soon as it is imported; now, if it is already."""
    loaded = sys.modules.get(_TARGET)
    if loaded is not None:
        _mend(loaded)
    elif not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def _mend(core: ModuleType) -> None:
    import_module("wallet_async.sandbox.aioresponses_mending").mend(core)


class _Finder(MetaPathFinder):
    """Lets the usual finders find `aioresponses.core`, and mends it once it has run."""

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
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
            _mend(module)

        loader.exec_module = exec_module  # type: ignore[method-assign]  # this one loader, for this one module
        return spec
