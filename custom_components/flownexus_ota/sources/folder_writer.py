"""Writing into the catalogue folder: an image and its sidecar together, or neither of them."""

import errno
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from shutil import disk_usage
from threading import Lock
from typing import Final, final

from ..ota.description import described_image
from ..ota.image import FirmwareImage, clean_file_name
from ..ota.image_header import inspect_image
from ..ota.sidecar import Sidecar, parse_sidecar
from ..storage.image_store import (
    DEFAULT_RESERVE_BYTES,
    IMAGE_SIZE_LIMIT_BYTES,
    ImageDigestError,
    StoredImage,
)
from ..storage.incoming_file import IncomingFile, sync_folder
from ..storage.mapped_image import mapped_image
from ..storage.source_file import opened
from .folder import SETTLED_SECONDS, SIDECAR_SUFFIX, UNFINISHED_SUFFIXES, names_in
from .merging import aim_of
from .problem import shown_name

NAME_LENGTH_LIMIT: Final = 100
_DEFAULT_SUFFIX: Final = ".bin"
# Hidden, and unfinished besides: no scan ever looks at them.
_INCOMING_IMAGE: Final = ".incoming-image.part"
_INCOMING_SIDECAR: Final = ".incoming-sidecar.part"


class FolderWriteError(Exception):
    """The folder's own disk fails (full, read-only); says how."""


class NameTakenError(Exception):
    """Another file has this name already; says which."""


class VersionTakenError(Exception):
    """Another image has this version for the same devices: then neither of them would be used."""

    def __init__(self, *, version: str, other: FirmwareImage) -> None:
        """Keep both."""
        super().__init__(version)
        self.version: Final = version
        self.other: Final = other


class FirmwareUnknownError(Exception):
    """No file of the folder has this name."""


def writable_name(name: str) -> str:
    """Return `name` as an image may be called in the folder: `[A-Za-z0-9._-]`, visible, finished.

    It is never that of a sidecar, and never leads out of the folder.
    """
    cleaned = clean_file_name(name, length_limit=NAME_LENGTH_LIMIT)
    if cleaned.lower().endswith((SIDECAR_SUFFIX, *UNFINISHED_SUFFIXES)):
        return clean_file_name(cleaned + _DEFAULT_SUFFIX, length_limit=NAME_LENGTH_LIMIT)
    return cleaned


@final
class FolderWriter:
    """Adds and removes firmware; blocking, safe to use from several threads.

    All methods raise `FolderWriteError` when the disk fails.
    """

    def __init__(self, folder: Path, *, reserve_bytes: int = DEFAULT_RESERVE_BYTES) -> None:
        """Use `folder`, which is made when the first image comes.

        As much as `reserve_bytes` of the disk is left for others.
        """
        self._folder: Final = folder
        self._reserve_bytes: Final = reserve_bytes
        self._lock: Final = Lock()

    def add(
        self,
        source: Path,
        *,
        file_name: str,
        sidecar: bytes,
        known: Iterable[FirmwareImage] = (),
    ) -> FirmwareImage:
        """Copy a file, which is no link, into the folder, with a sidecar beside it.

        `file_name` is made writable first. The same bytes without a sidecar are given one: a crash
        may have left them. Raise `SourceError`, `ImageHeaderError`, `SidecarError`,
        `NameTakenError`, or `VersionTakenError` by one of the `known` images, for what is wrong;
        then the folder is as it was.
        """
        described = parse_sidecar(sidecar)
        name = writable_name(file_name)
        with self._lock, _disk_errors(), ExitStack() as parts, ExitStack() as undo:
            self._folder.mkdir(parents=True, exist_ok=True)
            folder = self._folder.resolve(strict=True)
            incoming, incoming_sidecar = folder / _INCOMING_IMAGE, folder / _INCOMING_SIDECAR
            for part in (incoming, incoming_sidecar):
                parts.callback(part.unlink, missing_ok=True)
            image = _copied(source, incoming, reserve_bytes=self._reserve_bytes)
            added = _checked(incoming, image, described, name)
            _expect_unambiguous(added, known)
            _write(incoming_sidecar, sidecar)
            _settle(incoming)
            # The image first: a crash in between is mended by adding it again.
            moves = {} if _has_bytes(folder / name, image) else {incoming: folder / name}
            moves[incoming_sidecar] = folder / f"{name}{SIDECAR_SUFFIX}"
            for target in moves.values():
                _reserve(target)
                undo.callback(target.unlink, missing_ok=True)
            for part, target in moves.items():
                part.replace(target)
            undo.pop_all()
            sync_folder(folder)
        return added

    def remove(self, file_name: str) -> None:
        """Delete an image and its sidecar, or the one of them that there is.

        Raise `FirmwareUnknownError` unless the folder lists a file of this name.
        """
        image = file_name.removesuffix(SIDECAR_SUFFIX)
        pair = (image + SIDECAR_SUFFIX, image)
        with self._lock, _disk_errors():
            try:
                present = {shown_name(name): name for name in names_in(self._folder)}
            except FileNotFoundError:
                present = {}
            found = [present[each] for each in pair if each in present]
            if not found:
                raise FirmwareUnknownError(file_name)
            for name in found:
                (self._folder / name).unlink(missing_ok=True)
            sync_folder(self._folder)


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as err:
        raise FolderWriteError(err.strerror or str(err)) from err


def _copied(source: Path, target: Path, *, reserve_bytes: int) -> StoredImage:
    with opened(source, size_limit_bytes=IMAGE_SIZE_LIMIT_BYTES) as file:
        # Twice: the store has a copy of its own, without which the image is of no use here.
        if disk_usage(target.parent).free < 2 * file.size_bytes + reserve_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        with closing(IncomingFile(target)) as copy:
            for chunk in file.chunks():
                copy.write(chunk)
            copy.finish()
    return StoredImage(sha256=copy.sha256, size_bytes=copy.size_bytes)


def _checked(path: Path, stored: StoredImage, sidecar: Sidecar, name: str) -> FirmwareImage:
    """Return what is added; raise unless bytes and sidecar say together what has to be said."""
    if sidecar.sha256 not in (None, stored.sha256):
        raise ImageDigestError(expected=str(sidecar.sha256), actual=stored.sha256)
    with mapped_image(path) as content:
        header = inspect_image(content)
    return described_image(
        sidecar, header, sha256=stored.sha256, size_bytes=stored.size_bytes, file_name=name
    )


def _expect_unambiguous(image: FirmwareImage, known: Iterable[FirmwareImage]) -> None:
    for other in known:
        if aim_of(other) == aim_of(image) and other.sha256 != image.sha256:
            raise VersionTakenError(version=image.version, other=other)


def _write(target: Path, content: bytes) -> None:
    with closing(IncomingFile(target)) as file:
        file.write(content)
        file.finish()


def _settle(path: Path) -> None:
    """Date a file back to when a scan would wait for the rest of it: it is whole."""
    written_at_seconds = path.stat().st_mtime - 2 * SETTLED_SECONDS
    os.utime(path, (written_at_seconds, written_at_seconds))


def _has_bytes(path: Path, image: StoredImage) -> bool:
    """Tell whether a file of the folder is this very image."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size != image.size_bytes:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == image.sha256


def _reserve(target: Path) -> None:
    """Make a name ours, whoever else writes to the folder.

    A file without bytes is nobody's: a crash between here and the rename leaves one.
    """
    try:
        target.open("xb").close()
    except FileExistsError as err:
        if target.is_symlink() or not target.is_file() or target.stat().st_size:
            raise NameTakenError(target.name) from err
