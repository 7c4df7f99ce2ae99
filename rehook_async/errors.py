"""Every documented way Rehook says no, as an error. Pure: a reply goes in, an error comes out."""

from __future__ import annotations

from typing import Any

from wallet_async.engine import codec
from wallet_async.engine.calls import Reply
from wallet_async.engine.errors import DecodeError, WalletError
from wallet_async.engine.statuses import Said, refusal, response_error

_NO_ROUTE = b"Cannot PUT /wallets/"
"""How Express names a missing path segment; the page shows it as plain text, Express sends it as HTML by default."""


def read_error(reply: Reply) -> WalletError:
    """Make the error for a reply that is no success."""
    said = read_envelope(reply)
    if said is not None and reply.status == 401 and said.key is not None:
        # The sample for a missing `type` (S1) has code 401: a rule on a field, and no word on who asks.
        return refusal(reply, said)
    if said is not None and reply.status < 300:
        return refusal(reply, said)
    if said is None and reply.status == 404 and _NO_ROUTE in reply.body[:2048]:
        said = Said(message="Rehook has no such address: a part of the path is missing", code="404")
    return response_error(reply, said)


def read_envelope(reply: Reply) -> Said | None:
    """Find Rehook's own error body: ``code``, ``message``, ``details``, ``request_id``, sometimes ``key``."""
    if b'"message"' not in reply.body:
        return None
    try:
        body = codec.loads(reply.body)
    except DecodeError:
        return None
    if not isinstance(body, dict) or "txn_id" in body or "transaction_id" in body:
        return None
    # The table spells it `Code`, the samples `code`; the coupon pages give a string.
    code = body.get("code", body.get("Code"))
    message = body.get("message")
    if not isinstance(message, str) or isinstance(code, bool) or not isinstance(code, int | str):
        return None
    details = _text(body.get("details"))
    return Said(
        message=f"{message}: {details}" if details and details != message else message,
        code=str(code),
        key=_text(body.get("key")),
        details=(details,) if details else (),
        request_id=read_request_id(body),
    )


def read_request_id(body: dict[str, Any]) -> str | None:
    """``requestId`` in the PUT sample, ``request_id`` in its table and in all errors: one thing."""
    return _text(body.get("requestId")) or _text(body.get("request_id"))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
