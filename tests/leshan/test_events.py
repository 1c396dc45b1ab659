"""The event stream over time: begins, ends, silence, and who owns the connection."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from custom_components.flownexus_ota.leshan.client import LeshanClient, ServerAddress, Timing
from custom_components.flownexus_ota.leshan.pacing import DEFAULT_TIMING
from custom_components.flownexus_ota.lwm2m.events import (
    ServerConnected,
    ServerDisconnected,
    ServerEvent,
    UnrecognisedEvent,
)
from custom_components.flownexus_ota.lwm2m.exchange import (
    Lwm2mError,
    NotAuthorisedError,
    NotThisServerError,
    ServerUnreachableError,
    UnreadableReplyError,
)

from .conftest import QUICK
from .scripted_server import Handler, ScriptedServer, answering, plain, raw, streaming
from .stream_reading import AWAKE, WOKEN, take


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for a condition that other tasks bring about."""
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110  # nobody tells; the condition is about the client
            await asyncio.sleep(0)


async def test_the_stream_is_asked_for_exactly(
    server: ScriptedServer, client: LeshanClient
) -> None:
    server.will_always_call(streaming(AWAKE))
    async with aclosing(client.events()) as events:
        assert await take(events, 2) == [ServerConnected(), WOKEN]
    assert server.seen[0].raw_path == "/api/event"
    assert server.seen[0].headers["Accept"] == "text/event-stream"


async def test_every_connection_begins_and_ends_with_word_of_it(
    server: ScriptedServer, client: LeshanClient
) -> None:
    server.will_always_call(streaming(AWAKE))
    ended = ServerDisconnected(reason="the server ended the event stream")
    async with aclosing(client.events()) as events:
        assert await take(events, 6) == [ServerConnected(), WOKEN, ended] * 2


async def test_failed_attempts_are_told_once_for_each_kind_of_failure(
    server: ScriptedServer, client: LeshanClient
) -> None:
    down = answering(plain("", status=503))
    locked = answering(plain("", status=401))
    server.will_call(down, down, down, locked, locked)
    server.will_always_call(streaming(AWAKE))
    async with aclosing(client.events()) as events:
        assert await take(events, 4) == [
            ServerDisconnected(reason="HTTP status 503"),
            ServerDisconnected(reason="HTTP status 401"),
            ServerConnected(),
            WOKEN,
        ]
    assert len(server.seen) >= 6


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        (answering(plain("", status=401)), NotAuthorisedError),
        (answering(plain("<html>", status=404)), NotThisServerError),
        (answering(plain("", status=405)), NotThisServerError),
        (answering(plain("<html>", status=500)), UnreadableReplyError),
        (answering(plain("<html>", content_type="text/html")), NotThisServerError),
        (answering(plain("[]")), NotThisServerError),
        (raw(b""), ServerUnreachableError),
        (raw(b"garbage\r\n\r\n"), UnreadableReplyError),
    ],
    ids=["401", "404", "405", "500", "a page", "JSON", "hangs up", "no HTTP"],
)
async def test_why_there_is_no_stream_is_known(
    handler: Handler, expected: type[Lwm2mError], server: ScriptedServer, client: LeshanClient
) -> None:
    server.will_always_call(handler)
    async with aclosing(client.events()) as events:
        (event,) = await take(events, 1)
        assert isinstance(event, ServerDisconnected)
        assert type(client.stream_problem) is expected


async def test_a_problem_is_forgotten_once_the_stream_is_open(
    server: ScriptedServer, client: LeshanClient
) -> None:
    server.will_call(answering(plain("", status=401)))
    server.will_always_call(streaming(AWAKE))
    assert client.stream_problem is None
    async with aclosing(client.events()) as events:
        await take(events, 2)
        assert client.stream_problem is None


@pytest.mark.parametrize(
    ("chunks", "told"),
    [
        ((), []),
        ((b"\x00\xff\xfe garbage \n\n",), []),
        (
            (b"event: REGISTRATION\ndata: \xff\xfe\n\n",),
            [UnrecognisedEvent(name="REGISTRATION", detail="\ufffd\ufffd")],
        ),
        ((AWAKE, b"event: AWAKE\r\ndata: {"), [WOKEN]),
        ((b"data: " + b"x" * 10_000_000,), []),
        ((AWAKE, b"x" * 10_000_000 + b"\n", AWAKE), [WOKEN]),
    ],
    ids=["ends at once", "garbage", "no JSON", "half an event", "10 MB in a line", "in between"],
)
async def test_a_bad_stream_loses_nothing_but_itself(
    chunks: tuple[bytes, ...],
    told: list[ServerEvent],
    server: ScriptedServer,
    client: LeshanClient,
) -> None:
    server.will_call(streaming(*chunks))
    server.will_always_call(streaming(AWAKE))
    async with aclosing(client.events()) as events:
        first, *others = await take(events, len(told) + 4)
    assert first == ServerConnected()
    assert others[: len(told)] == told
    assert isinstance(others[len(told)], ServerDisconnected)
    assert others[len(told) + 1 :] == [ServerConnected(), WOKEN]


async def test_a_stream_that_breaks_off_is_opened_again(
    server: ScriptedServer, client: LeshanClient
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 999\r\n\r\n"
    server.will_call(raw(head + AWAKE))
    server.will_always_call(streaming(AWAKE))
    async with aclosing(client.events()) as events:
        seen = await take(events, 4)
    assert seen[:2] == [ServerConnected(), WOKEN]
    assert isinstance(seen[2], ServerDisconnected)
    assert seen[3] == ServerConnected()


@asynccontextmanager
async def silent_after(
    server: ScriptedServer, session: aiohttp.ClientSession, timing: Timing
) -> AsyncIterator[AsyncGenerator[ServerEvent]]:
    """Yield the events of a server that says one thing and then nothing any more."""
    never = asyncio.Event()

    async def speak_once(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(AWAKE)
        await never.wait()
        return response

    server.will_always_call(speak_once)
    client = LeshanClient(session, ServerAddress(base_url=server.url), timing=timing)
    async with aclosing(client.events()) as events:
        yield events


async def test_silence_is_a_dead_link(
    server: ScriptedServer, session: aiohttp.ClientSession
) -> None:
    # So long that a busy machine is not silent before it has said its one thing.
    timing = Timing(silence_seconds=1.0, first_delay_seconds=0.001, longest_delay_seconds=0.002)
    async with silent_after(server, session, timing) as events:
        seen = await take(events, 5)
    dead = ServerDisconnected(reason="no answer from the server in time")
    assert seen == [ServerConnected(), WOKEN, dead, ServerConnected(), WOKEN]


async def test_closing_the_events_ends_the_connection_and_its_task(
    server: ScriptedServer, session: aiohttp.ClientSession
) -> None:
    before = asyncio.all_tasks()
    async with silent_after(server, session, QUICK) as events:
        await take(events, 2)
    reading = [task for task in asyncio.all_tasks() - before if "event stream" in task.get_name()]
    assert reading == []


async def test_cancelling_the_consumer_ends_the_connection_and_its_task(
    server: ScriptedServer, session: aiohttp.ClientSession
) -> None:
    seen: list[ServerEvent] = []

    async def consume(events: AsyncGenerator[ServerEvent]) -> None:
        async for event in events:
            seen.append(event)  # noqa: PERF401  # it is cancelled in between

    async with silent_after(server, session, QUICK) as events:
        consumer = asyncio.create_task(consume(events))
        await until(lambda: len(seen) == 2)
        consumer.cancel()
        await asyncio.wait([consumer])
        assert consumer.cancelled()
        names = [task.get_name() for task in asyncio.all_tasks()]
        assert "leshan event stream" not in names


def test_delays_grow_from_one_second_to_sixty() -> None:
    for failures in range(1, 100):
        delay = DEFAULT_TIMING.reconnect_delay_seconds(failures)
        assert max(1, min(2**failures, 60) / 2) <= delay <= min(2**failures, 60)
