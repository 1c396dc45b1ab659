from pathlib import Path

import pytest

from custom_components.flownexus_ota.sources.folder import scan_folder
from custom_components.flownexus_ota.storage.image_store import ImageStore

from ..ota.esp_images import esp_image
from ..ota.mcuboot_images import area, hand_made, record
from .firmware_folder import only_problem_beside_a_good_image, problem, put


def test_an_image_that_tells_enough_needs_no_sidecar(folder: Path, store: ImageStore) -> None:
    (folder / "blinky.bin").write_bytes(esp_image(b"2.1.0", b"blinky"))
    scan = scan_folder(folder, store)
    assert scan.problems == ()
    assert [(i.version, i.model, i.kind) for i in scan.images] == [("2.1.0", "blinky", "esp")]


@pytest.mark.parametrize(
    "content",
    [esp_image(b""), esp_image(project_name=b""), hand_made()],
    ids=["no version", "no name", "mcuboot"],
)
def test_an_image_that_tells_too_little_needs_a_sidecar(
    folder: Path, store: ImageStore, content: bytes
) -> None:
    (folder / "lonely.bin").write_bytes(content)
    assert only_problem_beside_a_good_image(folder, store) == problem("lonely.bin", "no_sidecar")


def test_a_sidecar_and_the_image_tell_together(folder: Path, store: ImageStore) -> None:
    image = hand_made(record(0x22, b"signature"), protected=area(0x6908, record(0x50, b"\5\0\0\0")))
    put(folder, "signed.bin", image, version=None)
    (found,) = scan_folder(folder, store).images
    assert (found.version, found.kind, found.signature) == ("1.4.2", "mcuboot", "ecdsa-p256")
    assert found.security_counter == 5


@pytest.mark.parametrize(
    ("content", "key", "placeholders"),
    [
        (b"PK\x03\x04", "format_zip", {}),
        (b"\x7fELF", "format_elf", {}),
        (hand_made()[:-1], "image_truncated", {"needed_bytes": "76", "size_bytes": "75"}),
    ],
)
def test_what_no_device_can_flash_is_named_by_its_format(
    folder: Path, store: ImageStore, content: bytes, key: str, placeholders: dict[str, str]
) -> None:
    put(folder, "bad.bin", content)
    found = only_problem_beside_a_good_image(folder, store)
    assert found == problem("bad.bin", key, **placeholders)


def test_a_format_is_named_without_a_sidecar_too(folder: Path, store: ImageStore) -> None:
    (folder / "update.zip").write_bytes(b"PK\x03\x04")
    assert only_problem_beside_a_good_image(folder, store) == problem("update.zip", "format_zip")


@pytest.mark.parametrize(
    ("members", "key"),
    [({"version": None}, "unsigned"), ({"version": "1.4.3"}, "version_contradiction")],
)
def test_an_image_that_its_sidecar_does_not_fit_is_named(
    folder: Path, store: ImageStore, members: dict[str, str | None], key: str
) -> None:
    put(folder, "bad.bin", hand_made(), **members)
    found = only_problem_beside_a_good_image(folder, store)
    assert (found.file_name, found.key) == ("bad.bin", key)
