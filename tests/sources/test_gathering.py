"""Images of the folder and of other sources, side by side."""

import hashlib
from dataclasses import replace
from pathlib import Path

from custom_components.flownexus_ota.ota.sidecar import Sidecar, SidecarProblem
from custom_components.flownexus_ota.sources.folder import scan_folder
from custom_components.flownexus_ota.sources.gathering import KnownHeaders, gathered
from custom_components.flownexus_ota.sources.problem import FolderProblem
from custom_components.flownexus_ota.sources.remote import RemoteImage
from custom_components.flownexus_ota.storage.image_store import ImageStore, StoredImage

from ..ota.mcuboot_images import hand_made
from .firmware_folder import put


def remote(content: bytes = b"remote", *, version: str = "1.4.2") -> RemoteImage:
    return RemoteImage(
        name="Example: a.bin",
        url="https://firmware.example/a.bin",
        file_name="a.bin",
        stored=StoredImage(sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content)),
        sidecar=Sidecar(version=version, model="Thingy:91"),
    )


def keep(store: ImageStore, folder: Path, content: bytes) -> None:
    """Have the store hold an image."""
    source = folder.parent / "fetched.bin"
    source.write_bytes(content)
    store.add(source)


def test_images_of_all_sources_are_there(folder: Path, store: ImageStore) -> None:
    put(folder, "b.bin", b"mine", version="1.0.0")
    found = gathered(scan_folder(folder, store), [remote()], store)
    assert found.problems == ()
    assert {(image.version, image.origin) for image in found.images} == {
        ("1.0.0", None),
        ("1.4.2", "https://firmware.example/a.bin"),
    }


def test_two_sources_may_share_a_name(folder: Path, store: ImageStore) -> None:
    pair = [remote(version="1.0.0"), remote(b"another", version="2.0.0")]
    found = gathered(scan_folder(folder, store), pair, store)
    assert {image.version for image in found.images} == {"1.0.0", "2.0.0"}


def test_files_of_the_folder_that_contradict_each_other_are_told_once(
    folder: Path, store: ImageStore
) -> None:
    put(folder, "b.bin", b"1", version="1.4.2")
    put(folder, "c.bin", b"2", version="1.4.2")
    found = gathered(scan_folder(folder, store), [remote()], store)
    assert found.images == ()
    assert [(each.file_name, each.key) for each in found.problems] == [
        ("b.bin", FolderProblem.DUPLICATE_VERSION),
        ("c.bin", FolderProblem.DUPLICATE_VERSION),
        ("Example: a.bin", FolderProblem.DUPLICATE_VERSION),
    ]


def test_what_an_image_tells_is_read_once_and_forgotten_with_it(
    folder: Path, store: ImageStore
) -> None:
    content = hand_made()
    image = replace(
        remote(content), sidecar=Sidecar(model="a", allow_unsigned=True, version="1.4.2")
    )
    keep(store, folder, content)
    headers: KnownHeaders = {}
    scan = scan_folder(folder, store)
    first = gathered(scan, [image], store, headers)
    assert [found.kind for found in first.images] == ["mcuboot"]
    assert gathered(scan, [image], store, headers) == first
    assert list(headers) == [image.stored.sha256]
    gathered(scan, [], store, headers)
    assert headers == {}


def test_an_image_that_is_not_what_its_source_says_is_not_used(
    folder: Path, store: ImageStore
) -> None:
    content = hand_made()
    keep(store, folder, content)
    found = gathered(scan_folder(folder, store), [remote(content)], store)
    assert found.images == ()
    assert [(each.file_name, each.key) for each in found.problems] == [
        ("Example: a.bin", SidecarProblem.UNSIGNED)
    ]
