"""Images are there, and whole, when they are offered."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from custom_components.flownexus_ota.ota.preflight import Refusal, RefusalKey
from custom_components.flownexus_ota.sources.fetch_errors import TooSlowError
from custom_components.flownexus_ota.sources.folder import scan_folder
from custom_components.flownexus_ota.sources.image_supply import ImageSupply, Origin
from custom_components.flownexus_ota.storage.image_store import ImageStore, StoredImage

from .firmware_folder import put

CONTENT = b"firmware " * 1000
IMAGE = StoredImage(sha256=hashlib.sha256(CONTENT).hexdigest(), size_bytes=len(CONTENT))
MISSING = Refusal(key=RefusalKey.IMAGE_MISSING)
DAMAGED = Refusal(key=RefusalKey.IMAGE_DAMAGED)


@dataclass
class Shelf:
    """An origin that waits for a test before it gives its bytes."""

    path: Path
    errors: list[Exception] = field(default_factory=list)
    may_bring: asyncio.Event = field(default_factory=asyncio.Event)
    calls: list[str] = field(default_factory=list)

    async def bring(self, image: StoredImage, store: ImageStore) -> None:
        self.calls.append("begun")
        await self.may_bring.wait()
        if self.errors:
            raise self.errors.pop()
        store.add(self.path, expected_sha256=image.sha256)
        self.calls.append("brought")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "thingy.bin"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def shelf(source: Path) -> Shelf:
    made = Shelf(source)
    made.may_bring.set()
    return made


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images")


type MakeSupply = Callable[[Origin | None], ImageSupply]


@pytest.fixture
async def supply_from(store: ImageStore) -> AsyncIterator[MakeSupply]:
    made: list[ImageSupply] = []

    async def nothing() -> None:
        """Take no note of references."""

    def make(origin: Origin | None) -> ImageSupply:
        made.append(
            ImageSupply(
                store, origin_of=lambda _: origin, before_fetch=nothing, verified_seconds=3600
            )
        )
        return made[-1]

    yield make
    for supply in made:
        await supply.close()


def damage(store: ImageStore) -> None:
    """Change a byte of the stored image, as a bad disk does."""
    path = store.path(IMAGE.sha256)
    path.chmod(0o644)
    path.write_bytes(CONTENT[:-1] + b"?")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 # a test has nothing better to wait for
            await asyncio.sleep(0)


async def test_a_whole_image_is_not_fetched(
    store: ImageStore, source: Path, shelf: Shelf, supply_from: MakeSupply
) -> None:
    store.add(source)
    assert await supply_from(shelf).provide(IMAGE) is None
    assert shelf.calls == []


async def test_an_image_is_fetched_when_it_is_first_needed(
    store: ImageStore, shelf: Shelf, supply_from: MakeSupply
) -> None:
    assert await supply_from(shelf).provide(IMAGE) is None
    assert shelf.calls == ["begun", "brought"]
    assert store.verify(IMAGE.sha256)


@pytest.mark.parametrize(
    "content",
    [CONTENT[:-1] + b"?", CONTENT[:-1], CONTENT + b"?", b""],
    ids=["another byte", "one byte less", "one byte more", "nothing"],
)
async def test_a_damaged_image_is_fetched_anew(
    store: ImageStore, source: Path, shelf: Shelf, supply_from: MakeSupply, content: bytes
) -> None:
    store.add(source)
    store.path(IMAGE.sha256).chmod(0o644)
    store.path(IMAGE.sha256).write_bytes(content)
    assert await supply_from(shelf).provide(IMAGE) is None
    assert store.verify(IMAGE.sha256)


async def test_an_image_without_an_origin_is_missing_or_damaged(
    store: ImageStore, source: Path, supply_from: MakeSupply
) -> None:
    supply = supply_from(None)
    assert await supply.provide(IMAGE) == MISSING
    store.add(source)
    assert await supply.provide(IMAGE) is None
    damage(store)
    assert await supply.provide(IMAGE) == DAMAGED
    assert await supply.provide(IMAGE) == DAMAGED


async def test_why_an_image_was_not_fetched_is_told_and_the_next_look_tries_again(
    shelf: Shelf, supply_from: MakeSupply
) -> None:
    shelf.errors.append(TooSlowError(host="firmware.example", limit_seconds="30"))
    supply = supply_from(shelf)
    assert await supply.provide(IMAGE) == Refusal(
        key=RefusalKey.IMAGE_NOT_FETCHED,
        values={"detail": "firmware.example took longer than 30 s"},
    )
    assert await supply.provide(IMAGE) is None


async def test_who_asks_while_an_image_is_fetched_waits_for_the_same_fetch(
    shelf: Shelf, supply_from: MakeSupply
) -> None:
    supply = supply_from(shelf)
    shelf.may_bring.clear()
    first = asyncio.create_task(supply.provide(IMAGE))
    others = [asyncio.create_task(supply.provide(IMAGE)) for _ in range(3)]
    await until(lambda: shelf.calls == ["begun"])
    first.cancel()
    shelf.may_bring.set()
    assert await asyncio.gather(*others) == [None, None, None]
    assert first.cancelled()
    assert shelf.calls == ["begun", "brought"]


async def test_nothing_is_fetched_during_a_pause_and_what_was_begun_begins_anew(
    store: ImageStore, shelf: Shelf, supply_from: MakeSupply
) -> None:
    supply = supply_from(shelf)
    shelf.may_bring.clear()
    look = asyncio.create_task(supply.provide(IMAGE))
    await until(lambda: shelf.calls == ["begun"])
    await supply.pause()
    shelf.may_bring.set()
    assert not store.has(IMAGE.sha256)
    supply.go_on()
    assert await look is None
    assert shelf.calls == ["begun", "begun", "brought"]


async def test_who_waits_when_everything_ends_is_cancelled(
    shelf: Shelf, supply_from: MakeSupply
) -> None:
    supply = supply_from(shelf)
    shelf.may_bring.clear()
    fetching = asyncio.create_task(supply.provide(IMAGE))
    await until(lambda: shelf.calls == ["begun"])
    await supply.close()
    with pytest.raises(asyncio.CancelledError):
        await fetching


async def test_who_waits_for_the_end_of_a_pause_is_cancelled_when_everything_ends(
    shelf: Shelf, supply_from: MakeSupply
) -> None:
    supply = supply_from(shelf)
    await supply.pause()
    waiting = asyncio.create_task(supply.provide(IMAGE))
    await asyncio.sleep(0)
    await supply.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert shelf.calls == []


async def test_a_file_of_the_folder_is_an_origin(
    tmp_path: Path, store: ImageStore, supply_from: MakeSupply
) -> None:
    folder = tmp_path / "firmware"
    folder.mkdir()
    put(folder, "thingy.bin", CONTENT)
    scan = scan_folder(folder, store)
    damage(store)
    supply = supply_from(scan.origins[IMAGE.sha256])
    assert await supply.provide(IMAGE) is None
    assert store.verify(IMAGE.sha256)


async def test_a_file_of_the_folder_that_has_changed_since_is_no_origin(
    tmp_path: Path, store: ImageStore, supply_from: MakeSupply
) -> None:
    folder = tmp_path / "firmware"
    folder.mkdir()
    put(folder, "thingy.bin", CONTENT)
    scan = scan_folder(folder, store)
    store.remove(IMAGE.sha256)
    (folder / "thingy.bin").write_bytes(b"another")
    refusal = await supply_from(scan.origins[IMAGE.sha256]).provide(IMAGE)
    assert refusal is not None
    assert refusal.key is RefusalKey.IMAGE_NOT_FETCHED
    (folder / "thingy.bin").unlink()
    (folder / "thingy.bin").symlink_to("/etc/hostname")
    refusal = await supply_from(scan.origins[IMAGE.sha256]).provide(IMAGE)
    assert refusal is not None
    assert refusal.key is RefusalKey.IMAGE_NOT_FETCHED
