"""A port for devices alone: what it answers, and what it does with strangers."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from custom_components.flownexus_ota.serving.handler import TransferLimits
from custom_components.flownexus_ota.serving.listener import ConnectionLimits, FirmwareListener
from custom_components.flownexus_ota.serving.offers import Offer, OfferBook

from .certificates import self_signed_certificate
from .image_server import (
    BIG,
    LIMIT_SECONDS,
    LOOPBACK,
    SESSION,
    TOKEN,
    RawClient,
    request_text,
    until,
)

PATHS = [
    f"/f/{TOKEN}/thingy.bin",
    f"//f/{TOKEN}/thingy.bin",
    f"/media/firmware/{TOKEN}/thingy.bin",
    f"//media/firmware/{TOKEN}/thingy.bin",
]
NOT_FOUND = b"Not found\n"


@pytest.fixture
async def book(image_path: Path, image: bytes) -> AsyncIterator[OfferBook]:
    book = OfferBook()
    book.add(TOKEN, an_offer(image_path, len(image)))
    yield book
    book.close()


def an_offer(path: Path, size_bytes: int, sha256: str = "c" * 64) -> Offer:
    return Offer(
        session_id=SESSION, sha256=sha256, size_bytes=size_bytes, file_name="thingy.bin", path=path
    )


@asynccontextmanager
async def listening(
    book: OfferBook,
    *,
    limits: ConnectionLimits | None = None,
    transfers: TransferLimits | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[int]:
    """Listen on a free port of 127.0.0.1; yield it."""
    listener = FirmwareListener(
        book,
        address=LOOPBACK,
        port=0,
        tls=tls,
        connections=limits,
        transfers=TransferLimits() if transfers is None else transfers,
    )
    await listener.start()
    try:
        yield listener.port
    finally:
        await listener.stop()


@pytest.fixture
async def port(book: OfferBook) -> AsyncIterator[int]:
    async with listening(book) as port:
        yield port


@pytest.mark.parametrize("path", PATHS)
async def test_a_device_gets_its_image(port: int, image: bytes, path: str) -> None:
    async with RawClient(port) as client:
        await client.send(request_text("Range: bytes=5-", path=path))
        answer = await client.answer()
    assert (answer.status, answer.body) == (206, image[5:])
    assert answer.headers["server"] == "flownexus_ota"


@pytest.mark.parametrize("path", PATHS)
async def test_a_device_that_asks_for_the_length_gets_it(
    port: int, image: bytes, path: str
) -> None:
    async with RawClient(port) as client:
        await client.send(request_text("Connection: close", method="HEAD", path=path))
        head = await client.head()
        assert (head.status, head.length) == (200, len(image))
        assert await client.read_to_end() == b""


async def test_a_device_that_asks_as_if_we_were_a_proxy_is_served(port: int, image: bytes) -> None:
    async with RawClient(port) as client:
        await client.send(request_text(path=f"http://compiled.in:8000{PATHS[2]}"))
        assert (await client.answer()).body == image


async def test_a_device_of_http_1_0_may_keep_its_connection(port: int, image: bytes) -> None:
    async with RawClient(port) as client:
        for _ in range(2):
            await client.send(request_text("Connection: keep-alive", version="1.0"))
            answer = await client.answer()
            assert (answer.status_line, answer.body) == ("HTTP/1.0 200 OK", image)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/api/"),
        ("GET", f"/f/{TOKEN}"),
        ("GET", f"/f/{TOKEN}/a/b"),
        ("GET", f"/f//{TOKEN}/a"),
        ("GET", f"///f/{TOKEN}/thingy.bin"),
        ("GET", f"/media/{TOKEN}/thingy.bin"),
        ("GET", f"/x/../f/{TOKEN[1:]}/thingy.bin"),
        ("GET", f"/f/{TOKEN[1:]}B/thingy.bin"),
        ("POST", PATHS[0]),
        ("PUT", PATHS[0]),
        ("OPTIONS", "*"),
        ("CONNECT", "127.0.0.1:22"),
        ("NONSENSE", PATHS[0]),
    ],
)
async def test_everything_else_gets_the_same_404(port: int, method: str, path: str) -> None:
    async with RawClient(port) as client:
        await client.send(request_text(method=method, path=path))
        answer = await client.answer()
    assert (answer.status, answer.body) == (404, NOT_FOUND)
    assert answer.headers["server"] == "flownexus_ota"
    assert "allow" not in answer.headers


@pytest.mark.parametrize(
    "text",
    [
        "what is this\r\n\r\n",
        "\x16\x03\x01\x02\x00\r\n\r\n",
        request_text(path=f"/f/{TOKEN}/" + "x" * 2000),
        request_text("X: " + "y" * 3000),
        request_text(*(f"X{number}: y" for number in range(100))),
        request_text("Content-Length: -1"),
    ],
)
async def test_what_is_no_http_or_too_long_gets_the_same_404_and_no_word_in_the_log(
    port: int, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    async with RawClient(port) as client:
        await client.send(text)
        answer = await client.answer()
        assert await client.read_to_end() == b""
    assert (answer.status, answer.body) == (404, NOT_FOUND)
    assert answer.headers["server"] == "flownexus_ota"
    assert TOKEN not in caplog.text


async def test_a_target_that_the_library_stumbles_over_ends_the_connection_without_a_word(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with RawClient(port) as client:
        await client.send(request_text(path="https://[::1]@"))
        assert await client.read_to_end() == b""
    assert "Traceback" not in caplog.text
    assert "[::1]@" not in caplog.text


@pytest.mark.parametrize("text", ["", "GET /f/", request_text()[:-2]])
async def test_a_request_that_does_not_come_to_its_end_is_not_waited_for(
    book: OfferBook, text: str
) -> None:
    async with (
        listening(book, limits=ConnectionLimits(idle_seconds=0.05)) as port,
        RawClient(port) as client,
    ):
        await client.send(text)
        assert await client.read_to_end() == b""


async def test_a_request_that_follows_drop_by_drop_is_not_waited_for(book: OfferBook) -> None:
    async with (
        listening(book, limits=ConnectionLimits(idle_seconds=0.1)) as port,
        await a_served_client(port) as client,
    ):
        dropping = asyncio.create_task(drop(client))
        assert await client.read_to_end() == b""
        dropping.cancel()


async def drop(client: RawClient) -> None:
    """Send headers without an end, a byte a millisecond: nowhere near too long a header."""
    with suppress(ConnectionError):
        await client.send(request_text()[:-2])
        while True:  # until cancelled, or the server is gone
            await client.send("X")
            await a_millisecond()


async def a_millisecond() -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + 0.001
    await until(lambda: loop.time() >= end)


async def test_a_body_that_nobody_asked_for_is_not_waited_for(port: int) -> None:
    async with RawClient(port) as client:
        await client.send(request_text("Content-Length: 9999999", method="POST"))
        assert (await client.answer()).status == 404
        assert await client.read_to_end() == b""


async def test_so_many_connections_are_kept_and_no_more(book: OfferBook) -> None:
    async with listening(book, limits=ConnectionLimits(max_connections=2)) as port:
        async with RawClient(port) as first, RawClient(port) as second:
            await first.get("Range: bytes=0-0")
            await second.get("Range: bytes=0-0")
            async with RawClient(port) as third:
                assert await third.read_to_end() == b""
            assert (await first.get("Range: bytes=0-0")).status == 206
        (await a_served_client(port)).hang_up()


async def a_served_client(port: int) -> RawClient:
    """Return a connected client that has got an answer; connect until one is not sent away."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while True:
            client = RawClient(port)
            with suppress(EOFError, ConnectionError):
                await client.connect()
                await client.get("Range: bytes=0-0")
                return client
            client.hang_up()


async def test_an_error_of_ours_is_logged_and_is_no_404(
    book: OfferBook, image_path: Path, image: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    book.revoke(SESSION)
    book.add(TOKEN, an_offer(image_path, len(image), sha256="no\ndigest"))
    async with listening(book) as port, RawClient(port) as client:
        answer = await client.get()
    assert (answer.status, answer.headers["server"]) == (500, "flownexus_ota")
    assert "A request failed by an error of ours" in caplog.text
    assert TOKEN not in caplog.text


async def test_a_port_that_is_taken_is_told(book: OfferBook, port: int) -> None:
    listener = FirmwareListener(book, address=LOOPBACK, port=port)
    with pytest.raises(OSError, match="address already in use"):
        await listener.start()
    await listener.stop()


@pytest.mark.parametrize("steps", range(8))
async def test_a_start_that_is_cancelled_at_any_step_leaves_nobody_listening(
    book: OfferBook, steps: int
) -> None:
    with socket.socket() as holder:
        # Bound but not listening: whoever allows it may listen here, and nobody is given the port.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((LOOPBACK, 0))
        port = int(holder.getsockname()[1])
        listener = FirmwareListener(book, address=LOOPBACK, port=port)
        starting = asyncio.create_task(listener.start())
        for _ in range(steps):
            await asyncio.sleep(0)
        starting.cancel()
        await asyncio.wait((starting,))
        await listener.stop()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(LOOPBACK, port)


async def test_stopping_ends_what_runs_and_the_port_is_free_again(
    book: OfferBook, big_path: Path
) -> None:
    book.revoke(SESSION)
    book.add(TOKEN, an_offer(big_path, BIG))
    listener = FirmwareListener(book, address=LOOPBACK, port=0)
    await listener.start()
    port = listener.port
    async with RawClient(port, receive_buffer_bytes=4096) as client:
        await client.send(request_text())
        await client.head()
        await until(lambda: (book.percent(SESSION) or 0) > 0)
        await listener.stop()
        await listener.stop()
        assert len(await client.read_to_end()) < BIG
    again = FirmwareListener(book, address=LOOPBACK, port=port)
    await again.start()
    await again.stop()


async def test_the_same_is_served_by_https(book: OfferBook, image: bytes, tmp_path: Path) -> None:
    certificate = await asyncio.to_thread(self_signed_certificate, tmp_path)
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.load_verify_locations(tmp_path / "server.pem")
    async with listening(book, tls=certificate) as port:
        reader, writer = await asyncio.open_connection(LOOPBACK, port, ssl=trust)
        for _ in range(2):
            writer.write(request_text().encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 OK")
            assert await reader.readexactly(len(image)) == image
        writer.close()
        await writer.wait_closed()
