"""One of several processes that claim the same references; run as a module by its test.

Prints ``ready``, waits for a line, and then prints the references whose claim it won.
"""

import asyncio
import random
import sys

from tests.journal.conformance import sending
from wallet_async.journal.entry import Entry
from wallet_async.journal.postgres import PostgresStore, sql


class LookingStore(PostgresStore):
    """Sabotaged: looks first, and writes if nothing is there."""

    async def _claim(self, entry: Entry) -> Entry:
        found = await self._load(entry.service, entry.reference)
        if found is not None:
            return found
        await self._ask(sql.CLAIM.partition("WHERE found.")[0] + "RETURNING state", *sql.claimed(entry))
        return entry


async def main(url: str, owner: str, kind: str, keys: str) -> None:
    """Claim every reference, in an order of its own."""
    store = await (LookingStore if kind == "sabotaged" else PostgresStore).open(url)
    print("ready", flush=True)
    sys.stdin.readline()
    entries = [sending(f"order-{number}", owner=owner) for number in range(int(keys))]
    random.Random(owner).shuffle(entries)
    standing = await asyncio.gather(*map(store.claim, entries))
    print(*(entry.reference for entry in standing if entry.owner == owner), flush=True)
    await store.aclose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
