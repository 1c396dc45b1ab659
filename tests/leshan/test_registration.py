"""Registrations: complete, sparse, strange and hostile ones."""

from datetime import UTC, datetime
from typing import Any

import pytest

from custom_components.flownexus_ota.leshan.jsontext import Json
from custom_components.flownexus_ota.leshan.registration import (
    NotARegistrationError,
    registration_of,
)
from custom_components.flownexus_ota.lwm2m.events import Endpoint, Registration, SupportedObject

LEAST: dict[str, Any] = {"endpoint": "sensor", "registrationId": "abc"}


def test_a_registration_of_m18_with_every_member() -> None:
    data: dict[str, Any] = {
        "endpoint": "urn:imei:350000000000001",
        "registrationId": "Xk3vB1nQ0a",
        "registrationDate": 1767225600123,
        "lastUpdate": 1767225600123,
        "address": "0:0:0:0:0:0:0:1:56830",
        "smsNumber": "0123",
        "lwM2mVersion": "1.1",
        "lifetime": 300,
        "bindingMode": "U",
        "rootPath": "/",
        "objectLinks": [
            {"url": "/", "attributes": {"rt": '"oma.lwm2m"', "ct": '"60 110"'}},
            {"url": "/3/0", "attributes": {}},
            {"url": "/5", "attributes": {"ver": "1.1"}},
            {"url": "/5/0", "attributes": {}},
        ],
        "secure": False,
        "additionalRegistrationAttributes": {},
        "queuemode": True,
        "availableInstances": {"3": [0], "5": [0]},
        "sleeping": True,
        "a member of tomorrow": [{}],
    }
    assert registration_of(data) == Registration(
        endpoint=Endpoint("urn:imei:350000000000001"),
        id="Xk3vB1nQ0a",
        lifetime_seconds=300,
        last_update=datetime(2026, 1, 1, 0, 0, 0, 123000, tzinfo=UTC),
        address="0:0:0:0:0:0:0:1:56830",
        is_local=True,
        lwm2m_version="1.1",
        is_queue_mode=True,
        is_sleeping=True,
        objects={
            3: SupportedObject(version=None, instance_ids=(0,)),
            5: SupportedObject(version="1.1", instance_ids=(0,)),
        },
    )


@pytest.mark.parametrize(
    ("address", "is_local"),
    [
        ("127.0.0.1:39227", True),
        ("0:0:0:0:0:0:0:1:56830", True),
        ("192.168.1.50:56830", False),
        ("fd00:0:0:0:0:0:0:1:56830", False),
        ("localhost:1", False),
        ("", False),
    ],
)
def test_a_device_at_a_loopback_address_is_local(address: str, *, is_local: bool) -> None:
    assert registration_of(LEAST | {"address": address}).is_local is is_local


def test_endpoint_and_id_are_enough() -> None:
    assert registration_of(LEAST) == Registration(endpoint=Endpoint("sensor"), id="abc")


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        # the root path goes, whatever stands outside it does not count
        (
            {
                "rootPath": "/lwm2m/",
                "objectLinks": [
                    {"url": "/lwm2m", "attributes": {"rt": '"oma.lwm2m"'}},
                    {"url": "/lwm2m/5", "attributes": {"ver": "1.0"}},
                    {"url": "/lwm2m/5/1", "attributes": {}},
                    {"url": "/5/0", "attributes": {}},
                ],
            },
            {5: SupportedObject(version="1.0", instance_ids=(1,))},
        ),
        # several instances, in any order and said twice; a version in quotation marks
        (
            {
                "objectLinks": [
                    {"url": "/5/1"},
                    {"url": "/5/0"},
                    {"url": "/5/0"},
                    {"url": "/5", "attributes": {"ver": '"1.1"'}},
                ]
            },
            {5: SupportedObject(version="1.1", instance_ids=(0, 1))},
        ),
        (
            {"availableInstances": {"5": list(range(9))}},
            {5: SupportedObject(instance_ids=tuple(range(9)))},
        ),
        # an object without instances
        ({"objectLinks": [{"url": "/5"}]}, {5: SupportedObject()}),
        # what the server made of the links counts more than the links
        (
            {"objectLinks": [{"url": "/5/0"}], "availableInstances": {"5": [2, "x", -1], "y": [0]}},
            {5: SupportedObject(instance_ids=(2,))},
        ),
        (
            {"availableInstances": {"5": [0], "3": None}},
            {5: SupportedObject(instance_ids=(0,))},
        ),
        # what cannot be read is left out
        (
            {
                "objectLinks": [
                    "x",
                    {"url": 5},
                    {"url": "/5/x"},
                    {"url": "/99999"},
                    {"url": "/" + "5/" * 99},
                    {},
                ]
            },
            {},
        ),
        ({"objectLinks": [{"url": "/5", "attributes": {"ver": 1.1}}]}, {5: SupportedObject()}),
        ({"objectLinks": "none", "availableInstances": [], "rootPath": 7}, {}),
    ],
)
def test_objects_come_from_instances_and_links(
    members: dict[str, Any], expected: dict[int, SupportedObject]
) -> None:
    assert registration_of(LEAST | members).objects == expected


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"queuemode": True}, True),
        ({"queuemode": False, "bindingMode": "UQ"}, False),
        ({"bindingMode": "UQ"}, True),
        ({"bindingMode": "U"}, False),
        ({}, False),
    ],
)
def test_queue_mode_is_told_by_a_member_or_by_the_binding(
    *, members: dict[str, Any], expected: bool
) -> None:
    assert registration_of(LEAST | members).is_queue_mode is expected


@pytest.mark.parametrize(
    "members",
    [
        {"lifetime": "60", "address": 5, "lwM2mVersion": None, "lastUpdate": "yesterday"},
        {"lifetime": True, "lastUpdate": 2**62},
        {"lifetime": 10**30, "lastUpdate": {}},
        {"sleeping": "yes"},
    ],
)
def test_members_of_the_wrong_kind_are_unknown(members: dict[str, Any]) -> None:
    assert registration_of(LEAST | members) == registration_of(LEAST)


def test_the_endpoint_name_is_kept_exactly() -> None:
    name = 'a b"c?ü/d\t' + "x" * 1000
    assert registration_of(LEAST | {"endpoint": name}).endpoint == name


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "text",
        {},
        {"endpoint": "sensor"},
        {"registrationId": "abc"},
        LEAST | {"registrationId": ""},
        LEAST | {"registrationId": 7},
        LEAST | {"endpoint": ""},
        LEAST | {"endpoint": None},
        LEAST | {"endpoint": "x" * 1025},
        LEAST | {"endpoint": "\ud800"},
    ],
)
def test_what_has_no_usable_name_is_no_registration(data: Json) -> None:
    with pytest.raises(NotARegistrationError):
        registration_of(data)
