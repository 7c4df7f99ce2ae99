"""Settings of every test here."""

import asyncio
import gc
import linecache
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.engine.decoding import pure
from tests.kit import skip_silence
from wallet_async.engine import fast

# How fast examples are made and run says more about the machine than about the code. Where a change has to pass, the
# examples are the same each time; elsewhere they are new each time, and a failure prints how to repeat it.
settings.register_profile(
    "default",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
    print_blob=True,
)
settings.load_profile("default")


def pytest_collection_finish() -> None:
    """Leave out what is there for good when garbage is looked for: thousands of tests, and all that was imported."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Let all of it go again: extension modules look for what is left at the end, and would name it."""
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def _sources_stay() -> Iterator[None]:
    """Spare the look at every file of a stack whether it has changed, which asyncio's debug mode takes at each step."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linecache, "checkcache", lambda filename=None: None)
        yield


@pytest.fixture(params=["msgspec", "pure"])
def either_decoder(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run a test twice: with the extra `[fast]`, and as without it."""
    if request.param == "pure":
        with pure():
            yield
    elif fast.msgspec is None:
        pytest.skip("msgspec is not installed")
    else:
        yield


@pytest.fixture
async def silence_skipped() -> None:
    """Do not sit out what a test waits for in vain, be it a deadline or a pause; its own clock says that it passed."""
    skip_silence(asyncio.get_running_loop())
