"""TLV: the specification's own examples, round trips, and rubbish."""

from contextlib import suppress

import pytest
from hypothesis import given, strategies as st

from simulator import tlv
from simulator.tlv import Node, NodeType, TlvError

IDS = st.integers(0, 0xFFFF)
LEAVES = st.builds(
    Node,
    type=st.sampled_from([NodeType.RESOURCE, NodeType.RESOURCE_INSTANCE]),
    id=IDS,
    value=st.binary(max_size=300),
)
MULTIPLES = st.builds(
    Node,
    type=st.just(NodeType.MULTIPLE_RESOURCE),
    id=IDS,
    children=st.lists(LEAVES, max_size=4).map(tuple),
)
INSTANCES = st.builds(
    Node,
    type=st.just(NodeType.OBJECT_INSTANCE),
    id=IDS,
    children=st.lists(LEAVES | MULTIPLES, max_size=4).map(tuple),
)
NODES = st.lists(LEAVES | MULTIPLES | INSTANCES, max_size=4).map(tuple)


@given(NODES)
def test_nodes_survive_the_way_to_bytes_and_back(nodes: tuple[Node, ...]) -> None:
    assert tlv.decode(tlv.encode(nodes)) == nodes


@given(st.binary(max_size=200))
def test_rubbish_is_decoded_or_refused_but_breaks_nothing(payload: bytes) -> None:
    with suppress(TlvError):
        assert tlv.decode(tlv.encode(tlv.decode(payload))) == tlv.decode(payload)


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_survive_the_way_to_bytes_and_back(value: int) -> None:
    assert tlv.decode_integer(tlv.encode_integer(value)) == value


@pytest.mark.parametrize(
    ("node", "payload"),
    [
        # The examples of LwM2M TS Core 1.1, 7.4.5.1: manufacturer, error codes, current time.
        (
            Node(type=NodeType.RESOURCE, id=0, value=b"Open Mobile Alliance"),
            bytes.fromhex("C800144F70656E204D6F62696C6520416C6C69616E6365"),
        ),
        (
            Node(
                type=NodeType.MULTIPLE_RESOURCE,
                id=6,
                children=(
                    Node(type=NodeType.RESOURCE_INSTANCE, id=0, value=b"\x01"),
                    Node(type=NodeType.RESOURCE_INSTANCE, id=1, value=b"\x05"),
                ),
            ),
            bytes.fromhex("8606410001410105"),
        ),
        (
            Node(type=NodeType.RESOURCE, id=13, value=tlv.encode_integer(1367491215)),
            bytes.fromhex("C40D5182428F"),
        ),
    ],
)
def test_the_specifications_examples_come_out_byte_by_byte(node: Node, payload: bytes) -> None:
    assert tlv.encode([node]) == payload
    assert tlv.decode(payload) == (node,)


@pytest.mark.parametrize(
    "payload",
    [b"\xc8", b"\xc8\x00", b"\xc8\x00\x05ab", bytes.fromhex("08000908000608000308000000")],
)
def test_bytes_that_end_too_early_or_nest_too_deep_are_refused(payload: bytes) -> None:
    with pytest.raises(TlvError):
        tlv.decode(payload)


def test_what_tlv_cannot_say_is_refused() -> None:
    with pytest.raises(TlvError):
        tlv.encode([Node(type=NodeType.RESOURCE, id=1 << 16)])
    with pytest.raises(TlvError):
        tlv.encode_integer(1 << 63)
    with pytest.raises(TlvError):
        tlv.decode_integer(b"abc")
