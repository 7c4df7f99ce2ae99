"""What a person can do about a credit or debit whose outcome is not known. Pure."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Mapping
from typing import Any

from wallet_async.provider import Provider


def how_to_settle(provider: Provider, arguments: Mapping[str, Any]) -> str:
    """Say how to find out what became of a movement.

    Args:
        provider: Where it was sent.
        arguments: The arguments of its command, by name.
    """
    look = f"look for it with `{history_command(provider, arguments)}`"
    reference = arguments.get("reference")
    if reference is None:
        return f"do not send it again: {look}; it had no reference, so compare time, amount and description"
    return f"do not send it again: {look}; its row shows {provider.mark(reference)}, and may come late"


def history_command(provider: Provider, arguments: Mapping[str, Any]) -> str:
    """Give the command that reads the history of the wallet in *arguments*, ready to be pasted."""
    words = ["wallet-async", provider.name, "history"]
    # The first parameter is the session; a credit names its wallet with the words that the history asks for.
    wanted = list(inspect.signature(provider.commands()["history"]).parameters.values())[1:]
    needed = [parameter.name for parameter in wanted if parameter.default is inspect.Parameter.empty]
    return shlex.join([*words, *(str(arguments.get(name, name.upper())) for name in needed)])
