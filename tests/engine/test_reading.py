"""What readings and reports say of a device."""

from dataclasses import replace

import pytest

from custom_components.flownexus_ota.engine.reading import (
    facts_from,
    lasting,
    read_device,
    reports_from,
)
from custom_components.flownexus_ota.lwm2m.events import Endpoint, ResourceValue, ResourceValues
from custom_components.flownexus_ota.lwm2m.exchange import (
    DeviceRefusedError,
    DeviceTimeoutError,
    UnreadableReplyError,
)
from custom_components.flownexus_ota.lwm2m.path import ResourcePath
from custom_components.flownexus_ota.ota.device_facts import DeviceFacts
from custom_components.flownexus_ota.ota.profile import Profile, VersionResource
from custom_components.flownexus_ota.ota.profile_match import version_of
from custom_components.flownexus_ota.ota.report import (
    ResultReported,
    StateReported,
    VersionReported,
)
from tests.fakes import RESULT, STATE, TIMEOUT, VERSION, FakeGateway

FACTS = DeviceFacts(endpoint=Endpoint("a"), update_instance_id=0, firmware_version="1.0.0")
OF_PACKAGE = Profile(version_resource=VersionResource.PACKAGE_VERSION)
REFUSED = DeviceRefusedError(404)


@pytest.mark.parametrize(
    ("path", "value", "fact", "expected"),
    [
        ("/3/0/0", " Nordic ", "manufacturer", "Nordic"),
        ("/3/0/1", "Thingy:91", "model", "Thingy:91"),
        ("/3/0/2", "", "serial_number", None),
        ("/3/0/3", "1.1.0", "firmware_version", "1.1.0"),
        ("/3/0/3", 7, "firmware_version", None),
        ("/3/0/9", 80, "battery_percent", 80),
        ("/3/0/9", "80", "battery_percent", None),
        ("/3/0/18", "1.4", "hardware_version", "1.4"),
        ("/5/0/3", 2, "update_state", 2),
        ("/5/0/3", 77, "update_state", 77),
        ("/5/0/3", True, "update_state", None),
        ("/5/0/5", 8, "update_result", 8),
        ("/5/0/7", "1.0.0", "package_version", "1.0.0"),
        ("/5/0/8", {0: 2, 1: 3, 2: "?"}, "protocols", (2, 3)),
        ("/5/0/8", 2, "protocols", None),
        ("/5/0/9", 1, "delivery_method", 1),
    ],
)
def test_each_resource_becomes_its_fact(
    path: str, value: ResourceValue, fact: str, expected: object
) -> None:
    facts = facts_from({ResourcePath.parse(path): value}, FACTS)
    assert getattr(facts, fact) == expected
    assert replace(facts, **{fact: getattr(FACTS, fact)}) == FACTS


@pytest.mark.parametrize("path", ["/5/1/3", "/5/0", "/5/0/6", "/4/0/3", "/3/1/3", "/3303/0/5700"])
def test_what_is_no_fact_changes_nothing(path: str) -> None:
    assert facts_from({ResourcePath.parse(path): 3}, FACTS) is FACTS


def test_a_report_tells_the_version_then_the_result_then_the_state() -> None:
    values: ResourceValues = {STATE: 0, RESULT: 8, VERSION: "1.1.0"}
    assert reports_from(values, FACTS, Profile()) == [
        VersionReported(version="1.1.0"),
        ResultReported(result=8),
        StateReported(state=0),
    ]


def test_a_report_tells_only_what_it_holds() -> None:
    assert reports_from({ResourcePath(3, 0, 9): 80}, FACTS, Profile()) == []


def test_the_version_is_told_by_the_resource_that_the_profile_names() -> None:
    facts = replace(FACTS, package_version="2.0.0")
    assert version_of(facts, Profile()) == "1.0.0"
    assert version_of(facts, OF_PACKAGE) == "2.0.0"
    assert reports_from({VERSION: "1.1.0"}, facts, OF_PACKAGE) == []


def test_states_and_levels_are_not_lasting() -> None:
    busy = replace(FACTS, update_state=1, update_result=0, battery_percent=3)
    assert lasting(busy) == FACTS
    assert lasting(replace(busy, firmware_version="2")) != FACTS


async def test_a_device_that_refuses_one_object_is_known_by_the_other() -> None:
    gateway = FakeGateway()
    gateway.add("a", version="1.1.0").errors.append(REFUSED)
    facts = await read_device(gateway, FACTS)
    assert (facts.firmware_version, facts.update_state) == ("1.1.0", None)


@pytest.mark.parametrize("error", [REFUSED, UnreadableReplyError("no JSON")])
async def test_a_device_that_refuses_both_is_not_known(error: Exception) -> None:
    gateway = FakeGateway()
    gateway.add("a").errors.extend((REFUSED, error))  # type: ignore[arg-type] # both are
    with pytest.raises(DeviceRefusedError):
        await read_device(gateway, FACTS)


async def test_a_device_that_does_not_answer_is_not_asked_for_the_rest() -> None:
    gateway = FakeGateway()
    device = gateway.add("a")
    device.errors.append(TIMEOUT)
    with pytest.raises(DeviceTimeoutError):
        await read_device(gateway, FACTS)
    assert device.asked == ["read /5/0"]


async def test_only_object_3_is_read_of_a_device_without_object_5() -> None:
    gateway = FakeGateway()
    device = gateway.add("a")
    await read_device(gateway, replace(FACTS, update_instance_id=None))
    assert device.asked == ["read /3/0"]
