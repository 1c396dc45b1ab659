"""HTTP to one server: requests with our credentials and limits, failures by our names."""

import os
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import aiohttp
from yarl import URL

from ..lwm2m.exchange import ServerUnreachableError, TlsFailedError, UnreadableReplyError
from .address import ServerAddress, authorisation

_CHUNK_BYTES: Final = 64 * 1024


@contextmanager
def named_failures() -> Iterator[None]:
    """Raise the Lwm2mError that stands for what aiohttp raises inside."""
    try:
        yield
    except aiohttp.ClientSSLError as err:
        raise TlsFailedError(_short(err)) from err
    except (aiohttp.ClientPayloadError, aiohttp.ClientResponseError) as err:
        raise UnreadableReplyError(f"a broken answer: {type(err).__name__}") from err
    except TimeoutError as err:
        raise ServerUnreachableError("no answer from the server in time") from err
    except (aiohttp.ClientError, OSError) as err:
        raise ServerUnreachableError(_reason(err)) from err


def _reason(err: Exception) -> str:
    """Return why nobody is there as the system says it: people read it on a form."""
    if not isinstance(err, OSError):
        return _short(err)
    # Numbers of the name service are negative, and have a text of their own.
    text = os.strerror(err.errno) if err.errno and err.errno > 0 else err.strerror
    return (text or _short(err))[:255]


def _short(err: Exception) -> str:
    return f"{type(err).__name__}: {err}"[:255]


class Transport:
    """Opens requests; everything it raises is an Lwm2mError."""

    def __init__(self, session: aiohttp.ClientSession, address: ServerAddress) -> None:
        """Use a session that somebody else closes."""
        self._session = session
        self._address = address

    @asynccontextmanager
    async def open(
        self,
        method: str,
        url: URL,
        *,
        limits: aiohttp.ClientTimeout,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        """Send a request and yield its response; failures while it is read are named too.

        A redirect is not followed: it would carry the credentials to whoever it names.
        """
        with named_failures():
            async with self._session.request(
                method,
                url,
                data=body,
                headers=(headers or {}) | authorisation(self._address),
                timeout=limits,
                ssl=self._address.verify_ssl,
                allow_redirects=False,
            ) as response:
                yield response


async def read_chunks(response: aiohttp.ClientResponse, *, limit_bytes: int) -> deque[bytes]:
    """Return a body as it came; raise UnreadableReplyError beyond the limit."""
    chunks: deque[bytes] = deque()
    size_bytes = 0
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        size_bytes += len(chunk)
        if size_bytes > limit_bytes:
            raise UnreadableReplyError(f"an answer of more than {limit_bytes} bytes")
        chunks.append(chunk)
    return chunks
