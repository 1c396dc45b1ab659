"""The image store: files by SHA-256, immutable, the only ones that are ever served."""

import hashlib
import re
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import disk_usage
from threading import Lock
from time import time
from typing import Final, final

from .incoming_file import IncomingFile, sync_folder
from .pruning import HeldImage, to_prune
from .source_file import SourceError, SourceFile, SourceStillChangingError, opened

IMAGE_SIZE_LIMIT_BYTES: Final = 256 * 1024 * 1024
DEFAULT_QUOTA_BYTES: Final = 2 * 1024**3
DEFAULT_RESERVE_BYTES: Final = 128 * 1024 * 1024
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_UNFINISHED_SUFFIX: Final = ".part"
_NOTE_SUFFIX: Final = ".needed"
_INCOMING: Final = f"incoming{_UNFINISHED_SUFFIX}"
_READ_ONLY: Final = 0o444


class ImageDigestError(SourceError):
    """The file has another SHA-256 than it should have. Details: expected, actual."""


class ImageStoreError(Exception):
    """The store's own disk fails (full, read-only); says how."""


class ImageStoreFullError(ImageStoreError):
    """There is no room for an image, and nothing to prune; says how much there is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredImage:
    """The bytes of an image in the store."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreUsage:
    """How full the store and its disk are."""

    image_count: int
    held_bytes: int
    """Of all images together."""
    free_bytes: int
    """Of the disk."""


@final
class ImageStore:
    """Images in a folder of their own; blocking, safe to use from several threads."""

    def __init__(
        self,
        folder: Path,
        *,
        quota_bytes: int = DEFAULT_QUOTA_BYTES,
        reserve_bytes: int = DEFAULT_RESERVE_BYTES,
    ) -> None:
        """Use `folder`, which is made when the first image comes.

        As much as `reserve_bytes` of the disk is left for others.
        """
        self._folder: Final = folder
        self._reserve_bytes = reserve_bytes
        self._lock: Final = Lock()
        self._begun: Final[dict[Path, int]] = {}
        """The sizes of images that somebody fetches, by their unfinished files."""
        self.quota_bytes = quota_bytes
        """What all images together may take."""
        self.referenced: frozenset[str] | None = None
        """Images that are never pruned; `None` is all of them, as long as nobody knows."""

    def path(self, sha256: str) -> Path:
        """Return where an image lies, or would lie; raise `ValueError` unless it is a digest."""
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"no SHA-256: {sha256!r}")
        return self._folder / sha256

    def has(self, sha256: str, *, size_bytes: int | None = None) -> bool:
        """Tell whether the store holds an image, of that size if one is given."""
        try:
            status = self.path(sha256).lstat()
        except OSError:
            return False
        return stat.S_ISREG(status.st_mode) and size_bytes in (None, status.st_size)

    def verify(self, sha256: str) -> bool:
        """Tell whether an image is there and its bytes are still those of its digest."""
        try:
            with self.path(sha256).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except OSError:
            return False

    def fingerprint(self, sha256: str) -> tuple[int, ...] | None:
        """Return what changes when the file of an image does; `None` if there is none."""
        try:
            status = self.path(sha256).lstat()
        except OSError:
            return None
        return (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    def usage(self) -> StoreUsage:
        """Return how full the store is; raise `ImageStoreError`."""
        with _store_errors():
            # The folder is made when the first image comes.
            there = next(each for each in (self._folder, *self._folder.parents) if each.exists())
            held = self._held() if there == self._folder else []
            free_bytes = disk_usage(there).free
        return StoreUsage(
            image_count=len(held),
            held_bytes=sum(image.size_bytes for image in held),
            free_bytes=free_bytes,
        )

    def need(self, sha256: str) -> None:
        """Note that an image is needed now; those that were needed last are pruned last."""
        with suppress(OSError):
            self._note(sha256).touch()

    def remove(self, sha256: str) -> None:
        """Forget an image; one that is not there is no error. Raise `ImageStoreError`."""
        with _store_errors():
            self.path(sha256).unlink(missing_ok=True)
            self._note(sha256).unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove what a crash left behind; what cannot be removed stays."""
        with suppress(OSError):
            for path in tuple(self._folder.iterdir()):
                is_note = path.suffix == _NOTE_SUFFIX
                is_left_over = is_note and not path.with_suffix("").exists()
                if path.suffix == _UNFINISHED_SUFFIX or is_left_over:
                    path.unlink()

    def clear(self) -> None:
        """Forget every image; the folder goes if nothing else is in it. Raise `ImageStoreError`."""
        with self._lock, _store_errors():
            if not self._folder.is_dir():
                return
            for path in tuple(self._folder.iterdir()):
                if _SHA256.fullmatch(path.name.partition(".")[0]) or path.name == _INCOMING:
                    path.unlink()
            with suppress(OSError):
                self._folder.rmdir()

    def add(self, source: Path, *, expected_sha256: str | None = None) -> StoredImage:
        """Copy a file, which is no link, into the store, unless it holds these bytes already.

        Raise `SourceError` for what is wrong with the file, `ImageStoreError` for the disk.
        """
        # One at a time, so that there is one temporary file, and crashes leave no heap of them.
        with self._lock, opened(source, size_limit_bytes=IMAGE_SIZE_LIMIT_BYTES) as file:
            # Hashed before it is copied: after a restart most files are known, and flash wears.
            image = _hashed(file)
            if expected_sha256 is not None and expected_sha256 != image.sha256:
                raise ImageDigestError(expected=expected_sha256, actual=image.sha256)
            if not self.has(image.sha256, size_bytes=image.size_bytes):
                self._copy(file, image)
        return image

    def begin(self, image: StoredImage) -> IncomingFile:
        """Open a file for the bytes of an image that somebody fetches; the caller closes it.

        Raise `ImageStoreError`, also when there is no room.
        """
        path = self.path(image.sha256).with_suffix(_UNFINISHED_SUFFIX)
        with self._lock:
            self._begun.pop(path, None)
            self._make_room(image.size_bytes)
            file = self._incoming(path.name)
            self._begun[path] = image.size_bytes
            return file

    def complete(self, file: IncomingFile, image: StoredImage) -> None:
        """Take a file that `begin` gave and that holds the image's bytes by now.

        Raise `ImageDigestError` if it does not, `ImageStoreError` for the disk.
        """
        if file.sha256 != image.sha256:
            raise ImageDigestError(expected=image.sha256, actual=file.sha256)
        with self._lock, _store_errors():
            self._keep(file, image)

    def _copy(self, file: SourceFile, image: StoredImage) -> None:
        self._make_room(image.size_bytes)
        with closing(self._incoming(_INCOMING)) as copy, _store_errors():
            for chunk in file.chunks():
                copy.write(chunk)
            if copy.sha256 != image.sha256:
                raise SourceStillChangingError
            self._keep(copy, image)

    def _make_room(self, size_bytes: int) -> None:
        """Prune images until another fits; raise `ImageStoreFullError` if they do not suffice."""
        with _store_errors():
            self._folder.mkdir(parents=True, exist_ok=True)
            held = self._held()
            begun_bytes, written_bytes = self._under_way()
            free_bytes = disk_usage(self._folder).free
        held_bytes = sum(image.size_bytes for image in held)
        above_quota_bytes = held_bytes + begun_bytes + size_bytes - self.quota_bytes
        to_come_bytes = begun_bytes - written_bytes + size_bytes
        above_free_bytes = to_come_bytes + self._reserve_bytes - free_bytes
        pruned = to_prune(
            held,
            excess_bytes=max(above_quota_bytes, above_free_bytes),
            referenced=self.referenced,
            now_seconds=time(),
        )
        if pruned is None:
            limit = "its quota" if above_quota_bytes > above_free_bytes else "the disk"
            raise ImageStoreFullError(
                f"{size_bytes} bytes more are too much for {limit}: the images there are in use, "
                f"{held_bytes} bytes of {self.quota_bytes}; {free_bytes} bytes of the disk are free"
            )
        for sha256 in pruned:
            self.remove(sha256)

    def _under_way(self) -> tuple[int, int]:
        """Return how large all images will be that somebody fetches, and how much there is."""
        written_bytes = 0
        for path in tuple(self._begun):
            try:
                written_bytes += path.stat().st_size
            except FileNotFoundError:
                del self._begun[path]  # complete, or given up
        return sum(self._begun.values()), written_bytes

    def _held(self) -> list[HeldImage]:
        return [
            HeldImage(
                sha256=path.name,
                size_bytes=status.st_size,
                needed_at_seconds=self._needed_at_seconds(path.name, status.st_mtime),
            )
            for path in self._folder.iterdir()
            if _SHA256.fullmatch(path.name) and (status := path.lstat())
        ]

    def _needed_at_seconds(self, sha256: str, stored_at_seconds: float) -> float:
        try:
            return max(stored_at_seconds, self._note(sha256).stat().st_mtime)
        except OSError:
            return stored_at_seconds

    def _note(self, sha256: str) -> Path:
        """Return the file whose time says when an image was needed; the image stays untouched."""
        return self.path(sha256).with_suffix(_NOTE_SUFFIX)

    def _incoming(self, name: str) -> IncomingFile:
        with _store_errors():
            return IncomingFile(self._folder / name)

    def _keep(self, file: IncomingFile, image: StoredImage) -> None:
        file.finish(mode=_READ_ONLY)
        file.path.replace(self.path(image.sha256))
        sync_folder(self._folder)


@contextmanager
def _store_errors() -> Iterator[None]:
    try:
        yield
    except OSError as err:
        raise ImageStoreError(err.strerror or str(err)) from err


def _hashed(file: SourceFile) -> StoredImage:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return StoredImage(sha256=digest.hexdigest(), size_bytes=file.size_bytes)
