from pathlib import Path

import pytest

from custom_components.flownexus_ota.ota.signature import parse_public_keys
from custom_components.flownexus_ota.ota.trust import Distrust
from custom_components.flownexus_ota.storage.image_store import ImageStore
from custom_components.flownexus_ota.storage.stored_trust import StoredTrust

from ..ota.mcuboot_images import hand_made, mcuboot_image, signing_key

OURS, THEIRS = signing_key("ed25519"), signing_key("ed25519", 2)
KEYS = parse_public_keys(OURS.public_pem.decode())


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images")


def added(store: ImageStore, tmp_path: Path, content: bytes) -> str:
    """Store bytes, and return their SHA-256."""
    source = tmp_path / "source.bin"
    source.write_bytes(content)
    return store.add(source).sha256


@pytest.mark.parametrize(
    ("content", "distrust"),
    [
        (mcuboot_image(key=OURS), None),
        (mcuboot_image(key=THEIRS), Distrust.UNKNOWN_SIGNER),
        (mcuboot_image(), Distrust.UNSIGNED),
        (hand_made()[:-1], Distrust.UNREADABLE),
        (b"plain", None),
    ],
    ids=["ours", "theirs", "unsigned", "cut short", "plain"],
)
def test_images_are_judged_by_their_own_bytes(
    store: ImageStore, tmp_path: Path, content: bytes, distrust: Distrust | None
) -> None:
    sha256 = added(store, tmp_path, content)
    assert StoredTrust(store).distrust(sha256, KEYS) is distrust


def test_without_a_key_nobody_has_signed_anything(store: ImageStore, tmp_path: Path) -> None:
    sha256 = added(store, tmp_path, mcuboot_image(key=OURS))
    assert StoredTrust(store).distrust(sha256, ()) is Distrust.UNKNOWN_SIGNER


def test_each_image_is_read_once_for_each_set_of_keys(store: ImageStore, tmp_path: Path) -> None:
    trust = StoredTrust(store)
    sha256 = added(store, tmp_path, mcuboot_image(key=THEIRS))
    assert trust.distrust(sha256, KEYS) is Distrust.UNKNOWN_SIGNER
    store.path(sha256).unlink()
    store.path(sha256).write_bytes(mcuboot_image(key=OURS))

    assert trust.distrust(sha256, KEYS) is Distrust.UNKNOWN_SIGNER
    others = parse_public_keys((OURS.public_pem + THEIRS.public_pem).decode())
    assert trust.distrust(sha256, others) is None


def test_an_image_that_is_not_there_is_judged_when_it_has_come(
    store: ImageStore, tmp_path: Path
) -> None:
    trust = StoredTrust(store)
    sha256 = added(store, tmp_path, mcuboot_image())
    store.remove(sha256)

    assert trust.distrust(sha256, KEYS) is None
    assert added(store, tmp_path, mcuboot_image()) == sha256
    assert trust.distrust(sha256, KEYS) is Distrust.UNSIGNED


def test_an_image_that_cannot_be_read_is_not_trusted(store: ImageStore, tmp_path: Path) -> None:
    trust = StoredTrust(store)
    sha256 = added(store, tmp_path, mcuboot_image(key=OURS))
    store.path(sha256).unlink()
    store.path(sha256).mkdir()

    assert trust.distrust(sha256, KEYS) is Distrust.UNREADABLE
