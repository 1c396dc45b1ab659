"""The list of registrations, decoded piece by piece."""

import json
from collections import deque

import pytest
from hypothesis import given, strategies as st

from custom_components.flownexus_ota.leshan.listing import MAX_ELEMENT_CHARS, ListDecoder
from custom_components.flownexus_ota.lwm2m.exchange import NotThisServerError, UnreadableReplyError

json_objects = st.lists(
    st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text(), max_size=3),
    max_size=5,
)


def elements(*chunks: bytes) -> list[object]:
    return list(ListDecoder(deque(chunks)).elements())


@given(
    data=json_objects,
    indent=st.none() | st.integers(min_value=0, max_value=2),
    size=st.integers(min_value=1, max_value=40),
)
def test_a_list_in_any_chunks_is_what_json_says(
    data: list[object], indent: int | None, size: int
) -> None:
    body = json.dumps(data, indent=indent, ensure_ascii=False).encode()
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    assert elements(*chunks) == data


@pytest.mark.parametrize("body", [b"[]", b" [ ] ", b"\r\n[\t]\n"])
def test_an_empty_list_has_no_elements(body: bytes) -> None:
    assert elements(body) == []


def test_what_comes_after_the_list_is_of_no_interest() -> None:
    assert elements(b'[{"a":1}] trailing') == [{"a": 1}]


def test_bytes_that_are_no_utf_8_spoil_one_text_only() -> None:
    assert elements(b'["\xfc", "b"]') == ["\ufffd", "b"]


@pytest.mark.parametrize("body", [b"", b"  ", b"<html>", b'{"a": 1}', b"null", b'"[]"'])
def test_what_is_no_list_is_not_this_server(body: bytes) -> None:
    with pytest.raises(NotThisServerError):
        elements(body)


@pytest.mark.parametrize(
    "body",
    [
        b"[",
        b'[{"a": 1}',
        b'[{"a": 1},',
        b'[{"a": 1},]',
        b'[{"a": 1} {"b": 2}]',
        b'[{"a": ',
        b'[{"a": nonsense}]',
        b"[" + b"9" * 5000 + b"]",
        b"[" + b"[" * 200_000,
        b'["' + b"x" * (MAX_ELEMENT_CHARS + 10) + b"x",
    ],
    ids=[
        "begin only",
        "no end",
        "ends after a comma",
        "comma before the end",
        "no comma",
        "half an element",
        "no JSON",
        "a number of 5,000 digits",
        "nested deeply",
        "an element without an end",
    ],
)
def test_a_list_that_breaks_off_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableReplyError):
        elements(*(body[at : at + 65536] for at in range(0, len(body), 65536)))
