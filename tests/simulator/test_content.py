"""Values in the devices' content formats."""

import json

import pytest

from simulator.content import ContentError, Format, FormatError, decode_write, encode, encode_senml
from simulator.link import Content

STATE = (5, 0, 3)
URI = (5, 0, 1)
PROTOCOLS: Content = {(5, 0, 8, 0): 2, (5, 0, 8, 1): 3}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1.0.0", (Format.TEXT, b"1.0.0")),
        (2, (Format.TEXT, b"2")),
        (True, (Format.TEXT, b"1")),
        (b"\x02", (Format.OPAQUE, b"\x02")),
    ],
)
def test_a_single_value_goes_as_text_or_opaque_unless_asked_otherwise(
    value: str | int | bytes, expected: tuple[Format, bytes]
) -> None:
    assert encode(STATE, {STATE: value}, None) == expected
    assert encode(STATE, {STATE: value}, expected[0]) == expected


def test_a_multiple_resource_goes_as_tlv() -> None:
    payload = bytes.fromhex("8608" + "410002" + "410103")
    assert encode((5, 0, 8), PROTOCOLS, None) == (Format.TLV, payload)


def test_an_instance_names_its_resources_and_an_object_its_instances() -> None:
    assert encode((5, 0), {STATE: 1}, None) == (Format.TLV, bytes.fromhex("C10301"))
    assert encode((5,), {STATE: 1}, None) == (Format.TLV, bytes.fromhex("0300C10301"))


def test_the_old_number_of_tlv_is_answered_by_itself() -> None:
    assert encode(STATE, {STATE: 1}, 1542) == (Format.OLD_TLV, bytes.fromhex("C10301"))


@pytest.mark.parametrize(
    ("path", "accept"), [((5, 0), 0), (STATE, 42), (STATE, 11543), ((5, 0, 8), 0)]
)
def test_a_format_that_cannot_say_it_is_refused(path: tuple[int, ...], accept: int) -> None:
    with pytest.raises(FormatError):
        encode(path, {STATE: 1, **PROTOCOLS}, accept)


def test_senml_has_full_paths_and_typed_values() -> None:
    records = json.loads(encode_senml({(3, 0, 3): "1.0", STATE: 2, (1, 0, 6): False}))
    assert records == [
        {"n": "/3/0/3", "vs": "1.0"},
        {"n": "/5/0/3", "v": 2},
        {"n": "/1/0/6", "vb": False},
    ]
    assert encode(STATE, {STATE: 2}, 110)[0] == Format.SENML_JSON


def test_senml_of_bytes_is_refused() -> None:
    with pytest.raises(FormatError):
        encode_senml({(5, 0, 0): b"x"})


@pytest.mark.parametrize(
    ("path", "payload", "content_format", "value"),
    [
        (URI, b"http://h/x", 0, "http://h/x"),
        (URI, b"", None, ""),
        (URI, bytes.fromhex("C401") + b"a://", 11542, "a://"),
        ((1, 0, 1), b"300", 0, 300),
        ((1, 0, 1), bytes.fromhex("C2010E10"), 11542, 3600),
        ((1, 0, 6), b"1", 0, True),
        ((1, 0, 6), bytes.fromhex("C10600"), 1542, False),
        ((5, 0, 0), b"\0", 42, b"\0"),
        ((5, 0, 0), bytes.fromhex("C10000"), 11542, b"\0"),
        ((9, 9, 9), b"?", 0, b"?"),
    ],
)
def test_a_write_brings_a_value_of_its_resources_type(
    path: tuple[int, ...], payload: bytes, content_format: int | None, value: object
) -> None:
    assert decode_write(path, payload, content_format) == value


@pytest.mark.parametrize(
    ("path", "payload", "content_format"),
    [
        ((1, 0, 1), b"soon", 0),
        ((1, 0, 6), b"yes", 0),
        (URI, b"\xff", 0),
        (URI, b"\xc8", 11542),
        (URI, bytes.fromhex("C10200"), 11542),
        (URI, b"", 11542),
        ((1, 0, 1), bytes.fromhex("C301000000"), 11542),
    ],
)
def test_a_write_that_does_not_fit_its_resource_is_refused(
    path: tuple[int, ...], payload: bytes, content_format: int
) -> None:
    with pytest.raises(ContentError):
        decode_write(path, payload, content_format)


def test_a_write_in_an_unknown_format_is_refused() -> None:
    with pytest.raises(FormatError):
        decode_write(URI, b"", 60)
