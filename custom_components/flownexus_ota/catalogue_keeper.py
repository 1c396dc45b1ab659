"""The catalogue folder, read when it is asked for: one scan for many who ask at once."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, final

from homeassistant.core import HomeAssistant, callback

from .issues import show_catalogue_problems
from .ota.catalogue import Catalogue
from .sources.folder import FolderScan, SeenFiles, scan_folder
from .sources.folder_writer import FolderWriter
from .sources.image_supply import Origin
from .storage.errors import HistoryError
from .storage.image_store import ImageStore


class FolderHeldError(Exception):
    """A backup is being made, which copies the folder."""


@final
class CatalogueKeeper:
    """Holds the catalogue that all servers share."""

    def __init__(
        self,
        hass: HomeAssistant,
        folder: Path,
        store: ImageStore,
        *,
        active_images: Callable[[], Awaitable[frozenset[str]]],
    ) -> None:
        """Nothing is read before the first `rescan`.

        `active_images` tells which ones active updates need, by SHA-256, or raises a HistoryError.
        """
        self._hass = hass
        self._folder = folder
        self._store = store
        self._active_images = active_images
        self._writer = FolderWriter(folder)
        self._writes: set[asyncio.Future[Any]] = set()
        self._seen: SeenFiles = {}
        self._scan: asyncio.Task[None] | None = None
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._listeners: dict[object, Callable[[], None]] = {}
        self.catalogue: Catalogue | None = None
        """`None` until the folder has been read."""
        self.scan = FolderScan()
        """What the folder had when it was last read."""

    async def rescan(self) -> None:
        """Read the folder; who comes while it is being read gets the same reading."""
        if self._scan is None or self._scan.done():
            self._scan = self._hass.async_create_task(
                self._rescan(), "flownexus_ota catalogue scan", eager_start=True
            )
        await asyncio.shield(self._scan)

    async def change[T](self, job: Callable[[FolderWriter], T]) -> T:
        """Let a blocking `job` write to the folder, then read it; raise what the job raises.

        Raise `FolderHeldError`, and do nothing, while a backup is being made.
        """
        if not self._may_read.is_set():
            raise FolderHeldError
        # A task of its own: who asked may be gone before the folder is read again.
        return await asyncio.shield(
            self._hass.async_create_task(
                self._change(job), "flownexus_ota catalogue change", eager_start=True
            )
        )

    async def pause(self) -> None:
        """Store no image until `go_on`; done once reading and writing under way have ended.

        A temporary file that is gone before it is copied would end a backup of everything.
        """
        if not self._may_read.is_set():
            return
        self._may_read.clear()
        under_way = {*self._writes} if self._scan is None else {*self._writes, self._scan}
        if under_way:
            await asyncio.wait(under_way)

    @callback
    def go_on(self) -> None:
        """Read again, for whoever has asked meanwhile too."""
        self._may_read.set()

    @callback
    def async_listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` whenever the catalogue has changed; return what ends that."""
        key = object()
        self._listeners[key] = listener

        def unlisten() -> None:
            self._listeners.pop(key, None)

        return unlisten

    def origin_of(self, sha256: str) -> Origin | None:
        """Return where the bytes of an image can be had again."""
        return self.scan.origins.get(sha256)

    async def note_references(self) -> None:
        """Tell the store which images have to stay: the catalogue's, and those of active updates.

        As long as somebody of them cannot be asked, all have to.
        """
        catalogue = self.catalogue
        try:
            active = await self._active_images()
        except HistoryError:
            self._store.referenced = None
            return
        self._store.referenced = (
            None
            if catalogue is None
            else active.union((i.sha256 for i in catalogue.images), self.scan.origins)
        )

    async def _change[T](self, job: Callable[[FolderWriter], T]) -> T:
        write = self._hass.async_add_executor_job(job, self._writer)
        self._writes.add(write)
        try:
            return await write
        finally:
            self._writes.discard(write)
            # A reading under way may have passed by before the change.
            if self._scan is not None:
                await asyncio.wait((self._scan,))
            await self.rescan()

    async def _rescan(self) -> None:
        await self._may_read.wait()
        await self.note_references()
        scan, catalogue = await self._hass.async_add_executor_job(self._read)
        self.scan = scan
        show_catalogue_problems(self._hass, scan.problems)
        if self.catalogue is not None and self.catalogue.images == catalogue.images:
            return
        self.catalogue = catalogue
        for listener in tuple(self._listeners.values()):
            listener()

    def _read(self) -> tuple[FolderScan, Catalogue]:
        # A folder that cannot be made is a problem that the scan names.
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
        scan = scan_folder(self._folder, self._store, self._seen)
        return scan, Catalogue(scan.images)
