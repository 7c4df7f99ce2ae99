"""What users import is what the packages say, no more and no less."""

import subprocess
import sys

import pytest

import loyalty_async
import rehook_async

SHARED = {
    "AuthenticationError",
    "Checkpoint",
    "ConnectError",
    "DecodeError",
    "DisconnectedError",
    "Done",
    "DuplicateError",
    "Failed",
    "InvalidInputError",
    "Limits",
    "Movement",
    "NotFoundError",
    "OutcomeUnknownError",
    "Page",
    "Pager",
    "Progress",
    "QueueFullError",
    "RateLimitError",
    "RefusedError",
    "RequestTimeoutError",
    "ResponseError",
    "RetryPolicy",
    "ServerError",
    "SessionClosedError",
    "Timeouts",
    "TransportError",
    "WalletError",
}
OWN = {
    rehook_async: {"RehookSession", "Receipt", "Transaction", "Wallet"},
    loyalty_async: {
        "BearerToken",
        "ClientCredentials",
        "LoyaltyReceipt",
        "LoyaltySession",
        "LoyaltyTransaction",
        "LoyaltyWallet",
    },
}


@pytest.mark.parametrize("package", OWN, ids=lambda package: package.__name__)
def test_all_is_the_public_names(package) -> None:
    """`__all__` holds the shared names and the provider's own; each of them can be imported."""
    assert SHARED | OWN[package] <= set(package.__all__)
    assert all(hasattr(package, name) for name in package.__all__)
    public = {name for name in vars(package) if not name.startswith("_")}
    modules = {name for name in public if type(getattr(package, name)) is type(sys)}
    assert public - modules == set(package.__all__)


@pytest.mark.parametrize("package", OWN, ids=lambda package: package.__name__)
def test_every_public_name_is_explained(package) -> None:
    """Each public class has a docstring, and so has each public method of a session."""
    for name in package.__all__:
        assert getattr(package, name).__doc__, name
    session = next(getattr(package, name) for name in package.__all__ if name.endswith("Session"))
    for name in dir(session):
        if not name.startswith("_") and callable(getattr(session, name)):
            assert getattr(session, name).__doc__, name


def test_the_two_providers_share_their_errors_and_results() -> None:
    """One `except` and one `match` serve both: the shared names are the same objects."""
    for name in SHARED - {"Movement"}:
        assert getattr(rehook_async, name) is getattr(loyalty_async, name)


@pytest.mark.parametrize(
    "module",
    [
        "rehook_async",
        "loyalty_async",
        "wallet_async.consume.faststream",
        "wallet_async.sandbox.pytest_plugin",
    ],
)
def test_importing_is_light(module: str) -> None:
    """aiohttp, cattrs and msgspec are loaded when a session opens, not when its package is imported."""
    heavy_ones = {"aiohttp", "cattrs", "msgspec", "ssl", "rich", "cyclopts", "faststream"}
    code = f"import sys, {module}; print(sorted({heavy_ones} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = out.stdout.strip()
    assert "aiohttp" not in heavy
    assert "cattrs" not in heavy
    assert "msgspec" not in heavy
    assert "faststream" not in heavy
