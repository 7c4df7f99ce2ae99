"""Both sandboxes for the blocks of README and docs; run as a process, ends with its standard input."""

import asyncio
import sys

from loyalty_async.sandbox import LoyaltyApi
from rehook_async.sandbox import RehookApi
from wallet_async.sandbox import Sandbox


async def main() -> None:
    """Serve until standard input ends."""
    rehook = RehookApi(api_key="sandbox-api-key", secret_key="sandbox-secret-key")
    loyalty = LoyaltyApi(client_id="sandbox-client", client_secret="sandbox-client-secret")
    async with Sandbox(rehook) as one, Sandbox(loyalty) as two:
        one.api.add_wallet("krishna123", "waty_Xbg", balance=100)
        two.api.add_wallet("LYT_7160182174011919319", balance=1000, currency_code="TRY")
        variables = {
            "REHOOK_API_KEY": "sandbox-api-key",
            "REHOOK_SECRET_KEY": "sandbox-secret-key",
            "REHOOK_BASE_URL": one.url,
            "LOYALTY_BASE_URL": two.url,
            "LOYALTY_TOKEN_URL": two.url,
            "LOYALTY_CLIENT_ID": "sandbox-client",
            "LOYALTY_CLIENT_SECRET": "sandbox-client-secret",
        }
        for name, value in variables.items():
            print(f"{name}={value}")
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)


asyncio.run(main())
