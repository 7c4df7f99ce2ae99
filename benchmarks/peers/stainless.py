"""An SDK as Stainless generates them: its runtime, as the package ``openai`` ships it, asked for Rehook's page.

Options and headers merged for each request, retries, pydantic models: what its users get, not a copy of it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from importlib.metadata import version

import openai
from openai import AsyncOpenAI

from benchmarks.answers import ROWS
from benchmarks.peers import PATH
from benchmarks.serving import Site
from benchmarks.slices import Client, Requests


class Row(openai.BaseModel):
    """A row in the form of a generated model."""

    transaction_id: str
    type: str
    points: int
    description: str
    created_at: datetime
    updated_at: datetime


@asynccontextmanager
async def read(site: Site) -> AsyncIterator[Client]:
    """A page of history by the generic ``get`` that the generated methods call."""
    async with AsyncOpenAI(api_key="secret", base_url=site.base_url) as client:

        async def request() -> None:
            rows = await client.get(PATH, cast_to=list[Row])
            assert len(rows) == ROWS

        yield Requests(f"Stainless SDK runtime, openai {version('openai')}", request)
