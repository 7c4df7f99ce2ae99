"""The command ``wallet-async``. Its parts are loaded when it runs, for they need the extra ``[cli]``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

_EXTRA = ("cyclopts", "rich")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code (`wallet_async.cli.exits`).

    Args:
        arguments: The words after the program's name; None for those of this process.
    """
    try:
        from wallet_async.cli.app import run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        print(f'error: {error.name} is not installed; install it: pip install "wallet-async[cli]"', file=sys.stderr)
        return 2
    return run(sys.argv[1:] if arguments is None else arguments)
