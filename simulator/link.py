"""The line between a simulated device and a server: CoAP over UDP, or calls in one process."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

type Ids = tuple[int, ...]
"""Object, instance, resource and resource instance id of a path, as far as it goes."""
type Value = str | int | bool | bytes
type Content = Mapping[Ids, Value]
"""Values by full path; a multiple resource has one entry per resource instance (four ids)."""


class Operation(Enum):
    """What a server asks of a device."""

    READ = "read"
    OBSERVE = "observe"
    CANCEL_OBSERVATION = "cancel_observation"
    DISCOVER = "discover"
    WRITE = "write"
    EXECUTE = "execute"


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One operation on one path; `value` only for a write."""

    operation: Operation
    path: Ids
    value: Value | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """A CoAP code as a whole number (2.05 is 205), with content, links or a diagnostic text."""

    code: int
    content: Content = field(default_factory=dict)
    links: tuple[str, ...] = ()
    diagnostic: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RegisterParameters:
    """What a device says when it registers."""

    endpoint: str
    lifetime_seconds: int
    lwm2m_version: str = "1.1"
    is_queue_mode: bool = False
    links: tuple[str, ...] = ()
    """Core links, e.g. `</>;rt="oma.lwm2m";ct="0 11542"`, `</5>;ver=1.1`, `</5/0>`."""


class RequestHandler(Protocol):
    """A device, as its server sees it."""

    async def handle(self, request: Request) -> Response | None:
        """Answer a request; `None` stays silent, as a frozen or sleeping device does."""


class ServerLink(Protocol):
    """A server, as one device sees it; one link per boot of the device."""

    async def register(self, parameters: RegisterParameters, handler: RequestHandler) -> None:
        """Register; requests then reach `handler`. Raise ConnectionError: refused or unanswered."""

    async def update(self) -> None:
        """Renew the registration; raise ConnectionError when it is unknown (register anew)."""

    async def deregister(self) -> None:
        """End the registration."""

    async def notify(self, path: Ids, content: Content) -> None:
        """Tell an observed value; nothing is sent when nobody observes it or something above it.

        What is observed above `path` is read from the handler, and told whole.
        """

    async def send(self, content: Content) -> None:
        """LwM2M Send."""

    async def close(self) -> None:
        """Drop the line without a word, as a power cut does."""
