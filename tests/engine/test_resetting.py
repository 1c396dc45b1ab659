"""Making devices drop an image: what is sent, in which order, and where it ends."""

import pytest

from custom_components.flownexus_ota.engine.resetting import reset_device
from custom_components.flownexus_ota.lwm2m.exchange import DeviceRefusedError, Lwm2mError
from custom_components.flownexus_ota.ota.device_facts import DeviceFacts
from custom_components.flownexus_ota.ota.profile import ResetWay
from tests.fakes import TIMEOUT, FakeGateway

CANCEL, EMPTY_URI, NUL_PACKAGE = "execute /5/0/10", "write /5/0/1 ", "write /5/0/0 00"
NOT_FOUND = DeviceRefusedError(404)
NOT_ALLOWED = DeviceRefusedError(405)


async def sent(version: str | None, way: ResetWay, *errors: Lwm2mError) -> list[str]:
    """Reset a device that answers with errors first; return what it was asked."""
    gateway = FakeGateway()
    device = gateway.add("a")
    device.errors.extend(errors)
    facts = DeviceFacts(
        endpoint=device.endpoint, update_instance_id=0, update_object_version=version
    )
    await reset_device(gateway, facts, way)
    return device.asked


@pytest.mark.parametrize("version", ["1.1", "1.2", "2.0", "1.10"])
async def test_an_object_with_resource_10_is_cancelled(version: str) -> None:
    assert await sent(version, ResetWay.AUTO) == [CANCEL]


@pytest.mark.parametrize("version", [None, "1.0", "", "odd", "1.x"])
async def test_an_older_object_gets_an_empty_uri(version: str | None) -> None:
    assert await sent(version, ResetWay.AUTO) == [EMPTY_URI]


@pytest.mark.parametrize("refusal", [NOT_FOUND, NOT_ALLOWED])
async def test_a_refused_cancellation_is_followed_by_an_empty_uri(refusal: Lwm2mError) -> None:
    assert await sent("1.1", ResetWay.AUTO, refusal) == [CANCEL, EMPTY_URI]


async def test_a_refused_empty_uri_is_followed_by_a_nul_package() -> None:
    assert await sent("1.0", ResetWay.AUTO, NOT_ALLOWED) == [EMPTY_URI, NUL_PACKAGE]


async def test_a_device_that_refuses_everything_is_asked_everything_once() -> None:
    everything = [CANCEL, EMPTY_URI, NUL_PACKAGE]
    assert await sent("1.1", ResetWay.AUTO, NOT_FOUND, NOT_ALLOWED, NOT_ALLOWED) == everything


async def test_a_step_without_an_answer_is_the_last() -> None:
    assert await sent("1.1", ResetWay.AUTO, TIMEOUT) == [CANCEL]


@pytest.mark.parametrize(
    ("way", "asked"),
    [
        (ResetWay.CANCEL, [CANCEL]),
        (ResetWay.EMPTY_URI, [EMPTY_URI]),
        (ResetWay.NUL_PACKAGE, [NUL_PACKAGE]),
        (ResetWay.TOKEN_ONLY, []),
    ],
)
@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_a_profile_that_names_one_way_gets_this_way_alone(
    version: str, way: ResetWay, asked: list[str]
) -> None:
    assert await sent(version, way, NOT_ALLOWED) == asked


async def test_the_instance_that_the_device_registered_is_the_one_that_is_reset() -> None:
    gateway = FakeGateway()
    device = gateway.add("a")
    facts = DeviceFacts(endpoint=device.endpoint, update_instance_id=3)
    await reset_device(gateway, facts, ResetWay.EMPTY_URI)
    assert device.asked == ["write /5/3/1 "]
