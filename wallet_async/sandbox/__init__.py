"""What every stand-in provider shares: a server on a real socket, a ledger, a fault plan.

The names are loaded at first use: pytest imports this package on every start (the plugin's entry point
stands in it), and a test run that needs no sandbox must not pay for aiohttp.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wallet_async.sandbox.api import Answer, Request, Route, SandboxApi
    from wallet_async.sandbox.faults import Fault
    from wallet_async.sandbox.ledger import Amount, Entry, Ledger, LedgerWallet, WalletKey
    from wallet_async.sandbox.observed import Observed
    from wallet_async.sandbox.plan import FaultPlan
    from wallet_async.sandbox.server import Sandbox

__all__ = [
    "Amount",
    "Answer",
    "Entry",
    "Fault",
    "FaultPlan",
    "Ledger",
    "LedgerWallet",
    "Observed",
    "Request",
    "Route",
    "Sandbox",
    "SandboxApi",
    "WalletKey",
]

_HOME = {
    "api": ("Answer", "Request", "Route", "SandboxApi"),
    "faults": ("Fault",),
    "ledger": ("Amount", "Entry", "Ledger", "LedgerWallet", "WalletKey"),
    "observed": ("Observed",),
    "plan": ("FaultPlan",),
    "server": ("Sandbox",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}


def __getattr__(name: str) -> object:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value
