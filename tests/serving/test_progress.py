"""What is counted as having left, and how transfers end that do not go well."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from custom_components.flownexus_ota.serving.gate import DownloadLimits
from custom_components.flownexus_ota.serving.handler import TransferLimits

from .certificates import self_signed_certificate
from .image_server import (
    BIG,
    LOOPBACK,
    SESSION,
    TOKEN,
    ImageServer,
    RawClient,
    a_slow_client,
    held_bytes,
    request_text,
    until,
)

HELD = 100_000
"""More than the client's own kernel can have taken."""

BOTH_KINDS_OF_SERVER = pytest.mark.parametrize("handler_cancellation", [True, False])


async def test_bytes_that_the_kernel_holds_have_not_left(
    big_server: ImageServer, big_image: bytes
) -> None:
    async with a_slow_client(big_server) as client:
        await client.send(request_text())
        head = await client.head()
        await until(lambda: held_bytes(big_server) > HELD)
        assert big_server.covered_bytes <= BIG - HELD
        body = await client.read(head.length)
    await big_server.idle()
    assert body == big_image
    assert big_server.percent == 100
    assert big_server.told[-1] == BIG
    assert big_server.told == sorted(big_server.told)


async def test_progress_goes_on_after_the_last_write(tmp_path: Path) -> None:
    path = tmp_path / "small"
    path.write_bytes(bytes(HELD))
    async with ImageServer() as server, a_slow_client(server) as client:
        server.offer(path)
        await client.send(request_text())
        await client.head()
        await until(lambda: server.covered_bytes > 0)
        seen = server.covered_bytes
        await client.read(HELD // 2)
        await until(lambda: server.covered_bytes > seen)
        assert seen < server.covered_bytes < HELD
        await client.read(HELD // 2)
        await server.idle()
        assert server.percent == 100


async def test_a_client_that_hangs_up_midway_keeps_what_it_got_and_resumes(
    big_server: ImageServer, big_image: bytes
) -> None:
    async with a_slow_client(big_server) as client:
        await client.send(request_text())
        await client.head()
        first = await client.read(200_000)
    await big_server.idle()
    left = big_server.covered_bytes
    assert len(first) <= left < BIG
    assert big_server.told[-1] == left
    async with RawClient(big_server.port) as client:
        rest = await client.get(f"Range: bytes={len(first)}-", f"If-Range: {big_server.etag}")
    await big_server.idle()
    assert first + rest.body == big_image
    assert big_server.percent == 100


@BOTH_KINDS_OF_SERVER
async def test_a_client_that_hangs_up_leaves_no_traceback(
    big_path: Path, caplog: pytest.LogCaptureFixture, *, handler_cancellation: bool
) -> None:
    caplog.set_level("DEBUG")
    async with ImageServer(handler_cancellation=handler_cancellation) as server:
        server.offer(big_path)
        for count in (0, 1, 100_000):
            async with a_slow_client(server) as client:
                await client.send(request_text())
                await client.read(count)
            await server.idle()
    assert [record for record in caplog.records if record.levelname not in {"DEBUG", "INFO"}] == []
    assert TOKEN not in caplog.text


@BOTH_KINDS_OF_SERVER
async def test_a_client_that_takes_nothing_is_given_up(
    big_path: Path, *, handler_cancellation: bool
) -> None:
    limits = TransferLimits(stall_seconds=0.2)
    async with ImageServer(limits=limits, handler_cancellation=handler_cancellation) as server:
        server.offer(big_path)
        async with a_slow_client(server) as client:
            await client.send(request_text())
            await client.head()
            await server.idle()
            assert len(await client.read_to_end()) < BIG
        assert 0 < server.covered_bytes < BIG
        assert server.told[-1] == server.covered_bytes


@BOTH_KINDS_OF_SERVER
async def test_revoking_a_token_cuts_its_transfer(
    big_path: Path, *, handler_cancellation: bool
) -> None:
    async with ImageServer(handler_cancellation=handler_cancellation) as server:
        server.offer(big_path)
        async with a_slow_client(server) as client:
            await client.send(request_text())
            await client.head()
            server.book.revoke(SESSION)
            assert len(await client.read_to_end()) < BIG
            await server.idle()
        async with RawClient(server.port) as client:
            answer = await client.get()
        assert answer.status == 404


async def test_revoking_a_token_leaves_other_transfers_alone(
    big_server: ImageServer, big_image: bytes
) -> None:
    async with a_slow_client(big_server) as client:
        await client.send(request_text())
        head = await client.head()
        big_server.book.revoke("another session")
        assert await client.read(head.length) == big_image


async def test_a_server_that_stops_cuts_the_transfer_and_counts_what_left(big_path: Path) -> None:
    async with ImageServer() as server:
        server.offer(big_path)
        async with a_slow_client(server) as client:
            await client.send(request_text())
            await client.head()
            await client.read(1000)
            await until(lambda: server.covered_bytes > 0)
            await server.stop()
            assert len(await client.read_to_end()) < BIG
    assert 1000 <= server.covered_bytes < BIG


async def test_bytes_that_are_sent_twice_count_once(server: ImageServer, image: bytes) -> None:
    async with RawClient(server.port) as client:
        await client.get("Range: bytes=0-999")
        await client.get("Range: bytes=500-1499")
        await client.get("Range: bytes=0-1499")
    await server.idle()
    assert server.covered_bytes == 1500


async def test_over_tls_the_image_arrives_and_is_counted(
    tmp_path: Path, big_path: Path, big_image: bytes
) -> None:
    certificate = await asyncio.to_thread(self_signed_certificate, tmp_path)
    async with ImageServer(certificate=certificate) as server:
        server.offer(big_path)
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trust.check_hostname = False
        trust.verify_mode = ssl.CERT_NONE
        reader, writer = await asyncio.open_connection(LOOPBACK, server.port, ssl=trust)
        writer.write(request_text().encode())
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(BIG) == big_image
        await server.idle()
        assert server.percent == 100
        writer.write(request_text().encode())
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()
        await server.idle()


HUGE = 8 * 1024 * 1024
"""More than the kernel holds for one connection."""


@pytest.fixture
async def huge_server(tmp_path: Path) -> AsyncIterator[ImageServer]:
    path = tmp_path / "huge"
    path.write_bytes(bytes(HUGE))
    async with ImageServer() as server:
        server.offer(path)
        yield server


async def test_an_image_larger_than_the_kernels_buffer_waits_for_the_client(
    huge_server: ImageServer,
) -> None:
    async with a_slow_client(huge_server) as client:
        await client.send(request_text())
        head = await client.head()
        await until(lambda: held_bytes(huge_server) > HELD)
        assert await client.read(head.length) == bytes(HUGE)
    await huge_server.idle()
    assert huge_server.percent == 100


async def test_revoking_a_token_cuts_a_transfer_that_waits_for_its_client(
    huge_server: ImageServer,
) -> None:
    async with a_slow_client(huge_server) as client:
        await client.send(request_text())
        await client.head()
        await until(lambda: held_bytes(huge_server) > HELD)
        huge_server.book.revoke(SESSION)
        assert len(await client.read_to_end()) < HUGE
        await huge_server.idle()


async def test_a_server_that_stops_cuts_a_transfer_that_waits_for_its_client(
    huge_server: ImageServer,
) -> None:
    async with a_slow_client(huge_server) as client:
        await client.send(request_text())
        await client.head()
        await until(lambda: held_bytes(huge_server) > HELD)
        await huge_server.stop()
        assert len(await client.read_to_end()) < HUGE
    assert huge_server.running == 0


async def test_a_hundred_clients_are_served_at_once(big_path: Path, big_image: bytes) -> None:
    tokens = [f"{number:022}" for number in range(100)]
    async with ImageServer(downloads=DownloadLimits(max_parallel=100)) as server:
        for token in tokens:
            server.offer_to(token, token, big_path)

        async def fetch(token: str) -> bytes:
            async with RawClient(server.port) as client:
                return (await client.get(token=token)).body

        bodies = await asyncio.gather(*(fetch(token) for token in tokens))
    assert all(body == big_image for body in bodies)
