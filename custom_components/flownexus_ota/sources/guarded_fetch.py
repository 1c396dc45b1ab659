"""Downloads from where an index or a person says: guarded, bounded in all ways, hashed."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final, final

import aiohttp
from aiohttp.abc import AbstractResolver

from ..storage.image_store import IMAGE_SIZE_LIMIT_BYTES, ImageStore, StoredImage
from ..storage.incoming_file import IncomingFile
from .fetch_errors import (
    BadStatusError,
    CompressedError,
    DiskFailedError,
    TooLargeError,
    WrongDigestError,
    WrongSizeError,
)
from .guarded_connection import FetchRequest, FetchTiming, GuardedConnection, host_of

_BLOCK_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchedDocument:
    """A small document, and what to show the next time to be told that it is the same."""

    content: bytes
    etag: str | None = None


@final
class GuardedFetcher:
    """Fetches what it is told to; every failure is a `FetchError`."""

    def __init__(
        self,
        ssl_context: ssl.SSLContext,
        *,
        allows_private: bool = False,
        timing: FetchTiming | None = None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        """Trust whom `ssl_context` trusts; go to private networks only if somebody says so.

        `resolver` finds addresses instead of the operating system.
        """
        self._timing = FetchTiming() if timing is None else timing
        self._connection = GuardedConnection(
            ssl_context, allows_private=allows_private, timing=self._timing, resolver=resolver
        )

    async def fetch_bytes(
        self,
        url: str,
        *,
        limit_bytes: int,
        etag: str | None = None,
        accept: str = "*/*",
        authorisation: str | None = None,
    ) -> FetchedDocument | None:
        """Return a small document, or `None` if it is still the one with `etag`.

        `authorisation` is a header's value; a host that is redirected to never sees it.
        """
        request = FetchRequest(url=url, accept=accept, authorisation=authorisation, etag=etag)
        content = bytearray()
        async with self._connection.opened(
            request, seconds=self._timing.document_seconds
        ) as response:
            if etag is not None and response.status == HTTPStatus.NOT_MODIFIED:
                return None
            async for block in _blocks(response, limit_bytes=limit_bytes):
                content += block
            return FetchedDocument(content=bytes(content), etag=response.headers.get("ETag"))

    async def fetch_into_file(
        self,
        url: str,
        path: Path,
        *,
        sha256: str | None = None,
        size_bytes: int | None = None,
        limit_bytes: int = IMAGE_SIZE_LIMIT_BYTES,
    ) -> StoredImage:
        """Write an image to `path`, a temporary name that the caller renames, synced to the disk.

        Nothing stays there unless all of it came and is what was said.
        """
        with _disk_failures():
            file = await asyncio.to_thread(IncomingFile, path)
        try:
            request = FetchRequest(url=url)
            await self._receive(request, file, size_bytes=size_bytes, limit_bytes=limit_bytes)
            _expect_digest(url, file, sha256)
            with _disk_failures():
                await asyncio.to_thread(file.finish)
        finally:
            await asyncio.to_thread(file.close)
        return StoredImage(sha256=file.sha256, size_bytes=file.size_bytes)

    async def fetch_into_store(
        self,
        url: str,
        store: ImageStore,
        image: StoredImage,
        *,
        accept: str = "*/*",
        authorisation: str | None = None,
    ) -> None:
        """Bring an image into the store, or nothing. Raise `ImageStoreError` for its disk.

        Two at once for the same image are in each other's way: the caller shares one.
        """
        file = await asyncio.to_thread(store.begin, image)
        try:
            request = FetchRequest(url=url, accept=accept, authorisation=authorisation)
            await self._receive(request, file, size_bytes=image.size_bytes)
            _expect_digest(url, file, image.sha256)
            await asyncio.to_thread(store.complete, file, image)
        finally:
            await asyncio.to_thread(file.close)

    async def _receive(
        self,
        request: FetchRequest,
        file: IncomingFile,
        *,
        size_bytes: int | None,
        limit_bytes: int = IMAGE_SIZE_LIMIT_BYTES,
    ) -> None:
        """Write the body of an answer to a file."""
        seconds = self._timing.image_seconds
        if size_bytes is not None and size_bytes < limit_bytes:
            limit_bytes = size_bytes
        async with self._connection.opened(request, seconds=seconds) as response:
            async for block in _blocks(response, limit_bytes=limit_bytes):
                with _disk_failures():
                    await asyncio.to_thread(file.write, block)
        if size_bytes not in (None, file.size_bytes):
            raise WrongSizeError(
                host=host_of(request.url), expected=str(size_bytes), actual=str(file.size_bytes)
            )


async def _blocks(
    response: aiohttp.ClientResponse, *, limit_bytes: int
) -> AsyncGenerator[bytearray]:
    """Yield the body in blocks, once its head is as it should be."""
    host = response.url.host or ""
    if response.status != HTTPStatus.OK:
        raise BadStatusError(host=host, status=str(response.status))
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding != "identity":
        raise CompressedError(host=host, encoding=encoding[:32])
    too_large = TooLargeError(host=host, limit_bytes=str(limit_bytes))
    if (response.content_length or 0) > limit_bytes:
        raise too_large
    size_bytes = 0
    block = bytearray()
    async for chunk in response.content.iter_any():
        size_bytes += len(chunk)
        if size_bytes > limit_bytes:
            raise too_large
        block += chunk
        if len(block) >= _BLOCK_BYTES:
            yield block
            block = bytearray()
    if block:
        yield block


def _expect_digest(url: str, file: IncomingFile, sha256: str | None) -> None:
    if sha256 not in (None, file.sha256):
        raise WrongDigestError(host=host_of(url), expected=str(sha256), actual=file.sha256)


@contextmanager
def _disk_failures() -> Iterator[None]:
    try:
        yield
    except OSError as err:
        raise DiskFailedError(error=err.strerror or str(err)) from err
