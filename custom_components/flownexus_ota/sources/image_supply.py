"""What a session needs is in the store, and whole: hashed again, and fetched again if need be."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, Protocol, final

from ..ota.preflight import Refusal, RefusalKey
from ..storage.image_store import ImageStore, ImageStoreError, StoredImage
from ..storage.source_file import SourceError
from .fetch_errors import FetchError

_LOGGER: Final = logging.getLogger(__name__)

# Hundreds of sessions may begin with the same image; a disk does not rot between two of them.
VERIFIED_SECONDS: Final = 600
# Each is a connection and a temporary file.
MAX_FETCHES: Final = 2

type _Verified = tuple[tuple[int, ...], float]
"""What the file was like, and when its bytes were good."""


class Origin(Protocol):
    """Where the bytes of an image can be had."""

    async def bring(self, image: StoredImage, store: ImageStore) -> None:
        """Bring them into the store; raise FetchError, SourceError or ImageStoreError."""


@final
class ImageSupply:
    """Sees that images are there when they are offered; one look for many who ask at once."""

    def __init__(
        self,
        store: ImageStore,
        *,
        origin_of: Callable[[str], Origin | None],
        before_fetch: Callable[[], Awaitable[None]],
        verified_seconds: float = VERIFIED_SECONDS,
    ) -> None:
        """Take the store, and what tells where an image of this SHA-256 comes from.

        `before_fetch` is called before the store has to make room.
        """
        self._store = store
        self._origin_of = origin_of
        self._before_fetch = before_fetch
        self._verified_seconds = verified_seconds
        self._verified: dict[str, _Verified] = {}
        self._looks: dict[StoredImage, asyncio.Task[Refusal | None]] = {}
        self._fetches: set[asyncio.Task[None]] = set()
        self._may_fetch = asyncio.Event()
        self._may_fetch.set()
        self._slots = asyncio.Semaphore(MAX_FETCHES)

    async def provide(self, image: StoredImage) -> Refusal | None:
        """Return why the store does not have the image, whole; `None` if it does by now."""
        look = self._looks.get(image)
        if look is None:
            look = asyncio.create_task(self._provide(image), name="flownexus_ota image supply")
            self._looks[image] = look
            look.add_done_callback(lambda _: self._looks.pop(image, None))
        # Others may wait for the same look when the first of them is gone.
        return await asyncio.shield(look)

    async def pause(self) -> None:
        """Fetch nothing until `go_on`: what is under way ends, and begins anew then."""
        self._may_fetch.clear()
        fetches = tuple(self._fetches)
        for fetch in fetches:
            fetch.cancel()
        await asyncio.gather(*fetches, return_exceptions=True)

    def go_on(self) -> None:
        """Fetch again."""
        self._may_fetch.set()

    async def close(self) -> None:
        """End all looks; who waits for one is cancelled."""
        tasks = (*self._looks.values(), *self._fetches)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _provide(self, image: StoredImage) -> Refusal | None:
        await asyncio.to_thread(self._store.need, image.sha256)
        if await asyncio.to_thread(self._is_whole, image):
            return None
        is_damaged = await asyncio.to_thread(self._store.has, image.sha256)
        if is_damaged:
            _LOGGER.warning("The image %s in the store is damaged", image.sha256)
        origin = self._origin_of(image.sha256)
        if origin is None:
            damaged, missing = RefusalKey.IMAGE_DAMAGED, RefusalKey.IMAGE_MISSING
            return Refusal(key=damaged if is_damaged else missing)
        try:
            if is_damaged:
                await asyncio.to_thread(self._store.remove, image.sha256)
            await self._fetch(origin, image)
        except (FetchError, SourceError, ImageStoreError) as err:
            detail = str(err) or type(err).__name__
            return Refusal(key=RefusalKey.IMAGE_NOT_FETCHED, values={"detail": detail})
        return None

    async def _fetch(self, origin: Origin, image: StoredImage) -> None:
        """Fetch, from the start again after each pause."""
        async with self._slots:
            while True:
                await self._may_fetch.wait()
                await self._before_fetch()
                fetch = asyncio.create_task(origin.bring(image, self._store))
                self._fetches.add(fetch)
                try:
                    return await fetch
                except asyncio.CancelledError:
                    if _is_being_cancelled():
                        raise  # not the fetch alone, by `pause`
                finally:
                    fetch.cancel()
                    self._fetches.discard(fetch)

    def _is_whole(self, image: StoredImage) -> bool:
        """Tell whether the bytes are those of the digest, or were a short time ago."""
        before = self._store.fingerprint(image.sha256)
        if before is None or not self._store.has(image.sha256, size_bytes=image.size_bytes):
            return False
        fingerprint, verified_at = self._verified.get(image.sha256, ((), 0.0))
        if fingerprint == before and monotonic() - verified_at < self._verified_seconds:
            return True
        if not self._store.verify(image.sha256):
            return False
        self._verified[image.sha256] = (before, monotonic())
        return True


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
