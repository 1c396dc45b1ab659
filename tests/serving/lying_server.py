"""Servers that stand between a device and its image, and do to it what such servers do."""

import asyncio
import ssl
from collections.abc import Callable
from typing import Final, Self

from custom_components.flownexus_ota.serving.offers import OfferBook
from custom_components.flownexus_ota.serving.self_test import RANGE_END, RANGE_START

LOOPBACK: Final = "127.0.0.1"

type Answering = Callable[[bytes, str], bytes]
"""From the image and its entity tag to the bytes of an answer."""


def answering(
    *, status: str = "206 Partial Content", body: bytes | None = None, **headers: str | None
) -> Answering:
    """Return what answers rightly, but for what is given; a header that is `None` is left out."""

    def answer(image: bytes, etag: str) -> bytes:
        sent = image[RANGE_START:RANGE_END] if body is None else body
        right = {
            "content_type": "application/octet-stream",
            "content_length": str(len(sent)),
            "content_range": f"bytes {RANGE_START}-{RANGE_END - 1}/{len(image)}",
            "etag": etag,
        }
        lines = [
            f"{name.replace('_', '-')}: {value.format(etag=etag)}"
            for name, value in (right | headers).items()
            if value is not None
        ]
        head = "\r\n".join([f"HTTP/1.1 {status}", *lines, "Connection: close"])
        return head.encode() + b"\r\n\r\n" + sent

    return answer


def whole_image(image: bytes, etag: str) -> bytes:
    """Answer 200 with all of it, as servers do that know no ranges."""
    return answering(status="200 OK", body=image, content_range=None)(image, etag)


def shifted_image(image: bytes, etag: str) -> bytes:
    """Answer with other bytes than those asked for."""
    return answering(body=image[: RANGE_END - RANGE_START])(image, etag)


def cut_image(image: bytes, etag: str) -> bytes:
    """Announce all the bytes, and hang up before the last."""
    return answering()(image, etag)[:-1]


def compressed_image(image: bytes, etag: str) -> bytes:
    """Say that the bytes are compressed; whether they are is not looked at."""
    return answering(content_encoding="gzip")(image, etag)


class LyingServer:
    """A real server on a free port of 127.0.0.1 that gives every request the same answer."""

    def __init__(
        self, book: OfferBook, answer: Answering, *, certificate: ssl.SSLContext | None = None
    ) -> None:
        """Answer with the images of `book`; speak TLS if there is a certificate."""
        self.requests: Final[list[str]] = []
        self.port = 0
        self.answer = answer
        self._book: Final = book
        self._certificate: Final = certificate
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """The firmware base URL that leads here."""
        scheme = "http" if self._certificate is None else "https"
        return f"{scheme}://{LOOPBACK}:{self.port}"

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0, ssl=self._certificate)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more."""
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.requests.append(request)
            offer = self._book.find(request.split("/")[2])
            assert offer is not None
            image = await asyncio.to_thread(offer.path.read_bytes)
            writer.write(self.answer(image, offer.etag))
            await writer.drain()
        finally:
            writer.close()
