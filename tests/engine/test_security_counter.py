"""The security counter that a device has had: raised by what succeeds, and never lower again."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from custom_components.flownexus_ota.engine.refusal import PreflightError
from custom_components.flownexus_ota.engine.session_runner import SessionRunner
from custom_components.flownexus_ota.ota.phase import Phase
from tests.fakes import FakeDevice

from .stage import IMAGE, Stage
from .test_aftermath import IMPATIENT


async def asked(stage: Stage, device: FakeDevice, version: str, counter: int) -> SessionRunner:
    """Ask for an image with a security counter."""
    image = replace(IMAGE, version=version, security_counter=counter)
    return await stage.engine.request_update(device.endpoint, image, asked_by=None)


def obedient(stage: Stage, device: FakeDevice, version: str) -> FakeDevice:
    """Let a device install what it is offered, and come back on a version."""

    def reboot() -> None:
        stage.gateway.notify(device, state=3)
        device.version, device.state, device.result = version, 0, 1
        stage.gateway.register(device, f"after {version}")

    device.on_write = lambda _: stage.gateway.notify(device, state=2)
    device.on_execute = reboot
    return device


async def test_an_update_that_succeeds_raises_the_counter_for_good(stage: Stage) -> None:
    device = obedient(stage, stage.gateway.add("a"), "1.1.0")
    await stage.connected()
    session = await (await asked(stage, device, "1.1.0", 5)).finished

    assert (session.phase, session.security_counter) == (Phase.SUCCEEDED, 5)
    assert stage.view(device).facts.security_counter == 5
    await stage.restart()
    await stage.connected()
    assert stage.view(device).facts.security_counter == 5


async def test_an_image_with_a_lower_counter_is_refused_from_then_on(stage: Stage) -> None:
    device = obedient(stage, stage.gateway.add("a"), "1.1.0")
    await stage.connected()
    await (await asked(stage, device, "1.1.0", 5)).finished
    await stage.until(lambda: stage.view(device).installed_version == "1.1.0")

    with pytest.raises(PreflightError, match="security_counter_low counter=4 known=5"):
        await asked(stage, device, "1.2.0", 4)
    obedient(stage, device, "1.2.0")
    session = await (await asked(stage, device, "1.2.0", 6)).finished
    assert session.phase is Phase.SUCCEEDED
    assert stage.view(device).facts.security_counter == 6


async def test_an_update_that_fails_leaves_the_counter_alone(stage: Stage) -> None:
    device = stage.gateway.add("a")
    device.on_write = lambda _: stage.gateway.notify(device, state=0, result=5)
    await stage.connected()
    session = await (await asked(stage, device, "1.1.0", 5)).finished

    assert session.phase is Phase.FAILED
    assert stage.view(device).facts.security_counter is None


async def test_a_device_that_arrives_late_on_the_target_has_its_counter_for_good(
    stage: Stage,
) -> None:
    stage.profile = IMPATIENT
    device = stage.gateway.add("a")
    device.on_write = lambda _: stage.gateway.notify(device, state=2)
    device.on_execute = lambda: stage.gateway.notify(device, state=3)
    await stage.connected()
    session = await (await asked(stage, device, "1.1.0", 5)).finished
    before = stage.view(device).facts.security_counter
    device.version, device.state = "1.1.0", 0
    stage.gateway.register(device, "late")
    await stage.until(lambda: bool(stage.latecomers))

    assert (session.phase, before) == (Phase.FAILED, None)
    assert stage.view(device).facts.security_counter == 5
    await stage.restart()
    assert stage.view(device).facts.security_counter == 5


async def test_a_counter_that_was_not_stored_in_time_is_known_from_the_history(
    stage: Stage,
) -> None:
    device = obedient(stage, stage.gateway.add("a"), "1.1.0")
    await stage.connected()
    await (await asked(stage, device, "1.1.0", 5)).finished
    await stage.stop()
    with closing(sqlite3.connect(stage.folder / "history.db", autocommit=True)) as connection:
        connection.execute("UPDATE devices SET further_facts = '{}'")
    await stage.start()

    assert stage.view(device).facts.security_counter == 5
