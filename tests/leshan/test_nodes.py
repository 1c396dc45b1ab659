"""Leshan's trees of nodes, flattened to paths and values."""

import pytest

from custom_components.flownexus_ota.leshan.jsontext import Json
from custom_components.flownexus_ota.leshan.nodes import values_of, whole_id
from custom_components.flownexus_ota.lwm2m.path import ResourcePath as Path


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        # identifiers in either spelling; what has none is left out
        (
            Path(5, 0),
            {"resources": [{"id": "3", "value": 1}, {"value": 2}, "x", {"id": True, "value": 3}]},
            {Path(5, 0, 3): 1},
        ),
        (
            Path(5),
            {"instances": [{"id": 1, "resources": [{"id": 3, "value": 0}]}, {"id": 2}]},
            {Path(5, 1, 3): 0},
        ),
        (
            Path(5, 0, 8),
            {"values": {"0": "2", "x": "3", "70000": "4"}, "type": "INTEGER"},
            {Path(5, 0, 8): {0: 2}},
        ),
        (Path(5, 0, 8, 1), {"value": "2", "type": "INTEGER"}, {Path(5, 0, 8, 1): 2}),
        # a composite answer, or a Send: paths as names; unreadable paths are absent or null
        (
            None,
            {"/5/0/3": {"value": 1}, "/5/0/5": None, "/bad/path": {"value": 1}},
            {Path(5, 0, 3): 1},
        ),
        (
            None,
            {"/5/0": {"resources": [{"id": 3, "value": 1}]}, "/3303/0/5700": {"value": 21.5}},
            {Path(5, 0, 3): 1, Path(3303, 0, 5700): 21.5},
        ),
        # M4 without a model of the registered object version: all is hex, and nothing says so
        (
            Path(5, 0),
            {
                "resources": [
                    {"id": 3, "value": "02"},
                    {"id": 7, "value": "312e342e32"},
                    {"id": 8, "values": {"0": "02"}},
                    "strange",
                ]
            },
            {Path(5, 0, 3): 2, Path(5, 0, 7): "1.4.2", Path(5, 0, 8): {0: 2}},
        ),
        # M4 with a model: a version that looks like hex is a version
        (
            Path(5, 0),
            {"resources": [{"id": 3, "value": 2}, {"id": 7, "value": "3132"}]},
            {Path(5, 0, 3): 2, Path(5, 0, 7): "3132"},
        ),
        # nodes of another level than their path, and what is no node
        (Path(5, 0), {"value": 1}, {}),
        (Path(5, 0, 3), {"resources": [{"id": 3, "value": 1}]}, {}),
        (Path(5, 0, 3), {"value": 1, "type": 7}, {Path(5, 0, 3): 1}),
        (Path(5, 0, 3), {}, {}),
        (Path(5, 0, 3), None, {}),
        (Path(5, 0, 3), [1], {}),
        (None, "text", {}),
    ],
)
def test_a_tree_becomes_paths_and_values(
    path: Path | None, content: Json, expected: dict[Path, object]
) -> None:
    assert values_of(path, content) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0),
        ("65534", 65534),
        (65535, None),
        (-1, None),
        ("-1", None),
        ("²", None),
        (True, None),
        (1.0, None),
        (None, None),
        ("9" * 5000, None),
    ],
)
def test_an_identifier_is_a_number_of_sixteen_bits(value: Json, expected: int | None) -> None:
    assert whole_id(value) == expected
