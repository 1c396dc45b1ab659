"""A real server that answers what a test tells it, and the real client against it."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from custom_components.flownexus_ota.leshan.client import LeshanClient, ServerAddress, Timing

from .scripted_server import ScriptedServer

# Short enough for a test of what happens after them, long enough for a busy machine before them.
QUICK = Timing(
    connect_seconds=60,
    silence_seconds=60,
    list_seconds=60,
    grace_seconds=60,
    first_delay_seconds=0.001,
    longest_delay_seconds=0.002,
)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def client(server: ScriptedServer, session: aiohttp.ClientSession) -> LeshanClient:
    return LeshanClient(session, ServerAddress(base_url=server.url), timing=QUICK)
