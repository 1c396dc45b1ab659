"""Nodes: the tree of objects, instances and resources that a device's answer makes."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from simulator.leshan_models import Kind, Models, ResourceModel
from simulator.link import Content, Ids, Value


class UndecodableError(Exception):
    """A device's value does not fit the type its model demands."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SingleResource:
    """One value; also one instance of a multiple resource, if it was asked for alone."""

    id: int
    kind: Kind
    value: Value
    is_resource_instance: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class MultipleResource:
    """Values by resource instance id."""

    id: int
    kind: Kind
    values: Mapping[int, Value]


type Resource = SingleResource | MultipleResource


@dataclass(frozen=True, kw_only=True, slots=True)
class Instance:
    """An object instance."""

    id: int
    resources: tuple[Resource, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectNode:
    """An object with its instances."""

    id: int
    instances: tuple[Instance, ...]


type Node = Resource | Instance | ObjectNode


def path_text(path: Ids) -> str:
    """`(5, 0, 3)` as `/5/0/3`."""
    return "".join(f"/{number}" for number in path)


def build_node(path: Ids, content: Content, models: Models) -> Node:
    """Put a device's answer about `path` into a tree; raise UndecodableError if a value is odd.

    What the model does not know is text if it was asked for alone, as devices answer such a read in
    text/plain, else raw bytes, as TLV carries them.
    """
    below = {ids: value for ids, value in content.items() if ids[: len(path)] == path}
    match len(path):
        case 4:
            if path not in below:
                raise UndecodableError(f"no {path_text(path)} in the answer")
            kind, value = _typed(path, below[path], models)
            return SingleResource(id=path[3], kind=kind, value=value, is_resource_instance=True)
        case 3 if path in below and resource_model(path, models) is None:
            return SingleResource(id=path[2], kind=Kind.STRING, value=_as_text(below[path]))
        case 3:
            return _resource(path, below, models)
        case 2:
            return _instance(path, below, models)
        case _:
            instances = dict.fromkeys(ids[:2] for ids in below)
            return ObjectNode(
                id=path[0], instances=tuple(_instance(ids, below, models) for ids in instances)
            )


def _instance(path: Ids, content: Content, models: Models) -> Instance:
    resources = dict.fromkeys(ids[:3] for ids in content if ids[:2] == path)
    return Instance(
        id=path[1], resources=tuple(_resource(ids, content, models) for ids in resources)
    )


def _resource(path: Ids, content: Content, models: Models) -> Resource:
    if path in content:
        kind, value = _typed(path, content[path], models)
        return SingleResource(id=path[2], kind=kind, value=value)
    typed = {
        ids[3]: _typed(path, value, models) for ids, value in content.items() if ids[:3] == path
    }
    kind = next((kind for kind, _ in typed.values()), _kind(path, models))
    return MultipleResource(
        id=path[2], kind=kind, values={number: value for number, (_, value) in typed.items()}
    )


def resource_model(path: Ids, models: Models) -> ResourceModel | None:
    """The model of the resource that `path` is in, if there is one."""
    model = models.get(path[0])
    return None if model is None else model.resources.get(path[2])


def _kind(path: Ids, models: Models) -> Kind:
    model = resource_model(path, models)
    return Kind.OPAQUE if model is None else model.kind


def _typed(path: Ids, value: Value, models: Models) -> tuple[Kind, Value]:
    kind = _kind(path, models)
    if kind is Kind.OPAQUE:
        return kind, _as_bytes(value)
    if not isinstance(value, _PYTHON_TYPES[kind]) or (
        isinstance(value, bool) and kind is not Kind.BOOLEAN
    ):
        raise UndecodableError(f"{path_text(path)} is {value!r}, not {kind.value}")
    return kind, value


_PYTHON_TYPES: Mapping[Kind, tuple[type, ...]] = {
    Kind.STRING: (str,),
    Kind.CORELINK: (str,),
    Kind.OBJLNK: (str,),
    Kind.INTEGER: (int,),
    Kind.UNSIGNED_INTEGER: (int,),
    Kind.TIME: (int,),
    Kind.FLOAT: (int,),
    Kind.BOOLEAN: (bool,),
    Kind.NONE: (str, int, bool, bytes),
}


def _as_text(value: Value) -> str:
    """How text/plain carries a value."""
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case bool():
            return str(int(value))
        case _:
            return str(value)


def _as_bytes(value: Value) -> bytes:
    """How TLV carries a value: text as UTF-8, numbers big-endian in 1, 2, 4 or 8 bytes."""
    match value:
        case bytes():
            return value
        case str():
            return value.encode()
        case bool():
            return bytes([value])
        case int():
            length = next(
                size for size in (1, 2, 4, 8) if -(1 << 8 * size - 1) <= value < 1 << 8 * size - 1
            )
            return value.to_bytes(length, signed=True)
