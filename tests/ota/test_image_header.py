import gzip
import io
import itertools
import mmap
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings, strategies as st

from custom_components.flownexus_ota.ota.image_header import (
    ImageHeader,
    ImageHeaderError,
    ImageKind,
    ImageProblem,
    inspect_image,
    kind_of,
)

from .esp_images import esp_image
from .mcuboot_images import KEY_TYPES, image_of_layout_1, mcuboot_image, signing_key

SMALL = b"a small body of some bytes"
ORIGINALS = (
    *(
        mcuboot_image("--security-counter", "9", key=signing_key(kind), body=SMALL)
        for kind in KEY_TYPES
    ),
    mcuboot_image(body=SMALL),
    mcuboot_image("--dependencies", "(1, 1.2.3+4)", body=SMALL),
    mcuboot_image("--pure", key=signing_key("ed25519"), body=SMALL),
    image_of_layout_1((4, b"signature"), flags=0x22),
    esp_image(),
)


def a_zip(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, b"content")
    return file.getvalue()


def refusal(content: bytes) -> ImageProblem:
    with pytest.raises(ImageHeaderError) as caught:
        inspect_image(content)
    assert caught.value.placeholders == {}
    return caught.value.problem


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", ImageProblem.EMPTY),
        (bytes.fromhex("1ef1ee0b") + bytes(60), ImageProblem.ZIGBEE_OTA),
        (a_zip("manifest.json", "app_update.bin"), ImageProblem.ZIP),
        (a_zip(), ImageProblem.ZIP),
        (b"\x7fELF\x01\x01\x01" + bytes(60), ImageProblem.ELF),
        (gzip.compress(b"x"), ImageProblem.GZIP),
        (b":020000040800F2\r\n:100000000000\r\n", ImageProblem.INTEL_HEX),
        (b"\n:00000001FF\n", ImageProblem.INTEL_HEX),
    ],
    ids=itertools.count(),
)
def test_a_file_in_a_format_that_no_device_flashes_is_refused(
    content: bytes, problem: ImageProblem
) -> None:
    assert refusal(content) is problem


@pytest.mark.parametrize(
    "content",
    [b"\0", b"PK", b"firmware", b":", b":0200000408", b":0200000408F\n", b":zz0000000000\n"],
)
def test_other_bytes_are_plain(content: bytes) -> None:
    assert inspect_image(content) == ImageHeader(kind=ImageKind.PLAIN)


@pytest.mark.parametrize(
    "content", [b"firmware", mcuboot_image(), esp_image()], ids=list(ImageKind)
)
def test_the_beginning_tells_the_kind(content: bytes) -> None:
    assert kind_of(content[:1024]) is inspect_image(content).kind


def test_the_beginning_tells_what_is_no_image() -> None:
    with pytest.raises(ImageHeaderError) as caught:
        kind_of(a_zip("app_update.bin")[:64])
    assert caught.value.problem is ImageProblem.ZIP


@pytest.mark.parametrize("content", [mcuboot_image(), mcuboot_image()[:100]], ids=["whole", "part"])
def test_a_memory_map_is_read_in_place_and_can_be_closed(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "image.bin"
    path.write_bytes(content)
    read: list[object] = []
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        read.append(outcome(mapped))

    assert mapped.closed
    assert str(read) == str([outcome(content)])


def outcome(content: bytes | mmap.mmap) -> ImageHeader | ImageHeaderError:
    """Return what is told, or the very error: its traceback must hold on to nothing."""
    try:
        return inspect_image(content)
    except ImageHeaderError as err:
        return err


def mutated(draw: st.DrawFn, original: bytes) -> bytes:
    content = bytearray(original)
    # The header and the records are few bytes; look there more often than chance would.
    edges = st.integers(0, 31) | st.integers(len(content) - 400, len(content) - 1)
    places = st.integers(0, len(content) - 1) | edges
    for place in draw(st.lists(places, max_size=4)):
        content[place] = draw(st.integers(0, 255))
    return bytes(content[: draw(st.integers(0, len(content)) | st.just(len(content)))])


@st.composite
def tampered(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Return an image, and what became of it."""
    original = draw(st.sampled_from(ORIGINALS))
    return original, mutated(draw, original)


@settings(max_examples=300)
@given(tampered())
@example((ORIGINALS[0], ORIGINALS[0]))
def test_no_tampering_breaks_the_parser_or_passes_for_the_image(pair: tuple[bytes, bytes]) -> None:
    original, content = pair
    found = outcome(content)

    details = found.mcuboot if isinstance(found, ImageHeader) else None
    checked = 0 if details is None else details.is_hash_verified * details.hashed_size_bytes
    # Signatures and trailer lie behind what the hash is over, and may differ.
    assert content[:checked] == original[:checked]


@given(st.binary(max_size=400))
@example(b"\x3d\xb8\xf3\x96" + b"\xff" * 40)
@example(b"\x3c\xb8\xf3\x96" + b"\xff" * 40)
def test_any_bytes_are_told_or_refused(content: bytes) -> None:
    assert isinstance(outcome(content), ImageHeader | ImageHeaderError)
