"""A file that comes in pieces: hashed as it is written, gone unless it is finished."""

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Final, final


@final
class IncomingFile:
    """A new file at `path`, which nobody may take for a whole one; blocking, raises `OSError`."""

    def __init__(self, path: Path) -> None:
        """Begin the file anew; what lay there under this name was left by a crash."""
        path.unlink(missing_ok=True)
        self.path: Final = path
        self.size_bytes = 0
        self._is_finished = False
        self._digest: Final = hashlib.sha256()
        self._file: Final = path.open("xb")

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
