"""Images that lie elsewhere: what their source says of them, and what they turn out to be."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from ..ota.description import described_image
from ..ota.image import FirmwareImage
from ..ota.image_header import ImageHeader, ImageHeaderError, ImageKind
from ..ota.sidecar import Sidecar, SidecarError
from ..storage.image_store import ImageStore, StoredImage
from .fetch_errors import UnsuitableError
from .guarded_connection import host_of
from .guarded_fetch import GuardedFetcher
from .inspection import stored_header
from .problem import Problem

# An image tells nothing of itself before it has been fetched.
UNKNOWN_HEADER: Final = ImageHeader(kind=ImageKind.PLAIN)


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteImage:
    """An image as its source describes it."""

    name: str
    """What stands for it in texts; no two images of any sources share one."""
    url: str
    file_name: str
    stored: StoredImage
    """What it will be in the store."""
    sidecar: Sidecar

    def described(self, header: ImageHeader = UNKNOWN_HEADER) -> FirmwareImage:
        """Return the image; raise `SidecarError` when its header says otherwise, or too little."""
        image = described_image(
            self.sidecar,
            header,
            sha256=self.stored.sha256,
            size_bytes=self.stored.size_bytes,
            file_name=self.file_name,
        )
        return replace(image, origin=self.url)


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteListing:
    """What a source has: images, none of them fetched, and problems."""

    images: tuple[RemoteImage, ...] = ()
    problems: tuple[Problem, ...] = ()


class RemoteSource(Protocol):
    """An index, or the releases of a repository."""

    async def list_images(self) -> RemoteListing:
        """Ask what there is; raise `FetchError` when nobody tells, and the last answer holds."""

    def origin_of(self, image: RemoteImage) -> RemoteOrigin:
        """Return where to fetch an image."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteOrigin:
    """A server that has the bytes of an image."""

    image: RemoteImage
    fetcher: GuardedFetcher
    accept: str = "*/*"
    authorisation: str | None = field(default=None, repr=False)

    async def bring(self, image: StoredImage, store: ImageStore) -> None:
        """Fetch the image, and keep it if it is what its source says; else raise FetchError.

        Raise `ImageStoreError` for the store's disk.
        """
        await self.fetcher.fetch_into_store(
            self.image.url,
            store,
            image,
            accept=self.accept,
            authorisation=self.authorisation,
        )
        await asyncio.to_thread(self._check, store)

    def _check(self, store: ImageStore) -> None:
        try:
            self.image.described(stored_header(store, self.image.stored.sha256))
        except (SidecarError, ImageHeaderError) as err:
            store.remove(self.image.stored.sha256)
            raise UnsuitableError(host=host_of(self.image.url), error=str(err)) from err


def named(source: str, name: str) -> str:
    """Return what stands for an image of a source in texts."""
    return f"{source}: {name}"


def unique(images: Iterable[RemoteImage]) -> tuple[RemoteImage, ...]:
    """Number the names of images that share one."""
    counts: dict[str, int] = {}
    numbered: list[RemoteImage] = []
    for image in images:
        counts[image.name] = count = counts.get(image.name, 0) + 1
        name = image.name if count == 1 else f"{image.name} ({count})"
        numbered.append(replace(image, name=name))
    return tuple(numbered)
