"""What devices hear, over real sockets, when there are too many of them or one asks too much."""

import asyncio
import time
from pathlib import Path

import pytest

from custom_components.flownexus_ota.serving.allowance import SPARE_REQUESTS
from custom_components.flownexus_ota.serving.gate import DownloadLimits
from custom_components.flownexus_ota.serving.handler import TransferLimits

from .image_server import (
    BIG,
    SESSION,
    TOKEN,
    ImageServer,
    RawClient,
    a_slow_client,
    held_bytes,
    request_text,
    until,
)
from .test_progress import HELD

OTHER_SESSION = "other session"
OTHER_TOKEN = "B" * 22


async def test_a_device_that_finds_no_place_is_asked_to_come_again_and_then_served(
    big_path: Path, big_image: bytes
) -> None:
    told: list[tuple[str, int]] = []
    async with ImageServer(downloads=DownloadLimits(max_parallel=1)) as server:
        server.offer(big_path)
        server.offer_to(OTHER_SESSION, OTHER_TOKEN, big_path)
        server.book.add_listener(lambda session_id, covered: told.append((session_id, covered)))
        async with a_slow_client(server) as first, RawClient(server.port) as second:
            await first.send(request_text())
            head = await first.head()
            busy = await second.get(token=OTHER_TOKEN)
            assert (busy.status, busy.headers["retry-after"]) == (503, "10")
            assert (OTHER_SESSION, 0) in told
            await second.send(request_text(method="HEAD", token=OTHER_TOKEN))
            assert (await second.head()).status == 200
            assert await first.read(head.length) == big_image
            await until(lambda: server.percent == 100)
            await server.idle()
            assert (await second.get(token=OTHER_TOKEN)).body == big_image


async def test_an_address_that_is_used_up_answers_429(server: ImageServer, image: bytes) -> None:
    spent: list[str] = []
    server.book.add_allowance_listener(spent.append)
    async with RawClient(server.port) as client:
        for _ in range(3):
            assert (await client.get()).body == image
        await server.idle()
        refused = await client.get("Range: bytes=0-0")
    assert (refused.status, refused.body) == (429, b"Too many requests\n")
    assert spent == [SESSION]


async def test_a_download_that_goes_beyond_what_its_address_is_good_for_is_cut(
    big_server: ImageServer,
) -> None:
    async with RawClient(big_server.port) as client:
        for _ in range(2):
            await client.get()
        await client.get("Range: bytes=1-")
    await big_server.idle()
    async with a_slow_client(big_server) as client:
        await client.send(request_text())
        await client.head()
        assert len(await client.read_to_end()) < BIG
    await big_server.idle()


async def test_requests_that_carry_nothing_are_counted_too(
    tmp_path: Path,
) -> None:
    path = tmp_path / "tiny"
    path.write_bytes(b"tiny")
    async with ImageServer() as server, RawClient(server.port) as client:
        server.offer(path)
        statuses = {(await client.get("Range: bytes=9-")).status for _ in range(SPARE_REQUESTS)}
        assert statuses == {416}
        assert (await client.get("Range: bytes=9-")).status == 429


@pytest.mark.parametrize(
    "limits",
    [
        DownloadLimits(device_bytes_per_second=100_000),
        DownloadLimits(total_bytes_per_second=100_000),
    ],
)
async def test_bytes_leave_no_faster_than_the_rate(
    server: ImageServer, image: bytes, limits: DownloadLimits
) -> None:
    server.downloads.set_limits(limits)
    began_at = time.monotonic()
    async with RawClient(server.port) as client:
        answer = await client.get()
    seconds = time.monotonic() - began_at
    # A quarter of a second was saved up, and the last portion waits for nobody after it.
    least_seconds = (len(image) - 100_000 / 4 - 100_000 / 8) / 100_000
    assert answer.body == image
    assert seconds >= least_seconds > 0.3


async def test_a_client_is_not_given_up_for_a_rate_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "small"
    path.write_bytes(bytes(1024))
    # The second half leaves 2.3 s after the first, and is of the smallest size there is.
    downloads = DownloadLimits(total_bytes_per_second=200)
    limits = TransferLimits(stall_seconds=1.5)
    async with ImageServer(limits=limits, downloads=downloads) as server:
        server.offer(path)
        async with RawClient(server.port) as client:
            assert (await client.get()).body == bytes(1024)


async def test_devices_share_a_rate_fairly(server: ImageServer, tmp_path: Path) -> None:
    server.downloads.set_limits(DownloadLimits(total_bytes_per_second=320_000))
    large = tmp_path / "large"
    large.write_bytes(bytes(250_000))
    tokens = [TOKEN, OTHER_TOKEN, "C" * 22, "D" * 22]
    for token in tokens:
        server.offer_to(token, token, large)
    all_have_begun = asyncio.Barrier(len(tokens))
    received = dict.fromkeys(tokens, 0)

    async def take(token: str) -> None:
        async with RawClient(server.port) as client:
            await client.send(request_text(token=token))
            await client.head()
            await all_have_begun.wait()
            while max(received.values()) < 200_000:
                await client.read(1_000)
                received[token] += 1_000

    # Turns are exact (test_pace.py); what has arrived differs by what sockets hold and by load.
    await asyncio.gather(*(take(token) for token in tokens))
    assert min(received.values()) >= 20_000


async def test_a_client_that_asks_again_and_again_without_reading_holds_few_connections(
    big_server: ImageServer, big_image: bytes
) -> None:
    clients = [a_slow_client(big_server) for _ in range(5)]
    for client in clients:
        await client.__aenter__()
        await client.send(request_text())
        await client.head()
    await until(lambda: held_bytes(big_server) > HELD)
    assert len(await clients[0].read_to_end()) < BIG
    assert await clients[-1].read(BIG) == big_image
    for client in clients:
        client.hang_up()
    await big_server.idle()
