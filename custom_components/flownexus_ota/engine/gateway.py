"""The port to devices: what the engine needs of an LwM2M server."""

from collections.abc import AsyncIterator
from typing import Protocol

from ..lwm2m.events import Endpoint, Registration, ResourceValues, ServerEvent
from ..lwm2m.exchange import Delivery
from ..lwm2m.path import ResourcePath


class DeviceGateway(Protocol):
    """An LwM2M server, seen as requests to devices and a stream of events; raises `Lwm2mError`s."""

    def registrations(self) -> AsyncIterator[Registration]:
        """Yield every current registration, giving way to other tasks in between."""

    def events(self) -> AsyncIterator[ServerEvent]:
        """Yield events for ever, reconnecting; each connection begins with `ServerConnected`."""

    async def read(
        self, endpoint: Endpoint, path: ResourcePath, *, timeout_seconds: int = ...
    ) -> ResourceValues:
        """Return the resources at or below `path`; raise `DeviceAsleepError` when queued."""

    async def write(
        self, endpoint: Endpoint, path: ResourcePath, value: str, *, timeout_seconds: int = ...
    ) -> Delivery:
        """Write a string resource."""

    async def write_opaque(
        self, endpoint: Endpoint, path: ResourcePath, value: bytes, *, timeout_seconds: int = ...
    ) -> Delivery:
        """Write an opaque resource."""

    async def execute(
        self, endpoint: Endpoint, path: ResourcePath, *, timeout_seconds: int = ...
    ) -> Delivery:
        """Execute a resource."""

    async def observe(
        self, endpoint: Endpoint, path: ResourcePath, *, timeout_seconds: int = ...
    ) -> ResourceValues:
        """Subscribe to a resource and return its value now; safe to repeat."""

    async def cancel_observation(self, endpoint: Endpoint, path: ResourcePath) -> None:
        """Let the server forget an observation; no request is sent to the device."""
