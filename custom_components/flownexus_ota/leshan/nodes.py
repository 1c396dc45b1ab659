"""Nodes: Leshan's JSON trees of objects, instances and resources, flattened to paths and values."""

import re
from collections.abc import Iterator
from typing import Final

from ..lwm2m.events import ResourceValue, ResourceValues
from ..lwm2m.path import MAX_ID, InvalidPathError, ResourcePath
from .jsontext import Json, member
from .values import ValueType, decode_value, resource_type, whole

_DIGITS: Final = re.compile(r"[0-9]{1,5}")


def values_of(path: ResourcePath | None, content: Json) -> ResourceValues:
    """Return the resources of a read or notified node by full path; never raises.

    Without `path`, or where the members' names are paths, the content is that of a composite
    operation or a Send. What is unreadable, or not below `path`, is left out.
    """
    if not isinstance(content, dict):
        return {}
    if path is None or any(name.startswith("/") for name in content):
        return {
            each: value
            for name, node in content.items()
            if (at := _path(name)) is not None
            for each, value in _resources(at, node)
        }
    return dict(_resources(path, content))


def string_node(resource_id: int, value: str) -> dict[str, Json]:
    """Return the node that writes a string; M4 reads over the members it does not know."""
    return {"id": resource_id, "kind": "singleResource", "type": "STRING", "value": value}


def opaque_node(resource_id: int, value: bytes) -> dict[str, Json]:
    """Return the node that writes bytes, as hex; M4 tells by its model that it is no string."""
    return {"id": resource_id, "kind": "singleResource", "type": "OPAQUE", "value": value.hex()}


def _path(name: str) -> ResourcePath | None:
    try:
        return ResourcePath.parse(name)
    except InvalidPathError:
        return None


def whole_id(value: Json) -> int | None:
    """Return an LwM2M identifier that JSON spells as a number or as digits, else None."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    identifier = whole(value)
    return identifier if identifier is not None and 0 <= identifier <= MAX_ID else None


def _resources(path: ResourcePath, node: Json) -> Iterator[tuple[ResourcePath, ResourceValue]]:
    """Yield what is at or below `path`; the shape tells the kind, which M4 does not name."""
    match path.ids, node:
        case (_,), {"instances": list(children)}:
            yield from _children(path, children)
        case (_, _), {"resources": list(children)}:
            yield from _children(path, _typed(path, children))
        case (_, _, _), {"values": dict(members)}:
            yield path, _multiple(path, members, _type(node))
        case (_, _, _, *_), {"value": value}:
            yield path, decode_value(path, value, _type(node))
        case _:  # of another level than its path, or unreadable
            return


def _children(
    path: ResourcePath, nodes: list[Json]
) -> Iterator[tuple[ResourcePath, ResourceValue]]:
    for node in nodes:
        identifier = whole_id(member(node, "id"))
        if identifier is not None:
            yield from _resources(path.child(identifier), node)


def _typed(path: ResourcePath, resources: list[Json]) -> list[Json]:
    """Return an instance's resources, marked as opaque where M4 had no model to decode them by.

    M4 writes such resources, all of them, as hex without saying so; an integer among them that is
    no JSON number gives it away.
    """
    if not any(_is_integer_in_hex(path, node) for node in resources):
        return resources
    return [{"type": "OPAQUE", **node} for node in resources if isinstance(node, dict)]


def _is_integer_in_hex(path: ResourcePath, node: Json) -> bool:
    is_integer = resource_type(path.object_id, whole_id(member(node, "id"))) is ValueType.INTEGER
    return is_integer and _type(node) is None and isinstance(member(node, "value"), str)


def _multiple(path: ResourcePath, members: dict[str, Json], wire_type: str | None) -> ResourceValue:
    return {
        identifier: decode_value(path, value, wire_type)
        for name, value in members.items()
        if (identifier := whole_id(name)) is not None
    }


def _type(node: Json) -> str | None:
    wire_type = member(node, "type")
    return wire_type if isinstance(wire_type, str) else None
