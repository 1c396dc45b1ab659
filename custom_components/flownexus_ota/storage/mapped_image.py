"""A file of ours as one piece of memory, whatever its size."""

import errno
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def mapped_image(path: Path) -> Iterator[mmap.mmap]:
    """Give access to the bytes of a file; raise `OSError` when they cannot be had.

    Of files alone that nobody else writes to: one that is cut short meanwhile kills the process
    that has mapped it (SIGBUS).
    """
    with path.open("rb") as file:
        try:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError as err:  # nothing to be mapped
            raise OSError(errno.ENODATA, "The file is empty") from err
    with mapped:
        yield mapped
