"""What the checks of very many calls need."""

import asyncio

import pytest


@pytest.fixture
async def calm() -> None:
    """Leave asyncio's debug mode: the client would be busy with itself, and single calls would wait for that."""
    asyncio.get_running_loop().set_debug(False)
