"""LwM2M TLV (content format 11542): bytes to nodes and back.

The layout is that of LwM2M TS Core 1.1, 7.4.5: a type byte, an id of one or two bytes, a length of
none to three, the value.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

_TYPE_SHIFT: Final = 6
_WIDE_ID: Final = 0b0010_0000
_LENGTH_WIDTH_SHIFT: Final = 3
_SHORT_LENGTH_MASK: Final = 0b0000_0111
_INTEGER_WIDTHS_BYTES: Final = (1, 2, 4, 8)
_LENGTH_LIMIT_BYTES: Final = 1 << 24
_ID_LIMIT: Final = 1 << 16
# Object instance, multiple resource, resource instance: nothing nests deeper.
_DEPTH_LIMIT: Final = 2


class TlvError(ValueError):
    """The bytes are no TLV."""


class NodeType(IntEnum):
    """Bits 7 and 6 of the type byte."""

    OBJECT_INSTANCE = 0
    RESOURCE_INSTANCE = 1
    MULTIPLE_RESOURCE = 2
    RESOURCE = 3

    @property
    def has_children(self) -> bool:
        """Whether the value is made of nodes."""
        return self in (NodeType.OBJECT_INSTANCE, NodeType.MULTIPLE_RESOURCE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One entry: `value` for a leaf, `children` for an object instance or a multiple resource."""

    type: NodeType
    id: int
    value: bytes = b""
    children: tuple[Node, ...] = ()


def encode(nodes: Iterable[Node]) -> bytes:
    """Return the nodes as bytes; raise TlvError for an id or a length that TLV cannot say."""
    return b"".join(_encode_node(node) for node in nodes)


def decode(payload: bytes) -> tuple[Node, ...]:
    """Return the nodes in `payload`; raise TlvError when it ends too early or nests too deep."""
    return tuple(_decode_nodes(payload, depth=0))


def encode_integer(value: int) -> bytes:
    """Return the shortest of the four allowed widths; raise TlvError beyond 64 bits."""
    for width in _INTEGER_WIDTHS_BYTES:
        if -(1 << (8 * width - 1)) <= value < 1 << (8 * width - 1):
            return value.to_bytes(width, signed=True)
    raise TlvError("an integer has at most 64 bits")


def decode_integer(value: bytes) -> int:
    """Return a signed integer of 1, 2, 4 or 8 bytes; raise TlvError for another width."""
    if len(value) not in _INTEGER_WIDTHS_BYTES:
        raise TlvError("an integer has 1, 2, 4 or 8 bytes")
    return int.from_bytes(value, signed=True)


def _encode_node(node: Node) -> bytes:
    value = encode(node.children) if node.type.has_children else node.value
    if not 0 <= node.id < _ID_LIMIT or len(value) >= _LENGTH_LIMIT_BYTES:
        raise TlvError("an id has 16 bits, a length 24")
    id_width = 1 if node.id < 1 << 8 else 2
    length_width = 0 if len(value) <= _SHORT_LENGTH_MASK else (len(value).bit_length() + 7) // 8
    head = (
        node.type << _TYPE_SHIFT
        | (_WIDE_ID if id_width == 2 else 0)
        | length_width << _LENGTH_WIDTH_SHIFT
    )
    if length_width == 0:
        head |= len(value)
    return (
        bytes((head,))
        + node.id.to_bytes(id_width)
        + (len(value).to_bytes(length_width) if length_width else b"")
        + value
    )


def _decode_nodes(payload: bytes, *, depth: int) -> Iterator[Node]:
    if depth > _DEPTH_LIMIT:
        raise TlvError("the TLV nests too deep")
    offset = 0

    def take(size: int) -> bytes:
        nonlocal offset
        offset += size
        if offset > len(payload):
            raise TlvError("the TLV ends too early")
        return payload[offset - size : offset]

    while offset < len(payload):
        head = take(1)[0]
        node_type = NodeType(head >> _TYPE_SHIFT)
        node_id = int.from_bytes(take(2 if head & _WIDE_ID else 1))
        length_width = head >> _LENGTH_WIDTH_SHIFT & 0b11
        value = take(
            int.from_bytes(take(length_width)) if length_width else head & _SHORT_LENGTH_MASK
        )
        if node_type.has_children:
            yield Node(
                type=node_type, id=node_id, children=tuple(_decode_nodes(value, depth=depth + 1))
            )
        else:
            yield Node(type=node_type, id=node_id, value=value)
