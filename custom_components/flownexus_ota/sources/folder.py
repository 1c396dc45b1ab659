"""The catalogue folder: images and their sidecars, put there by hand.

`X` is an image, `X.json` its sidecar; an image that tells enough itself needs none. Directories,
hidden files, and files whose name ends in `.part` or `.tmp` are left alone. A link may point within
the folder only.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, assert_never

from ..ota.description import described_image
from ..ota.image import FirmwareImage
from ..ota.image_header import ImageHeader, ImageHeaderError, ImageKind, kind_of
from ..ota.sidecar import Sidecar, SidecarError, parse_sidecar
from ..storage.image_store import (
    IMAGE_SIZE_LIMIT_BYTES,
    ImageDigestError,
    ImageStore,
    ImageStoreError,
    StoredImage,
)
from ..storage.source_file import (
    SourceEmptyError,
    SourceError,
    SourceNotAFileError,
    SourceStillChangingError,
    SourceTooLargeError,
    SourceUnreadableError,
    opened,
)
from .inspection import stored_header
from .merging import unambiguous
from .problem import FolderProblem, Problem, shown_name

SETTLED_SECONDS: Final = 10.0
"""For so long nobody must have written to a file before it is taken to be whole. A copy over a
network comes in bursts, and what is there of it looks like a file in between."""
SIDECAR_SIZE_LIMIT_BYTES: Final = 64 * 1024
SIDECAR_SUFFIX: Final = ".json"
UNFINISHED_SUFFIXES: Final = (".part", ".tmp")


@dataclass(frozen=True, kw_only=True, slots=True)
class FolderFile:
    """A file of the folder as the origin of an image."""

    root: Path
    name: str

    async def bring(self, image: StoredImage, store: ImageStore) -> None:
        """Copy it into the store; raise SourceError or ImageStoreError."""
        await asyncio.to_thread(self._bring, image, store)

    def _bring(self, image: StoredImage, store: ImageStore) -> None:
        path, _ = _followed(self.root, self.name)
        store.add(path, expected_sha256=image.sha256)


@dataclass(frozen=True, kw_only=True, slots=True)
class FolderScan:
    """What a folder holds: images, all of them in the store by now, and problems."""

    images: tuple[FirmwareImage, ...] = ()
    by_name: Mapping[str, FirmwareImage] = field(default_factory=dict)
    """All images by the names of their files; two that contradict each other are both here."""
    problems: tuple[Problem, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 by file name, of every image that could be read: not all of them need be used."""
    origins: Mapping[str, FolderFile] = field(default_factory=dict)
    """Where these images can be had again, by SHA-256."""

    @property
    def is_settled(self) -> bool:
        """Tell whether nobody seems to be copying a file right now."""
        return all(problem.key != FolderProblem.STILL_CHANGING for problem in self.problems)


type Fingerprint = tuple[int, ...]
"""What changes when a file does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenFile:
    """A file as an earlier scan found and stored it."""

    fingerprint: Fingerprint
    stored: StoredImage
    header: ImageHeader


type SeenFiles = dict[Path, SeenFile]
"""Kept by who scans, for one scan at a time."""


class _LinkLeavesFolderError(SourceError):
    """A link points to somewhere else."""


class _NoSidecarError(SourceError):
    """There is no sidecar, and the image does not tell enough."""


_KEYS: Final[Mapping[type[Exception], FolderProblem]] = {
    _LinkLeavesFolderError: FolderProblem.LINK_LEAVES_FOLDER,
    _NoSidecarError: FolderProblem.NO_SIDECAR,
    SourceNotAFileError: FolderProblem.NOT_A_FILE,
    SourceUnreadableError: FolderProblem.UNREADABLE,
    SourceEmptyError: FolderProblem.EMPTY,
    SourceTooLargeError: FolderProblem.TOO_LARGE,
    SourceStillChangingError: FolderProblem.STILL_CHANGING,
    ImageDigestError: FolderProblem.SHA256_MISMATCH,
}


def scan_folder(
    folder: Path,
    store: ImageStore,
    seen: SeenFiles | None = None,
    *,
    now_seconds: float | None = None,
) -> FolderScan:
    """Read the folder, and bring its images into the store; blocking, raises nothing.

    One bad file costs itself only. A folder that is not there is empty. Of files that give
    different bytes for the same version and the same devices none is used: nobody knows which is
    meant. With the time, since the epoch, files that were written to a moment ago are used only if
    something tells that they are whole.
    """
    known: SeenFiles = {} if seen is None else seen
    try:
        root = folder.resolve(strict=True)
        names = sorted(names_in(root))
    except FileNotFoundError:
        return FolderScan()
    except OSError as err:
        details = {"error": err.strerror or str(err)}
        key = FolderProblem.FOLDER_UNREADABLE
        return FolderScan(problems=(Problem(file_name=folder.name, key=key, placeholders=details),))
    problems: list[Problem] = []
    images: dict[str, FirmwareImage] = {}
    for name, has_sidecar in _paired(names, problems):
        subject = name + SIDECAR_SUFFIX
        try:
            sidecar = _sidecar(root, subject) if has_sidecar else None
            subject = name
            file = _seen(root, name, sidecar, store, known, now_seconds)
            images[name] = _described(sidecar, file, name)
        except (SidecarError, SourceError, ImageHeaderError, ImageStoreError) as err:
            problems.append(problem_with(subject, err))
    for path in known.keys() - {root / name for name in images}:
        del known[path]
    usable = tuple(unambiguous(images, problems))
    digests = {shown_name(name): image.sha256 for name, image in images.items()}
    return FolderScan(
        images=usable,
        by_name=images,
        problems=tuple(problems),
        digests=digests,
        origins={image.sha256: FolderFile(root=root, name=name) for name, image in images.items()},
    )


def names_in(root: Path) -> Iterator[str]:
    """Yield the names of images and sidecars; raise `OSError`."""
    for path in root.iterdir():
        is_unfinished = path.name.startswith(".") or path.name.endswith(UNFINISHED_SUFFIXES)
        if not is_unfinished and not path.is_dir():
            yield path.name


def _paired(names: Iterable[str], problems: list[Problem]) -> Iterator[tuple[str, bool]]:
    """Yield the images, and whether they have a sidecar; note the sidecars without an image."""
    present = set(names)
    for name in names:
        if not name.endswith(SIDECAR_SUFFIX):
            yield name, name + SIDECAR_SUFFIX in present
        elif name.removesuffix(SIDECAR_SUFFIX) not in present:
            problems.append(Problem(file_name=shown_name(name), key=FolderProblem.IMAGE_MISSING))


def _sidecar(root: Path, name: str) -> Sidecar:
    path, _ = _followed(root, name)
    with opened(path, size_limit_bytes=SIDECAR_SIZE_LIMIT_BYTES) as file:
        return parse_sidecar(b"".join(file.chunks()))


def _seen(
    root: Path,
    name: str,
    sidecar: Sidecar | None,
    store: ImageStore,
    known: SeenFiles,
    now_seconds: float | None,
) -> SeenFile:
    """Return a file as it was seen before, or bring it into the store and read its header."""
    path, fingerprint = _followed(root, name)
    sha256 = None if sidecar is None else sidecar.sha256
    file = known.get(root / name)
    if (
        file is not None
        and file.fingerprint == fingerprint
        and sha256 in (None, file.stored.sha256)
        and store.has(file.stored.sha256, size_bytes=file.stored.size_bytes)
    ):
        return file
    # Before it is copied: not every file that lies here is meant to be an image.
    kind = _kind(path)
    if sidecar is None and kind is not ImageKind.ESP:
        raise _NoSidecarError
    is_settled = now_seconds is None or _is_settled(path, now_seconds)
    # Nothing else tells that all of it is there.
    if not is_settled and kind is ImageKind.PLAIN and sha256 is None:
        raise SourceStillChangingError
    try:
        stored = store.add(path, expected_sha256=sha256)
        header = stored_header(store, stored.sha256)
    except (ImageDigestError, ImageHeaderError) as err:
        if is_settled:
            raise
        raise SourceStillChangingError from err
    known[root / name] = SeenFile(fingerprint=fingerprint, stored=stored, header=header)
    return known[root / name]


def _is_settled(path: Path, now_seconds: float) -> bool:
    """Tell whether nobody has written to a file for a while; a time to come says nothing."""
    try:
        return abs(now_seconds - path.stat().st_mtime) >= SETTLED_SECONDS
    except OSError as err:
        raise SourceUnreadableError.of(err) from err


def _kind(path: Path) -> ImageKind:
    with opened(path, size_limit_bytes=IMAGE_SIZE_LIMIT_BYTES) as file:
        return kind_of(next(file.chunks(), b""))


def _described(sidecar: Sidecar | None, file: SeenFile, name: str) -> FirmwareImage:
    try:
        return described_image(
            sidecar or Sidecar(),
            file.header,
            sha256=file.stored.sha256,
            size_bytes=file.stored.size_bytes,
            file_name=name,
        )
    except SidecarError as err:
        if sidecar is None:
            raise _NoSidecarError from err
        raise


def _followed(root: Path, name: str) -> tuple[Path, Fingerprint]:
    """Return where a file really lies, and what changes when it does."""
    try:
        path = (root / name).resolve(strict=True)
        status = path.stat()
    except OSError as err:
        raise SourceUnreadableError.of(err) from err
    if not path.is_relative_to(root):
        raise _LinkLeavesFolderError
    # The change time as well: some copy programs set the modification time back.
    return path, (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def problem_with(
    name: str, err: SidecarError | SourceError | ImageHeaderError | ImageStoreError
) -> Problem:
    """Return what an error says about a file."""
    match err:
        case SidecarError() | ImageHeaderError():
            key, placeholders = str(err.problem), err.placeholders
        case SourceError():
            key, placeholders = _KEYS[type(err)], err.details
        case ImageStoreError():
            key, placeholders = FolderProblem.STORE_FAILED, {"error": str(err)}
        case _:
            assert_never(err)
    return Problem(file_name=shown_name(name), key=key, placeholders=placeholders)
