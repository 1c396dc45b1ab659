"""What a Leshan server tells its own page, followed beside the integration."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aiohttp

from harness.waiting import Changes


class LeshanWatch:
    """The names of all events so far, with the endpoints that they are about."""

    def __init__(self) -> None:
        """Begin with nothing told."""
        self._told: list[tuple[str, str]] = []
        self._changes = Changes()

    async def until(self, name: str, endpoint: str, *, limit_seconds: float) -> None:
        """Return once the server has told an event of a device; raise StageError."""
        await self._changes.until(
            lambda: (name, endpoint) in self._told,
            f"{name} of {endpoint}",
            limit_seconds=limit_seconds,
        )

    async def follow(self, answer: aiohttp.ClientResponse) -> None:
        """Take events until the stream ends."""
        name = ""
        async for line in answer.content:
            member, _, value = line.decode().strip().partition(": ")
            if member == "event":
                name = value
            elif member == "data":
                with suppress(ValueError, AttributeError):  # not every event is about a device
                    content = json.loads(value)
                    self._told.append((name, content.get("endpoint") or content.get("ep", "")))
                    self._changes.tell()


@asynccontextmanager
async def watched(base_url: str) -> AsyncIterator[LeshanWatch]:
    """Follow the events of a server for a while."""
    watch = LeshanWatch()
    forever = aiohttp.ClientTimeout(total=None)
    async with (
        aiohttp.ClientSession(timeout=forever) as session,
        session.get(f"{base_url}/api/event", headers={"Accept": "text/event-stream"}) as answer,
    ):
        following = asyncio.create_task(watch.follow(answer), name="events of Leshan")
        try:
            yield watch
        finally:
            following.cancel()
            await asyncio.wait((following,))
