"""Values in every spelling that a generation, or a missing model, gives them."""

from datetime import UTC, datetime

import pytest

from custom_components.flownexus_ota.leshan.jsontext import Json
from custom_components.flownexus_ota.leshan.values import decode_value, time_of
from custom_components.flownexus_ota.lwm2m.events import SingleValue
from custom_components.flownexus_ota.lwm2m.path import ResourcePath

STATE = ResourcePath(5, 0, 3)
VERSION = ResourcePath(3, 0, 3)
PACKAGE = ResourcePath(5, 0, 0)
CHANGED_AT = ResourcePath(5, 0, 12)
AUTOMATIC = ResourcePath(5, 0, 14)
PORTFOLIO = ResourcePath(3, 0, 22)
SENSOR = ResourcePath(3303, 0, 5700)
STRANGE_OF_5 = ResourcePath(5, 0, 99)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOON_SECONDS = int(NOON.timestamp())
NOON_HEX = NOON_SECONDS.to_bytes(8).hex()


@pytest.mark.parametrize(
    ("path", "value", "wire_type", "expected"),
    [
        # integers: M4's numbers, later text, no model (opaque, text, M4's untyped hex), SenML
        (STATE, 2, None, 2),
        (STATE, "2", "INTEGER", 2),
        (STATE, "02", "OPAQUE", 2),
        (STATE, "2", "STRING", 2),
        (STATE, "0b", None, 11),
        (STATE, 2.0, None, 2),
        (STATE, "2", "unsigned_integer", 2),
        (STATE, "ff", "OPAQUE", -1),
        (STATE, "0100", "OPAQUE", 256),
        (STATE, "-1", "INTEGER", -1),
        # integers that are none stay what they are
        (STATE, "soon", "STRING", "soon"),
        (STATE, "010203", "OPAQUE", "010203"),
        (STATE, "", "OPAQUE", ""),
        (STATE, 2.5, None, 2.5),
        (STATE, True, "BOOLEAN", True),
        (STATE, None, "INTEGER", None),
        (STATE, float("nan"), None, "nan"),
        (STATE, float("inf"), None, "inf"),
        (STATE, "99999999999999999999", "INTEGER", "99999999999999999999"),
        (STATE, 10**30, None, str(10**30)),
        (STATE, {"a": 1}, "INTEGER", "{'a': 1}"),
        # strings
        (VERSION, "1.0", "STRING", "1.0"),
        (VERSION, "1.0", None, "1.0"),
        (VERSION, "312e30", "OPAQUE", "1.0"),
        (VERSION, "xyz", "OPAQUE", "xyz"),
        (VERSION, 7, "INTEGER", "7"),
        (VERSION, None, "STRING", None),
        (VERSION, "a\x00b\x1b[31m\u202e\ud800c\n", "STRING", "ab[31mc"),
        (VERSION, "x" * 300, "STRING", "x" * 255),
        (VERSION, "\u00a0é漢", "STRING", "\u00a0é漢"),
        # opaque
        (PACKAGE, "00dead", "OPAQUE", b"\x00\xde\xad"),
        (PACKAGE, "no hex", "OPAQUE", "no hex"),
        (PACKAGE, 5, "OPAQUE", 5),
        # times: milliseconds, ISO, and the seconds of a device without a model
        (CHANGED_AT, NOON_SECONDS * 1000, "TIME", NOON),
        (CHANGED_AT, "2026-01-01T13:00:00+01:00", None, NOON),
        (CHANGED_AT, "2026-01-01T12:00:00", None, NOON),
        (CHANGED_AT, NOON_HEX, "OPAQUE", NOON),
        (CHANGED_AT, str(NOON_SECONDS), "STRING", NOON),
        (CHANGED_AT, NOON_SECONDS, "INTEGER", NOON),
        (CHANGED_AT, 2**62, "TIME", 2**62),
        (CHANGED_AT, "never", "STRING", "never"),
        # booleans
        (AUTOMATIC, True, "BOOLEAN", True),
        (AUTOMATIC, "False", "STRING", False),
        (AUTOMATIC, "01", "OPAQUE", True),
        (AUTOMATIC, 0, None, False),
        (AUTOMATIC, "7", "INTEGER", "7"),
        # object links
        (PORTFOLIO, {"objectId": 33606, "objectInstanceId": 0}, "OBJLNK", "33606:0"),
        (PORTFOLIO, {"objectId": 33606}, "OBJLNK", "{'objectId': 33606}"),
        # objects of which we know nothing: by the type that the server names, else as it is
        (SENSOR, "24.5", "FLOAT", 24.5),
        (SENSOR, 24, "FLOAT", 24.0),
        (SENSOR, "warm", "FLOAT", "warm"),
        (SENSOR, "NaN", "FLOAT", "NaN"),
        (SENSOR, [1], "FLOAT", "[1]"),
        (SENSOR, 10**400, "FLOAT", str(10**400)[:255]),
        (SENSOR, "24", "INTEGER", 24),
        (SENSOR, "</3/0>", "CORELINK", "</3/0>"),
        (SENSOR, 24.5, None, 24.5),
        (SENSOR, False, None, False),
        (SENSOR, "text", "SOMETHING", "text"),
        (STRANGE_OF_5, "7", "INTEGER", 7),
        (STRANGE_OF_5, "7", None, "7"),
    ],
)
def test_a_value_gets_the_type_of_its_resource(
    path: ResourcePath, value: Json, wire_type: str | None, expected: SingleValue
) -> None:
    decoded = decode_value(path, value, wire_type)
    assert decoded == expected
    assert type(decoded) is type(expected)


def test_a_value_that_is_nested_deeply_does_no_harm() -> None:
    nested: Json = []
    for _ in range(200_000):
        nested = [nested]
    assert decode_value(SENSOR, nested, None) == "nested too deeply"


@pytest.mark.parametrize("value", [None, True, 1.5, "soon", [], 2**80])
def test_what_is_no_time_is_none(value: Json) -> None:
    assert time_of(value) is None
