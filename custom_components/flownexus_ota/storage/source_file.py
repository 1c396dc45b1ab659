"""A file that somebody else put there: opened with care, and held to be still while read."""

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Final, Self, final

_CHUNK_BYTES: Final = 1024 * 1024


class SourceError(Exception):
    """A file cannot be taken."""

    def __init__(self, **details: str) -> None:
        """Keep what a text about it has to name."""
        super().__init__(*details.values())
        self.details: Final[Mapping[str, str]] = details


class SourceUnreadableError(SourceError):
    """The operating system refuses to read the file, or there is none. Detail: error."""

    @classmethod
    def of(cls, err: OSError) -> Self:
        """Return the error that says what the operating system said."""
        return cls(error=err.strerror or str(err))


class SourceNotAFileError(SourceError):
    """The path is a directory, a pipe or a device."""


class SourceEmptyError(SourceError):
    """The file has no bytes."""


class SourceTooLargeError(SourceError):
    """The file is larger than the limit. Detail: limit_bytes."""


class SourceStillChangingError(SourceError):
    """Somebody writes to the file."""


@final
class SourceFile:
    """An open regular file, whose size and modification time must not change."""

    __slots__ = ("_file", "_status", "size_bytes")

    def __init__(self, file: FileIO, status: os.stat_result) -> None:
        """Take the file as it was at `status`."""
        self._file: Final = file
        self._status: Final = status
        self.size_bytes: Final = status.st_size

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes from the start; raise `SourceError` when they are not to be trusted."""
        size_bytes = 0
        try:
            self._file.seek(0)
            while chunk := self._file.read(_CHUNK_BYTES):
                size_bytes += len(chunk)
                # Not at the end only: somebody may append for ever.
                if size_bytes > self.size_bytes:
                    raise SourceStillChangingError
                yield chunk
            status = os.fstat(self._file.fileno())
        except OSError as err:
            raise SourceUnreadableError.of(err) from err
        if size_bytes != self.size_bytes or status.st_mtime_ns != self._status.st_mtime_ns:
            raise SourceStillChangingError


@contextmanager
def opened(path: Path, *, size_limit_bytes: int) -> Iterator[SourceFile]:
    """Open a regular file that is no link; a pipe is refused, not waited for."""
    try:
        file = FileIO(path, opener=_open_without_waiting)
    except IsADirectoryError as err:
        raise SourceNotAFileError from err
    except OSError as err:
        raise SourceUnreadableError.of(err) from err
    with file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise SourceNotAFileError
        if status.st_size == 0:
            raise SourceEmptyError
        if status.st_size > size_limit_bytes:
            raise SourceTooLargeError(limit_bytes=str(size_limit_bytes))
        yield SourceFile(file, status)


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW)
