"""Makes a port of another machine one of loopback, where a session may speak plain HTTP: ``python -m … PORT HOST``.

Says ``ready``, and relays until its input ends.
"""

from __future__ import annotations

import asyncio
import sys


async def main(port: str, host: str) -> None:
    async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                target.write(data)
        finally:
            target.close()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, int(port))
        await asyncio.gather(copy(reader, back), copy(there, writer), return_exceptions=True)

    async with await asyncio.start_server(relay, "127.0.0.1", int(port)):
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
