"""What is wrong with aioresponses 0.7.9 on aiohttp 3.14, and its mending.

`ClientResponse.__init__` wants a `stream_writer` that aioresponses does not pass, so every mocked request
ends in a TypeError. And the reader of a mocked body stands on a protocol without a parser, so a body above
the reader's limit fails when the reader tries to pause it.
"""

from functools import partial
from types import ModuleType
from typing import Any
from unittest.mock import Mock

from aiohttp import ClientResponse, StreamReader
from aiohttp.client_proto import ResponseHandler
from yarl import URL

_BUILD = "_build_response"
"""The method of `RequestMatch` that makes the response."""


class Unpaused(ResponseHandler):
    """There is no socket behind a mocked body, so there is nothing to pause."""

    def pause_reading(self) -> None:
        """Do nothing."""

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Do nothing."""


def is_broken(core: ModuleType) -> bool:
    """Say whether *core*, the module `aioresponses.core`, fails to make a response with this aiohttp."""
    url = URL("http://localhost/")
    try:
        getattr(core.RequestMatch(url), _BUILD)(url)
    except TypeError:
        return True
    return False


def mend(core: ModuleType) -> None:
    """Mend *core*, the module `aioresponses.core`, if it is broken."""
    if not is_broken(core):
        return
    build = getattr(core.RequestMatch, _BUILD)

    def build_response(match: Any, *args: Any, response_class: Any = None, **kwargs: Any) -> ClientResponse:
        # The request counts as sent, so aiohttp asks the writer for nothing but its size.
        made = partial(response_class or ClientResponse, stream_writer=Mock(output_size=0))
        response: ClientResponse = build(match, *args, response_class=made, **kwargs)
        return response

    def make_reader(loop: Any = None) -> StreamReader:
        return StreamReader(Unpaused(loop=loop), limit=2**16, loop=loop)

    setattr(core.RequestMatch, _BUILD, build_response)
    vars(core)["stream_reader_factory"] = make_reader
