"""What may be shown: excerpts of answers and error texts without credentials or personal data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import takewhile
from urllib.parse import quote, quote_plus

from wallet_async.engine.errors import WalletError

EXCERPT_LENGTH = 256
"""Characters of an answer that an error keeps."""

MASK = "***"

_SHORTEST = 6
"""Characters of a credential that is masked wherever it turns up."""

_CUT = "'\"…"
"""What follows a text that was cut to be shown, if anything does."""

_SCHEMES = re.compile(r"\b(Basic|Bearer)\s+\S+", re.IGNORECASE)
_FIELDS = re.compile(
    r'("(?:[\w-]*(?:secret|password|token|api[_-]?key|authorization|client_id)[\w-]*'
    # Personal data of Sipay's Wallet/Info (`user_kyc_info`) and of its wallets.
    r'|national_id|tax_number|birth_year|first_name|last_name|email|phone_number)"\s*:\s*)'
    r'(?:"(?:[^"\\]|\\.)*"?|[^\s,}\]"]+)',
    re.IGNORECASE,
)


def excerpt(body: bytes) -> str:
    """Give the beginning of an answer as one printable line with secrets masked."""
    # Masked before it is cut, from more than is kept: a cut must not split a field name from its value.
    text = body[: EXCERPT_LENGTH * 16].decode("utf-8", "replace")
    return printable(mask(text))[:EXCERPT_LENGTH]


def mask(text: str) -> str:
    """Mask credentials and personal data that can be told by their form."""
    return _FIELDS.sub(rf'\1"{MASK}"', _SCHEMES.sub(rf"\1 {MASK}", text))


def printable(text: str) -> str:
    """Replace what a terminal or a log line would act on, and characters that no encoding takes."""
    return "".join(char if char.isprintable() else " " for char in text)


def _forms(secret: str) -> tuple[str, ...]:
    """Give *secret* and how it looks in a form body, in a URL, in JSON and in a `repr`."""
    return secret, quote_plus(secret), quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1]


def _hide_beginning(text: str, secret: str) -> str:
    """Mask the beginning of *secret* where *text* was cut in the middle of it."""
    at = text.find(secret[:_SHORTEST])
    while at >= 0:
        end = at + sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(secret, text[at:], strict=False)))
        if text[end : end + 1] in _CUT:
            text = text[:at] + MASK + text[end:]
        at = text.find(secret[:_SHORTEST], at + 1)
    return text


def scrub(error: WalletError, secrets: Iterable[str]) -> None:
    """Mask *secrets* (known ones, whatever their form) in every text that *error* carries, and drop what it came from.

    A parser's error holds the whole answer (`JSONDecodeError.doc`), one of a converter the value it did not like.
    """
    # A shorter one is no secret, and masking it would eat words of the message.
    known = sorted({form for secret in secrets if len(secret) >= _SHORTEST for form in _forms(secret)}, key=len)[::-1]

    def clean(value: object) -> object:
        if isinstance(value, str):
            for secret in known:
                value = value.replace(secret, MASK)
            for secret in known:
                value = _hide_beginning(value, secret)
            return value
        return tuple(map(clean, value)) if isinstance(value, tuple) else value

    error.args = tuple(map(clean, error.args))
    for name, value in vars(error).items():
        setattr(error, name, clean(value))
    error.__cause__ = error.__context__ = None
