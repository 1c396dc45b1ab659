"""A device's life at its server: registration, requests, updates, reboots."""

import asyncio

import pytest

from simulator.device import Device
from simulator.link import Ids, Operation, RegisterParameters, Value
from simulator.record import Entry, Kind
from simulator.settings import QueueMode, Timing, Waking
from simulator.states import Result, State

from .device_parts import MemoryServer, image_server, running_device

READ, WRITE, EXECUTE = Operation.READ, Operation.WRITE, Operation.EXECUTE
URI, UPDATE, STATE, RESULT = (5, 0, 1), (5, 0, 2), (5, 0, 3), (5, 0, 5)
VERSION = (3, 0, 3)


@pytest.fixture
def server() -> MemoryServer:
    return MemoryServer()


async def test_a_device_registers_with_its_objects(server: MemoryServer) -> None:
    async with running_device(server) as device:
        await device.record.wait_for(Kind.REGISTERED)
    assert server.parameters == [
        RegisterParameters(
            endpoint="sensor-1",
            lifetime_seconds=300,
            links=(
                '</>;ct="0 110 11542";rt="oma.lwm2m"',
                "</1/0>",
                "</3/0>",
                "</5>;ver=1.1",
                "</5/0>",
            ),
        )
    ]


async def test_a_refused_device_tries_again(server: MemoryServer) -> None:
    server.refusals = 2
    async with running_device(server) as device:
        await device.record.wait_for(Kind.REGISTERED)
    assert device.record.counts[Kind.REFUSED] == 2


async def test_a_registration_is_renewed_before_it_ends(server: MemoryServer) -> None:
    async with running_device(server, timing=Timing(lifetime_seconds=0)) as device:
        await device.record.wait_for(Kind.RENEWED, times=2)
    assert server.heard[:3] == ["register", "update", "update"]


async def test_a_device_that_was_forgotten_registers_anew(server: MemoryServer) -> None:
    server.knows_device = False
    async with running_device(server) as device:
        await device.record.wait_for(Kind.REGISTERED)
        assert await server.code(EXECUTE, (1, 0, 8)) == 204
        await device.record.wait_for(Kind.REGISTERED, times=2)
    assert server.heard[:3] == ["register", "update", "register"]


async def test_a_device_that_is_stopped_says_goodbye(server: MemoryServer) -> None:
    async with running_device(server) as device:
        await device.record.wait_for(Kind.REGISTERED)
        await device.stop()
    assert server.heard == ["register", "deregister", "close"]


async def test_object_3_says_who_it_is(server: MemoryServer) -> None:
    async with running_device(server) as device:
        await device.record.wait_for(Kind.REGISTERED)
        response = await server.ask(READ, (3, 0))
    assert response is not None
    content = dict(response.content)
    assert isinstance(content.pop((3, 0, 13)), int)
    assert content == {
        (3, 0, 0): "Flownexus",
        (3, 0, 1): "Simulated sensor",
        (3, 0, 2): "0001",
        (3, 0, 3): "1.0.0",
        (3, 0, 11, 0): 0,
        (3, 0, 16): "U",
        (3, 0, 18): "1.0",
    }


async def test_object_5_begins_idle_and_speaks_http_and_https(server: MemoryServer) -> None:
    async with running_device(server) as device:
        await device.record.wait_for(Kind.REGISTERED)
        response = await server.ask(READ, (5,))
    assert response is not None
    assert response.content == {
        (5, 0, 1): "",
        (5, 0, 3): 0,
        (5, 0, 5): 0,
        (5, 0, 8, 0): 2,
        (5, 0, 8, 1): 3,
        (5, 0, 9): 0,
    }


@pytest.mark.parametrize(
    ("operation", "path", "value", "code"),
    [
        (READ, (9,), None, 404),
        (READ, (5, 1), None, 404),
        (READ, (5, 0, 7), None, 404),
        (READ, (5, 0, 3, 0), None, 404),
        (READ, (5, 0, 8, 1), None, 205),
        (READ, (5, 0, 2), None, 405),
        (Operation.OBSERVE, STATE, None, 205),
        (Operation.CANCEL_OBSERVATION, STATE, None, 205),
        (Operation.DISCOVER, (7,), None, 404),
        (WRITE, (5, 0, 77), "x", 404),
        (WRITE, STATE, 1, 405),
        (WRITE, URI, 1, 400),
        (WRITE, (5, 0, 0), b"image", 405),
        (WRITE, (5, 0, 0), b"\0", 204),
        (WRITE, URI, "http://127.0.0.1/" + "x" * 240, 400),
        (EXECUTE, STATE, None, 405),
        (EXECUTE, (5, 0, 77), None, 404),
        (EXECUTE, UPDATE, None, 405),
        (EXECUTE, (5, 0, 10), None, 405),
        (EXECUTE, (1, 0, 8), None, 204),
    ],
)
async def test_every_request_has_its_answer(
    server: MemoryServer, operation: Operation, path: Ids, value: Value | None, code: int
) -> None:
    async with running_device(server) as device:
        await device.record.wait_for(Kind.REGISTERED)
        assert await server.code(operation, path, value) == code
    entry = device.record.asked(path)[-1]
    assert (entry.operation, entry.value, entry.code) == (operation.value, value, code)


@pytest.mark.parametrize(
    ("path", "links"),
    [
        ((5, 0, 3), ("</5/0/3>",)),
        ((5, 0, 8), ("</5/0/8>;dim=2",)),
        ((3, 0, 11), ("</3/0/11>;dim=1",)),
    ],
)
async def test_a_resource_is_discovered(
    server: MemoryServer, path: Ids, links: tuple[str, ...]
) -> None:
    async with running_device(server) as device:
        await device.record.wait_for(Kind.REGISTERED)
        response = await server.ask(Operation.DISCOVER, path)
    assert response is not None
    assert response.links == links


async def test_an_object_is_discovered_with_its_version(server: MemoryServer) -> None:
    async with running_device(server) as device:
        await device.record.wait_for(Kind.REGISTERED)
        response = await server.ask(Operation.DISCOVER, (5,))
    assert response is not None
    assert response.links[:3] == ("</5>;ver=1.1", "</5/0>", "</5/0/0>")
    assert response.links[-1] == "</5/0/10>"


async def test_a_whole_update_ends_in_the_new_version(server: MemoryServer) -> None:
    async with running_device(server) as device, image_server() as images:
        await device.record.wait_for(Kind.REGISTERED)
        assert await server.code(WRITE, URI, images.uri()) == 204
        await device.record.wait_for(Kind.STATE, State.DOWNLOADED)
        assert await server.value((5, 0, 7)) == "1.1.0"
        assert await server.value(VERSION) == "1.0.0"
        assert await server.code(EXECUTE, UPDATE) == 204
        await device.record.wait_for(Kind.REGISTERED, times=2)
        assert await server.value(VERSION) == "1.1.0"
        assert await server.value(RESULT) == Result.SUCCESS
        assert await server.value(STATE) == State.IDLE
    assert device.record.running_version == "1.1.0"
    assert server.notifications == [
        (STATE, {STATE: State.DOWNLOADING}),
        (STATE, {STATE: State.DOWNLOADED}),
        (STATE, {STATE: State.UPDATING}),
    ]
    assert server.heard[:3] == ["register", "close", "register"]


async def test_the_record_counts_up_in_growing_time(server: MemoryServer) -> None:
    async with running_device(server) as device:
        await device.record.wait_for(Kind.REGISTERED)
        await server.ask(READ, VERSION)
    entries = list(device.record.entries)
    assert [entry.number for entry in entries] == list(range(len(entries)))
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    assert [entry.kind for entry in entries] == [
        Kind.BOOTED,
        Kind.REGISTERED,
        Kind.ASKED,
        Kind.STOPPED,
    ]


async def test_a_second_uri_is_refused_while_it_downloads(server: MemoryServer) -> None:
    async with image_server() as images, running_device(server, bytes_per_second=1) as device:
        await device.record.wait_for(Kind.REGISTERED)
        await server.code(WRITE, URI, images.uri())
        assert await server.code(WRITE, URI, images.uri("/other.bin")) == 400
        assert await server.value(URI) == images.uri()


@pytest.mark.parametrize(
    ("operation", "path", "value", "result"),
    [
        (WRITE, URI, "", Result.INITIAL),
        (WRITE, (5, 0, 0), b"\0", Result.INITIAL),
        (EXECUTE, (5, 0, 10), None, Result.CANCELLED),
    ],
)
async def test_a_download_can_be_cancelled(
    server: MemoryServer, operation: Operation, path: Ids, value: Value | None, result: Result
) -> None:
    async with image_server() as images, running_device(server, bytes_per_second=1) as device:
        await device.record.wait_for(Kind.REGISTERED)
        await server.code(WRITE, URI, images.uri())
        await device.record.wait_for(Kind.DOWNLOADING)
        assert await server.code(operation, path, value) == 204
        assert await server.value(STATE) == State.IDLE
        assert await server.value(RESULT) == result
        assert not device.firmware.is_busy


async def test_an_installation_cannot_be_cancelled(server: MemoryServer) -> None:
    patient = Timing(install_seconds=60)
    async with image_server() as images, running_device(server, timing=patient) as device:
        await device.record.wait_for(Kind.REGISTERED)
        await server.code(WRITE, URI, images.uri())
        await device.record.wait_for(Kind.STATE, State.DOWNLOADED)
        await server.code(EXECUTE, UPDATE)
        assert await server.code(WRITE, URI, "") == 405
        assert await server.code(EXECUTE, (5, 0, 10)) == 405
        assert await server.code(EXECUTE, UPDATE) == 405


async def test_a_reboot_forgets_the_download_and_keeps_the_version(server: MemoryServer) -> None:
    async with image_server() as images, running_device(server, bytes_per_second=1) as device:
        await device.record.wait_for(Kind.REGISTERED)
        await server.code(WRITE, URI, images.uri())
        assert await server.code(EXECUTE, (3, 0, 4)) == 204
        await device.record.wait_for(Kind.REGISTERED, times=2)
        assert await server.value(STATE) == State.IDLE
        assert await server.value(RESULT) == Result.INITIAL
    assert device.record.running_version == "1.0.0"


async def test_a_device_sends_what_it_is_told_to_send(server: MemoryServer) -> None:
    async with running_device(server) as device:
        await device.record.wait_for(Kind.REGISTERED)
        await device.send(STATE, VERSION)
    assert server.sent == [{STATE: 0, VERSION: "1.0.0"}]
    with pytest.raises(ConnectionError):
        await device.send(STATE)


@pytest.mark.parametrize(
    ("waking", "heard"), [(Waking.UPDATE, "update"), (Waking.REGISTER, "register")]
)
async def test_a_sleepy_device_is_silent_until_it_wakes(
    server: MemoryServer, waking: Waking, heard: str
) -> None:
    sleepy = QueueMode(awake_seconds=0.1, sleep_seconds=0.1, waking=waking)
    async with running_device(server, queue_mode=sleepy) as device:
        asked = ask_at(device, server, Kind.FELL_ASLEEP, Kind.WOKE)
        await device.record.wait_for(Kind.FELL_ASLEEP, times=2)
        slept = [was_asleep for was_asleep, _ in asked]
        codes = [await answer for _, answer in asked]
    assert slept[:3] == [True, False, True]
    assert codes[:3] == [None, 205, None]
    assert server.heard[:2] == ["register", heard]
    assert server.parameters[0].is_queue_mode
    assert [entry.code for entry in device.record.asked(VERSION)][:3] == [None, 205, None]


def ask_at(
    device: Device, server: MemoryServer, *kinds: Kind
) -> list[tuple[bool, asyncio.Task[int | None]]]:
    """Ask for the version at the very moments of these entries; tell whether it slept then."""
    asked: list[tuple[bool, asyncio.Task[int | None]]] = []

    def ask(entry: Entry) -> None:
        if entry.kind in kinds:
            answer = asyncio.create_task(server.code(READ, VERSION), eager_start=True)
            asked.append((device.is_asleep, answer))

    device.record.listen(ask)
    return asked


async def test_a_sleepy_device_stays_awake_while_it_downloads(server: MemoryServer) -> None:
    sleepy = QueueMode(awake_seconds=0.2, sleep_seconds=0.01)
    async with (
        image_server() as images,
        # It downloads for half a second, more than twice as long as it would stay awake.
        running_device(server, queue_mode=sleepy, bytes_per_second=100_000) as device,
    ):
        await device.record.wait_for(Kind.REGISTERED)
        # On a busy machine it may sleep already.
        while await server.code(WRITE, URI, images.uri()) is None:  # noqa: ASYNC110 # it tells none
            await asyncio.sleep(0)
        await device.record.wait_for(Kind.DOWNLOADED)
        kinds = [entry.kind for entry in device.record.entries]
        await device.record.wait_for(Kind.FELL_ASLEEP, times=kinds.count(Kind.FELL_ASLEEP) + 1)
    download = kinds[kinds.index(Kind.DOWNLOADING) : kinds.index(Kind.DOWNLOADED)]
    assert Kind.FELL_ASLEEP not in download


async def test_a_sleepy_device_renews_in_time_while_it_is_kept_awake(server: MemoryServer) -> None:
    sleepy = QueueMode(awake_seconds=60)
    short = Timing(lifetime_seconds=0)
    async with running_device(server, queue_mode=sleepy, timing=short) as device:
        await device.record.wait_for(Kind.RENEWED, times=2)
    assert device.record.counts[Kind.FELL_ASLEEP] == 0


async def test_a_sleepy_device_is_awake_before_its_bedtime_and_after_it_was_woken(
    server: MemoryServer,
) -> None:
    bedtime = asyncio.Event()
    sleepy = QueueMode(awake_seconds=0.0, sleep_seconds=600.0, bedtime=bedtime)
    async with running_device(server, queue_mode=sleepy) as device:
        await device.record.wait_for(Kind.REGISTERED)
        assert await server.code(READ, VERSION) == 205
        bedtime.set()
        await device.record.wait_for(Kind.FELL_ASLEEP)
        bedtime.clear()
        device.wake()
        await device.record.wait_for(Kind.WOKE)
        assert await server.code(READ, VERSION) == 205
    assert server.heard[:2] == ["register", "update"]
    assert device.record.counts[Kind.FELL_ASLEEP] == 1
