import itertools

import pytest

from custom_components.flownexus_ota.ota.image_header import (
    ImageHeader,
    ImageHeaderError,
    ImageKind,
    ImageProblem,
    inspect_image,
)

from .esp_images import esp_image


def refusal(content: bytes) -> tuple[ImageProblem, dict[str, str]]:
    with pytest.raises(ImageHeaderError) as caught:
        inspect_image(content)
    return caught.value.problem, dict(caught.value.placeholders)


@pytest.mark.parametrize("more_bytes", range(0, 20, 4))
def test_an_application_of_esp_idf_is_read(more_bytes: int) -> None:
    content = esp_image(security_counter=3, more_bytes=more_bytes)
    assert inspect_image(content) == ImageHeader(
        kind=ImageKind.ESP, version="2.1.0", project_name="blinky", security_counter=3
    )


def test_an_application_may_have_no_hash() -> None:
    assert inspect_image(esp_image(has_hash=False)).version == "2.1.0"


def test_a_signature_may_follow() -> None:
    assert inspect_image(esp_image() + bytes(4096)).version == "2.1.0"


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (b"v2.1.0-3-gdeadbee-dirty", "v2.1.0-3-gdeadbee-dirty"),
        (b"x" * 32, "x" * 32),
        (" 固件".encode(), "固件"),
        (b"", None),
        (b"  \0junk", None),
        (b"\xff\xfe", None),
        (b"a\x1bb", None),
    ],
)
def test_texts_are_taken_if_they_can_be_shown(field: bytes, text: str | None) -> None:
    header = inspect_image(esp_image(field, field))
    assert (header.version, header.project_name) == (text, text)


def test_an_application_with_another_byte_is_damaged() -> None:
    content = bytearray(esp_image())
    content[300] ^= 1
    assert refusal(bytes(content)) == (ImageProblem.DAMAGED, {"hash": "sha256"})


@pytest.mark.parametrize("kept_bytes", [112, 200, 290, 340, 380])
def test_a_part_of_an_application_says_how_much_is_missing(kept_bytes: int) -> None:
    problem, placeholders = refusal(esp_image()[:kept_bytes])
    assert problem is ImageProblem.TRUNCATED
    assert placeholders["size_bytes"] == str(kept_bytes)
    assert int(placeholders["needed_bytes"]) > kept_bytes


@pytest.mark.parametrize(
    "content",
    [b"\xe9", b"\xe9" + bytes(500), esp_image()[:111], esp_image(magic=0xABCD5433)],
    ids=itertools.count(),
)
def test_without_a_descriptor_the_bytes_are_plain(content: bytes) -> None:
    assert inspect_image(content) == ImageHeader(kind=ImageKind.PLAIN)
