"""The list of registrations, fetched whole before the first of them is worked on.

A consumer that takes its time would else stall the server in the middle of its answer.
"""

from collections import deque
from http import HTTPStatus
from typing import Final

import aiohttp

from ..lwm2m.exchange import NotThisServerError, UnreadableReplyError
from .address import ServerAddress, clients_url
from .jsontext import decode_lenient
from .listing import MAX_LIST_BYTES
from .pacing import Timing
from .replies import list_failure
from .text import shown
from .transport import Transport, read_chunks
from .wire import GenerationGuess

MAX_ERROR_BYTES: Final = 64 * 1024


async def download_list(
    transport: Transport, address: ServerAddress, *, timing: Timing, guess: GenerationGuess
) -> deque[bytes]:
    """Return the list as it came, at most `MAX_LIST_BYTES`; raise the Lwm2mError in its place."""
    limits = aiohttp.ClientTimeout(
        total=timing.list_seconds,
        sock_connect=timing.connect_seconds,
        sock_read=timing.silence_seconds,
    )
    async with transport.open("GET", clients_url(address), limits=limits) as response:
        guess.saw_server(response.headers.get("Server"))
        await _expect_list(response)
        return await read_chunks(response, limit_bytes=MAX_LIST_BYTES)


async def _expect_list(response: aiohttp.ClientResponse) -> None:
    """Raise what an answer without a list says."""
    if response.status == HTTPStatus.OK:
        return
    if (location := response.headers.get("Location")) is not None:
        raise NotThisServerError(f"redirects to {shown(location)}")
    try:
        body = b"".join(await read_chunks(response, limit_bytes=MAX_ERROR_BYTES))
    except aiohttp.ClientError, UnreadableReplyError:
        body = b""
    raise list_failure(response.status, decode_lenient(body))
