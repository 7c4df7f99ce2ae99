"""An SDK as Stainless generates them: its runtime, as the package ``openai`` ships it, with an idempotency key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import openai
from openai import AsyncOpenAI

from tests.compare.client import ATTEMPTS, AUTHORIZATION, PATH, Credit, Place, body, telling


class Receipt(openai.BaseModel):
    """What is read of an answer, in the form of a generated model."""

    txn_id: str
    points: int


@asynccontextmanager
async def sdk(place: Place) -> AsyncIterator[Credit]:
    """One key for all attempts at a credit, as Stripe has it; a provider that knows no such header books each one."""
    options = {"timeout": place.timeout, "max_retries": ATTEMPTS - 1, "default_headers": AUTHORIZATION}
    async with AsyncOpenAI(api_key="none", base_url=place.url, **options) as client:

        async def credit(reference: str) -> None:
            key = {"headers": {"Idempotency-Key": reference}}
            receipt = await client.put(PATH, cast_to=Receipt, body=body(reference), options=key)
            assert receipt.txn_id

        yield telling(credit)
