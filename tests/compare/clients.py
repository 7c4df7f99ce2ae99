"""Who takes part, by name; each is imported only when it runs, since most are no dependency of this project."""

from __future__ import annotations

from importlib import import_module

from tests.compare.client import Open

_WHERE = {
    "aiohttp alone": "plain:alone",
    "aiohttp in a retry loop": "plain:in_a_loop",
    "httpx, transport with retries": "by_httpx:connecting_again",
    "httpx-retries": "by_httpx:sending_again",
    "tenacity around httpx": "by_httpx:with_tenacity",
    "generated SDK with an idempotency key": "generated:sdk",
    "this library": "ours:bare",
    "this library with a journal": "ours:journaled",
}
NAMES = tuple(_WHERE)
PACKAGES = ("aiohttp", "httpx", "httpx-retries", "tenacity", "openai")
"""Those whose versions are told."""


def named(name: str) -> Open:
    """Give what opens a client."""
    module, _, function = _WHERE[name].partition(":")
    opens: Open = getattr(import_module(f"tests.compare.{module}"), function)
    return opens
