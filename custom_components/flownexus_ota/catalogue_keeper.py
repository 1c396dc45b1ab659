"""The catalogue: the folder, read when it is asked for, and what lies elsewhere.

One reading for many who ask at once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Any, Final, final

from homeassistant.core import HomeAssistant, callback

from .issues import show_catalogue_problems
from .ota.catalogue import Catalogue
from .sources.folder import SETTLED_SECONDS, FolderScan, SeenFiles, scan_folder
from .sources.folder_writer import FolderWriter
from .sources.gathering import Gathered, KnownHeaders, gathered
from .sources.image_supply import Origin
from .sources.problem import Problem
from .sources.remote import RemoteListing, RemoteSource
from .storage.errors import HistoryError
from .storage.image_store import ImageStore

READ_EVERY_SECONDS: Final = 60 * 60.0


class FolderHeldError(Exception):
    """A backup is being made, which copies the folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """What a source has, as far as it has been heard."""

    source: RemoteSource | None
    """`None` as long as it cannot be asked at all."""
    listing: RemoteListing
    problem: Problem | None = None
    """Why it could not be asked again."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong with the source and with its images."""
        return self.listing.problems + (() if self.problem is None else (self.problem,))


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
        self._headers: KnownHeaders = {}
        self._remote: dict[str, Listed] = {}
        self._askers: dict[str, Callable[[], Awaitable[None]]] = {}
        self.catalogue: Catalogue | None = None
        """`None` until the folder has been read."""
        self.scan = FolderScan()
        """What the folder had when it was last read."""
        self.problems: tuple[Problem, ...] = ()
        """What is not used, of all sources, and why."""
        self.unsettled: Final = asyncio.Event()
        """Set while files wait until they are whole."""

    async def rescan(self) -> None:
        """Read the folder; who comes while it is being read gets the same reading."""
        if self._scan is None or self._scan.done():
            self._scan = self._hass.async_create_task(
                self._rescan(), "flownexus_ota catalogue scan", eager_start=True
            )
        await asyncio.shield(self._scan)

    async def refresh(self) -> None:
        """Read the folder, and let every other source be asked what it has by now."""
        await asyncio.gather(self.rescan(), *(ask() for ask in tuple(self._askers.values())))

    @callback
    def async_add_asker(self, key: str, ask: Callable[[], Awaitable[None]]) -> None:
        """Have sources asked at each `refresh`; `ask` raises nothing."""
        self._askers[key] = ask

    @callback
    def async_remove_asker(self, key: str) -> None:
        """Have these sources asked no more."""
        self._askers.pop(key, None)

    async def put(self, source_id: str, listed: Listed) -> None:
        """Take what a source has, in place of what it had."""
        self._remote[source_id] = listed
        await self.rescan_anew()

    @callback
    def async_forget(self, source_id: str) -> None:
        """Drop what a source had; the next reading is without."""
        self._remote.pop(source_id, None)

    async def rescan_anew(self) -> None:
        """Read everything as it is now: a reading under way may have passed by before a change."""
        if self._scan is not None and not self._scan.done():
            await asyncio.wait((self._scan,))
        await self.rescan()

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

    def names(self) -> dict[str, str]:
        """Return what stands for each image in texts, by SHA-256: a file, or its source and one."""
        remote = {
            image.stored.sha256: image.name
            for listed in self._remote.values()
            for image in listed.listing.images
        }
        return remote | {sha256: name for name, sha256 in self.scan.digests.items()}

    def has_looked_into(self, sha256: str) -> bool:
        """Tell whether an image that lies elsewhere has been read since it is in the store."""
        return sha256 in self._headers

    def origin_of(self, sha256: str) -> Origin | None:
        """Return where the bytes of an image can be had again."""
        return self.scan.origins.get(sha256) or self._remote_origin(sha256)

    def _remote_origin(self, sha256: str) -> Origin | None:
        for listed in self._remote.values():
            for image in listed.listing.images:
                if listed.source is not None and image.stored.sha256 == sha256:
                    return listed.source.origin_of(image)
        return None

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
            await self.rescan_anew()

    async def _rescan(self) -> None:
        await self._may_read.wait()
        await self.note_references()
        remote = tuple(self._remote.values())
        scan, found, catalogue = await self._hass.async_add_executor_job(self._read, remote)
        self.scan = scan
        if scan.is_settled:
            self.unsettled.clear()
        else:
            self.unsettled.set()
        self.problems = found.problems + tuple(
            problem for listed in remote for problem in listed.problems
        )
        show_catalogue_problems(self._hass, self.problems)
        if self.catalogue is not None and self.catalogue.images == catalogue.images:
            return
        self.catalogue = catalogue
        for listener in tuple(self._listeners.values()):
            listener()

    def _read(self, remote: tuple[Listed, ...]) -> tuple[FolderScan, Gathered, Catalogue]:
        # A folder that cannot be made is a problem that the scan names.
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
        scan = scan_folder(self._folder, self._store, self._seen, now_seconds=time())
        images = [image for listed in remote for image in listed.listing.images]
        found = gathered(scan, images, self._store, self._headers)
        return scan, found, Catalogue(found.images)


async def async_keep_reading(
    keeper: CatalogueKeeper,
    *,
    pause_seconds: float = READ_EVERY_SECONDS,
    settled_seconds: float = SETTLED_SECONDS,
) -> None:
    """Read the folder again and again, until cancelled: nobody tells when a file is put there.

    Soon, as long as files wait until they are whole.
    """
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_seconds):
                await keeper.unsettled.wait()
                await asyncio.sleep(settled_seconds)
        await keeper.rescan()
