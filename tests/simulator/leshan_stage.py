"""A simulated Leshan with devices, an HTTP client and an event reader: what its tests need."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp

from simulator.leshan import SimulatedLeshan
from simulator.leshan_generation import LeshanSettings
from simulator.link import (
    Content,
    Ids,
    Operation,
    RegisterParameters,
    Request,
    Response,
    ServerLink,
    Value,
)

from .recorded import Event, split_events

LIMIT_SECONDS: Final = 60.0
LINKS: Final = ('</>;rt="oma.lwm2m"', "</3/0>", "</5>;ver=1.1", "</5/0>")
PACKAGE_URI: Final = {"id": 1, "kind": "singleResource", "type": "STRING", "value": "http://x/f"}
READS: Final = (Operation.READ, Operation.OBSERVE, Operation.CANCEL_OBSERVATION)


class PlainDevice:
    """Holds values; silent while it is frozen, slow while its gate is closed."""

    def __init__(self, link: ServerLink, values: dict[Ids, Value]) -> None:
        self.link = link
        self.values = values
        self.asked: list[Request] = []
        self.is_frozen = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def handle(self, request: Request) -> Response | None:
        """Answer from the values."""
        self.asked.append(request)
        if self.is_frozen:
            return None
        await self.gate.wait()
        if request.operation in READS:
            content = self.below(request.path)
            return Response(code=205, content=content) if content else Response(code=404)
        if request.operation is Operation.WRITE and request.value is not None:
            self.values[request.path] = request.value
        return Response(code=204)

    def below(self, path: Ids) -> Content:
        """The values under a path."""
        return {ids: value for ids, value in self.values.items() if ids[: len(path)] == path}

    async def change(self, path: Ids, value: Value) -> None:
        """Take a new value, and tell it to whom it may concern."""
        self.values[path] = value
        await self.link.notify(path, {path: value})


class Stage:
    """One server and one client of it."""

    def __init__(self, server: SimulatedLeshan, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session

    async def device(self, endpoint: str = "thing", **parameters: Any) -> PlainDevice:
        """Register a device with objects 3 and 5."""
        values: dict[Ids, Value] = {(3, 0, 3): "1.0", (5, 0, 1): "", (5, 0, 3): 0, (5, 0, 5): 0}
        device = PlainDevice(self.server.link(), values)
        await self.register(device, endpoint, **parameters)
        return device

    async def register(
        self, device: PlainDevice, endpoint: str = "thing", **parameters: Any
    ) -> None:
        """Register a device (anew)."""
        defaults: dict[str, Any] = {"lifetime_seconds": 600, "links": LINKS}
        said = RegisterParameters(endpoint=endpoint, **defaults | parameters)
        await device.link.register(said, device)

    async def text(self, method: str, path: str, **options: Any) -> tuple[int, str]:
        """Status and body of a request."""
        url = self.server.base_url + path
        async with self.session.request(method, url, **options) as response:
            return response.status, await response.text(encoding="iso-8859-1")

    async def json(self, method: str, path: str, **options: Any) -> Any:
        """The document a request gets."""
        url = self.server.base_url + path
        async with self.session.request(method, url, **options) as response:
            assert response.status == 200
            return await response.json()

    @asynccontextmanager
    async def listening(self, path: str = "/api/event") -> AsyncIterator[Listener]:
        """Read the event stream."""
        headers = {"Accept": "text/event-stream"}
        async with self.session.get(self.server.base_url + path, headers=headers) as response:
            assert response.status == 200
            yield Listener(response)


class Listener:
    """A reader of the event stream."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.text = ""

    async def until(self, name: str) -> list[Event]:
        """All events up to the next one with this name."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while not self._finished(name):
                self.text += (await self.response.content.readany()).decode()
        told = split_events(self.text)
        self.text = ""
        return told

    async def end(self) -> bytes:
        """Everything until the stream ends."""
        async with asyncio.timeout(LIMIT_SECONDS):
            return await self.response.read()

    def _finished(self, name: str) -> bool:
        return f"event: {name}\r\n" in self.text and self.text.endswith("\r\n\r\n")


@asynccontextmanager
async def staged(settings: LeshanSettings | None = None) -> AsyncIterator[Stage]:
    """A running server and its client."""
    server = SimulatedLeshan(settings)
    await server.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Stage(server, session)
    finally:
        await server.stop()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while not condition():  # noqa: ASYNC110  # whatever the condition is about sets no event
            await asyncio.sleep(0)
