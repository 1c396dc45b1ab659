"""A firmware index on a server, asked for again and again."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import final

from .fetch_errors import FetchError
from .guarded_fetch import GuardedFetcher
from .index import INDEX_SIZE_LIMIT_BYTES, parse_index
from .problem import RemoteProblem
from .remote import RemoteImage, RemoteListing, RemoteOrigin


@final
class IndexSource:
    """The images of one index."""

    def __init__(
        self,
        source: str,
        url: str,
        fetcher: GuardedFetcher,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`source` is the name of the source in texts."""
        self._source = source
        self._url = url
        self._fetcher = fetcher
        self._clock = clock
        self._etag: str | None = None
        self._content = b""

    async def list_images(self) -> RemoteListing:
        """Ask what there is; raise `FetchError` when nobody tells, and the last answer holds."""
        try:
            document = await self._fetcher.fetch_bytes(
                self._url,
                limit_bytes=INDEX_SIZE_LIMIT_BYTES,
                etag=self._etag,
                accept="application/json",
            )
        except FetchError:
            known = await asyncio.to_thread(self._parsed)
            # Who keeps us from asking must not keep an old index good for ever.
            if any(problem.key == RemoteProblem.INDEX_EXPIRED for problem in known.problems):
                return known
            raise
        if document is not None:
            self._etag, self._content = document.etag, document.content
        # Also when nothing has changed: it may have expired.
        return await asyncio.to_thread(self._parsed)

    def origin_of(self, image: RemoteImage) -> RemoteOrigin:
        """Return where to fetch an image."""
        return RemoteOrigin(image=image, fetcher=self._fetcher)

    def _parsed(self) -> RemoteListing:
        return parse_index(self._content, url=self._url, source=self._source, now=self._clock())
