"""Stand-ins for the two ports of the engine: a server with scripted devices, and downloads."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace

from custom_components.flownexus_ota.lwm2m.events import (
    Endpoint,
    Origin,
    Registered,
    Registration,
    ResourcesReported,
    ResourceValues,
    ServerConnected,
    ServerEvent,
    SupportedObject,
)
from custom_components.flownexus_ota.lwm2m.exchange import (
    Delivery,
    DeviceTimeoutError,
    EndpointUnknownError,
    Lwm2mError,
)
from custom_components.flownexus_ota.lwm2m.path import ResourcePath
from custom_components.flownexus_ota.ota.device_facts import DeviceFacts
from custom_components.flownexus_ota.ota.image_error import ImageUnavailableError
from custom_components.flownexus_ota.ota.offerable import Offerable, Offered
from custom_components.flownexus_ota.ota.preflight import Refusal
from custom_components.flownexus_ota.ota.profile import Profile
from custom_components.flownexus_ota.ota.scheme import usable_schemes
from custom_components.flownexus_ota.ota.session_state import Session

UPDATE, STATE, RESULT = ResourcePath(5, 0, 2), ResourcePath(5, 0, 3), ResourcePath(5, 0, 5)
VERSION, BATTERY = ResourcePath(3, 0, 3), ResourcePath(3, 0, 9)


@dataclass
class FakeDevice:
    """A device that answers at once, and acts only when the test says so."""

    endpoint: Endpoint
    version: str = "1.0.0"
    state: int = 0
    result: int = 0
    registration_id: str = "r1"
    is_queue_mode: bool = False
    object_version: str | None = None
    """Of object 5, as it registers it."""
    battery_percent: int | None = None
    asked: list[str] = field(default_factory=list)
    errors: deque[Lwm2mError] = field(default_factory=deque)
    """Raised by the next requests, one each."""
    on_write: Callable[[str], None] = lambda _: None
    on_execute: Callable[[], None] = lambda: None

    @property
    def registration(self) -> Registration:
        """Return the lease as the server lists it."""
        return Registration(
            endpoint=self.endpoint,
            id=self.registration_id,
            is_queue_mode=self.is_queue_mode,
            objects={
                3: SupportedObject(instance_ids=(0,)),
                5: SupportedObject(version=self.object_version, instance_ids=(0,)),
            },
        )

    @property
    def values(self) -> dict[ResourcePath, str | int]:
        """Return what it tells of itself."""
        level = {} if self.battery_percent is None else {BATTERY: self.battery_percent}
        return {VERSION: self.version, STATE: self.state, RESULT: self.result, **level}


class FakeGateway:
    """A server in memory; events are put in by the test."""

    def __init__(self) -> None:
        self.devices: dict[Endpoint, FakeDevice] = {}
        self.list_error: Lwm2mError | None = None
        self.list_count = 0
        self._events: asyncio.Queue[ServerEvent] = asyncio.Queue()

    def add(self, endpoint: str, **changes: object) -> FakeDevice:
        """Register a device, silently."""
        device = replace(FakeDevice(endpoint=Endpoint(endpoint)), **changes)  # type: ignore[arg-type] # fields of FakeDevice
        self.devices[device.endpoint] = device
        return device

    def tell(self, *events: ServerEvent) -> None:
        """Let the server say something."""
        for event in events:
            self._events.put_nowait(event)

    def connect(self) -> None:
        """Open the event stream."""
        self.tell(ServerConnected())

    def register(self, device: FakeDevice, registration_id: str) -> None:
        """Let a device register anew."""
        device.registration_id = registration_id
        self.tell(Registered(registration=device.registration))

    def notify(self, device: FakeDevice, **resources: int | str) -> None:
        """Change a device's `state`, `result` or `version`, and tell each by notification."""
        for name, value in resources.items():
            setattr(device, name, value)
            path = {"state": STATE, "result": RESULT, "version": VERSION}[name]
            self.tell(
                ResourcesReported(
                    endpoint=device.endpoint, values={path: value}, origin=Origin.NOTIFICATION
                )
            )

    async def registrations(self) -> AsyncIterator[Registration]:
        self.list_count += 1
        if self.list_error is not None:
            raise self.list_error
        for device in list(self.devices.values()):
            yield device.registration

    async def events(self) -> AsyncIterator[ServerEvent]:
        while True:
            yield await self._events.get()

    async def read(
        self, endpoint: Endpoint, path: ResourcePath, *, timeout_seconds: int = 1
    ) -> ResourceValues:
        device = self._ask(endpoint, f"read {path}")
        return {
            each: value
            for each, value in device.values.items()
            if each.ids[: len(path.ids)] == path.ids
        }

    async def write(
        self, endpoint: Endpoint, path: ResourcePath, value: str, *, timeout_seconds: int = 1
    ) -> Delivery:
        device = self._ask(endpoint, f"write {path} {value}")
        device.on_write(value)
        return Delivery.DONE

    async def write_opaque(
        self, endpoint: Endpoint, path: ResourcePath, value: bytes, *, timeout_seconds: int = 1
    ) -> Delivery:
        self._ask(endpoint, f"write {path} {value.hex()}")
        return Delivery.DONE

    async def execute(
        self, endpoint: Endpoint, path: ResourcePath, *, timeout_seconds: int = 1
    ) -> Delivery:
        device = self._ask(endpoint, f"execute {path}")
        if path == UPDATE:
            device.on_execute()
        return Delivery.DONE

    async def observe(
        self, endpoint: Endpoint, path: ResourcePath, *, timeout_seconds: int = 1
    ) -> ResourceValues:
        device = self._ask(endpoint, f"observe {path}")
        return {path: device.values[path]}

    async def cancel_observation(self, endpoint: Endpoint, path: ResourcePath) -> None:
        self._ask(endpoint, f"cancel {path}")

    def _ask(self, endpoint: Endpoint, request: str) -> FakeDevice:
        device = self.devices.get(endpoint)
        if device is None:
            raise EndpointUnknownError(endpoint)
        device.asked.append(request)
        if device.errors:
            raise device.errors.popleft()
        return device


class FakeOffering:
    """Downloads that nobody makes."""

    def __init__(self) -> None:
        self.open: dict[str, str] = {}
        self.error: ImageUnavailableError | None = None
        self.what = Offerable(uri_lengths={"http": 60})
        self.refusal: Refusal | None = None
        self.find_image: Callable[[Session], Awaitable[Refusal | None]] = self._found

    def token_sha256(self, session: Session) -> str:
        return f"{session.id}:{session.offer_number}"

    def offerable(self, session: Session, profile: Profile) -> Offerable:
        return self.what

    async def image_refusal(self, session: Session) -> Refusal | None:
        return await self.find_image(session)

    async def _found(self, _: Session) -> Refusal | None:
        return self.refusal

    async def offer(self, session: Session, facts: DeviceFacts, profile: Profile) -> Offered:
        if self.error is not None:
            raise self.error
        schemes = usable_schemes(
            facts, profile, self.what.uri_lengths, refused=session.refused_schemes
        )
        uri = f"{schemes[0]}://127.0.0.1/f/token/a.bin"
        self.open[session.id] = uri
        return Offered(uri=uri, scheme=schemes[0], other_schemes=schemes[1:])

    def revoke(self, session_id: str) -> None:
        self.open.pop(session_id, None)


TIMEOUT = DeviceTimeoutError("no answer")
