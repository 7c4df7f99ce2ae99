"""The head of the common answer, read without a parser's state: strict, and sure of itself or silent.

Common is HTTP/1.1 with one Content-Length, a body as it is, and a connection that stays open. Whatever else a head says
is left to aiohttp's own parser. So this may refuse anything, but must never accept what aiohttp would refuse or read
otherwise; a differential test holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from multidict import CIMultiDict

LONGEST = 4096
"""Bytes of a head that is still common; aiohttp's own bounds (8 KiB a line, 128 lines) are never met below it."""

# All loops are possessive: linear whatever comes. A line that would change how the answer is to be read ends them.
_LINES = (
    rb"(?:(?!(?i:transfer-encoding|content-(?:encoding|length)|(?:proxy-)?connection|upgrade|sec-websocket-key1):)"
    rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++:[\t\x20-\x7e]*+\r\n|(?i:connection: keep-alive\r\n)){0,50}+"
)
_HEAD = re.compile(
    # 1xx, 204, 205 and 304 have no body, and a redirect is nobody's common answer.
    rb"HTTP/1\.1 (20[0-36-9]|[45][0-9]{2}) [\t\x20-\x7e]*+\r\n"
    + _LINES
    + rb"(?i:content-length):[\t ]*+([0-9]{1,15})[\t ]*+\r\n"
    + _LINES
    + rb"\r\n"
)


class Headers(Mapping[str, str]):
    """The headers of an answer, read when somebody asks: of most answers nobody does."""

    __slots__ = ("_head", "_read")

    def __init__(self, head: bytes) -> None:
        self._head = head
        self._read: CIMultiDict[str] | None = None

    def _all(self) -> CIMultiDict[str]:
        if self._read is None:
            lines = self._head.decode("ascii").split("\r\n")[1:-2]
            pairs = (line.partition(":") for line in lines)
            self._read = CIMultiDict((name, value.strip("\t ")) for name, _, value in pairs)
        return self._read

    def __getitem__(self, name: str) -> str:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


def read_head(data: bytes) -> tuple[int, bytes, int] | None:
    """Read the head at the start of *data*.

    Returns:
        Status, head, and length of the body that follows it; None if it is not whole or not common.
    """
    match = _HEAD.match(data, 0, LONGEST)
    return match and (int(match[1]), match[0], int(match[2]))
