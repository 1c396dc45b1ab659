"""The devices' image format."""

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from simulator import image
from simulator.image import (
    HEADER_SIZE_BYTES,
    CorruptImageError,
    ForeignImageError,
    ImageReader,
    make_image,
    verify,
)

VERSIONS = st.text(
    st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), min_size=1, max_size=8
)


@given(VERSIONS, st.integers(0, 2000), st.integers())
def test_a_made_image_says_its_version_and_verifies(version: str, size: int, seed: int) -> None:
    made = make_image(version, size, seed)
    header = verify(made)
    assert header.version == version
    assert len(made) == max(size, HEADER_SIZE_BYTES)
    assert make_image(version, size, seed) == made


@given(st.lists(st.integers(1, 400), max_size=20))
def test_an_image_may_arrive_in_pieces_of_any_size(sizes: list[int]) -> None:
    made = make_image("2.0", 1000)
    reader = ImageReader()
    offset = 0
    for size in sizes:
        reader.feed(made[offset : offset + size])
        offset += size
    reader.feed(made[offset:])
    assert reader.finish() == verify(made)
    assert reader.received_bytes == len(made)


@given(st.integers(HEADER_SIZE_BYTES, 999), st.integers(1, 255))
def test_a_changed_byte_of_the_body_is_noticed(offset: int, difference: int) -> None:
    made = bytearray(make_image("2.0", 1000))
    made[offset] ^= difference
    with pytest.raises(CorruptImageError):
        verify(bytes(made))


@pytest.mark.parametrize(
    "broken",
    [
        make_image("2.0", 1000)[:-1],
        make_image("2.0", 1000) + b"x",
        make_image("2.0", 1000)[:20],
        make_image("x", 100).replace(b"x" + b"\0" * 31, b"\xff" + b"\0" * 31),
        make_image("x", 100).replace(b"x" + b"\0" * 31, b"\0" * 32),
    ],
)
def test_an_image_that_is_cut_or_longer_or_nameless_is_corrupt(broken: bytes) -> None:
    with pytest.raises(CorruptImageError):
        verify(broken)


@pytest.mark.parametrize(
    "foreign", [b"", b"\xe9" * 200, b"FXSIMIMG\x02" + make_image("2.0", 1000)[9:]]
)
def test_something_else_is_foreign(foreign: bytes) -> None:
    with pytest.raises(ForeignImageError):
        verify(foreign)


@pytest.mark.parametrize("version", ["", "x" * 33, "a\0b"])
def test_a_version_that_does_not_fit_the_header_is_refused(version: str) -> None:
    with pytest.raises(ValueError, match="version"):
        make_image(version, 100)


def test_the_command_line_writes_an_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "sensor-1.1.0.bin"
    monkeypatch.setattr("sys.argv", ["image", "1.1.0", str(file), "--size", "5000"])
    image.main()
    assert verify(file.read_bytes()).version == "1.1.0"
    assert file.stat().st_size == 5000
