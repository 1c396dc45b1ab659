"""All images there are: those of the folder and those that lie elsewhere, side by side."""

from collections.abc import Iterable
from dataclasses import dataclass

from ..ota.image import FirmwareImage
from ..ota.image_header import ImageHeader, ImageHeaderError
from ..ota.sidecar import SidecarError
from ..storage.image_store import ImageStore, ImageStoreError
from .folder import FolderScan, problem_with
from .inspection import stored_header
from .merging import unambiguous
from .problem import Problem
from .remote import UNKNOWN_HEADER, RemoteImage

type KnownHeaders = dict[str, ImageHeader]
"""What images say of themselves, by SHA-256; kept by who gathers, for one gathering at a time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """Images without contradictions, and what is wrong with the others."""

    images: tuple[FirmwareImage, ...]
    problems: tuple[Problem, ...]


def gathered(
    scan: FolderScan,
    remote: Iterable[RemoteImage],
    store: ImageStore,
    headers: KnownHeaders | None = None,
) -> Gathered:
    """Put the images of all sources together; blocking, raises nothing.

    Of those that are in the store already, all is known; of the others, what their source says.
    Images with other bytes for the same version and the same devices are not used, as in the
    folder, wherever they come from.
    """
    known: KnownHeaders = {} if headers is None else headers
    by_name = dict(scan.by_name)
    problems = list(scan.problems)
    here: set[str] = set()
    for image in remote:
        name = _free_name(image.name, by_name)
        try:
            if store.has(image.stored.sha256, size_bytes=image.stored.size_bytes):
                here.add(image.stored.sha256)
            by_name[name] = image.described(_header(image, store, known, here))
        except (SidecarError, ImageHeaderError, ImageStoreError) as err:
            problems.append(problem_with(name, err))
    for sha256 in known.keys() - here:
        del known[sha256]
    contradictions: list[Problem] = []
    images = tuple(unambiguous(by_name, contradictions))
    told = {problem.file_name for problem in problems}
    problems += [problem for problem in contradictions if problem.file_name not in told]
    return Gathered(images=images, problems=tuple(problems))


def _header(
    image: RemoteImage, store: ImageStore, known: KnownHeaders, here: set[str]
) -> ImageHeader:
    sha256 = image.stored.sha256
    if sha256 not in here:
        return UNKNOWN_HEADER
    if sha256 not in known:
        known[sha256] = stored_header(store, sha256)
    return known[sha256]


def _free_name(name: str, taken: dict[str, FirmwareImage]) -> str:
    """Return a name that nobody has: two servers may have the same source."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    return free
