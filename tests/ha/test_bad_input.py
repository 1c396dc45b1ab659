"""Bad files, bad servers, bad tokens: what a person or a device sees of them, and who goes on."""

import json
import os
from pathlib import Path

import aiohttp
import pytest
from homeassistant.helpers import issue_registry as ir

from custom_components.flownexus_ota.const import DOMAIN
from custom_components.flownexus_ota.ota.session_state import Session

from .complaints import tracebacks
from .fleet import NEW, SETTLED, STEPWISE, World

GOOD = {"version": "9.9.9", "manufacturer": "Flownexus"}
BAD_FILES = {
    "empty.bin": (b"", GOOD, "catalogue_empty"),
    "no-json.bin": (b"image", "{version: 1}", "catalogue_not_json"),
    "unknown.bin": (b"image", {**GOOD, "versoin": "1"}, "catalogue_unknown_member"),
    "everything.bin": (
        b"image",
        {"version": "9.9.9", "model": "*"},
        "catalogue_matches_everything",
    ),
    "other.bin": (b"image", {**GOOD, "sha256": "0" * 64}, "catalogue_sha256_mismatch"),
    "missing.bin": (None, GOOD, "catalogue_image_missing"),
    "alone.bin": (b"image", None, "catalogue_no_sidecar"),
}


def firmware_folder(world: World) -> Path:
    folder = Path(world.hass.config.path(DOMAIN, "firmware"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def put(folder: Path, name: str, image: bytes | None, sidecar: object) -> None:
    """Write an image and its sidecar; `None` stands for none."""
    files = {name: image, f"{name}.json": as_bytes(sidecar)}
    for file_name, content in files.items():
        (folder / file_name).write_bytes(content or b"")
        os.utime(folder / file_name, SETTLED)
    for file_name in [each for each, content in files.items() if content is None]:
        (folder / file_name).unlink()


def put_file(folder: Path) -> None:
    """Put a file in the place of an empty folder."""
    folder.rmdir()
    folder.write_bytes(b"")


def as_bytes(sidecar: object) -> bytes | None:
    if sidecar is None or isinstance(sidecar, str):
        return None if sidecar is None else sidecar.encode()
    return json.dumps(sidecar).encode()


def issues(world: World) -> dict[str, str | None]:
    """Return what a person is asked to mend: file name to text."""
    registry = ir.async_get(world.hass)
    return {
        str((each.translation_placeholders or {})["file"]): each.translation_key
        for (domain, _), each in registry.issues.items()
        if domain == DOMAIN and each.active
    }


async def look_again(world: World, entity_id: str) -> None:
    await world.hass.services.async_call(
        "homeassistant", "update_entity", {"entity_id": [entity_id]}, blocking=True
    )


async def test_every_bad_file_is_named_and_the_good_ones_work(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    device = await world.add_device("sensor-1")
    world.add_image()
    for name, (image, sidecar, _) in BAD_FILES.items():
        put(firmware_folder(world), name, image, sidecar)
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    named = {name.removesuffix(".json"): key for name, key in issues(world).items()}
    assert named == {name: key for name, (_, _, key) in BAD_FILES.items()}
    assert all(name in caplog.text for name in BAD_FILES)
    assert world.firmware("sensor-1").attributes["latest_version"] == NEW
    await world.install(entity_id)
    assert device.record.running_version == NEW
    assert tracebacks(caplog) == []


async def test_a_file_that_was_mended_is_no_longer_named(world: World) -> None:
    await world.add_device("sensor-1")
    put(firmware_folder(world), "sensor.bin", b"", GOOD)
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    assert issues(world) == {"sensor.bin": "catalogue_empty"}
    put(firmware_folder(world), "sensor.bin", b"image", GOOD)
    await look_again(world, entity_id)
    assert issues(world) == {}
    assert world.firmware("sensor-1").attributes["latest_version"] == "9.9.9"


async def test_a_catalogue_folder_that_is_a_file_is_named(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.add_device("sensor-1")
    put_file(firmware_folder(world))
    await world.set_up()
    await world.ready("sensor-1")
    assert issues(world) == {"firmware": "catalogue_folder_unreadable"}
    assert tracebacks(caplog) == []


@pytest.mark.parametrize(
    "told",
    [
        b"event: REGISTRATION\ndata: {}\n\n",
        b'event: REGISTRATION\ndata: {"endpoint":"x","registrationId":"1"}\n\n',
        (
            b'event: REGISTRATION\ndata: {"endpoint":"x","registrationId":"1","objectLinks":7,'
            b'"availableInstances":[],"nobody":{"knows":"this"},"lifetime":"?"}\n\n'
        ),
        b"event: REGISTRATION\ndata: [[[\n\n",
        b"event: NOTIFICATION\ndata: null\n\n",
        b'event: NOTIFICATION\ndata: {"ep":"sensor-1","res":"/5/0/3","val":{}}\n\n',
        b'event: DEREGISTRATION\ndata: {"endpoint":7}\n\n',
        b'event: SOMETHING_NEW\ndata: {"a":1}\n\n',
        b"\xff\xfe\x00garbage\n\n",
        b"data: half an event",
    ],
)
async def test_a_strange_event_changes_nothing_for_the_others(
    world: World, caplog: pytest.LogCaptureFixture, told: bytes
) -> None:
    device = await world.add_device("sensor-1")
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    await world.until(lambda: world.leshan.event_stream_count == 1)
    world.leshan.send_raw_event_bytes(told + b"\n\n")
    await world.install(entity_id)
    assert device.record.running_version == NEW
    assert world.find("x", "firmware", "update") is None
    assert tracebacks(caplog) == []


async def test_a_registration_with_strange_members_is_a_device_like_any_other(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.set_up()
    await world.until(lambda: world.leshan.event_stream_count == 1)
    registration = {
        "endpoint": "strange",
        "registrationId": "1",
        "availableInstances": {"3": [0], "5": [0, "one"], "x": [1]},
        "objectLinks": [{"url": "</5/0>"}, 7],
        "lastUpdate": "yesterday",
        "newMember": [{"deep": None}],
    }
    event = f"event: REGISTRATION\ndata: {json.dumps(registration)}\n\n"
    world.leshan.send_raw_event_bytes(event.encode())
    await world.until(lambda: world.find("strange", "firmware", "update") is not None)
    assert world.firmware("strange").attributes["installed_version"] is None
    assert tracebacks(caplog) == []


def token_of(world: World, session: Session) -> str:
    """Return the token that a session's device was given."""
    token: str = world.runtime.shared.mint.token(session.id, session.offer_number)
    return token


async def fetched(world: World, token: str) -> tuple[int, int]:
    """Ask for an image as a device does; return status and length of the answer."""
    async with (
        aiohttp.ClientSession() as client,
        client.get(f"{world.firmware_url}/f/{token}/image.bin") as answer,
    ):
        return answer.status, len(await answer.read())


async def test_a_token_is_good_for_its_own_image_until_its_session_ends(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("sensor-1", "sensor-2"):
        await world.add_held_device(name, STEPWISE)
    world.add_image(size_bytes=60_000)
    await world.set_up()
    calls = [
        world.hass.async_create_task(world.install(await world.ready(name)))
        for name in ("sensor-1", "sensor-2")
    ]
    for name in ("sensor-1", "sensor-2"):
        await world.until(lambda name=name: world.phase(name).state == "transferring")  # type: ignore[misc] # bound now
    session, other = (world.session(name) for name in ("sensor-1", "sensor-2"))
    assert await fetched(world, token_of(world, session)) == (200, session.target.size_bytes)
    assert world.firmware("sensor-2").attributes["update_percentage"] != 100
    status, length = await fetched(world, "A" * 22)
    assert (status, length < 100) == (404, True)
    world.let_go("sensor-1", "sensor-2")
    for call in calls:
        await call
    assert {(await fetched(world, token_of(world, each)))[0] for each in (session, other)} == {404}
    assert tracebacks(caplog) == []
