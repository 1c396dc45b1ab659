"""Each named behaviour, driven through an update, ends as its name says."""

from dataclasses import dataclass

import pytest

from simulator.behaviours import BEHAVIOURS
from simulator.device import Device
from simulator.download import DownloadSettings
from simulator.link import Operation
from simulator.record import Kind
from simulator.states import Result, State

from .device_parts import QUICK_DOWNLOADS, MemoryServer, image_server, running_device

READ, WRITE, EXECUTE = Operation.READ, Operation.WRITE, Operation.EXECUTE
URI, UPDATE, STATE, RESULT = (5, 0, 1), (5, 0, 2), (5, 0, 3), (5, 0, 5)
VERSION = (3, 0, 3)


@pytest.fixture
def server() -> MemoryServer:
    return MemoryServer()


async def reported(server: MemoryServer) -> tuple[object, object, object]:
    """Read version, state and result."""
    return await server.value(VERSION), await server.value(STATE), await server.value(RESULT)


async def bring_to_downloaded(device: Device, server: MemoryServer, uri: str) -> None:
    await device.record.wait_for(Kind.REGISTERED)
    await server.code(WRITE, URI, uri)
    await device.record.wait_for(Kind.STATE, State.DOWNLOADED)


def test_there_are_as_many_behaviours_as_promised() -> None:
    assert len(BEHAVIOURS) == 20
    assert all(name == behaviour.name for name, behaviour in BEHAVIOURS.items())


@pytest.mark.parametrize(
    ("behaviour", "code", "result"),
    [
        ("bad_checksum", 204, Result.BAD_CHECKSUM),
        ("no_space", 204, Result.NO_SPACE),
        ("out_of_memory", 204, Result.OUT_OF_MEMORY),
        ("connection_lost", 204, Result.CONNECTION_LOST),
        ("unsupported_type", 204, Result.UNSUPPORTED_TYPE),
        ("invalid_uri", 204, Result.INVALID_URI),
        ("unsupported_protocol", 400, Result.UNSUPPORTED_PROTOCOL),
    ],
)
async def test_a_download_that_fails_ends_idle_with_its_result(
    server: MemoryServer, behaviour: str, code: int, result: Result
) -> None:
    async with image_server() as images, running_device(server, behaviour) as device:
        await device.record.wait_for(Kind.REGISTERED)
        assert await server.code(WRITE, URI, images.uri()) == code
        await device.record.wait_for(Kind.RESULT, result)
        assert await reported(server) == ("1.0.0", State.IDLE, result)


@pytest.mark.parametrize(
    ("behaviour", "state"), [("update_fails", State.DOWNLOADED), ("update_fails_idle", State.IDLE)]
)
async def test_an_installation_that_fails_ends_without_a_reboot(
    server: MemoryServer, behaviour: str, state: State
) -> None:
    async with image_server() as images, running_device(server, behaviour) as device:
        await bring_to_downloaded(device, server, images.uri())
        await server.code(EXECUTE, UPDATE)
        await device.record.wait_for(Kind.RESULT, Result.UPDATE_FAILED)
        assert await reported(server) == ("1.0.0", state, Result.UPDATE_FAILED)
    assert device.record.counts[Kind.BOOTED] == 1


async def test_a_failed_installation_can_be_tried_again(server: MemoryServer) -> None:
    async with image_server() as images, running_device(server, "update_fails") as device:
        await bring_to_downloaded(device, server, images.uri())
        await server.code(EXECUTE, UPDATE)
        await device.record.wait_for(Kind.RESULT, Result.UPDATE_FAILED)
        assert await server.code(EXECUTE, UPDATE) == 204
        await device.record.wait_for(Kind.RESULT, Result.UPDATE_FAILED, times=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """In which order the end of an installation is told."""

    behaviour: str
    told: tuple[tuple[int, ...], tuple[int, ...]]


@pytest.mark.parametrize(
    "order",
    [
        Order(behaviour="result_before_state", told=(RESULT, STATE)),
        Order(behaviour="state_before_result", told=(STATE, RESULT)),
    ],
    ids=lambda order: order.behaviour,
)
async def test_the_end_is_told_in_this_devices_order(server: MemoryServer, order: Order) -> None:
    async with image_server() as images, running_device(server, order.behaviour) as device:
        await bring_to_downloaded(device, server, images.uri())
        await server.code(EXECUTE, UPDATE)
        await device.record.wait_for(Kind.REGISTERED, times=2)
        assert await reported(server) == ("1.1.0", State.IDLE, Result.SUCCESS)
    assert tuple(path for path, _ in server.notifications[-2:]) == order.told


async def test_never_downloads_takes_the_uri_and_stays_idle(server: MemoryServer) -> None:
    async with image_server() as images, running_device(server, "never_downloads") as device:
        await device.record.wait_for(Kind.REGISTERED)
        assert await server.code(WRITE, URI, images.uri()) == 204
        assert await reported(server) == ("1.0.0", State.IDLE, Result.INITIAL)
    assert images.requests == []


async def test_never_comes_back_is_gone_after_its_reboot(server: MemoryServer) -> None:
    async with image_server() as images, running_device(server, "never_comes_back") as device:
        await bring_to_downloaded(device, server, images.uri())
        await server.code(EXECUTE, UPDATE)
        await device.record.wait_for(Kind.GONE)
        assert not device.is_registered
    assert server.heard == ["register", "close"]


async def test_silent_revert_comes_back_with_the_old_version(server: MemoryServer) -> None:
    async with image_server() as images, running_device(server, "silent_revert") as device:
        await bring_to_downloaded(device, server, images.uri())
        await server.code(EXECUTE, UPDATE)
        await device.record.wait_for(Kind.REGISTERED, times=2)
        assert await reported(server) == ("1.0.0", State.IDLE, Result.INITIAL)


async def test_stale_result_says_success_before_anything_was_done(server: MemoryServer) -> None:
    async with image_server() as images, running_device(server, "stale_result") as device:
        await device.record.wait_for(Kind.REGISTERED)
        assert await reported(server) == ("1.0.0", State.IDLE, Result.SUCCESS)
        await server.code(WRITE, URI, images.uri())
        assert await server.value(RESULT) == Result.INITIAL


async def test_loses_notifications_updates_without_a_word(server: MemoryServer) -> None:
    async with image_server() as images, running_device(server, "loses_notifications") as device:
        await bring_to_downloaded(device, server, images.uri())
        await server.code(EXECUTE, UPDATE)
        await device.record.wait_for(Kind.REGISTERED, times=2)
    assert server.notifications == []
    assert device.record.running_version == "1.1.0"


async def test_ignores_second_uri_says_yes_and_keeps_the_first(server: MemoryServer) -> None:
    async with image_server() as images, running_device(server, "ignores_second_uri") as device:
        await bring_to_downloaded(device, server, images.uri())
        assert await server.code(WRITE, URI, images.uri("/other.bin")) == 204
        assert await server.value(URI) == images.uri()
        assert await server.value(STATE) == State.DOWNLOADED


async def test_slow_is_slow_and_gets_there(server: MemoryServer) -> None:
    async with (
        image_server() as images,
        running_device(server, "slow", bytes_per_second=200_000) as device,
    ):
        await bring_to_downloaded(device, server, images.uri())
    assert BEHAVIOURS["slow"].downloading.bytes_per_second == 20_000


@pytest.mark.parametrize(
    ("uri", "result"),
    [
        ("ftp://127.0.0.1/x.bin", Result.UNSUPPORTED_PROTOCOL),
        ("nonsense", Result.INVALID_URI),
        ("http://", Result.INVALID_URI),
    ],
)
async def test_a_happy_device_takes_a_useless_uri_and_reports_it(
    server: MemoryServer, uri: str, result: Result
) -> None:
    async with running_device(server) as device:
        await device.record.wait_for(Kind.REGISTERED)
        assert await server.code(WRITE, URI, uri) == 204
        await device.record.wait_for(Kind.RESULT, result)
        assert await server.value(STATE) == State.IDLE


def compiled_in(origin: str) -> DownloadSettings:
    return DownloadSettings(pause_seconds=0.0, compiled_origin=origin)


async def test_the_flownexus_sample_answers_after_the_download(server: MemoryServer) -> None:
    async with (
        image_server() as images,
        running_device(server, "flownexus_sample", downloads=compiled_in(images.origin)) as device,
    ):
        await device.record.wait_for(Kind.REGISTERED)
        assert await server.code(WRITE, URI, "/media/firmware/token/x.bin") == 204
        assert device.firmware.state is State.DOWNLOADED
    assert images.paths == ["/media/firmware/token/x.bin"]
    assert server.parameters[0].links[-2:] == ("</3/0>", "</5/0>")


async def test_the_flownexus_sample_says_success_at_once_and_runs_the_old_version(
    server: MemoryServer,
) -> None:
    async with (
        image_server() as images,
        running_device(server, "flownexus_sample", downloads=compiled_in(images.origin)) as device,
    ):
        await device.record.wait_for(Kind.REGISTERED)
        await server.code(WRITE, URI, "/x.bin")
        assert await server.code(EXECUTE, UPDATE) == 204
        assert await reported(server) == ("1.0.0", State.IDLE, Result.SUCCESS)
        assert await server.code(READ, (5, 0, 8)) == 404
        assert await server.code(EXECUTE, (5, 0, 10)) == 404
    assert device.record.counts[Kind.BOOTED] == 1


async def test_the_flownexus_sample_downloads_an_empty_uri_too(server: MemoryServer) -> None:
    async with (
        image_server() as images,
        running_device(server, "flownexus_sample", downloads=compiled_in(images.origin)) as device,
    ):
        await device.record.wait_for(Kind.REGISTERED)
        assert await server.code(WRITE, URI, "") == 204
        assert await reported(server) == ("1.0.0", State.IDLE, Result.UPDATE_FAILED)
    assert device.record.counts[Kind.DOWNLOADING] == 1


async def test_the_flownexus_sample_tells_a_lost_connection_and_calls_a_cancel_a_failure(
    server: MemoryServer,
) -> None:
    async with running_device(server, "flownexus_sample", downloads=QUICK_DOWNLOADS) as device:
        await device.record.wait_for(Kind.REGISTERED)
        await server.code(WRITE, URI, "/x.bin")
        assert await server.value(RESULT) == Result.CONNECTION_LOST
        assert await server.code(WRITE, (5, 0, 0), b"\0") == 204
        assert await reported(server) == ("1.0.0", State.IDLE, Result.UPDATE_FAILED)
        assert await server.code(WRITE, URI, "/" + "x" * 127) == 400
