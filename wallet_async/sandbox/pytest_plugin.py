"""pytest plugin: a fixture `<name>_sandbox` for every provider installed, and aioresponses mended.

```python
async def test_a_credit_arrives(rehook_sandbox):
    rehook_sandbox.api.add_wallet("krishna123", "waty_A")
    async with RehookSession("key", "secret", base_url=rehook_sandbox.url) as rehook:
        await rehook.credit("krishna123", "waty_A", 20)
    assert rehook_sandbox.observed.commits == 1
```

pytest imports this module on every start, in projects that never use it too: so it imports neither aiohttp nor
a provider. The names of the providers come from the entry points' metadata, the rest is loaded by the fixture.
"""

from collections.abc import AsyncIterator, Callable
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import pytest

from wallet_async.sandbox import aioresponses_shim

_GROUP = "wallet_async.providers"


def pytest_configure(config: pytest.Config) -> None:
    """Offer the fixtures, and mend aioresponses when a test imports it."""
    aioresponses_shim.install()
    fixtures = {f"{entry.name}_sandbox": _fixture(entry) for entry in entry_points(group=_GROUP)}
    config.pluginmanager.register(SimpleNamespace(**fixtures), "wallet_async_sandboxes")


def _fixture(entry: EntryPoint) -> object:
    async def sandbox() -> AsyncIterator[Any]:
        from wallet_async.sandbox import Sandbox

        async with Sandbox(entry.load().sandbox()) as running:
            yield running

    sandbox.__doc__ = f"A running sandbox of {entry.name}: api, ledger, faults, observed, url."
    return _async_fixture()(name=f"{entry.name}_sandbox")(sandbox)


def _async_fixture() -> Callable[..., Any]:
    """Give pytest-asyncio's decorator, which works in both its modes; anyio's plugin takes the plain one."""
    if find_spec("pytest_asyncio") is None:
        return pytest.fixture
    import pytest_asyncio

    return pytest_asyncio.fixture
