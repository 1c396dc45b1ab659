"""Devices that come, go, sleep and come back, as events and lists tell of them."""

import pytest

from custom_components.flownexus_ota.engine.refusal import DeviceUnknownError, PreflightError
from custom_components.flownexus_ota.lwm2m.events import (
    Awake,
    Deregistered,
    Endpoint,
    Origin,
    Registered,
    Registration,
    RegistrationUpdated,
    ResourcesReported,
    ResourceValues,
    ServerEvent,
    Sleeping,
    SupportedObject,
    UnrecognisedEvent,
)
from custom_components.flownexus_ota.lwm2m.path import ResourcePath
from tests.fakes import RESULT, STATE, TIMEOUT, VERSION, FakeDevice

from .gateways import HeldGateway
from .stage import IMAGE, Stage

NOBODY = Endpoint("nobody")


def without_object_5(device: FakeDevice, registration_id: str) -> Registration:
    """Return a registration that names object 3 alone."""
    device.registration_id = registration_id
    return Registration(
        endpoint=device.endpoint,
        id=registration_id,
        objects={3: SupportedObject(instance_ids=(0,))},
    )


def unsupported(stage: Stage) -> tuple[tuple[str, str], ...]:
    return stage.engine.server_view().unsupported


async def worked_off(stage: Stage) -> None:
    """Wait until everything told so far has been worked off: a device told last is there."""
    last = stage.gateway.add("last")
    stage.gateway.register(last, "r1")
    await stage.until(lambda: last.endpoint in stage.engine.endpoints)


async def test_a_device_appears_that_registers_before_the_list_was_read(stage: Stage) -> None:
    stage.gateway.register(stage.gateway.add("a"), "r1")
    await stage.until(lambda: stage.engine.endpoints == ["a"])
    assert stage.engine.server_view().is_connected is False


async def test_a_device_appears_without_a_new_connection(stage: Stage) -> None:
    await stage.connected()
    device = stage.gateway.add("a")
    stage.gateway.register(device, "r1")
    await stage.until(lambda: stage.engine.endpoints == ["a"])
    assert stage.view(device).installed_version == "1.0.0"


async def test_the_end_of_a_replaced_registration_ends_nothing(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    stage.gateway.register(device, "r2")
    stage.gateway.tell(Deregistered(endpoint=device.endpoint, registration_id="r1"))
    await worked_off(stage)
    assert stage.view(device).is_registered is True


async def test_a_device_stays_shown_after_the_end_of_its_registration(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    stage.gateway.tell(Deregistered(endpoint=device.endpoint, registration_id="r1"))
    await stage.until(lambda: not stage.view(device).is_registered)
    assert stage.view(device).installed_version == "1.0.0"
    assert stage.engine.server_view().registered_count == 0


@pytest.mark.parametrize(
    "event",
    [
        Awake(endpoint=NOBODY),
        Sleeping(endpoint=NOBODY),
        Deregistered(endpoint=NOBODY, registration_id="r1"),
        ResourcesReported(endpoint=NOBODY, values={STATE: 1}, origin=Origin.SEND),
        UnrecognisedEvent(name="COAPLOG", detail="{}"),
    ],
)
async def test_what_is_told_of_nobody_is_passed_over(stage: Stage, event: ServerEvent) -> None:
    await stage.connected()
    stage.gateway.tell(event)
    await worked_off(stage)
    assert stage.engine.endpoints == ["last"]


async def test_a_device_without_object_5_is_listed_with_the_reason(stage: Stage) -> None:
    await stage.connected()
    device = FakeDevice(endpoint=Endpoint("a"))
    stage.gateway.tell(Registered(registration=without_object_5(device, "r1")))
    await stage.until(lambda: unsupported(stage) == (("a", "no_object_5"),))
    assert stage.engine.endpoints == []
    with pytest.raises(DeviceUnknownError):
        await stage.engine.request_update(device.endpoint, IMAGE, asked_by=None)


async def test_a_name_with_a_slash_is_listed_as_unaddressable(stage: Stage) -> None:
    stage.gateway.add("a/b")
    stage.gateway.connect()
    await stage.until(lambda: unsupported(stage) == (("a/b", "unaddressable"),))
    assert stage.engine.endpoints == []


async def test_a_device_that_gains_object_5_is_no_longer_listed(stage: Stage) -> None:
    await stage.connected()
    device = stage.gateway.add("a")
    stage.gateway.tell(Registered(registration=without_object_5(device, "r1")))
    await stage.until(lambda: unsupported(stage) != ())
    stage.gateway.register(device, "r2")
    await stage.until(lambda: stage.engine.endpoints == ["a"])
    assert unsupported(stage) == ()


async def test_only_the_end_of_its_own_registration_takes_a_device_off_the_list(
    stage: Stage,
) -> None:
    await stage.connected()
    device = FakeDevice(endpoint=Endpoint("a"))
    stage.gateway.tell(
        Registered(registration=without_object_5(device, "r1")),
        Registered(registration=without_object_5(device, "r2")),
        Deregistered(endpoint=device.endpoint, registration_id="r1"),
    )
    await worked_off(stage)
    assert unsupported(stage) == (("a", "no_object_5"),)
    stage.gateway.tell(Deregistered(endpoint=device.endpoint, registration_id="r2"))
    await stage.until(lambda: unsupported(stage) == ())


async def test_a_device_that_is_not_on_the_next_list_is_no_longer_unsupported(
    stage: Stage,
) -> None:
    stage.gateway.add("a/b")
    stage.gateway.connect()
    await stage.until(lambda: unsupported(stage) != ())
    stage.gateway.devices.clear()
    stage.gateway.connect()
    await stage.until(lambda: unsupported(stage) == ())


async def test_a_device_that_loses_object_5_stays_shown_and_is_not_updated(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    stage.gateway.tell(Registered(registration=without_object_5(device, "r2")))
    await stage.until(lambda: unsupported(stage) == (("a", "no_object_5"),))
    assert stage.view(device).is_registered is True
    with pytest.raises(PreflightError, match="no_object_5"):
        await stage.update(device)


async def test_a_registration_that_is_renewed_is_read_only_once(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    for _ in range(3):
        stage.gateway.tell(RegistrationUpdated(registration=device.registration))
    await worked_off(stage)
    assert device.asked == ["read /5/0", "read /3/0"]


async def test_sleeping_and_awake_are_shown(stage: Stage) -> None:
    device = stage.gateway.add("a", is_queue_mode=True)
    await stage.connected()
    stage.gateway.tell(Sleeping(endpoint=device.endpoint))
    await stage.until(lambda: stage.view(device).is_asleep)
    before = stage.view(device).last_seen
    stage.gateway.tell(Awake(endpoint=device.endpoint))
    await stage.until(lambda: not stage.view(device).is_asleep)
    assert (before, stage.view(device).last_seen is None) == (None, False)


async def test_a_device_that_does_not_answer_is_shown_without_a_version(stage: Stage) -> None:
    device = stage.gateway.add("a")
    device.errors.append(TIMEOUT)
    await stage.connected()
    assert stage.view(device).installed_version is None


@pytest.mark.parametrize("said", ["renewed", "awake", "sent"])
async def test_a_failed_reading_is_made_up_for_when_the_device_says_something(
    stage: Stage, said: str
) -> None:
    device = stage.gateway.add("a")
    device.errors.append(TIMEOUT)
    await stage.connected()
    events: dict[str, ServerEvent] = {
        "renewed": RegistrationUpdated(registration=device.registration),
        "awake": Awake(endpoint=device.endpoint),
        "sent": ResourcesReported(endpoint=device.endpoint, values={RESULT: 0}, origin=Origin.SEND),
    }
    stage.gateway.tell(events[said])
    await stage.until(lambda: stage.view(device).installed_version == "1.0.0")


async def test_values_that_are_sent_together_are_all_believed(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    values: ResourceValues = {VERSION: "1.0.5", STATE: 2, RESULT: 0, ResourcePath(3, 0, 9): 80}
    stage.gateway.tell(
        ResourcesReported(endpoint=device.endpoint, values=values, origin=Origin.SEND)
    )
    await stage.until(lambda: stage.view(device).installed_version == "1.0.5")
    facts = stage.view(device).facts
    assert (facts.update_state, facts.update_result, facts.battery_percent) == (2, 0, 80)


async def test_a_state_alone_is_shown_and_a_repetition_is_not(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    stage.gateway.notify(device, state=1)
    await stage.until(lambda: stage.view(device).facts.update_state == 1)
    shown = len(stage.changed)
    stage.gateway.notify(device, state=1)
    await worked_off(stage)
    assert stage.changed[shown:] == ["last"]


async def test_a_device_that_registers_during_a_reading_is_read_again(
    stage: Stage, gateway: HeldGateway
) -> None:
    device = gateway.add("a")
    gateway.reading.clear()
    gateway.connect()
    await stage.until(lambda: gateway.in_flight == 1)
    device.version = "2.0.0"  # it restarts; what it has told before is in the air
    gateway.register(device, "r2")
    await stage.until(lambda: gateway.in_flight == 2)
    gateway.reading.set()
    await stage.until(lambda: stage.engine.endpoints != [])
    await stage.until(lambda: stage.view(device).installed_version == "2.0.0")


async def test_a_device_that_is_forgotten_during_a_reading_stays_forgotten(
    stage: Stage, gateway: HeldGateway
) -> None:
    device = gateway.add("a")
    gateway.reading.clear()
    gateway.connect()
    await stage.until(lambda: gateway.in_flight == 1)
    gateway.devices.clear()
    gateway.tell(Deregistered(endpoint=device.endpoint, registration_id="r1"))
    await stage.until(lambda: stage.engine.forget(device.endpoint))
    gateway.reading.set()
    await stage.until(lambda: gateway.in_flight == 0)
    await stage.restart()
    assert stage.engine.endpoints == []


async def test_a_registered_device_is_not_forgotten(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    assert stage.engine.forget(device.endpoint) is False
    assert stage.engine.forget(NOBODY) is True
    stage.gateway.tell(Deregistered(endpoint=device.endpoint, registration_id="r1"))
    await stage.until(lambda: stage.engine.forget(device.endpoint))
    assert stage.engine.view(device.endpoint) is None
    await stage.restart()
    assert stage.engine.endpoints == []
