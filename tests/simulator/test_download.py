"""The devices' HTTP client against a real server on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import chain, repeat

import pytest
from aiohttp import web

from simulator.behaviours import Downloading
from simulator.download import Downloader, DownloadError, Transfer
from simulator.image import make_image
from simulator.states import Result

from .device_parts import (
    IMAGE,
    QUICK_DOWNLOADS,
    Answer,
    cut_short,
    cut_short_rest,
    image_server,
    whole_or_rest,
)
from .leshan_stage import until

HALF = len(IMAGE) // 2
ANYHOW = Downloading()


@asynccontextmanager
async def downloader(
    downloading: Downloading = ANYHOW,
    origin: str = "http://127.0.0.1:1",
    valve: asyncio.Event | None = None,
) -> AsyncIterator[Downloader]:
    settings = replace(QUICK_DOWNLOADS, compiled_origin=origin, valve=valve)
    opened = Downloader(downloading, settings)
    try:
        yield opened
    finally:
        await opened.close()


def in_turn(*answers: Answer) -> Answer:
    """Answer each request by the next of `answers`, and then as usual."""
    left = chain(answers, repeat(as_usual))

    def answer(request: web.Request) -> web.StreamResponse | None:
        return next(left)(request)

    return answer


def as_usual(_: web.Request) -> None:
    """Leave it to the server."""


def cut(*, etag: str | None = '"one"', sent_bytes: int = HALF) -> Answer:
    """Send the first half and hang up."""

    def answer(request: web.Request) -> web.StreamResponse | None:
        return cut_short(request, IMAGE, sent_bytes=sent_bytes, etag=etag)

    return answer


def status(code: int) -> Answer:
    return lambda _: web.Response(status=code)


async def result_of(
    answer: Answer | None, downloading: Downloading = ANYHOW, image: bytes = IMAGE
) -> Result:
    async with image_server(answer, image) as server, downloader(downloading) as client:
        with pytest.raises(DownloadError) as caught:
            await client.fetch(Transfer(uri=server.uri()))
    return caught.value.result


async def test_a_whole_image_is_fetched_by_one_request() -> None:
    async with image_server() as server, downloader() as client:
        header = await client.fetch(Transfer(uri=server.uri()))
    assert header.version == "1.1.0"
    assert len(server.requests) == 1
    assert "Range" not in server.requests[0]


async def test_after_a_cut_the_rest_is_asked_for_with_the_etag() -> None:
    async with image_server(in_turn(cut())) as server, downloader() as client:
        header = await client.fetch(Transfer(uri=server.uri()))
    assert header.version == "1.1.0"
    assert server.requests[1]["Range"] == f"bytes={HALF}-"
    assert server.requests[1]["If-Range"] == '"one"'


async def test_cuts_do_no_harm_while_each_answer_brings_something() -> None:
    def next_bytes(request: web.Request) -> web.StreamResponse:
        start = int(request.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        return cut_short_rest(request, IMAGE, start=start, sent_bytes=3000)

    answers = in_turn(cut(), *[next_bytes] * 5)
    async with image_server(answers) as server, downloader() as client:
        await client.fetch(Transfer(uri=server.uri()))
    assert [request.get("Range") for request in server.requests[1:]] == [
        f"bytes={HALF + 3000 * number}-" for number in range(6)
    ]


@pytest.mark.parametrize("etag", [None, 'W/"one"'])
async def test_without_a_strong_etag_it_starts_over(etag: str | None) -> None:
    async with image_server(in_turn(cut(etag=etag))) as server, downloader() as client:
        header = await client.fetch(Transfer(uri=server.uri()))
    assert header.version == "1.1.0"
    assert "Range" not in server.requests[1]


async def test_another_image_at_the_same_address_replaces_the_half_that_was_there() -> None:
    other = make_image("1.2.0", 40_000)
    answers = in_turn(cut(), lambda request: whole_or_rest(request, other, etag='"two"'))
    async with image_server(answers) as server, downloader() as client:
        header = await client.fetch(Transfer(uri=server.uri()))
    assert header.version == "1.2.0"


async def test_a_transfer_that_was_given_up_goes_on_later() -> None:
    async with image_server(in_turn(cut(), *[status(500)] * 3)) as server, downloader() as client:
        transfer = Transfer(uri=server.uri())
        with pytest.raises(DownloadError):
            await client.fetch(transfer)
        header = await client.fetch(transfer)
    assert header.version == "1.1.0"
    assert server.requests[-1]["Range"] == f"bytes={HALF}-"


async def test_a_device_behind_a_closed_valve_has_begun_and_ends_once_it_is_opened() -> None:
    valve = asyncio.Event()
    async with image_server() as server, downloader(valve=valve) as client:
        transfer = Transfer(uri=server.uri())
        fetching = asyncio.create_task(client.fetch(transfer))
        await until(lambda: transfer.reader.received_bytes > 0)
        done, _ = await asyncio.wait((fetching,), timeout=0.1)
        assert not done
        assert transfer.reader.received_bytes < len(IMAGE)
        valve.set()
        header = await fetching
    assert header.version == "1.1.0"


async def test_a_server_that_cannot_satisfy_the_range_is_asked_for_everything() -> None:
    async with image_server(in_turn(cut(), status(416))) as server, downloader() as client:
        await client.fetch(Transfer(uri=server.uri()))
    assert "Range" not in server.requests[2]


async def test_a_wrong_range_in_the_answer_is_not_used() -> None:
    wrong = web.Response(status=206, body=IMAGE[1:], headers={"Content-Range": "bytes 1-2/3"})
    async with image_server(in_turn(cut(), lambda _: wrong)) as server, downloader() as client:
        header = await client.fetch(Transfer(uri=server.uri()))
    assert header.version == "1.1.0"


async def test_a_busy_server_is_asked_again() -> None:
    async with image_server(in_turn(status(503), status(429))) as server, downloader() as client:
        await client.fetch(Transfer(uri=server.uri()))
    assert len(server.requests) == 3


@pytest.mark.parametrize("code", [301, 403, 404, 410])
async def test_an_address_that_is_not_there_is_an_invalid_uri(code: int) -> None:
    assert await result_of(status(code)) is Result.INVALID_URI


async def test_three_failures_in_a_row_are_a_lost_connection() -> None:
    assert await result_of(in_turn(*[status(500)] * 3)) is Result.CONNECTION_LOST


async def test_nobody_at_the_address_is_a_lost_connection() -> None:
    async with downloader() as client:
        with pytest.raises(DownloadError) as caught:
            await client.fetch(Transfer(uri="http://127.0.0.1:1/image.bin"))
    assert caught.value.result is Result.CONNECTION_LOST


@pytest.mark.parametrize("uri", ["http://", "http://127.0.0.1:port/x", "http:///x"])
async def test_nonsense_is_an_invalid_uri(uri: str) -> None:
    async with downloader() as client:
        with pytest.raises(DownloadError) as caught:
            await client.fetch(Transfer(uri=uri))
    assert caught.value.result is Result.INVALID_URI


@pytest.mark.parametrize(
    ("downloading", "image", "result"),
    [
        (Downloading(storage_bytes=1000), IMAGE, Result.NO_SPACE),
        (Downloading(memory_bytes=1000), IMAGE, Result.OUT_OF_MEMORY),
        (Downloading(breaks_off_after=0.5), IMAGE, Result.CONNECTION_LOST),
        (Downloading(damages_image=True), IMAGE, Result.BAD_CHECKSUM),
        (Downloading(knows_image_type=False), IMAGE, Result.UNSUPPORTED_TYPE),
        (Downloading(), IMAGE[:-1], Result.BAD_CHECKSUM),
        (Downloading(), b"MCUboot or so" * 100, Result.UNSUPPORTED_TYPE),
        (Downloading(), b"", Result.UNSUPPORTED_TYPE),
    ],
)
async def test_what_goes_wrong_with_an_image_has_its_result(
    downloading: Downloading, image: bytes, result: Result
) -> None:
    assert await result_of(None, downloading, image) is result


async def test_a_body_of_unknown_length_is_limited_too() -> None:
    def endless(request: web.Request) -> web.StreamResponse:
        response = web.Response(body=IMAGE)
        response.enable_chunked_encoding()
        return response

    limits = Downloading(storage_bytes=1000)
    assert await result_of(endless, limits) is Result.NO_SPACE


async def test_a_slow_device_takes_its_time_and_gets_there() -> None:
    image = make_image("1.1.0", 3000)
    async with (
        image_server(image=image) as server,
        downloader(Downloading(bytes_per_second=100_000)) as client,
    ):
        header = await client.fetch(Transfer(uri=server.uri()))
    assert header.version == "1.1.0"


async def test_a_path_is_fetched_from_the_compiled_in_host() -> None:
    device = Downloading(uri_is_path=True)
    async with image_server() as server, downloader(device, server.origin) as client:
        await client.fetch(Transfer(uri="/media/firmware/token/image.bin"))
    assert server.paths == ["/media/firmware/token/image.bin"]


async def test_a_whole_address_is_asked_of_the_compiled_in_host_too() -> None:
    device = Downloading(uri_is_path=True)
    async with image_server() as server, downloader(device, server.origin) as client:
        await client.fetch(Transfer(uri="http://home.invalid:8123/f/token/image.bin"))
    assert server.paths == ["http://home.invalid:8123/f/token/image.bin"]
    assert server.requests[0]["Host"] == "home.invalid:8123"
