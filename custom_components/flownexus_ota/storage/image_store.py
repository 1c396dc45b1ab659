"""The image store: files by SHA-256, immutable, the only ones that are ever served."""

import hashlib
import re
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final, final

from .incoming_file import IncomingFile, sync_folder
from .source_file import SourceError, SourceFile, SourceStillChangingError, opened

IMAGE_SIZE_LIMIT_BYTES: Final = 256 * 1024 * 1024
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_INCOMING: Final = "incoming.part"
_READ_ONLY: Final = 0o444


class ImageDigestError(SourceError):
    """The file has another SHA-256 than it should have. Details: expected, actual."""


class ImageStoreError(Exception):
    """The store's own disk fails (full, read-only); says how."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredImage:
    """The bytes of an image in the store."""

    sha256: str
    size_bytes: int


@final
class ImageStore:
    """Images in a folder of their own; blocking, safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`, which is made when the first image comes."""
        self._folder: Final = folder
        self._lock: Final = Lock()

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

    def remove(self, sha256: str) -> None:
        """Forget an image; one that is not there is no error. Raise `ImageStoreError`."""
        with _store_errors():
            self.path(sha256).unlink(missing_ok=True)

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
        """Open a file for the bytes of an image that somebody fetches; the caller closes it."""
        return self._incoming(f"{self.path(image.sha256).name}.part")

    def complete(self, file: IncomingFile, image: StoredImage) -> None:
        """Take a file that `begin` gave and that holds the image's bytes by now.

        Raise `ImageDigestError` if it does not, `ImageStoreError` for the disk.
        """
        if file.sha256 != image.sha256:
            raise ImageDigestError(expected=image.sha256, actual=file.sha256)
        with self._lock, _store_errors():
            self._keep(file, image)

    def _copy(self, file: SourceFile, image: StoredImage) -> None:
        with closing(self._incoming(_INCOMING)) as copy, _store_errors():
            for chunk in file.chunks():
                copy.write(chunk)
            if copy.sha256 != image.sha256:
                raise SourceStillChangingError
            self._keep(copy, image)

    def _incoming(self, name: str) -> IncomingFile:
        with _store_errors():
            self._folder.mkdir(parents=True, exist_ok=True)
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
