"""The words of object 5."""

import pytest

from custom_components.flownexus_ota.lwm2m import device, firmware_update
from custom_components.flownexus_ota.lwm2m.firmware_update import (
    UpdateResult,
    UpdateState,
    result_key,
    state_key,
)
from custom_components.flownexus_ota.lwm2m.path import ResourcePath


def test_an_instance_has_its_own_path() -> None:
    assert firmware_update.instance(1) == ResourcePath(5, 1)


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (0, "default"),
        (1, "success"),
        (2, "no_storage"),
        (3, "out_of_mem"),
        (4, "connection_lost"),
        (5, "integrity_failed"),
        (6, "unsup_fw"),
        (7, "invalid_uri"),
        (8, "update_failed"),
        (9, "unsup_proto"),
        (10, "cancelled"),
        (11, "deferred"),
        (12, "conflicting_state"),
        (13, "dependency_error"),
        (14, "unknown"),
        (42, "unknown"),
        (-1, "unknown"),
    ],
)
def test_every_result_has_a_key(raw: int, key: str) -> None:
    assert result_key(raw) == key


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (0, "idle"),
        (1, "downloading"),
        (2, "downloaded"),
        (3, "updating"),
        (4, "unknown"),
        (-1, "unknown"),
    ],
)
def test_every_state_has_a_key(raw: int, key: str) -> None:
    assert state_key(raw) == key


def test_the_numbers_are_the_registrys() -> None:
    assert [each.value for each in UpdateState] == list(range(4))
    assert [each.value for each in UpdateResult] == list(range(14))


def test_object_3_tells_who_a_device_is() -> None:
    assert str(device.FIRMWARE_VERSION) == "/3/0/3"
    assert str(device.INSTANCE) == "/3/0"
