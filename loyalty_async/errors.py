"""Sipay's envelope: what is a success, and every way it says no, as an error. Pure.

Success and failure share one form (page "Increase loyalty balance"): ``status``, ``code``, ``message``, ``payload`` or
``errors``. The pages do not say which HTTP status a failure has.
"""

from __future__ import annotations

from typing import Any

from attrs import frozen

from wallet_async.engine import codec, redact
from wallet_async.engine.calls import Reply
from wallet_async.engine.errors import DecodeError, DuplicateError, NotFoundError, RefusedError, ResponseError
from wallet_async.engine.statuses import Said, refusal, response_error

_SUCCESS = "100"
"""The only code documented for success."""

_KINDS: dict[str, type[ResponseError]] = {"300": NotFoundError, "301": DuplicateError}
"""Codes whose meaning two pages agree on (overview, transfer). 306 and 503 are printed for one and the same fault, so
every other code is a plain refusal that keeps its number."""

_STATUS_DECIDES = frozenset({401, 403, 408, 423, 425, 429, 499})
"""HTTP statuses that say more than any code: who asks, how often, and whether it may still be running."""


@frozen(kw_only=True)
class Envelope:
    """An answer in Sipay's form."""

    status: int
    """0 for success; 1 was seen for a field that is missing, 2 for a refusal."""
    code: str
    """The result code as text: the pages print a string, some samples a number."""
    message: str | None
    """Turkish or English, for people only: nothing is decided by it."""
    errors: tuple[str, ...]
    payload: Any
    """None if there is none."""

    @property
    def failed(self) -> bool:
        """Whether both numbers say no; an answer in which they contradict each other proves nothing."""
        return self.status != 0 and self.code != _SUCCESS

    @property
    def succeeded(self) -> bool:
        """Whether both numbers say yes."""
        return self.status == 0 and self.code == _SUCCESS


def read_payload(reply: Reply) -> dict[str, Any]:
    """Give the payload of a success: HTTP 2xx, status 0, code "100", and one object (or a list of just one).

    Raises:
        ResponseError: Sipay, or something in front of it, said no.
        DecodeError: The answer does not say what it should.
    """
    envelope = read_envelope(reply)
    if not 200 <= reply.status < 300 or (envelope and envelope.failed):
        raise read_error(reply)
    if envelope is None:
        raise _unreadable(reply)
    if not envelope.succeeded:
        raise unfit(f"status {envelope.status} and code {envelope.code!r} contradict each other", reply)
    payload = envelope.payload
    if isinstance(payload, list) and len(payload) == 1:
        payload = payload[0]  # declared ``Obje[]``, shown as one object
    if not isinstance(payload, dict):
        raise unfit(f"expected an object or a list of one, got {codec.describe(payload)} at $.payload", reply)
    return payload


def read_error(reply: Reply) -> ResponseError:
    """Make the error for a reply that is no success."""
    envelope = read_envelope(reply)
    if envelope is None:
        return response_error(reply, _problem(reply))
    if not envelope.failed:
        return response_error(reply, None)
    said = Said(
        message=envelope.message or "; ".join(envelope.errors) or "refused without a message",
        code=envelope.code,
        details=envelope.errors,
    )
    if reply.status >= 500 or reply.status in _STATUS_DECIDES:
        return response_error(reply, said)
    return refusal(reply, said, _KINDS.get(envelope.code, RefusedError))


def read_envelope(reply: Reply) -> Envelope | None:
    """Find Sipay's envelope in a reply, whatever its HTTP status: 300, 301 and 303 may be statuses too."""
    body = _object(reply)
    status, code = body.get("status"), body.get("code")
    if type(status) is not int or type(code) not in {int, str}:
        return None
    message = body.get("message", body.get("massage"))  # one table spells it so
    errors = body.get("errors")
    return Envelope(
        status=status,
        code=str(code),
        message=message if isinstance(message, str) else None,
        errors=tuple(text for text in errors if isinstance(text, str)) if isinstance(errors, list) else (),
        payload=body.get("payload"),
    )


def unfit(message: str, reply: Reply) -> DecodeError:
    """Make the error for an answer that is no refusal and no proof either."""
    return DecodeError(message, excerpt=redact.excerpt(reply.body))


def _unreadable(reply: Reply) -> DecodeError:
    """Say what is wrong with a body that should be an envelope."""
    try:
        found = codec.loads(reply.body)
    except DecodeError as error:
        error.excerpt = redact.excerpt(reply.body)
        return error
    return unfit(f"expected an envelope with status and code, got {codec.describe(found)} at $", reply)


def _problem(reply: Reply) -> Said | None:
    """Read the third form: ``type``, ``title``, ``status``, ``detail``, ``instance`` (page "Withdrawal status").

    Gateways write it too, so it is not taken as Sipay's own word.
    """
    body = _object(reply)
    texts = [text for name in ("title", "detail") if isinstance(text := body.get(name), str) and text]
    return Said(message=": ".join(texts), own=False) if texts else None


def _object(reply: Reply) -> dict[str, Any]:
    """Read the body as a JSON object; anything else (plain text, HTML, nothing) has no fields."""
    if reply.body[:1] not in {b"{", b" ", b"\r", b"\n", b"\t"}:
        return {}
    try:
        body = codec.loads(reply.body)
    except DecodeError:
        return {}
    return body if isinstance(body, dict) else {}
