"""Ready behaviours for status codes (matrix rows 31 to 39)."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from email.utils import format_datetime
from typing import Literal

from .behaviours import reply
from .bodies import HTML
from .exchange import Exchange, response
from .server import Behaviour

Form = Literal["envelope", "html", "empty", "other-json"]
"""Whose words the body is: the provider's envelope, a gateway's page, nobody's, another layer's JSON."""

OTHER_JSON = b'{"error": "locked", "retry": true}'


def status(
    code: int, form: Form = "envelope", headers: Mapping[str, str] | None = None, *, commit: bool = False
) -> Behaviour:
    """Read all, commit or not, answer `code` with a body of the given form."""
    return reply(lambda exchange: _answer(exchange, code, form, headers), commit=commit)


def retry_in(seconds: float, code: int = 429, form: Form = "envelope") -> Behaviour:
    """Row 37: answer with Retry-After as a date `seconds` from the server's now."""

    def make(exchange: Exchange) -> bytes:
        then = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
        return _answer(exchange, code, form, {"Retry-After": format_datetime(then, usegmt=True)})

    return reply(make, commit=False)


def redirect(code: int, location: str, *, commit: bool = False) -> Behaviour:
    """Row 39: answer a redirect; `{port}` in `location` becomes the server's own port."""

    def make(exchange: Exchange) -> bytes:
        where = location.replace("{port}", str(exchange.server.port))
        return _answer(exchange, code, "html", {"Location": where})

    return reply(make, commit=commit)


def _answer(exchange: Exchange, code: int, form: Form, headers: Mapping[str, str] | None) -> bytes:
    if form == "envelope":
        return response(code, exchange.server.flavour.refusal(code), headers)
    if form == "html":
        return response(code, HTML, headers, content_type="text/html; charset=utf-8")
    return response(code, OTHER_JSON if form == "other-json" else b"", headers)
