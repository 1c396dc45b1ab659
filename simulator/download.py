"""Fetching an image over HTTP(S) as a device does: in pieces, at its pace, resuming."""

import asyncio
import logging
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

import aiohttp
from yarl import URL

from simulator.behaviours import Downloading
from simulator.image import CorruptImageError, ForeignImageError, ImageHeader, ImageReader
from simulator.name_server import NameServer
from simulator.states import Result

_LOGGER: Final = logging.getLogger(__name__)
_PIECE_BYTES: Final = 16_384
# A slow device takes small pieces and lets the kernel hold little: the server sees its pace.
_SLOW_PIECE_BYTES: Final = 1024
_SLOW_RECEIVE_BUFFER_BYTES: Final = 4096
_REQUESTS_LIMIT: Final = 100
_CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(\d+)")
_BUSY: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


class DownloadError(Exception):
    """The image cannot be had; `result` is what 5/0/5 shall say."""

    def __init__(self, result: Result) -> None:
        """Remember the result."""
        super().__init__(result.name)
        self.result = result


class _BrokenLineError(Exception):
    """The connection ended early: worth another request."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DownloadSettings:
    """What is the same for all behaviours."""

    connect_limit_seconds: float = 10.0
    # Anjay's HTTP time limit.
    silence_limit_seconds: float = 30.0
    tries_without_progress: int = 3
    pause_seconds: float = 0.5
    ca_file: str | None = None
    """The certificates to trust for https, in PEM format; `None` is the system's choice."""
    addresses: Mapping[str, str] = field(default_factory=dict)
    """What the device's name server says: IP addresses by host name, before the system's."""
    valve: asyncio.Event | None = None
    """While it is there and not set, a download stops behind its first piece."""
    compiled_origin: str = "http://127.0.0.1:8000"
    """Where devices download that take the package URI for a path (the sample's port is 8000)."""


@dataclass(kw_only=True, slots=True)
class Transfer:
    """One image on its way; kept after a lost connection: the same URI then goes on."""

    uri: str
    reader: ImageReader = field(default_factory=ImageReader)
    etag: str | None = None
    total_bytes: int | None = None
    request_count: int = 0

    def restart(self) -> None:
        """Forget what has arrived."""
        self.reader = ImageReader()
        self.etag = None
        self.total_bytes = None


class Downloader:
    """A device's HTTP client; one per boot. `close` it."""

    def __init__(self, downloading: Downloading, settings: DownloadSettings) -> None:
        """Open nothing yet."""
        self._downloading = downloading
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Drop every connection."""
        if self._session is not None:
            await self._session.close()

    async def fetch(self, transfer: Transfer) -> ImageHeader:
        """Bring a transfer to its end and check the image; raise DownloadError."""
        await self._fetch_all(transfer)
        try:
            header = transfer.reader.finish()
        except ForeignImageError as err:
            raise DownloadError(Result.UNSUPPORTED_TYPE) from err
        except CorruptImageError as err:
            raise DownloadError(Result.BAD_CHECKSUM) from err
        if not self._downloading.knows_image_type:
            raise DownloadError(Result.UNSUPPORTED_TYPE)
        return header

    async def _fetch_all(self, transfer: Transfer) -> None:
        tries_left = self._settings.tries_without_progress
        for _ in range(_REQUESTS_LIMIT):
            before_bytes = transfer.reader.received_bytes
            try:
                await self._fetch_once(transfer)
            except (_BrokenLineError, aiohttp.ClientError, TimeoutError, OSError) as err:
                _LOGGER.debug(
                    "the line broke after %d bytes: %r", transfer.reader.received_bytes, err
                )
                has_progress = transfer.reader.received_bytes > before_bytes
                tries_left = (
                    self._settings.tries_without_progress if has_progress else tries_left - 1
                )
                if tries_left == 0:
                    break
                await asyncio.sleep(self._settings.pause_seconds)
            else:
                return
        raise DownloadError(Result.CONNECTION_LOST)

    async def _fetch_once(self, transfer: Transfer) -> None:
        transfer.request_count += 1
        headers = {"Accept-Encoding": "identity"}
        if transfer.reader.received_bytes and transfer.etag:
            headers |= {
                "Range": f"bytes={transfer.reader.received_bytes}-",
                "If-Range": transfer.etag,
            }
        else:
            transfer.restart()
        url, proxy = self._target(transfer.uri)
        try:
            async with self._open_session().get(
                url, headers=headers, proxy=proxy, allow_redirects=False
            ) as response:
                self._begin(transfer, response)
                await self._receive(transfer, response)
        except aiohttp.ClientSSLError as err:
            # Whom a device does not trust now, it does not trust half a second later. Anjay has 4
            # for every failure of a download that is no 404 and no lack of memory.
            raise DownloadError(Result.CONNECTION_LOST) from err
        except (aiohttp.InvalidURL, aiohttp.ClientConnectorDNSError, ValueError) as err:
            raise DownloadError(Result.INVALID_URI) from err

    def _target(self, uri: str) -> tuple[URL, str | None]:
        """Return what to ask for, and the proxy to ask.

        A device with a compiled-in host sends whatever it was given as the request target; for a
        whole URL that is what an HTTP client says to a proxy.
        """
        if not self._downloading.uri_is_path:
            return URL(uri, encoded=True), None
        if "://" in uri:
            return URL(uri, encoded=True), self._settings.compiled_origin
        return URL(f"{self._settings.compiled_origin}/{uri.removeprefix('/')}", encoded=True), None

    def _begin(self, transfer: Transfer, response: aiohttp.ClientResponse) -> None:
        """Look at the answer's head: start over, go on, or give up."""
        match response.status:
            case HTTPStatus.OK:
                transfer.restart()
                transfer.total_bytes = response.content_length
            case HTTPStatus.PARTIAL_CONTENT:
                parts = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
                if parts is None or int(parts[1]) != transfer.reader.received_bytes:
                    transfer.restart()
                    raise _BrokenLineError("another range than the one asked for")
                transfer.total_bytes = int(parts[2])
            case HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                transfer.restart()
                raise _BrokenLineError("the image is shorter than what has arrived")
            case status if status in _BUSY or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise _BrokenLineError(f"the server answers {status}")
            case _:
                raise DownloadError(Result.INVALID_URI)
        etag = response.headers.get("ETag", "")
        transfer.etag = etag if etag.startswith('"') else None
        if (transfer.total_bytes or 0) > self._downloading.storage_bytes:
            raise DownloadError(Result.NO_SPACE)

    async def _receive(self, transfer: Transfer, response: aiohttp.ClientResponse) -> None:
        rate = self._downloading.bytes_per_second
        piece_bytes = _PIECE_BYTES if rate is None else min(_SLOW_PIECE_BYTES, max(1, rate))
        loop = asyncio.get_running_loop()
        due = loop.time()
        while piece := await response.content.read(piece_bytes):
            transfer.reader.feed(self._damaged(transfer, piece))
            self._check_limits(transfer)
            if self._settings.valve is not None:
                await self._settings.valve.wait()
            if rate is not None:
                due += len(piece) / rate
                await asyncio.sleep(due - loop.time())
        if (
            transfer.total_bytes is not None
            and transfer.reader.received_bytes < transfer.total_bytes
        ):
            raise _BrokenLineError("the body is shorter than announced")

    def _damaged(self, transfer: Transfer, piece: bytes) -> bytes:
        """Return the piece; where flash is bad, the image's last byte with a bit turned."""
        is_last = transfer.reader.received_bytes + len(piece) == transfer.total_bytes
        return (
            piece[:-1] + bytes((piece[-1] ^ 1,))
            if self._downloading.damages_image and is_last
            else piece
        )

    def _check_limits(self, transfer: Transfer) -> None:
        limits = self._downloading
        received_bytes = transfer.reader.received_bytes
        if received_bytes > limits.storage_bytes:
            raise DownloadError(Result.NO_SPACE)
        if limits.memory_bytes is not None and received_bytes > limits.memory_bytes:
            raise DownloadError(Result.OUT_OF_MEMORY)
        breaks_off_after_bytes = (limits.breaks_off_after or 1.0) * (transfer.total_bytes or 0)
        if limits.breaks_off_after is not None and received_bytes >= breaks_off_after_bytes:
            raise DownloadError(Result.CONNECTION_LOST)

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            is_slow = self._downloading.bytes_per_second is not None
            connector = aiohttp.TCPConnector(
                ssl=_trust(self._settings.ca_file),
                resolver=NameServer(self._settings.addresses),
                socket_factory=_small_socket if is_slow else None,
            )
            limits = aiohttp.ClientTimeout(
                total=None,
                connect=self._settings.connect_limit_seconds,
                sock_read=self._settings.silence_limit_seconds,
            )
            read_buffer_bytes = _SLOW_PIECE_BYTES if is_slow else 2**16
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=limits, read_bufsize=read_buffer_bytes
            )
        return self._session


def _trust(ca_file: str | None) -> ssl.SSLContext | bool:
    """Return what a certificate is held to: chain, name and dates, in either case."""
    return True if ca_file is None else ssl.create_default_context(cafile=ca_file)


def _small_socket(
    address: tuple[
        int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[object, ...]
    ],
) -> socket.socket:
    family, kind, protocol, _, _ = address
    small = socket.socket(family, kind, protocol)
    small.setblocking(False)  # noqa: FBT003  # the standard library's signature
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SLOW_RECEIVE_BUFFER_BYTES)
    return small
