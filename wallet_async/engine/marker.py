"""A mark in a movement's description by which it can be found again in the provider's history.

Neither provider has an idempotency key, and Rehook has no field for a reference at all. The mark is made from the
reference alone, so it is the same in every process and after the loss of every file.
"""

from __future__ import annotations

import re
from base64 import b32encode
from hashlib import sha256

from wallet_async.engine.errors import InvalidInputError

LENGTH = 26
"""Characters of ``A-Z2-7``: 130 bits, in the alphabet least likely to be altered on its way."""

_MARK = re.compile(rf"[A-Z2-7]{{{LENGTH}}}(?![A-Za-z0-9])")


def marker(namespace: str, reference: str) -> str:
    """Make the mark of *reference*, the same each time; *namespace* keeps two providers apart."""
    digest = sha256(f"{namespace}|{reference}".encode()).digest()
    return b32encode(digest[:20]).decode()[:LENGTH]  # 20 bytes are 32 characters; to encode all 32 takes twice as long


def stamp(mark: str, description: str) -> str:
    """Put *mark* in front of *description*, where a provider that cuts long texts leaves it."""
    return f"{mark} {description}" if description else mark


def carries(description: str, mark: str) -> bool:
    """Whether *description* is stamped with *mark*."""
    return description == mark or description.startswith(mark + " ")


def find_mark(description: str) -> str | None:
    """Give the mark that *description* is stamped with, or None if it is not."""
    found = _MARK.match(description)
    return found[0] if found else None


def refuse_marker(description: str) -> None:
    """Keep a caller's own text from being taken for a mark.

    Raises:
        InvalidInputError: *description* begins like one.
    """
    if _MARK.match(description):
        raise InvalidInputError(
            f"description must not begin with {LENGTH} characters of A-Z2-7: that is how this library marks references"
        )
