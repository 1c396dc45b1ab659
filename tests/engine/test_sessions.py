"""Sessions at work: remember, believe, show, act."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.flownexus_ota.engine.refusal import (
    DeviceUnknownError,
    EngineStoppedError,
    PreflightError,
    UpdateActiveError,
)
from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.lwm2m.exchange import (
    DeviceRefusedError,
    EndpointUnknownError,
    RequestCancelledError,
)
from custom_components.flownexus_ota.ota.device_facts import DeviceFacts
from custom_components.flownexus_ota.ota.image_error import ImageUnavailableError
from custom_components.flownexus_ota.ota.phase import Phase, Reason
from custom_components.flownexus_ota.ota.profile import Deadlines, VersionResource
from custom_components.flownexus_ota.storage.records import KnownDevice
from tests.fakes import TIMEOUT, FakeDevice

from .stage import BRIEF, IMAGE, QUICK, Stage


def obedient(stage: Stage, device: FakeDevice) -> FakeDevice:
    """Let a device do what it is told, as fast as it is told."""

    def reboot() -> None:
        stage.gateway.notify(device, state=3)
        device.version, device.state, device.result = IMAGE.version, 0, 1
        stage.gateway.register(device, "r2")

    def download(_: str) -> None:
        stage.gateway.notify(device, state=1)
        stage.gateway.notify(device, state=2)

    device.on_write = download
    device.on_execute = reboot
    return device


async def test_a_whole_update_is_remembered_step_by_step(stage: Stage) -> None:
    device = obedient(stage, stage.gateway.add("a"))
    await stage.connected()
    session = await (await stage.update(device)).finished
    assert (session.phase, session.reason) == (Phase.SUCCEEDED, Reason.VERSION_PROVED)
    events = await stage.chronicle.ask(lambda history: history.events(session.id))
    phases = list(dict.fromkeys(event.phase for event in events))
    assert phases == [
        Phase.WAITING,
        Phase.OFFERED,
        Phase.TRANSFERRING,
        Phase.STAGED,
        Phase.INSTALLING,
        Phase.SUCCEEDED,
    ]
    assert stage.offering.open == {}
    assert device.asked[-2:] == ["cancel /5/0/3", "cancel /5/0/5"]
    assert stage.view(device).is_session_active is False


async def test_who_asked_is_remembered(stage: Stage) -> None:
    device = obedient(stage, stage.gateway.add("a"))
    await stage.connected()
    session = await (await stage.update(device)).finished
    assert (session.asked_by, session.from_version) == ("user", "1.0.0")


async def test_a_second_request_meets_the_reservation_of_the_first(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    outcomes = await asyncio.gather(
        stage.update(device), stage.update(device), return_exceptions=True
    )
    assert [type(each) for each in outcomes].count(UpdateActiveError) == 1


async def test_an_unknown_device_is_refused(stage: Stage) -> None:
    with pytest.raises(DeviceUnknownError):
        await stage.engine.request_update(Endpoint("nobody"), IMAGE, asked_by=None)


async def test_a_device_that_takes_only_pushed_images_is_refused(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.stop()
    facts = DeviceFacts(endpoint=device.endpoint, update_instance_id=0, delivery_method=1)
    await stage.start()
    known = KnownDevice(facts=facts, registration_id="r1")
    stage.chronicle.tell_later(lambda history: history.remember_device("server", known))
    await stage.stop()
    await stage.start()
    with pytest.raises(PreflightError, match="push_only"):
        await stage.update(device)


async def test_nothing_is_begun_that_cannot_be_stored(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    broken = replace(IMAGE, version="\ud800")
    with pytest.raises(Exception, match="surrogates"):
        await stage.engine.request_update(device.endpoint, broken, asked_by=None)
    assert stage.view(device).session is None
    assert device.asked == ["read /5/0", "read /3/0"]


async def test_sessions_beyond_the_limit_wait_in_the_order_of_asking(stage: Stage) -> None:
    devices = [stage.gateway.add(name) for name in "abc"]
    await stage.connected()
    stage.engine.set_max_parallel(1)
    runners = [await stage.update(device) for device in devices]
    assert [stage.engine.is_started(runner) for runner in runners] == [True, False, False]
    assert [stage.view(device).queue_position for device in devices] == [None, 1, 2]
    view = stage.engine.server_view()
    assert (view.running_count, view.waiting_count) == (1, 2)
    stage.engine.set_max_parallel(3)
    assert all(stage.engine.is_started(runner) for runner in runners)


async def test_the_next_starts_when_one_has_ended(stage: Stage) -> None:
    first, second = (obedient(stage, stage.gateway.add(name)) for name in "ab")
    await stage.connected()
    stage.engine.set_max_parallel(1)
    await stage.update(first)
    runner = await stage.update(second)
    assert (await runner.finished).phase is Phase.SUCCEEDED


async def test_a_refused_write_becomes_a_named_end(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    device.on_write = lambda _: _raise(DeviceRefusedError(405))
    session = await (await stage.update(device)).finished
    assert (session.reason, session.refusal_code) == (Reason.URI_REFUSED, 405)


async def test_a_refused_execute_becomes_a_named_end(stage: Stage) -> None:
    device = stage.gateway.add("a")
    device.on_write = lambda value: stage.gateway.notify(device, state=2 if value else 0)
    device.on_execute = lambda: _raise(DeviceRefusedError(405))
    await stage.connected()
    session = await (await stage.update(device)).finished
    assert session.reason is Reason.EXECUTE_REFUSED
    assert device.asked.count("execute /5/0/2") == QUICK.max_executes
    assert "write /5/0/1 " in device.asked


async def test_answers_that_are_lost_do_not_matter_when_the_device_acts(stage: Stage) -> None:
    device = stage.gateway.add("a")

    def written(_: str) -> None:
        stage.gateway.notify(device, state=2)
        raise TIMEOUT

    def executed() -> None:
        device.version, device.state, device.result = IMAGE.version, 0, 1
        stage.gateway.register(device, "r2")
        raise RequestCancelledError("registered anew")

    device.on_write, device.on_execute = written, executed
    await stage.connected()
    session = await (await stage.update(device)).finished
    assert session.reason is Reason.VERSION_PROVED


async def test_an_image_that_is_gone_ends_the_session_at_once(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    stage.offering.error = ImageUnavailableError("not in the store")
    session = await (await stage.update(device)).finished
    assert (session.reason, session.evidence) == (Reason.IMAGE_UNAVAILABLE, "not in the store")
    assert not [each for each in device.asked if each.startswith("write")]


async def test_a_device_that_cannot_be_observed_is_updated_all_the_same(stage: Stage) -> None:
    device = obedient(stage, stage.gateway.add("a"))
    await stage.connected()
    device.errors.extend((TIMEOUT, TIMEOUT))
    assert (await (await stage.update(device)).finished).phase is Phase.SUCCEEDED


async def test_a_silent_device_is_read_again(stage: Stage) -> None:
    stage.profile = replace(QUICK, deadlines=Deadlines(silence=timedelta(milliseconds=20)))
    device = stage.gateway.add("a")
    await stage.connected()
    await stage.update(device)
    await stage.in_phase(device, Phase.OFFERED)
    device.state = 1  # and its notification is lost
    await stage.in_phase(device, Phase.TRANSFERRING)


async def test_a_device_that_falls_silent_ends_in_a_named_failure(stage: Stage) -> None:
    patient = Deadlines(offered=BRIEF)
    stage.profile = replace(QUICK, deadlines=patient)
    device = stage.gateway.add("a")
    await stage.connected()

    def fall_silent(_: str) -> None:
        stage.gateway.devices.clear()
        become_impatient(stage, patient)

    device.on_write = fall_silent
    session = await (await stage.update(device)).finished
    assert session.reason is Reason.NO_ANSWER
    assert device.asked[-1].startswith("write /5/0/1 http")


async def test_bytes_are_shown_as_a_share_of_the_image(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    runner = await stage.update(device)
    await stage.in_phase(device, Phase.OFFERED)
    stage.engine.bytes_served(runner.session.id, 250)
    stage.engine.bytes_served(runner.session.id, 500)
    await stage.in_phase(device, Phase.TRANSFERRING)
    assert stage.view(device).progress_percent == 50
    stage.engine.bytes_served("another session", 1)


async def test_a_device_that_loads_over_and_over_ends_in_a_named_failure(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    runner = await stage.update(device)
    await stage.in_phase(device, Phase.OFFERED)
    stage.engine.allowance_spent("another session")
    stage.engine.allowance_spent(runner.session.id)
    assert (await runner.finished).reason is Reason.DOWNLOAD_LIMIT


async def test_the_version_is_read_where_the_profile_says(stage: Stage) -> None:
    stage.profile = replace(QUICK, version_resource=VersionResource.PACKAGE_VERSION)
    device = stage.gateway.add("a")
    await stage.connected()
    assert stage.view(device).installed_version is None


async def test_stopping_ends_who_waits_and_starting_again_goes_on(stage: Stage) -> None:
    device = stage.gateway.add("a")
    device.on_write = lambda _: stage.gateway.notify(device, state=1)
    await stage.connected()
    runner = await stage.update(device)
    await stage.in_phase(device, Phase.TRANSFERRING)
    await stage.stop()
    with pytest.raises(EngineStoppedError):
        await runner.finished
    assert stage.offering.open == {}
    obedient(stage, device)
    await stage.start()
    assert runner.session.id in stage.offering.open
    await stage.connected()
    stage.gateway.notify(device, state=2)
    await stage.in_phase(device, Phase.SUCCEEDED)
    assert stage.session(device).id == runner.session.id


async def test_a_session_whose_image_is_gone_is_resumed_all_the_same(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    await stage.update(device)
    await stage.in_phase(device, Phase.OFFERED)
    await stage.stop()
    stage.offering.error = ImageUnavailableError("not in the store")
    await stage.start()
    assert stage.view(device).phase is Phase.OFFERED


async def test_a_waiting_session_survives_a_restart_in_its_queue(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    stage.gateway.devices.clear()
    await stage.stop()
    await stage.start()
    await stage.update(device)
    await stage.stop()
    await stage.start()
    assert (stage.view(device).phase, stage.view(device).waiting_reason) == (
        Phase.WAITING,
        "server_down",
    )


async def test_an_unregistered_endpoint_ends_no_other_work(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    device.errors.append(EndpointUnknownError("a"))
    runner = await stage.update(device)
    await stage.in_phase(device, Phase.OFFERED)
    assert not runner.finished.done()


def become_impatient(stage: Stage, deadlines: Deadlines) -> None:
    """Wait for readings no longer than briefly, from now on: the first was waited for."""
    stage.profile = replace(QUICK, deadlines=replace(deadlines, answer=BRIEF))
    stage.engine.profiles_changed()


def _raise(error: Exception) -> None:
    raise error


async def test_an_error_of_ours_ends_one_session_and_leaves_the_device_free(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    device = stage.gateway.add("a")
    await stage.connected()

    def err(_: str) -> None:
        raise ZeroDivisionError

    device.on_write = err
    session = await (await stage.update(device)).finished
    assert (session.phase, session.reason) == (Phase.FAILED, Reason.INTERNAL_ERROR)
    assert "error of ours" in caplog.text
    device.on_write = lambda _: None
    await stage.until(lambda: not stage.view(device).is_session_active)
    await stage.update(device)


async def test_a_state_that_was_not_readable_this_time_is_not_taken_for_a_new_one(
    stage: Stage,
) -> None:
    curious = replace(QUICK.deadlines, silence=timedelta(seconds=0.05))
    stage.profile = replace(QUICK, deadlines=curious)
    device = obedient(stage, stage.gateway.add("a"))
    install = device.on_execute

    def refuse_once() -> None:
        device.on_execute = install
        device.errors.append(DeviceRefusedError(404))  # for the reading that follows
        raise DeviceRefusedError(405)

    device.on_execute = refuse_once
    await stage.connected()
    session = await (await stage.update(device)).finished
    assert (session.phase, session.execute_count) == (Phase.SUCCEEDED, 2)
    first, second = (at for at, asked in enumerate(device.asked) if asked == "execute /5/0/2")
    assert device.asked[first:second].count("read /5/0") >= 2
