"""What a server tells about its devices, in the protocol's words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import NewType

from .path import ResourcePath

Endpoint = NewType("Endpoint", str)

type SingleValue = str | int | float | bool | bytes | datetime | None
type ResourceValue = SingleValue | Mapping[int, SingleValue]
type ResourceValues = Mapping[ResourcePath, ResourceValue]
"""Resources by full path; a multiple resource is a mapping from resource instance id to value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SupportedObject:
    """An object that a device registered: its version, when it names one, and its instances."""

    version: str | None = None
    instance_ids: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration:
    """The lease between an endpoint and its server; a new one forgets all observations."""

    endpoint: Endpoint
    id: str
    lifetime_seconds: int | None = None
    last_update: datetime | None = None
    address: str | None = None
    is_local: bool = False
    """Whether the device runs on the server's own machine, as simulated ones do."""
    lwm2m_version: str | None = None
    is_queue_mode: bool = False
    is_sleeping: bool = False
    objects: Mapping[int, SupportedObject] = field(default_factory=dict)


class Origin(Enum):
    """How a resource value reached us."""

    NOTIFICATION = "notification"
    SEND = "send"
    DELAYED_RESPONSE = "delayed_response"


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerConnected:
    """The event stream is open; whatever happened before it has been missed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerDisconnected:
    """The event stream ended; `reason` is for the log."""

    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Registered:
    """A device registered, for the first time or anew."""

    registration: Registration


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistrationUpdated:
    """A device renewed its registration; proof of life and nothing else."""

    registration: Registration


@dataclass(frozen=True, kw_only=True, slots=True)
class Deregistered:
    """A registration ended: by the device, by expiry, or because a new one replaces it."""

    endpoint: Endpoint
    registration_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Awake:
    """A queue-mode device is listening."""

    endpoint: Endpoint


@dataclass(frozen=True, kw_only=True, slots=True)
class Sleeping:
    """A queue-mode device has stopped listening."""

    endpoint: Endpoint


@dataclass(frozen=True, kw_only=True, slots=True)
class ResourcesReported:
    """Values that a device told, by notification, Send or as a late answer."""

    endpoint: Endpoint
    values: ResourceValues
    origin: Origin


@dataclass(frozen=True, kw_only=True, slots=True)
class UnrecognisedEvent:
    """Something that no generation known to us says; kept to be shown, never an error."""

    name: str
    detail: str


type ServerEvent = (
    ServerConnected
    | ServerDisconnected
    | Registered
    | RegistrationUpdated
    | Deregistered
    | Awake
    | Sleeping
    | ResourcesReported
    | UnrecognisedEvent
)
