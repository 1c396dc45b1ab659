"""Paths of objects, instances and resources."""

import pytest
from hypothesis import given, strategies as st

from custom_components.flownexus_ota.lwm2m.path import MAX_ID, InvalidPathError, ResourcePath


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/5", ResourcePath(5)),
        ("/5/0", ResourcePath(5, 0)),
        ("5/0/3", ResourcePath(5, 0, 3)),
        ("/5/0/8/1/", ResourcePath(5, 0, 8, 1)),
        ("/65534/0/0", ResourcePath(65534, 0, 0)),
    ],
)
def test_a_text_names_a_path(text: str, expected: ResourcePath) -> None:
    assert ResourcePath.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "//",
        "/5//3",
        "/a",
        "/5/0/3/0/1",
        "/65535",
        "/-1",
        "/1.0",
        "/²",
        "/5 /0",
        "9" * 5000,
    ],
)
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(InvalidPathError):
        ResourcePath.parse(text)


@given(st.lists(st.integers(min_value=0, max_value=MAX_ID), min_size=1, max_size=4))
def test_a_path_is_read_as_it_is_written(ids: list[int]) -> None:
    path = ResourcePath(*ids)
    assert ResourcePath.parse(str(path)) == path
    assert path.ids == tuple(ids)


def test_a_child_is_one_level_below() -> None:
    path = ResourcePath(5)
    for expected in ("/5/0", "/5/0/8", "/5/0/8/1"):
        path = path.child(int(expected.rsplit("/", maxsplit=1)[1]))
        assert str(path) == expected


def test_nothing_is_below_a_resource_instance() -> None:
    with pytest.raises(InvalidPathError, match="/5/0/8/1/0"):
        ResourcePath(5, 0, 8, 1).child(0)


def test_the_number_zero_is_an_identifier() -> None:
    assert ResourcePath(0, 0, 0).ids == (0, 0, 0)
