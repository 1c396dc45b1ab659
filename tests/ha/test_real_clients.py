"""Clients as they are in the world, over real sockets: each gets the right bytes."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import requests
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.flownexus_ota.serving.listener import FirmwareListener
from custom_components.flownexus_ota.serving.offers import Offer, OfferBook
from custom_components.flownexus_ota.views import async_register_views
from scripts.setup.system_packages import curl as curl_program
from tests.serving.image_server import (
    LIMIT_SECONDS,
    LOOPBACK,
    SESSION,
    TOKEN,
    RawClient,
    request_text,
    until,
)

IMAGE = random.Random(5).randbytes(300_007)
PREFIXES = ("/f/", "//f/", "/media/firmware/", "//media/firmware/")
NAME = "thingy-1.2.0.bin"
SEEDS = pytest.mark.parametrize("seed", range(3))


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """One of the two ways to the image: Home Assistant's own port, or a server's own."""

    port: int
    book: OfferBook

    def url(self, prefix: str = "/f/") -> str:
        return f"http://{LOOPBACK}:{self.port}{self.path(prefix)}"

    def path(self, prefix: str = "/f/") -> str:
        return f"{prefix}{TOKEN}/{NAME}"

    @property
    def etag(self) -> str:
        offer = self.book.find(TOKEN)
        assert offer is not None
        return offer.etag

    @property
    def percent(self) -> int | None:
        return self.book.percent(SESSION)


@pytest.fixture(params=["view", "listener"])
async def door(
    request: pytest.FixtureRequest,
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    tmp_path: Path,
) -> AsyncIterator[Door]:
    path = tmp_path / "image"
    path.write_bytes(IMAGE)
    book = OfferBook()
    offer = Offer(
        session_id=SESSION,
        sha256=hashlib.sha256(IMAGE).hexdigest(),
        size_bytes=len(IMAGE),
        file_name="thingy.bin",
        path=path,
    )
    book.add(TOKEN, offer)
    async with AsyncExitStack() as ends:
        ends.callback(book.close)
        listener = FirmwareListener(book, address=LOOPBACK, port=0)
        await listener.start()
        ends.push_async_callback(listener.stop)
        assert await async_setup_component(hass, "media_source", {})
        async_register_views(hass, book)
        client = await hass_client_no_auth()
        ports = {"view": int(client.port), "listener": listener.port}
        yield Door(port=ports[request.param], book=book)


async def curl(*arguments: str) -> bytes:
    """Run curl; return what it wrote to standard output, or raise with what it said."""
    line = [str(curl_program()), "--silent", "--show-error", "--fail", *arguments]
    process = await asyncio.create_subprocess_exec(
        *line, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(LIMIT_SECONDS):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("version", ["--http1.1", "--http1.0"])
async def test_curl_gets_the_image(door: Door, version: str, prefix: str) -> None:
    assert await curl(version, "--compressed", "--path-as-is", door.url(prefix)) == IMAGE
    await until(lambda: door.percent == 100)


async def test_curl_resumes_a_download_that_broke_off(door: Door, tmp_path: Path) -> None:
    file = tmp_path / "partial"
    file.write_bytes(IMAGE[:123_457])
    await curl("--continue-at", "-", "--output", str(file), door.url())
    assert file.read_bytes() == IMAGE
    await until(lambda: (door.percent or 0) == 58)


@pytest.mark.parametrize(
    ("span", "part"), [("0-0", slice(1)), ("1000-1999", slice(1000, 2000)), ("-7", slice(-7, None))]
)
async def test_curl_gets_a_range(door: Door, span: str, part: slice) -> None:
    assert await curl("--range", span, door.url()) == IMAGE[part]


async def test_curl_asks_for_several_ranges_and_gets_everything(door: Door) -> None:
    assert await curl("--range", "0-9,20-29", door.url()) == IMAGE


async def test_curl_is_told_the_length(door: Door) -> None:
    head = (await curl("--head", door.url())).decode().lower()
    assert f"content-length: {len(IMAGE)}\r\n" in head
    assert "accept-ranges: bytes\r\n" in head


async def test_curl_is_told_that_it_has_the_image(door: Door, tmp_path: Path) -> None:
    etag = tmp_path / "etag"
    await curl("--etag-save", str(etag), "--output", "/dev/null", door.url())
    assert etag.read_text().strip() == door.etag
    out = await curl("--etag-compare", str(etag), "--write-out", "%{http_code}", door.url())
    assert out == b"304"


async def test_curl_begins_anew_when_the_image_is_another(door: Door) -> None:
    of_ours = ("--header", f"If-Range: {door.etag}", "--range", "5-", door.url())
    of_another = ("--header", 'If-Range: "another"', "--range", "5-", door.url())
    assert await curl(*of_ours) == IMAGE[5:]
    assert await curl(*of_another) == IMAGE


async def test_curl_is_told_that_a_range_is_beyond_the_end(door: Door) -> None:
    format_ = "%{http_code} %header{content-range}"
    url, span = door.url(), f"{len(IMAGE)}-"
    # Without --fail, which would end it with an error.
    out = await curl("--no-fail", "--range", span, "--write-out", format_, url)
    assert out.decode() == f"Range not satisfiable\n416 bytes */{len(IMAGE)}"


async def test_requests_gets_the_image_and_resumes_it(door: Door) -> None:
    def fetch() -> bytes:
        with requests.get(door.url(), stream=True, timeout=LIMIT_SECONDS) as answer:
            first = next(answer.iter_content(100_000))
        ranged = {"Range": f"bytes={len(first)}-", "If-Range": door.etag}
        rest = requests.get(door.url(), headers=ranged, timeout=LIMIT_SECONDS)
        assert rest.status_code == 206
        return bytes(first + rest.content)

    assert await asyncio.to_thread(fetch) == IMAGE
    await until(lambda: door.percent == 100)


async def test_requests_gets_hundreds_of_small_ranges_over_one_connection(door: Door) -> None:
    def fetch() -> bytes:
        parts = []
        with requests.Session() as session:
            for start in range(0, len(IMAGE), 1024):
                ranged = {"Range": f"bytes={start}-{start + 1023}"}
                answer = session.get(door.url(), headers=ranged, timeout=LIMIT_SECONDS)
                parts.append(answer.content)
        return b"".join(parts)

    assert await asyncio.to_thread(fetch) == IMAGE
    await until(lambda: door.percent == 100)


async def test_aiohttp_gets_the_image_in_pieces_side_by_side(door: Door) -> None:
    async with aiohttp.ClientSession() as session:

        async def piece(start: int) -> bytes:
            ranged = {"Range": f"bytes={start}-{start + 49_999}", "If-Range": door.etag}
            async with session.get(door.url(), headers=ranged) as answer:
                assert answer.status == 206
                return await answer.read()

        # Three at once, over and over: more of one device would push each other out.
        pieces: list[bytes] = []
        for start in range(0, len(IMAGE), 150_000):
            starts = [each for each in range(start, start + 150_000, 50_000) if each < len(IMAGE)]
            pieces += await asyncio.gather(*(piece(each) for each in starts))
    assert b"".join(pieces) == IMAGE
    await until(lambda: door.percent == 100)


async def test_a_client_that_speaks_and_listens_byte_by_byte_gets_the_image(door: Door) -> None:
    crumbs = random.Random(1)
    async with RawClient(door.port, receive_buffer_bytes=4096) as client:
        for character in request_text(path=door.path()):
            await client.send(character)
        head = await client.head()
        body = b""
        while len(body) < head.length:
            body += await client.read(min(crumbs.randint(1, 700), head.length - len(body)))
    assert body == IMAGE
    await until(lambda: door.percent == 100)


@SEEDS
async def test_a_client_that_drops_the_line_at_random_and_resumes_gets_the_image(
    door: Door, seed: int
) -> None:
    chance = random.Random(seed)
    body, connections = b"", 0
    while len(body) < len(IMAGE):
        connections += 1
        async with RawClient(door.port, receive_buffer_bytes=4096) as client:
            ranged = (f"Range: bytes={len(body)}-", f"If-Range: {door.etag}")
            await client.send(request_text(*ranged, path=door.path()))
            head = await client.head()
            assert (head.status, head.length) == (206, len(IMAGE) - len(body))
            body += await client.read(min(chance.randint(1, 60_000), head.length))
    assert body == IMAGE
    assert connections > 3
    await until(lambda: door.percent == 100)


@SEEDS
async def test_a_client_that_begins_anew_a_few_times_gets_the_image(door: Door, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(4):
        async with RawClient(door.port, receive_buffer_bytes=4096) as client:
            await client.send(request_text(path=door.path(), version="1.0"))
            await client.head()
            await client.read(chance.randint(1, 100_000))
    async with RawClient(door.port) as client:
        await client.send(request_text(path=door.path()))
        assert (await client.answer()).body == IMAGE
