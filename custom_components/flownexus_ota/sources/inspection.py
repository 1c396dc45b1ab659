"""What a file that somebody offers is, before anything is done with it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from ..ota.image_header import ImageHeader, inspect_image
from ..storage.image_store import IMAGE_SIZE_LIMIT_BYTES, ImageStore, ImageStoreError
from ..storage.mapped_image import mapped_image
from ..storage.source_file import SourceUnreadableError, opened


@dataclass(frozen=True, kw_only=True, slots=True)
class InspectedFile:
    """A file's bytes by digest, and what they say of themselves."""

    sha256: str
    size_bytes: int
    header: ImageHeader


def inspect_file(path: Path) -> InspectedFile:
    """Read a file that nobody else writes to any more; blocking.

    Raise `SourceError` or `ImageHeaderError` when it cannot be an image.
    """
    digest = hashlib.sha256()
    with opened(path, size_limit_bytes=IMAGE_SIZE_LIMIT_BYTES) as file:
        for chunk in file.chunks():
            digest.update(chunk)
    try:
        with mapped_image(path) as content:
            header = inspect_image(content)
    except OSError as err:
        raise SourceUnreadableError.of(err) from err
    return InspectedFile(sha256=digest.hexdigest(), size_bytes=file.size_bytes, header=header)


def stored_header(store: ImageStore, sha256: str) -> ImageHeader:
    """Read what an image of the store says of itself; blocking.

    Raise `ImageHeaderError`, or `ImageStoreError` when it is not there.
    """
    try:
        with mapped_image(store.path(sha256)) as content:
            return inspect_image(content)
    except OSError as err:
        raise ImageStoreError(err.strerror) from err
