"""The web server around it all: the stream's bytes, credentials, prefixes, broken lines."""

import asyncio
import sys
from pathlib import Path

import aiohttp
import pytest

from simulator.leshan_generation import Generation, LeshanSettings

from .leshan_stage import staged, until

ROOT = Path(__file__).parent.parent.parent
EVENT_STREAM = {"Accept": "text/event-stream"}


async def test_the_heartbeat_is_a_blank_line() -> None:
    async with staged(LeshanSettings(heartbeat_seconds=0.01)) as stage, stage.listening() as events:
        beats = await events.response.content.readexactly(6)

    assert beats == b"\r\n\r\n\r\n"


async def test_the_stream_has_neither_length_nor_chunks() -> None:
    async with staged() as stage, stage.listening() as events:
        headers = events.response.headers

    assert headers["Content-Type"] == "text/event-stream;charset=utf-8"
    assert headers["Connection"] == "close"
    assert "Transfer-Encoding" not in headers
    assert "Content-Length" not in headers


async def test_an_event_can_come_byte_by_byte() -> None:
    async with staged(LeshanSettings(event_chunk_bytes=1)) as stage, stage.listening() as events:
        await stage.device()
        told = await events.until("REGISTRATION")

    assert told[0].data["endpoint"] == "thing"


async def test_a_stream_can_be_limited_to_one_endpoint() -> None:
    async with staged() as stage, stage.listening("/api/event?ep=second") as events:
        await stage.device("first")
        await stage.device("second")
        told = await events.until("REGISTRATION")

    assert [event.endpoint for event in told] == ["second"]


async def test_m4_has_the_stream_at_its_old_address_too() -> None:
    async with (
        staged(LeshanSettings(generation=Generation.M4)) as stage,
        stage.listening("/event") as events,
    ):
        await stage.device()

        assert len(await events.until("REGISTRATION")) == 1


async def test_m4_has_no_send() -> None:
    settings = LeshanSettings(generation=Generation.M4)
    async with staged(settings) as stage, stage.listening() as events:
        device = await stage.device()
        await device.link.send({(5, 0, 3): 1})
        await device.link.update()
        told = await events.until("UPDATED")

    assert [event.name for event in told] == ["REGISTRATION", "UPDATED"]


async def test_a_stream_can_be_ended() -> None:
    async with staged() as stage, stage.listening() as events:
        stage.server.end_event_streams()

        assert await events.end() == b""


async def test_a_stream_can_be_broken() -> None:
    async with staged() as stage:
        host, _, port = stage.server.base_url.removeprefix("http://").partition(":")
        # Not through aiohttp's client, to which a reset and the end of such a body are the same.
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /api/event HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        await until(lambda: stage.server.event_stream_count == 1)
        stage.server.cut_event_streams()
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()


async def test_a_stream_can_carry_garbage() -> None:
    async with staged() as stage, stage.listening() as events:
        stage.server.send_raw_event_bytes(b"event: half")
        stage.server.end_event_streams()
        await events.end()

        assert stage.server.event_stream_count == 0


async def test_connections_can_be_refused_for_a_while() -> None:
    async with staged() as stage:
        await stage.device()
        await stage.server.refuse_connections()
        with pytest.raises(aiohttp.ClientConnectionError):
            await stage.json("GET", "/api/clients")
        await stage.server.accept_connections()

        assert len(await stage.json("GET", "/api/clients")) == 1


async def test_a_restart_breaks_a_request_under_way() -> None:
    async with staged() as stage:
        device = await stage.device()
        device.gate.clear()
        request = asyncio.create_task(stage.text("POST", "/api/clients/thing/5/0/2"))
        await until(lambda: len(device.asked) == 1)
        stage.server.restart()
        with pytest.raises(aiohttp.ClientConnectionError):
            await request


async def test_a_path_prefix_is_part_of_every_address() -> None:
    async with staged(LeshanSettings(path_prefix="/iot/leshan")) as stage:
        await stage.device()
        listed = await stage.json("GET", "/api/clients")
        origin = stage.server.base_url.removesuffix("/iot/leshan")
        async with stage.session.get(f"{origin}/api/clients") as response:
            status = response.status

    assert len(listed) == 1
    assert status == 404


@pytest.mark.parametrize(
    ("settings", "headers"),
    [
        (LeshanSettings(username="u", password="p"), {"Authorization": "Basic dTpw"}),
        (LeshanSettings(token="t"), {"Authorization": "Bearer t"}),
    ],
)
async def test_credentials_can_be_asked_for(
    settings: LeshanSettings, headers: dict[str, str]
) -> None:
    async with staged(settings) as stage:
        without = await stage.text("GET", "/api/clients")
        stream_without = await stage.text("GET", "/api/event", headers=EVENT_STREAM)
        listed = await stage.json("GET", "/api/clients", headers=headers)

    assert without[0] == stream_without[0] == 401
    assert listed == []


async def test_the_start_page_is_html() -> None:
    async with staged() as stage:
        status, text = await stage.text("GET", "/")

    assert status == 200
    assert text.startswith("<!DOCTYPE html>")


async def test_a_name_is_put_between_quotes_as_it_is() -> None:
    async with staged() as stage, stage.listening() as events:
        await stage.device('a"b', is_queue_mode=True)
        stage.server.end_event_streams()
        text = await events.end()

    assert text.startswith(b'event: AWAKE\r\ndata: {"ep":"a"b"}\r\n\r\n')


@pytest.mark.parametrize("generation", Generation)
async def test_it_can_run_alone(generation: Generation) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulator.leshan",
        "--generation",
        generation.value,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(120):
        line = (await process.stdout.readline()).decode()
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{line.split()[-1]}/api/clients") as response,
    ):
        listed = await response.json()
    process.terminate()
    await process.wait()

    assert listed == []
