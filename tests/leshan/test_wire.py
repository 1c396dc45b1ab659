"""Events of the stream: what each says, and what none of them can break."""

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from custom_components.flownexus_ota.leshan.sse import ServerSentEvent
from custom_components.flownexus_ota.leshan.wire import (
    Generation,
    GenerationGuess,
    parse_event,
)
from custom_components.flownexus_ota.lwm2m.events import (
    Endpoint,
    Origin,
    ResourcesReported,
    ServerEvent,
    UnrecognisedEvent,
)
from custom_components.flownexus_ota.lwm2m.path import ResourcePath as Path

NAMES = [
    "REGISTRATION",
    "UPDATED",
    "DEREGISTRATION",
    "AWAKE",
    "SLEEPING",
    "NOTIFICATION",
    "SEND",
    "REQUEST_RESPONSE",
]
MEMBERS = [
    *("ep", "res", "val", "value", "values", "resources", "id", "type", "endpoint"),
    *("registrationId", "objectLinks", "url", "rootPath", "availableInstances", "registration"),
    *("response", "content", "path", "5", "/5/0/3", "lastUpdate"),
]
REGISTRATION = {"endpoint": "e", "registrationId": "r", "availableInstances": {}}
STATE_2 = {"kind": "singleResource", "id": 3, "type": "INTEGER", "value": "2"}


def parsed(name: str, data: object, guess: GenerationGuess | None = None) -> ServerEvent:
    text = data if isinstance(data, str) else json.dumps(data)
    return parse_event(ServerSentEvent(name=name, data=text), guess or GenerationGuess())


@pytest.mark.parametrize(
    ("name", "data", "values", "origin"),
    [
        (
            "NOTIFICATION",
            {"ep": "e", "res": "/5/0", "val": {"id": 0, "resources": [{"id": 3, "value": 2}]}},
            {Path(5, 0, 3): 2},
            Origin.NOTIFICATION,
        ),
        (
            "NOTIFICATION",
            {"ep": "e", "kind": "composite", "val": {"/5/0/3": STATE_2}, "paths": ["/5/0/3"]},
            {Path(5, 0, 3): 2},
            Origin.NOTIFICATION,
        ),
        (
            "REQUEST_RESPONSE",
            {"ep": "e", "requestId": "u", "response": {"content": {"/5/0/3": STATE_2}}},
            {Path(5, 0, 3): 2},
            Origin.DELAYED_RESPONSE,
        ),
        (
            "SEND",
            {"ep": "e", "val": {"/5/0/3": STATE_2, "/3303/0": {"resources": []}}},
            {Path(5, 0, 3): 2},
            Origin.SEND,
        ),
    ],
)
def test_values_are_reported_from_wherever_they_come(
    name: str, data: dict[str, Any], values: dict[Path, object], origin: Origin
) -> None:
    expected = ResourcesReported(endpoint=Endpoint("e"), values=values, origin=origin)  # type: ignore[arg-type]  # object is wider than a value
    assert parsed(name, data) == expected


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("COAPLOG", {"timestamp": 1, "incoming": True, "ep": "e"}),
        ("message", {}),
        ("SOMETHING_NEW", {"ep": "e"}),
        ("NOTIFICATION", {"ep": "e", "res": "/5/0/3", "val": None}),
        ("NOTIFICATION", {"ep": "e", "res": "/no/path", "val": STATE_2}),
        ("NOTIFICATION", {"ep": "e", "val": STATE_2}),
        ("NOTIFICATION", {"res": "/5/0/3", "val": STATE_2}),
        ("NOTIFICATION", {"ep": "x" * 1025, "res": "/5/0/3", "val": STATE_2}),
        ("REQUEST_RESPONSE", {"ep": "e", "path": "/5/0/1", "response": {"success": True}}),
        ("REQUEST_RESPONSE", {"ep": "e", "path": "/5/0/1"}),
        ("AWAKE", '{"ep":"a"b"}'),  # M4 to M18 do not escape the name
        ("AWAKE", []),
        ("AWAKE", "[" * 100_000),
        ("AWAKE", "9" * 5000),
        ("REGISTRATION", {"endpoint": "e"}),
        ("UPDATED", REGISTRATION),
        ("DEREGISTRATION", {"endpoint": "e"}),
        ("DEREGISTRATION", {"registrationId": "r"}),
    ],
)
def test_what_is_not_understood_is_kept_to_be_shown(name: str, data: object) -> None:
    event = parsed(name, data)
    assert isinstance(event, UnrecognisedEvent)
    assert event.name == name
    assert len(event.detail) <= 255


def test_an_address_is_not_kept_since_it_may_tell_a_token() -> None:
    event = parsed("COAPLOG", {"payload": "http://hass.local:8123/f/secret/a.bin", "code": "PUT"})
    assert isinstance(event, UnrecognisedEvent)
    assert "secret" not in event.detail
    assert "PUT" in event.detail


@given(
    name=st.sampled_from(NAMES),
    data=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(MEMBERS),
                inner,
                max_size=5,
            )
        ),
        max_leaves=20,
    ),
)
def test_no_json_breaks_the_reader(name: str, data: object) -> None:
    assert parsed(name, data) is not None


def test_the_generation_is_recognised_from_what_arrives() -> None:
    guess = GenerationGuess()
    guesses = [guess.generation]
    for name, data in (
        ("REGISTRATION", {"endpoint": "e", "registrationId": "r"}),
        ("REGISTRATION", REGISTRATION),
        ("REQUEST_RESPONSE", {"ep": "e"}),
        ("REGISTRATION", REGISTRATION),
    ):
        parsed(name, data, guess)
        guesses.append(guess.generation)
    assert guesses == [None, *Generation, Generation.M18]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Jetty(12.0.14)", Generation.M18),
        ("Jetty(9.4.34.v20201102)", None),
        ("nginx", None),
        ("Jetty(" + "9" * 5000, Generation.M18),
        (None, None),
    ],
)
def test_a_new_jetty_speaks_for_m18(header: str | None, expected: Generation | None) -> None:
    guess = GenerationGuess()
    guess.saw_server(header)
    assert guess.generation is expected
