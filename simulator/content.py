"""Values to payloads and back, in the content formats that the devices speak."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import IntEnum
from itertools import groupby
from typing import Final

from simulator import tlv
from simulator.link import Content, Ids, Value
from simulator.resources import ValueKind, resource_at
from simulator.tlv import Node, NodeType

_RESOURCE_DEPTH: Final = 3
_INSTANCE_DEPTH: Final = 2


class Format(IntEnum):
    """CoAP content formats, by their IANA numbers."""

    TEXT = 0
    LINK = 40
    OPAQUE = 42
    SENML_JSON = 110
    OLD_TLV = 1542
    TLV = 11542


class ContentError(ValueError):
    """The payload is not what its format or its resource asks for: 4.00."""


class FormatError(ValueError):
    """Nobody here speaks this format: 4.06 for an answer, 4.15 for a write."""


def encode(path: Ids, content: Content, accept: int | None) -> tuple[Format, bytes]:
    """Return format and payload of what lies at or below `path`; raise FormatError.

    Without `accept`, one value goes as text (as opaque if it is bytes), everything else as TLV.
    """
    is_single = len(path) >= _RESOURCE_DEPTH and path in content
    match accept:
        case None if is_single:
            return _encode_single(content[path])
        case Format.TEXT | Format.OPAQUE if is_single:
            chosen, payload = _encode_single(content[path])
            if chosen == accept:
                return chosen, payload
        case None | Format.TLV | Format.OLD_TLV:
            return Format.TLV if accept is None else Format(accept), tlv.encode(
                _nodes(path, content)
            )
        case Format.SENML_JSON:
            return Format.SENML_JSON, encode_senml(content)
        case _:
            pass
    message = f"content format {accept} is not spoken here"
    raise FormatError(message)


def encode_senml(content: Content) -> bytes:
    """Return SenML JSON (RFC 8428) with full paths as names."""
    return json.dumps([_senml_record(path, value) for path, value in content.items()]).encode()


def decode_write(path: Ids, payload: bytes, content_format: int | None) -> Value:
    """Return the value that is written to `path`; raise ContentError or FormatError."""
    resource = resource_at(path)
    kind = ValueKind.OPAQUE if resource is None else resource.kind
    match content_format:
        case None | Format.TEXT:
            return _from_text(kind, payload)
        case Format.OPAQUE:
            return payload
        case Format.TLV | Format.OLD_TLV:
            return _from_tlv(kind, path, payload)
        case _:
            message = f"content format {content_format} is not spoken here"
            raise FormatError(message)


def _encode_single(value: Value) -> tuple[Format, bytes]:
    match value:
        case bytes():
            return Format.OPAQUE, value
        case bool():
            return Format.TEXT, b"1" if value else b"0"
        case _:
            return Format.TEXT, str(value).encode()


def _senml_record(path: Ids, value: Value) -> Mapping[str, str | int | bool]:
    name = "/" + "/".join(map(str, path))
    match value:
        case bool():
            return {"n": name, "vb": value}
        case int():
            return {"n": name, "v": value}
        case bytes():
            message = "no device here sends opaque values by SenML"
            raise FormatError(message)
        case _:
            return {"n": name, "vs": value}


def _nodes(path: Ids, content: Content) -> Iterable[Node]:
    """TLV of an object names instances; of anything below, resources (TS Core 1.1, 7.4.5)."""
    items = sorted(content.items())
    if len(path) >= _INSTANCE_DEPTH:
        return _resource_nodes(items)
    return [
        Node(type=NodeType.OBJECT_INSTANCE, id=instance, children=tuple(_resource_nodes(values)))
        for instance, values in groupby(items, lambda item: item[0][1])
    ]


def _resource_nodes(items: Iterable[tuple[Ids, Value]]) -> Iterator[Node]:
    for resource_id, values in groupby(items, lambda item: item[0][2]):
        members = list(values)
        if len(members[0][0]) == _RESOURCE_DEPTH:
            yield Node(type=NodeType.RESOURCE, id=resource_id, value=_to_tlv(members[0][1]))
        else:
            children = tuple(
                Node(type=NodeType.RESOURCE_INSTANCE, id=path[3], value=_to_tlv(value))
                for path, value in members
            )
            yield Node(type=NodeType.MULTIPLE_RESOURCE, id=resource_id, children=children)


def _to_tlv(value: Value) -> bytes:
    match value:
        case bytes():
            return value
        case int():
            return tlv.encode_integer(value)
        case _:
            return value.encode()


def _text_to_bool(text: str) -> bool:
    return {"0": False, "1": True}[text]


_PARSERS: Final[Mapping[ValueKind, Callable[[str], Value]]] = {
    ValueKind.STRING: str,
    ValueKind.INTEGER: int,
    ValueKind.TIME: int,
    ValueKind.BOOLEAN: _text_to_bool,
}


def _from_text(kind: ValueKind, payload: bytes) -> Value:
    try:
        return payload if kind not in _PARSERS else _PARSERS[kind](payload.decode())
    except (KeyError, ValueError) as err:
        message = f"the text is no {kind.value}"
        raise ContentError(message) from err


def _from_tlv(kind: ValueKind, path: Ids, payload: bytes) -> Value:
    try:
        nodes = tlv.decode(payload)
        match nodes:
            case [Node(type=NodeType.RESOURCE, id=found, value=value)] if found == path[2]:
                return _from_tlv_value(kind, value)
            case _:
                raise ContentError("the TLV is not of this one resource")
    except tlv.TlvError as err:
        raise ContentError(str(err)) from err


def _from_tlv_value(kind: ValueKind, value: bytes) -> Value:
    match kind:
        case ValueKind.INTEGER | ValueKind.TIME:
            return tlv.decode_integer(value)
        case ValueKind.BOOLEAN:
            return value == b"\x01"
        case ValueKind.STRING:
            return _from_text(kind, value)
        case _:
            return value
