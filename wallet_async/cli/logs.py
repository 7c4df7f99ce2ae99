"""What the library logs, on the command line: nothing, since each command says itself how it ended, or all of it."""

from __future__ import annotations

import logging


def set_up(provider: str, *, debug: bool) -> None:
    """Log everything about *provider* to the standard error if *debug*, otherwise nothing."""
    log = logging.getLogger(f"{provider}_async")
    if debug:
        logging.basicConfig(format="%(asctime)s %(name)s: %(message)s")
        log.setLevel(logging.DEBUG)
    else:
        # Without any handler, Python prints warnings by itself.
        log.addHandler(logging.NullHandler())
        log.propagate = False
