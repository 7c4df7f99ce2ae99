"""A recipe as a process to be killed: what stands in its head set anew, acknowledgements lost, or broken on purpose.

Run as ``python -m tests.brokers.child examples/consume_NAME.py OPTIONS``, with the options of
`tests.brokers.recipe.Recipe`.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from rehook_async import RehookSession, Timeouts
from wallet_async.consume import Ack, Consumer, Retry
from wallet_async.engine.errors import WalletError
from wallet_async.journal import Settling

ROOT = Path(__file__).parents[2]
SETTLING = Settling(commit_within=0.5, shown_within=0.1, every=0.05)
"""The sandbox books at once or never; half a second is for a busy machine."""
SOON = 0.3
"""Seconds after which, at the latest, a message that was given back comes again."""


def load(path: str, constants: dict[str, Any], total: float) -> ModuleType:
    """Import a recipe, set what stands otherwise in its head, and give its calls *total* seconds."""
    spec = spec_from_file_location("recipe", ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    recipe = module_from_spec(spec)
    spec.loader.exec_module(recipe)
    for name, value in {"SETTLING": SETTLING, **constants}.items():
        assert hasattr(recipe, name), f"{path} has no {name}"
        setattr(recipe, name, value)

    class Hurried(RehookSession):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, timeouts=Timeouts(total=total), **options)

    vars(recipe)["RehookSession"] = Hurried
    return recipe


def lose_acknowledgements(share: float, seed: int) -> None:
    """Give *share* of the events back after they were booked, once each, and what has to wait comes again soon."""
    handle = Consumer.handle

    async def losing(self: Any, event_id: str, movement: Any, *, deliveries: int) -> Any:
        outcome = await handle(self, event_id, movement, deliveries=deliveries)
        if isinstance(outcome, Ack) and deliveries == 1 and random.Random(f"{seed} {event_id}").random() < share:
            return Retry(delay=0.0, error=WalletError("its acknowledgement is lost"))
        if isinstance(outcome, Retry):
            return Retry(delay=min(outcome.delay, SOON), error=outcome.error)
        return outcome

    Consumer.handle = losing  # type: ignore[method-assign]


def tell_when_it_listens() -> None:
    """Say ``ready`` once SIGTERM no longer ends the process at once."""
    add = asyncio.SelectorEventLoop.add_signal_handler

    def telling(self: Any, number: int, *arguments: Any) -> None:
        add(self, number, *arguments)
        if number == signal.SIGTERM:
            os.write(1, b"ready\n")

    asyncio.SelectorEventLoop.add_signal_handler = telling  # type: ignore[method-assign,assignment]


def main(path: str, options: str) -> None:
    """Run a recipe until it is stopped or killed."""
    chosen = json.loads(options)
    recipe = load(path, chosen["constants"], chosen["total"])
    lose_acknowledgements(chosen["lost"], chosen["seed"])
    tell_when_it_listens()
    if chosen["twin"]:
        module, _, name = chosen["twin"].partition(":")
        getattr(import_module(module), name)(recipe)
    asyncio.run(recipe.main())


if __name__ == "__main__":
    main(*sys.argv[1:])
