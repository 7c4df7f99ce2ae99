"""A run with another process that its test kills or interrupts: ``python -m … FOLDER``; silent unless it fails."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path

from rehook_async.provider import provider
from tests.reconcile.runners.common import work
from wallet_async.reconcile.runners import Processes
from wallet_async.reconcile.standing import Standing

if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(Processes(provider=provider, count=1).run(work(Path(sys.argv[1])), list[Standing]().append))
