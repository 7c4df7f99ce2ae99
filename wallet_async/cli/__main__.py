"""``python -m wallet_async.cli`` is ``wallet-async``."""

from __future__ import annotations

import sys

from wallet_async.cli import main

if __name__ == "__main__":
    sys.exit(main())
