"""A file that comes in pieces: hashed as it is written, gone unless it is finished."""

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Final, final


@final
class IncomingFile:
    """A new file at `path`, which nobody may take for a whole one; blocking, raises `OSError`."""

    def __init__(self, path: Path, *, is_private: bool = False) -> None:
        """Begin the file anew; what lay there under this name was left by a crash.

        A private one is readable by this user alone from its first moment on.
        """
        path.unlink(missing_ok=True)
        self.path: Final = path
        self.size_bytes = 0
        self._is_finished = False
        self._digest: Final = hashlib.sha256()
        mode = 0o600 if is_private else 0o666
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        self._file: Final = os.fdopen(descriptor, "wb")

    @property
    def sha256(self) -> str:
        """Return the digest of what has come so far."""
        return self._digest.hexdigest()

    def write(self, block: bytes | bytearray) -> None:
        """Append a block."""
        self._digest.update(block)
        self._file.write(block)
        self.size_bytes += len(block)

    def finish(self, *, mode: int | None = None) -> None:
        """Bring all of it to the disk; from now on the caller renames it, or removes it."""
        self._file.flush()
        if mode is not None:
            os.fchmod(self._file.fileno(), mode)
        os.fsync(self._file.fileno())
        self._is_finished = True

    def close(self) -> None:
        """Close the file, and remove it unless it is finished; safe to repeat, raises nothing."""
        with suppress(OSError):
            self._file.close()
        if not self._is_finished:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make what was renamed or removed in a folder outlive a power cut; raise `OSError`."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
