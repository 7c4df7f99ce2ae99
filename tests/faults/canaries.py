"""Secrets that can be searched for, servers that give them back, and a net for everything a client shows."""

from __future__ import annotations

import base64
import json
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from tests.kit import Exchange, response
from tests.kit.bodies import HTML

FRAGMENT = 12  # characters of a secret, anywhere in it, that count as shown

PLAIN = {
    "api_key": "kQ7xV2mPz9LrT4wYcB8n",
    "secret_key": "Hd3uJ6sGfE1oWqZi5aXv7RtM",
    "bearer": "eyJq0NcXbK8lDyU2hMpO4vSgA6wTzL9f",
    "client_key": "Zr5tBn1KjW8cXe3LqYp7",
    "client_id": "mU4gVs9DhCk2RzTf6NxJ",
    "client_secret": "Pw8eQy3LbGm7XoKc1VjSa5Id",
    "token": "aT9iFz6EuRn4HvYd2WkQxO8sLcJ3bMgP",
}
ODD = {name: f"{value[:9]}/+=%&<>!{value[9:]}" for name, value in PLAIN.items()}
"""The same with characters that URLs, form bodies and HTML escape."""
QUOTED = {name: f"{value[:9]}\"'\\{value[9:]}" for name, value in PLAIN.items()}
"""The same with characters that JSON and `repr` escape."""


@attrs.frozen
class Secrets:
    """One set of secrets and every way to write them."""

    values: dict[str, str]
    _parts: dict[str, list[str]] = attrs.field(init=False)
    """What may not be shown of each secret, in lower case."""

    @_parts.default
    def _find_parts(self) -> dict[str, list[str]]:
        return {name: [part.lower() for part in parts] for name, parts in self._needles()}

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def hits(self, text: str) -> list[str]:
        """Name the secrets of which *text* shows a fragment, be it encoded for Basic."""
        text = text.lower()
        return [name for name, parts in self._parts.items() if any(part in text for part in parts)]

    def _needles(self) -> Iterator[tuple[str, set[str]]]:
        basic = f"{self['api_key']}:{self['secret_key']}".encode()
        whole = self.values | {"basic": base64.b64encode(basic).decode()}
        for name, value in whole.items():
            # The odd ones are escaped somewhere in the middle: their plain ends tell them as well.
            parts = [value] if value.isalnum() else [value[:9], value[-FRAGMENT + 1 :]]
            yield (
                name,
                {part[start : start + FRAGMENT] for part in parts for start in range(max(1, len(part) - FRAGMENT + 1))},
            )


def echo(exchange: Exchange) -> str:
    """Write down everything the client said, Basic credentials and form bodies also as they were meant."""
    lines = [f"{name}: {value}" for name, value in exchange.headers]
    lines.append((exchange.body or b"").decode())
    if (given := exchange.header("Authorization")) and given.startswith("Basic "):
        lines += base64.b64decode(given[6:]).decode().split(":", 1)
    return "\n".join(reversed(lines))


Answer = Callable[[Exchange], bytes]


def envelope(status: int, field: str) -> Answer:
    """Answer in both providers' error fields, with the echo in one of them."""

    def make(exchange: Exchange) -> bytes:
        fields = {"code": "999", "status": 1, "message": "no", "details": "no", "key": "k", "errors": ["no"]}
        said: Any = [echo(exchange)] if field == "errors" else echo(exchange)
        return response(status, json.dumps(fields | {field: said}).encode())

    return make


def damaged(field: str, value: Callable[[str], str]) -> Answer:
    """Answer with the provider's success, the echo standing where one field's value should."""

    def make(exchange: Exchange) -> bytes:
        good = exchange.good()
        start = good.index(b":", max(0, good.find(f'"{field}"'.encode()))) + 1
        return response(200, good[:start] + value(echo(exchange)).encode() + b", " + good[start:].partition(b",")[2])

    return make


def page(status: int) -> Answer:
    """Answer with a gateway's page, the echo in it."""
    return lambda e: response(status, HTML + echo(e).encode(), content_type="text/html")


def line(template: str) -> Answer:
    """Answer with the echo, on one line, in the head."""
    return lambda e: (
        template.replace("{}", echo(e).replace("\n", " ")).replace("{n}", str(len(e.good()))).encode() + e.good()
    )


ECHOES: dict[str, Answer] = {
    **{f"{code}-message": envelope(code, "message") for code in (200, 400, 401, 429, 503)},
    "400-details": envelope(400, "details"),
    **{f"400-{field}": envelope(400, field) for field in ("code", "key", "request_id", "errors")},
    **{f"{code}-html": page(code) for code in (200, 403, 502)},
    "200-text": lambda e: response(200, echo(e).encode()),
    "200-string": lambda e: response(200, json.dumps(echo(e)).encode()),
    "200-names": lambda e: response(200, json.dumps(dict.fromkeys(echo(e).split(), 1)).encode()),
    "200-name-twice": lambda e: response(200, b"{%b: 1, %b: 2}" % ((json.dumps(echo(e)).encode(),) * 2)),
    **{f"200-{field}": damaged(field, json.dumps) for field in ("wallet_id", "number", "loyalty_points", "id")},
    "200-bare": damaged("wallet_id", str),
    "cut-body": lambda e: response(400, echo(e).encode(), {"Content-Length": "99999"}),
    "reason": line("HTTP/1.1 500 {}\r\nContent-Length: {n}\r\n\r\n"),
    "status": line("HTTP/1.1 {} OK\r\nContent-Length: {n}\r\n\r\n"),
    "name": line("HTTP/1.1 200 OK\r\n{}\r\nContent-Length: {n}\r\n\r\n"),
    "length": line("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n"),
    "encoding": line("HTTP/1.1 200 OK\r\nContent-Encoding: {}\r\nContent-Length: {n}\r\n\r\n"),
    "location": line("HTTP/1.1 307 Go\r\nLocation: {}\r\nContent-Length: {n}\r\n\r\n"),
    "retry-after": line("HTTP/1.1 429 Wait\r\nRetry-After: {}\r\nContent-Length: {n}\r\n\r\n"),
    "date": line("HTTP/1.1 429 Wait\r\nRetry-After: 1\r\nDate: {}\r\nContent-Length: {n}\r\n\r\n"),
    "cookie": line("HTTP/1.1 500 Oh\r\nSet-Cookie: {}\r\nContent-Length: {n}\r\n\r\n"),
    "nothing": lambda _: b"",
}
"""Answers that give back what was sent, wherever an error could pick it up."""


def pushed(answer: str, by: int) -> Answer:
    """Give an echo after *by* characters of filling, so that whatever cuts texts cuts it somewhere in a secret."""
    fill = "." * by
    made = {
        "message": lambda said: response(400, json.dumps({"code": 1, "status": 1, "message": fill + said}).encode()),
        "html": lambda said: response(502, (fill + said).encode(), content_type="text/html"),
        "value": lambda said: response(200, json.dumps([{"wallet_id": fill + said, "number": fill + said}]).encode()),
    }
    return lambda e: made[answer](credentials(e))


def credentials(exchange: Exchange) -> str:
    """Write down the credentials and nothing else."""
    given = exchange.header("Authorization") or ""
    if given.startswith("Basic "):
        return base64.b64decode(given[6:]).decode().replace(":", " ")
    if given:
        return f"{given.removeprefix('Bearer ')} {exchange.header('x-client-id')}"
    return (exchange.body or b"").decode().partition("client_id=")[2]


class Net(logging.Handler):
    """Catches every log record, at every level, of every logger."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts += [self.format(record), repr(record.args)]

    def __enter__(self) -> Net:
        self._levels = {logger: logger.level for logger in loggers()}
        for logger in self._levels:
            logger.setLevel(1)
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self)
        for logger, level in self._levels.items():
            logger.setLevel(level)


def loggers() -> list[logging.Logger]:
    """Give the root logger and every other there is."""
    names = ("rehook_async", "loyalty_async", "aiohttp.client", "aiohttp.internal", "asyncio")
    return [logging.getLogger(name) for name in (None, *names)]


def shown(value: object) -> Iterator[str]:
    """Give every way in which *value* may be shown; an error with all that hangs on it."""
    yield from (str(value), repr(value))
    if not isinstance(value, BaseException):
        return
    yield "".join(traceback.format_exception(value))
    yield pickle.dumps(value).decode("latin-1")
    yield repr(vars(value)) + repr(value.args)
    for other in (value.__cause__, value.__context__, getattr(value, "reason", None)):
        if other is not None:
            yield from shown(other)
