"""Images that are being read: opened once for all who read the same one at about the same time.

A device may fetch its image in hundreds of ranges, and a fleet the same image at once: a trip to
another thread for each would cost more than sending the bytes.
"""

import asyncio
import errno
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from io import FileIO
from pathlib import Path
from typing import Final, final

SHARED_SECONDS: Final = 1.0
"""Later ones open it anew: somebody may have put a whole image in the place of a damaged one."""


@final
class OpenImages:
    """Used from the event loop only; the files' positions are nobody's, so read at offsets."""

    def __init__(self) -> None:
        """Begin with none."""
        self._by_path: Final[dict[Path, _OpenImage]] = {}

    async def open(self, path: Path, *, size_bytes: int) -> AbstractContextManager[FileIO]:
        """Return an image for the time of a `with` statement that follows at once.

        It is opened off the event loop. Raise `OSError` if that fails, or its size is another.
        """
        image = self._by_path.get(path)
        if image is None or image.size_bytes != size_bytes:
            image = _OpenImage(await _open(path, size_bytes), size_bytes)
            self.retire(path)
            self._by_path[path] = image
            loop = asyncio.get_running_loop()
            image.timer = loop.call_later(SHARED_SECONDS, self.retire, path)
        return image.used()

    def retire(self, path: Path) -> None:
        """Let the next one open the image anew; it is closed when nobody reads it any more."""
        image = self._by_path.pop(path, None)
        if image is not None:
            image.retire()


@final
class _OpenImage:
    """One open file with those who read it."""

    def __init__(self, file: FileIO, size_bytes: int) -> None:
        self.size_bytes: Final = size_bytes
        self.timer: asyncio.TimerHandle | None = None
        self._file: Final = file
        self._users = 0
        self._is_retired = False

    @contextmanager
    def used(self) -> Iterator[FileIO]:
        """Keep the file open."""
        self._users += 1
        try:
            yield self._file
        finally:
            self._users -= 1
            self._close_if_unused()

    def retire(self) -> None:
        """Take no more readers."""
        self._is_retired = True
        if self.timer is not None:
            self.timer.cancel()
        self._close_if_unused()

    def _close_if_unused(self) -> None:
        if self._is_retired and not self._users:
            self._file.close()


async def _open(path: Path, size_bytes: int) -> FileIO:
    opening = asyncio.get_running_loop().run_in_executor(None, _open_blocking, path, size_bytes)
    try:
        await asyncio.wait({opening})  # Unlike `shield`, silent about the error of a lost client.
    except asyncio.CancelledError:
        opening.add_done_callback(_close_unused)
        raise
    return opening.result()


def _open_blocking(path: Path, size_bytes: int) -> FileIO:
    file = FileIO(path)
    actual_bytes = os.fstat(file.fileno()).st_size
    if actual_bytes != size_bytes:
        file.close()
        raise OSError(errno.EIO, f"{actual_bytes} bytes instead of {size_bytes}")
    return file


def _close_unused(opening: asyncio.Future[FileIO]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
