"""Which part of an image a request gets."""

import pytest
from hypothesis import given, strategies as st

from custom_components.flownexus_ota.serving.ranges import (
    Full,
    NotModified,
    NotSatisfiable,
    Partial,
    Selection,
    select,
)

SIZE = 1000
ETAG = f'"{"a" * 64}"'


def selected(range_header: str | None, size_bytes: int = SIZE) -> Selection:
    return select(size_bytes=size_bytes, etag=ETAG, range_header=range_header)


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-499", 0, 500),
        ("bytes=500-999", 500, 1000),
        ("bytes=999-999", 999, 1000),
        ("bytes=0-", 0, 1000),
        ("bytes=400-", 400, 1000),
        ("bytes=-1", 999, 1000),
        ("bytes=-1000", 0, 1000),
        ("bytes=-5000", 0, 1000),
        ("bytes=900-5000", 900, 1000),
        ("BYTES=1-2", 1, 3),
        ("  bytes= 1-2 ", 1, 3),
        ("bytes=0001-002", 1, 3),
        (f"bytes=0-{'9' * 1000}", 0, 1000),
    ],
)
def test_a_single_range_gets_its_bytes(header: str, start: int, end: int) -> None:
    assert selected(header) == Partial(start, end)


@pytest.mark.parametrize(
    "header", ["bytes=1000-", "bytes=1000-1001", "bytes=-0", f"bytes={'9' * 1000}-"]
)
def test_a_range_beyond_the_end_cannot_be_had(header: str) -> None:
    assert selected(header) == NotSatisfiable()


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-2",
        "bytes=a-b",
        "bytes=1-2-3",
        "bytes=--5",
        "bytes=+1-2",
        "bytes=1_0-2_0",
        "bytes=\u0661-\u0662",
        "bytes=0x1-0x2",
        "bytes = 1-2",
        "octets=1-2",
        "bytes=0-1,5-6",
        "bytes=0-1,",
        "bytes=0-1, bytes=5-6",
        f"bytes=0-{'9' * 1001}",
        f"bytes={'9' * 5000}-",
    ],
)
def test_several_malformed_and_foreign_ranges_get_everything(header: str | None) -> None:
    assert selected(header) == Full()


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=0-0", "bytes=-5"])
def test_an_image_without_bytes_has_no_ranges(header: str) -> None:
    assert selected(header, size_bytes=0) == NotSatisfiable()


@pytest.mark.parametrize("if_range", [ETAG, f" {ETAG} "])
def test_a_resumed_download_of_the_same_image_gets_its_range(if_range: str) -> None:
    selection = select(size_bytes=SIZE, etag=ETAG, range_header="bytes=5-", if_range=if_range)
    assert selection == Partial(5, SIZE)


@pytest.mark.parametrize(
    "if_range",
    ['"other"', f"W/{ETAG}", "a" * 64, "Wed, 21 Oct 2026 07:28:00 GMT", "*", "", f"{ETAG}, {ETAG}"],
)
def test_a_resumed_download_of_another_image_gets_everything(if_range: str) -> None:
    selection = select(size_bytes=SIZE, etag=ETAG, range_header="bytes=5-", if_range=if_range)
    assert selection == Full()


def test_an_if_range_without_a_range_gets_everything() -> None:
    assert select(size_bytes=SIZE, etag=ETAG, if_range=ETAG) == Full()


@pytest.mark.parametrize(
    "if_none_match", ["*", ETAG, f"W/{ETAG}", f'"other", {ETAG}', f'W/"other",W/{ETAG}']
)
def test_a_client_that_holds_the_image_gets_nothing(if_none_match: str) -> None:
    selection = select(
        size_bytes=SIZE, etag=ETAG, range_header="bytes=5-", if_none_match=if_none_match
    )
    assert selection == NotModified()


@pytest.mark.parametrize("if_none_match", ["", '"other"', "a" * 64, '"*"', '"'])
def test_a_client_that_holds_another_image_gets_its_range(if_none_match: str) -> None:
    selection = select(
        size_bytes=SIZE, etag=ETAG, range_header="bytes=5-", if_none_match=if_none_match
    )
    assert selection == Partial(5, SIZE)


@given(
    image=st.binary(min_size=1, max_size=50), first=st.integers(0, 99), length=st.integers(1, 99)
)
def test_a_range_is_the_slice_that_it_names(image: bytes, first: int, length: int) -> None:
    selection = selected(f"bytes={first}-{first + length - 1}", len(image))
    start, end = bounds(selection, len(image))
    assert image[start:end] == image[first : first + length]


@given(header=st.text(max_size=40), size_bytes=st.integers(0, 2**40))
def test_any_text_selects_something_inside_the_image(header: str, size_bytes: int) -> None:
    start, end = bounds(selected(header, size_bytes), size_bytes)
    assert 0 <= start <= end <= size_bytes


def bounds(selection: Selection, size_bytes: int) -> tuple[int, int]:
    match selection:
        case Partial(start, end):
            return start, end
        case Full():
            return 0, size_bytes
        case _:
            return size_bytes, size_bytes
