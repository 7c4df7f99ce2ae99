"""pytest plugin: a fixture `<name>_sandbox` for every provider installed, and aioresponses mended.

```python
async def test_a_credit_arrives(rehook_sandbox):
    rehook_sandbox.api.add_wallet("krishna123", "waty_A")
    api = rehook_sandbox.api
    async with RehookSession(api.api_key, api.secret_key, base_url=rehook_sandbox.url) as rehook:
        await rehook.credit("krishna123", "waty_A", 20)
    assert rehook_sandbox.observed.commits == 1
```

pytest imports this module on every start, in projects that never use it too: so it imports neither aiohttp
nor a provider. The names of the providers come from the entry points' metadata, the fixture loads the rest.
"""

from collections.abc import AsyncIterator, Callable
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import pytest

import wallet_async.sandbox as stand_ins
from wallet_async.sandbox import aioresponses_shim

_GROUP = "wallet_async.providers"


def pytest_configure(config: pytest.Config) -> None:
    """Offer the fixtures, and mend aioresponses when a test imports it."""
    aioresponses_shim.install()
    # A module, since pytest looks for the fixtures of any other object on its class.
    fixtures = ModuleType("wallet_async_sandboxes")
    for entry in entry_points(group=_GROUP):
        setattr(fixtures, f"{entry.name}_sandbox", _fixture(entry))
    config.pluginmanager.register(fixtures, fixtures.__name__)


def _fixture(entry: EntryPoint) -> object:
    async def sandbox() -> AsyncIterator[Any]:
        async with stand_ins.Sandbox(entry.load().sandbox()) as running:
            yield running

    sandbox.__doc__ = f"A running sandbox of {entry.name}: api, ledger, faults, observed, url."
    return _async_fixture()(name=f"{entry.name}_sandbox")(sandbox)


def _async_fixture() -> Callable[..., Any]:
    """Give pytest-asyncio's decorator, which works in both its modes; anyio's plugin takes the plain one."""
    if find_spec("pytest_asyncio") is None:
        return pytest.fixture
    decorator: Callable[..., Any] = import_module("pytest_asyncio").fixture
    return decorator
