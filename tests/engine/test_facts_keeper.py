"""Devices are stored in one go, a little later than they changed, and never too late."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from custom_components.flownexus_ota.engine.surroundings import EnginePauses
from custom_components.flownexus_ota.lwm2m.events import Deregistered
from custom_components.flownexus_ota.storage.awaiting import stored

from .stage import Stage

PATIENT = EnginePauses(resync=0.01, restart=0.01, facts=3600)
BRISK = EnginePauses(resync=0.01, restart=0.01, facts=0.01)


@pytest.fixture
async def patient(tmp_path: Path) -> AsyncIterator[Stage]:
    """Return a stage whose engine would store devices an hour later."""
    stage = Stage(tmp_path, pauses=PATIENT)
    await stage.start()
    yield stage
    await stage.stop()


async def stored_names(stage: Stage) -> list[str]:
    """Return the devices in the database."""
    devices = await stored(stage.writer.query(lambda history: history.devices("server")))
    return [each.facts.endpoint for each in devices]


async def test_devices_are_stored_when_the_engine_ends(patient: Stage) -> None:
    names = [f"device-{number:03}" for number in range(250)]
    for name in names:
        patient.gateway.add(name)
    await patient.connected()
    assert await stored_names(patient) == []
    await patient.restart()
    assert await stored_names(patient) == names


async def test_a_device_is_stored_as_it_is_by_then(patient: Stage) -> None:
    device = patient.gateway.add("a")
    await patient.connected()
    patient.gateway.notify(device, version="2.0.0")
    await patient.until(lambda: patient.view(device).installed_version == "2.0.0")
    await patient.restart()
    assert patient.view(device).installed_version == "2.0.0"


async def test_a_device_that_was_forgotten_meanwhile_is_not_stored(patient: Stage) -> None:
    device = patient.gateway.add("a")
    await patient.connected()
    patient.gateway.devices.clear()
    patient.gateway.tell(Deregistered(endpoint=device.endpoint, registration_id="r1"))
    await patient.until(lambda: patient.engine.forget(device.endpoint))
    await patient.restart()
    assert patient.engine.endpoints == []


async def test_devices_are_stored_after_a_pause(tmp_path: Path) -> None:
    stage = Stage(tmp_path, pauses=BRISK)
    await stage.start()
    stage.gateway.add("a")
    await stage.connected()
    names: list[str] = []
    while not names:
        names = await stored_names(stage)
    await stage.stop()
    assert names == ["a"]
