"""An answer of which no more is read at once than a list of releases can have."""

from typing import Final, final, override

import aiohttp

from .fetch_errors import TooLargeError

DOCUMENT_LIMIT_BYTES: Final = 32 * 1024 * 1024
"""GitHub tells some 2 KB about each file of a release, and 30 releases at once."""


@final
class BoundedResponse(aiohttp.ClientResponse):
    """Whoever has it read as a whole, a client of somebody else's too, hears of its limit."""

    @override
    async def read(self) -> bytes:
        """Return the body; raise `TooLargeError` instead of filling the memory with it."""
        if self._body is None:
            try:
                self._body = await self._bounded()
            except BaseException:  # as the base class: what was not read whole is used no more
                self.close()
                raise
        return await super().read()

    async def _bounded(self) -> bytes:
        body = bytearray()
        async for chunk in self.content.iter_any():
            body += chunk
            if len(body) > DOCUMENT_LIMIT_BYTES:
                limit = str(DOCUMENT_LIMIT_BYTES)
                raise TooLargeError(host=self.url.host or "", limit_bytes=limit)
        return bytes(body)
