"""Every recorded byte of the event streams, sent by a real server to the real client."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.flownexus_ota.leshan.client import LeshanClient
from custom_components.flownexus_ota.leshan.sse import SseDecoder
from custom_components.flownexus_ota.lwm2m.events import (
    Awake,
    Deregistered,
    Registered,
    RegistrationUpdated,
    ResourcesReported,
    ServerConnected,
    ServerDisconnected,
    ServerEvent,
    Sleeping,
    UnrecognisedEvent,
)

from .recordings import NAMES, described, stream_chunks
from .scripted_server import ScriptedServer, streaming

KINDS = (
    Registered,
    RegistrationUpdated,
    Deregistered,
    Awake,
    Sleeping,
    ResourcesReported,
    UnrecognisedEvent,
)


async def until_the_end(events: AsyncGenerator[ServerEvent]) -> list[ServerEvent]:
    """Return the events of one connection, its begin and end included."""
    seen: list[ServerEvent] = []
    async with asyncio.timeout(60), aclosing(events):
        async for event in events:
            seen.append(event)
            if isinstance(event, ServerDisconnected):
                break
    return seen


def line_of(event: ServerEvent) -> str:
    """Return an event in one line; registrations by their most telling members."""
    match event:
        case Registered() | RegistrationUpdated():
            return f"{type(event).__name__} {described(event.registration)}"
        case Deregistered():
            return f"Deregistered {event.endpoint} {event.registration_id}"
        case ResourcesReported():
            values = described(event.values)
            return f"{event.origin.name} {event.endpoint} {values}"
        case _:
            return str(event)


@pytest.mark.parametrize("name", NAMES)
async def test_every_recorded_event_is_understood(
    name: str, server: ScriptedServer, client: LeshanClient, snapshot: SnapshotAssertion
) -> None:
    server.will_call(streaming(*stream_chunks(name)))
    assert [line_of(event) for event in await until_the_end(client.events())] == snapshot


@pytest.mark.parametrize("name", NAMES)
async def test_a_stream_cut_into_single_bytes_says_the_same(
    name: str, server: ScriptedServer, client: LeshanClient
) -> None:
    whole = b"".join(stream_chunks(name))
    server.will_call(streaming(whole), streaming(*(whole[at : at + 1] for at in range(len(whole)))))
    at_once = await until_the_end(client.events())
    assert await until_the_end(client.events()) == at_once


@pytest.mark.parametrize("name", NAMES)
def test_single_bytes_decode_like_the_whole(name: str) -> None:
    whole = b"".join(stream_chunks(name))
    decoder = SseDecoder()
    by_byte = [event for at in range(len(whole)) for event in decoder.feed(whole[at : at + 1])]
    assert by_byte == list(SseDecoder().feed(whole))
    assert len(by_byte) == whole.count(b"event: ")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # registered, updated, deregistered, awake, sleeping, reported, not recognised
        ("leshan-2.0.0-M4", (7, 4, 5, 2, 2, 41, 0)),
        ("leshan-2.0.0-M15", (7, 4, 5, 2, 2, 39 + 1, 0)),
        ("leshan-2.0.0-M18", (7, 4, 5, 2, 2, 39 + 1, 0)),
        ("leshan-2.0.0-M18-queue-register", (3, 0, 2, 3, 2, 0, 0)),
        # a delayed read's answer has values, a delayed write's has none
        ("leshan-2.0.0-M18-queue-update", (1, 2, 0, 3, 2, 1, 1)),
    ],
)
async def test_no_event_is_lost(
    name: str, expected: tuple[int, ...], server: ScriptedServer, client: LeshanClient
) -> None:
    server.will_call(streaming(*stream_chunks(name)))
    events = await until_the_end(client.events())
    assert isinstance(events[0], ServerConnected)
    counted = Counter(type(event) for event in events[1:-1])
    assert tuple(counted[kind] for kind in KINDS) == expected
    assert counted.total() == sum(expected)
