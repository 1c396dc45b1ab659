"""Follows one response's body until the client has it, or is given up."""

import asyncio
import logging
from io import FileIO
from typing import Final, final

from aiohttp import web

from .offers import Transfer
from .outflow import Outflow
from .ranges import Partial

_LOGGER: Final = logging.getLogger(__name__)

_SHORTEST_PAUSE_SECONDS: Final = 0.0005
_LONGEST_PAUSE_SECONDS: Final = 0.25
_PAUSE_SHARE: Final = 0.1


@final
class Delivery:
    """Sends a part of an image and counts what the client has acknowledged of it."""

    def __init__(
        self, outflow: Outflow, transfer: Transfer, part: Partial, *, stall_seconds: float
    ) -> None:
        """Send `part`; give up when the client takes nothing for `stall_seconds`."""
        self._outflow: Final = outflow
        self._transfer: Final = transfer
        self._part: Final = part
        self._stall_seconds: Final = stall_seconds

    async def run(self, response: web.StreamResponse, file: FileIO) -> bool:
        """Send the body of `response` until the client has it all, or is gone.

        Return whether it has it all; if not, the connection is of no use any more.
        """
        sending = asyncio.create_task(
            self._outflow.send(response, file, self._part.start, self._part.end), eager_start=True
        )
        try:
            await self._watch(sending)
        finally:
            # Also when this task is cancelled: servers do that when they stop or lose a client.
            sending.cancel()
            is_complete = self._count() == self._length_bytes
            if not is_complete:
                self._outflow.cut()
                self._transfer.broke_off()
            if sending.done():
                _explain(sending)
            else:
                await asyncio.wait({sending})
        return is_complete

    async def _watch(self, sending: asyncio.Task[None]) -> None:
        loop = asyncio.get_running_loop()
        written_at = moved_at = loop.time()
        left_bytes = 0
        while True:
            before_bytes, left_bytes = left_bytes, self._count()
            now = loop.time()
            # A client that has all that was written waits for us, not we for it.
            if left_bytes > before_bytes or left_bytes == self._outflow.written_bytes:
                moved_at = now
            if left_bytes == self._length_bytes or self._outflow.is_broken():
                return
            if now - moved_at > self._stall_seconds:
                _LOGGER.debug("A client has taken nothing for %s s", self._stall_seconds)
                return
            if not sending.done():
                await asyncio.wait({sending}, timeout=_LONGEST_PAUSE_SECONDS)
                written_at = loop.time()
            elif sending.exception() is not None:
                return
            else:
                # Short at first: a client that asks for its next range waits but a little.
                share_seconds = (now - written_at) * _PAUSE_SHARE
                await self._outflow.wait(
                    min(max(share_seconds, _SHORTEST_PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS)
                )

    def _count(self) -> int:
        left_bytes = self._outflow.left_bytes
        self._transfer.count(self._part.start, self._part.start + left_bytes)
        return left_bytes

    @property
    def _length_bytes(self) -> int:
        return self._part.end - self._part.start


def _explain(sending: asyncio.Task[None]) -> None:
    """Take the exception, if any; a client that hangs up is worth no word, a bug is raised."""
    try:
        sending.result()
    except ConnectionError, TimeoutError:
        pass
    except OSError as err:
        _LOGGER.warning("An image's transfer broke off: %s", err.strerror)
