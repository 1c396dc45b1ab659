"""Comparing with the server's list: at each connection, now and then, and while events go on."""

import logging

import pytest

from custom_components.flownexus_ota.engine.surroundings import EnginePauses
from custom_components.flownexus_ota.lwm2m.events import (
    Deregistered,
    Endpoint,
    ServerConnected,
    ServerDisconnected,
)
from custom_components.flownexus_ota.lwm2m.exchange import (
    NotAuthorisedError,
    ServerUnreachableError,
    UnreadableReplyError,
)
from custom_components.flownexus_ota.ota.phase import Phase, WaitingReason
from tests.fakes import TIMEOUT

from .gateways import HeldGateway
from .stage import Stage

STORM_SIZE = 2000
GONE = ServerDisconnected(reason="the server ended the event stream")


def is_connected(stage: Stage) -> bool:
    return stage.engine.server_view().is_connected


async def worked_off(stage: Stage, name: str = "last") -> None:
    """Wait until everything told so far has been worked off: a device told last is there."""
    last = stage.gateway.add(name)
    stage.gateway.register(last, "r1")
    await stage.until(lambda: last.endpoint in stage.engine.endpoints)


async def test_a_list_that_fails_is_asked_for_again(stage: Stage) -> None:
    device = stage.gateway.add("a")
    stage.gateway.list_error = UnreadableReplyError("HTTP status 500")
    stage.gateway.connect()
    await stage.until(lambda: stage.gateway.list_count > 2)
    assert is_connected(stage) is False
    stage.gateway.list_error = None
    await stage.until(lambda: is_connected(stage))
    await stage.until(lambda: stage.engine.endpoints == [device.endpoint])


async def test_a_new_connection_does_not_wait_for_the_pause_after_a_failed_list(
    stage: Stage,
) -> None:
    stage.pauses = EnginePauses()
    await stage.restart()
    stage.gateway.list_error = ServerUnreachableError("refused")
    stage.gateway.connect()
    await stage.until(lambda: stage.gateway.list_count == 1)
    stage.gateway.list_error = None
    stage.gateway.tell(GONE, ServerConnected())
    await stage.until(lambda: is_connected(stage))
    assert stage.gateway.list_count == 2


async def test_a_list_that_failed_is_not_asked_for_after_the_connection_has_ended(
    stage: Stage,
) -> None:
    stage.gateway.list_error = ServerUnreachableError("refused")
    stage.gateway.connect()
    await stage.until(lambda: stage.gateway.list_count > 1)
    stage.gateway.tell(GONE)
    await worked_off(stage, "first")
    asked = stage.gateway.list_count
    for number in range(20):  # takes several of the pauses after a failed list
        await worked_off(stage, f"{number}")
    assert stage.gateway.list_count == asked


async def test_a_refused_list_asks_for_new_credentials(stage: Stage) -> None:
    stage.gateway.list_error = NotAuthorisedError("HTTP status 401")
    stage.gateway.connect()
    await stage.until(lambda: stage.refusal_count > 0)
    assert is_connected(stage) is False


async def test_a_list_that_comes_after_the_connection_has_ended_connects_nothing(
    stage: Stage, gateway: HeldGateway
) -> None:
    device = gateway.add("a")
    gateway.listing.clear()
    gateway.connect()
    await stage.until(lambda: gateway.list_count == 1)
    gateway.tell(GONE)
    await worked_off(stage)
    gateway.listing.set()
    await stage.until(lambda: device.endpoint in stage.engine.endpoints)
    assert is_connected(stage) is False
    gateway.connect()
    await stage.until(lambda: is_connected(stage))


async def test_a_device_that_registers_while_the_list_is_worked_off_is_not_taken_for_gone(
    stage: Stage, gateway: HeldGateway
) -> None:
    gateway.listing.clear()
    gateway.connect()
    await stage.until(lambda: gateway.list_count == 1)
    await worked_off(stage)
    gateway.listing.set()
    await stage.until(lambda: is_connected(stage))
    assert stage.view(gateway.devices[Endpoint("last")]).is_registered is True


async def test_an_event_is_believed_over_a_list_that_is_older(
    stage: Stage, gateway: HeldGateway
) -> None:
    device = gateway.add("a")
    gateway.listing.clear()
    gateway.connect()
    await stage.until(lambda: gateway.list_count == 1)
    gateway.register(device, "r2")
    await worked_off(stage)
    gateway.listing.set()
    await stage.until(lambda: is_connected(stage))
    gateway.tell(Deregistered(endpoint=device.endpoint, registration_id="r1"))
    await stage.until(lambda: stage.view(device).is_registered)
    assert device.asked == ["read /5/0", "read /3/0"]


async def test_a_device_that_went_while_nobody_listened_is_found_by_the_next_list(
    stage: Stage,
) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    stage.gateway.devices.clear()
    stage.gateway.tell(GONE, ServerConnected())
    await stage.until(lambda: not stage.view(device).is_registered)


async def test_lost_events_are_made_up_for_by_comparing_now_and_then(stage: Stage) -> None:
    stage.pauses = EnginePauses(reconcile=0.02)
    await stage.restart()
    device = stage.gateway.add("a")
    await stage.connected()
    stage.gateway.devices.clear()
    await stage.until(lambda: not stage.view(device).is_registered)


async def test_what_a_session_waits_for_is_told_anew_when_the_server_is_back(
    stage: Stage,
) -> None:
    first, second = stage.gateway.add("a"), stage.gateway.add("b")
    await stage.connected()
    stage.engine.set_max_parallel(1)
    await stage.update(first)
    await stage.in_phase(first, Phase.OFFERED)
    await stage.update(second)
    shown: list[WaitingReason | None] = []

    def note(endpoint: Endpoint) -> None:
        shown.extend([stage.view(second).waiting_reason] * (endpoint == second.endpoint))

    stage.on_change = note
    stage.gateway.tell(GONE)
    await stage.until(lambda: shown[-1:] == [WaitingReason.SERVER_DOWN])
    stage.gateway.connect()
    await stage.until(lambda: is_connected(stage))
    assert shown[-1] is WaitingReason.QUEUE


async def test_a_server_that_comes_and_goes_lets_no_more_sessions_run_than_may(
    stage: Stage,
) -> None:
    first, *others = [stage.gateway.add(name) for name in "abc"]
    # One that downloads may do so for long; an idle one would get a new offer each time.
    first.on_write = lambda _: stage.gateway.notify(first, state=1)
    await stage.connected()
    stage.engine.set_max_parallel(1)
    await stage.update(first)
    await stage.in_phase(first, Phase.TRANSFERRING)
    for device in others:
        await stage.update(device)
    for _ in range(3):
        stage.gateway.tell(GONE)
        await stage.until(lambda: stage.view(first).waiting_reason is WaitingReason.SERVER_DOWN)
        stage.gateway.connect()
        await stage.until(lambda: stage.view(first).waiting_reason is None)
    view = stage.engine.server_view()
    assert (view.running_count, view.waiting_count) == (1, 2)
    assert [device.asked for device in others] == 2 * [["read /5/0", "read /3/0"]]


async def test_after_a_restart_a_device_with_the_same_registration_is_not_read(
    stage: Stage,
) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    device.asked.clear()
    await stage.restart()
    await stage.connected()
    assert stage.view(device).is_registered is True
    assert stage.view(device).installed_version == "1.0.0"
    assert device.asked == []


async def test_after_a_restart_a_device_with_another_registration_is_read(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    await stage.stop()
    device.version, device.registration_id = "2.0.0", "r2"
    await stage.start()
    assert stage.view(device).installed_version == "1.0.0"
    await stage.connected()
    await stage.until(lambda: stage.view(device).installed_version == "2.0.0")


async def test_after_a_restart_a_device_that_could_not_be_read_is_read(stage: Stage) -> None:
    device = stage.gateway.add("a")
    device.errors.append(TIMEOUT)
    await stage.connected()
    await stage.restart()
    await stage.connected()
    await stage.until(lambda: stage.view(device).installed_version == "1.0.0")


async def test_a_version_that_was_told_without_being_asked_for_survives_a_restart(
    stage: Stage,
) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    stage.gateway.notify(device, version="2.0.0")
    await stage.until(lambda: stage.view(device).installed_version == "2.0.0")
    await stage.restart()
    assert stage.view(device).installed_version == "2.0.0"


async def test_two_thousand_devices_at_once_are_read_once_each_and_thirty_two_at_a_time(
    stage: Stage, gateway: HeldGateway
) -> None:
    await stage.connected()
    devices = [gateway.add(f"device-{number}") for number in range(STORM_SIZE)]
    gateway.reading.clear()
    for registration_id in ("r1", "r2"):
        for device in devices:
            gateway.register(device, registration_id)
    await stage.until(lambda: gateway.in_flight == 32)
    gateway.reading.set()
    await stage.until(lambda: len(stage.engine.endpoints) == STORM_SIZE)
    assert gateway.most_in_flight == 32
    assert sum(len(device.asked) for device in devices) <= 2 * STORM_SIZE + 2 * 32


async def test_an_error_of_ours_is_logged_and_the_server_is_followed_on(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.connected()
    device = stage.gateway.add("a")

    def fail(endpoint: Endpoint) -> None:
        stage.on_change = lambda _: None
        raise LookupError(endpoint)

    stage.on_change = fail
    stage.gateway.register(device, "r1")
    await stage.until(lambda: stage.on_change is not fail)
    stage.gateway.connect()
    await worked_off(stage)
    assert device.endpoint in stage.engine.endpoints
    errors = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert [each.getMessage() for each in errors] == [
        "Following the server stopped by an error of ours"
    ]
