import hashlib
import os
from pathlib import Path

import pytest

from custom_components.flownexus_ota.sources.fetch_errors import FetchError
from custom_components.flownexus_ota.sources.guarded_fetch import GuardedFetcher
from custom_components.flownexus_ota.storage.image_store import (
    ImageStore,
    ImageStoreError,
    StoredImage,
)

from .file_server import LOOPBACK, FileServer

CONTENT = os.urandom(3 * 1024 * 1024 + 17)
IMAGE = StoredImage(sha256=hashlib.sha256(CONTENT).hexdigest(), size_bytes=len(CONTENT))


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images")


async def test_an_image_is_fetched_into_a_file(
    fetcher: GuardedFetcher, server: FileServer, tmp_path: Path
) -> None:
    path = tmp_path / "thingy.bin.part"
    path.write_bytes(b"left by a crash")
    url = server.put("/thingy.bin", CONTENT)
    assert await fetcher.fetch_into_file(url, path, sha256=IMAGE.sha256) == IMAGE
    assert path.read_bytes() == CONTENT
    assert await fetcher.fetch_into_file(url, path) == IMAGE


async def test_an_image_is_fetched_into_the_store(
    fetcher: GuardedFetcher, server: FileServer, store: ImageStore
) -> None:
    await fetcher.fetch_into_store(server.put("/thingy.bin", CONTENT), store, IMAGE)
    assert store.path(IMAGE.sha256).read_bytes() == CONTENT
    assert [path.name for path in store.path(IMAGE.sha256).parent.iterdir()] == [IMAGE.sha256]


@pytest.mark.parametrize(
    ("content", "key", "details"),
    [
        (
            CONTENT[:-1] + b"?",
            "fetch_wrong_digest",
            {"expected": IMAGE.sha256, "actual": hashlib.sha256(CONTENT[:-1] + b"?").hexdigest()},
        ),
        (
            CONTENT[:-1],
            "fetch_wrong_size",
            {"expected": str(len(CONTENT)), "actual": str(len(CONTENT) - 1)},
        ),
        (CONTENT + b"?", "fetch_too_large", {"limit_bytes": str(len(CONTENT))}),
    ],
    ids=["another byte", "one byte less", "one byte more"],
)
async def test_other_bytes_than_were_said_leave_nothing_behind(
    fetcher: GuardedFetcher,
    server: FileServer,
    store: ImageStore,
    content: bytes,
    key: str,
    details: dict[str, str],
) -> None:
    url = server.put("/thingy.bin", content)
    with pytest.raises(FetchError) as raised:
        await fetcher.fetch_into_store(url, store, IMAGE)
    assert (raised.value.key, raised.value.details) == (key, {"host": LOOPBACK} | details)
    assert list(store.path(IMAGE.sha256).parent.iterdir()) == []


async def test_a_file_with_another_digest_than_was_said_leaves_nothing_behind(
    fetcher: GuardedFetcher, server: FileServer, tmp_path: Path
) -> None:
    path = tmp_path / "thingy.bin.part"
    with pytest.raises(FetchError) as raised:
        await fetcher.fetch_into_file(server.put("/thingy.bin", b"?"), path, sha256=IMAGE.sha256)
    assert raised.value.key == "fetch_wrong_digest"
    assert not path.exists()


async def test_a_disk_that_takes_nothing_is_told(
    fetcher: GuardedFetcher, server: FileServer, tmp_path: Path
) -> None:
    url = server.put("/thingy.bin", CONTENT)
    with pytest.raises(FetchError) as raised:
        await fetcher.fetch_into_file(url, tmp_path / "nowhere" / "thingy.bin.part")
    assert raised.value.key == "fetch_disk_failed"
    assert raised.value.details == {"error": "No such file or directory"}
    assert server.requests == []


async def test_a_store_that_takes_nothing_is_told(
    fetcher: GuardedFetcher, server: FileServer, tmp_path: Path
) -> None:
    (tmp_path / "images").write_bytes(b"a file in the folder's place")
    with pytest.raises(ImageStoreError):
        await fetcher.fetch_into_store(
            server.put("/thingy.bin", CONTENT), ImageStore(tmp_path / "images"), IMAGE
        )
    assert server.requests == []
