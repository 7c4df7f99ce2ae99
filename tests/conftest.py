"""Settings of every test here."""

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.engine.decoding import pure
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
