"""Bodies that no client should trust: bombs, broken encodings, JSON that parsers disagree about."""

from __future__ import annotations

import functools
import gzip
import struct
import zlib

BLOCK = 1 << 20  # bytes of blanks in one repeated block of a bomb
MEBIBYTE = 1 << 20


@functools.lru_cache(maxsize=4)
def gzip_bomb(tail: bytes, size: int = 64 * MEBIBYTE) -> bytes:
    """Compress `size` bytes of blanks, then `tail`: JSON that is right, for whoever can hold it.

    Only one block is compressed and then repeated, so that a bomb of 1 GiB costs about a second.
    """
    blank = b" " * BLOCK
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    # After a full flush the output stands alone: its bytes may be repeated.
    block = packer.compress(blank) + packer.flush(zlib.Z_FULL_FLUSH)
    count = size // BLOCK
    check = 0
    for _ in range(count):
        check = zlib.crc32(blank, check)
    check = zlib.crc32(tail, check)
    end = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    header = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"
    trailer = struct.pack("<LL", check, (count * BLOCK + len(tail)) & 0xFFFFFFFF)
    return header + block * count + end.compress(tail) + end.flush() + trailer


def gzip_corrupt(body: bytes) -> bytes:
    """Compress `body` and flip the bits of a byte in the middle of the compressed data."""
    packed = bytearray(gzip.compress(body, mtime=0))
    packed[len(packed) // 2] ^= 0xFF
    return bytes(packed)


def gzip_cut(body: bytes) -> bytes:
    """Compress `body` and leave the checksum and the last bytes of the data away."""
    return gzip.compress(body, mtime=0)[:-12]


def with_member(body: bytes, value: bytes) -> bytes:
    """Put `value` under a name nobody knows in front of a JSON object's members (or an array's items)."""
    if body.startswith(b"{"):
        return b'{"unheard_of": ' + value + b", " + body[1:]
    return b"[" + value + b", " + body[1:]


def deep(body: bytes, depth: int = 100_000) -> bytes:
    """Add a member nested `depth` levels deep."""
    return with_member(body, b"[" * depth + b"]" * depth)


def twice(body: bytes, member: str, value: bytes) -> bytes:
    """Add `member` a second time with another value; parsers differ in which one counts."""
    return b'{"' + member.encode() + b'": ' + value + b", " + body[1:] if body.startswith(b"{") else body


def replaced(body: bytes, member: str, value: bytes) -> bytes:
    """Give the first member called `member` the raw `value` in place of its number."""
    before, name, after = body.partition(b'"' + member.encode() + b'": ')
    rest = after.lstrip(b"-+.0123456789eE")
    return before + name + value + rest if name else body
