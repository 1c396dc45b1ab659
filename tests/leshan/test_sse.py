"""The event stream format, by the standard's own examples and by its hostile cases."""

from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from custom_components.flownexus_ota.leshan.sse import (
    MAX_EVENT_BYTES,
    ServerSentEvent,
    SseDecoder,
    StreamLimitError,
)


def decoded(*chunks: bytes) -> list[tuple[str, str]]:
    decoder = SseDecoder()
    return [(event.name, event.data) for chunk in chunks for event in decoder.feed(chunk)]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", [("message", "YHOO\n+2\n10")]),
        (
            b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third\n",
            [("message", "first event"), ("message", "second event")],
        ),
        (b"data\n\ndata\ndata\n\ndata:", [("message", ""), ("message", "\n")]),
        (b"data:test\n\ndata: test\n\n", [("message", "test"), ("message", "test")]),
        (b"event: add\ndata: 1\n\nevent: remove\ndata: 2\n\n", [("add", "1"), ("remove", "2")]),
        (b"event: a\nevent: b\ndata: 1\n\n", [("b", "1")]),
        (b"event: kept for nobody\n\ndata: 1\n\n", [("message", "1")]),
        (b"retry: 10\nunknown: 1\ndata: 1\n\n", [("message", "1")]),
        (b"data: a:b\n\n", [("message", "a:b")]),
        (b"\xef\xbb\xbfdata: 1\n\n", [("message", "1")]),
        (b"data: \xff\n\n", [("message", "\ufffd")]),
        (b"\n\n\r\n\r", []),
        (b"", []),
    ],
)
def test_a_stream_is_decoded_as_the_standard_says(
    stream: bytes, expected: list[tuple[str, str]]
) -> None:
    assert decoded(stream) == expected


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_every_line_end_counts_once(end: bytes) -> None:
    assert decoded(end.join([b"event: E", b"data: 1", b"data: 2", b"", b""])) == [("E", "1\n2")]


def test_a_heartbeat_of_a_carriage_return_and_a_later_line_feed_is_no_event() -> None:
    assert decoded(b"\r", b"\n", b"data: 1\r", b"\n\r", b"\n", b"\r\n") == [("message", "1")]


def test_an_event_that_never_ends_is_never_told() -> None:
    assert decoded(b"event: REGISTRATION\ndata: {}\n") == []


@given(
    stream=st.lists(
        st.sampled_from([b"data: x", b"data", b"event: E", b":", b"\n", b"\r", b"\r\n", b"\xc3"])
    ).map(b"".join),
    cuts=st.lists(st.integers(min_value=0, max_value=100)),
)
def test_where_a_stream_is_cut_makes_no_difference(stream: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    chunks = [stream[begin:end] for begin, end in pairwise(edges)]
    assert decoded(*chunks) == decoded(stream)


@pytest.mark.parametrize(
    "stream",
    [
        b"data: " + b"x" * MAX_EVENT_BYTES,
        b"data: " + b"x" * MAX_EVENT_BYTES + b"\n",
        (b"data: " + b"x" * 1000 + b"\n") * (MAX_EVENT_BYTES // 1000),
        (b":" + b"x" * 1000 + b"\n") * (MAX_EVENT_BYTES // 1000),
    ],
    ids=["line without an end", "line", "event of many lines", "comment of many lines"],
)
def test_what_is_too_long_ends_the_stream(stream: bytes) -> None:
    with pytest.raises(StreamLimitError):
        decoded(stream)


def test_a_long_event_within_the_limit_is_told() -> None:
    text = "x" * (MAX_EVENT_BYTES - 100)
    assert list(SseDecoder().feed(f"data: {text}\n\n".encode())) == [
        ServerSentEvent(name="message", data=text)
    ]
