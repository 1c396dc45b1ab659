"""What somebody else's client reads by a guarded session."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from custom_components.flownexus_ota.sources.bounded_response import DOCUMENT_LIMIT_BYTES
from custom_components.flownexus_ota.sources.fetch_errors import TooLargeError
from custom_components.flownexus_ota.sources.guarded_connection import (
    FetchTiming,
    GuardedConnection,
)

from .authority import Authority
from .file_server import LOOPBACK, FileServer


@pytest.fixture
async def session(authority: Authority) -> AsyncIterator[aiohttp.ClientSession]:
    connection = GuardedConnection(
        authority.trusting(), allows_private=True, timing=FetchTiming(), resolver=None
    )
    async with connection.session(on_answer=lambda _: None) as opened:
        yield opened


async def test_a_document_is_read_as_a_whole(
    server: FileServer, session: aiohttp.ClientSession
) -> None:
    async with session.get(server.put("/releases", b"[1]")) as response:
        assert await response.json(content_type=None) == [1]
        assert await response.read() == b"[1]"


async def test_a_document_without_end_is_read_up_to_the_limit(
    server: FileServer, session: aiohttp.ClientSession
) -> None:
    block = b" " * 1024 * 1024

    async def endless(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        while True:
            await response.write(block)

    server.answers["/releases"] = endless
    async with session.get(server.url("/releases")) as response:
        with pytest.raises(TooLargeError) as raised:
            await response.json(content_type=None)
        assert response.closed
    limit = str(DOCUMENT_LIMIT_BYTES)
    assert raised.value.details == {"host": LOOPBACK, "limit_bytes": limit}
