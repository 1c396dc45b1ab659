"""The devices of one server, as last known."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from ..lwm2m import firmware_update
from ..lwm2m.events import Endpoint, Registration
from ..ota.device_facts import DeviceFacts
from ..ota.session_state import Session
from ..ota.trust import facts_after, with_counter
from ..ota.wishes import NO_WISHES, Wishes
from ..storage.history import HistoryDb
from .session_runner import SessionRunner


@dataclass(kw_only=True, slots=True)
class DeviceRecord:
    """One device with object 5; changed by the engine alone."""

    facts: DeviceFacts
    registration_id: str | None = None
    is_registered: bool = False
    is_local: bool = False
    """Whether it was registered from the server's own machine."""
    is_queue_mode: bool = False
    is_asleep: bool = False
    last_seen: datetime | None = None
    is_read: bool = False
    """Whether the facts belong to the registration."""
    is_shown: bool = False
    """Whether the outside has been told of the device."""
    runner: SessionRunner | None = None
    last_session: Session | None = None
    covered_bytes: int | None = None
    is_foreign_busy: bool = False
    """Whether the device was last found busy with somebody else's update."""
    wishes: Wishes = NO_WISHES
    is_resetting: bool = False
    """Whether it is being made to drop that; no session begins meanwhile."""

    @property
    def endpoint(self) -> Endpoint:
        """Return the device's name."""
        return self.facts.endpoint

    @property
    def session(self) -> Session | None:
        """Return the active session, else the last one."""
        return self.last_session if self.runner is None else self.runner.session

    def learn(self, facts: DeviceFacts) -> None:
        """Take what was read; an update may have ended while it was."""
        self.facts = with_counter(facts, self.facts.security_counter)

    def take(self, registration: Registration) -> bool:
        """Note a registration; tell whether it is another one than before."""
        is_new = registration.id != self.registration_id
        self.registration_id = registration.id
        self.is_registered = True
        self.is_local = registration.is_local
        self.is_queue_mode = registration.is_queue_mode
        self.is_asleep = registration.is_queue_mode and registration.is_sleeping
        self.last_seen = registration.last_update or self.last_seen
        self.facts = replace(
            self.facts,
            update_instance_id=update_instance_of(registration),
            update_object_version=update_version_of(registration),
        )
        if is_new:
            self.is_read = False
        return is_new


@dataclass(frozen=True, kw_only=True, slots=True)
class Unsupported:
    """A registration whose device cannot be updated."""

    registration_id: str
    reason: str


@dataclass(kw_only=True, slots=True)
class DeviceBook:
    """All devices of one server by endpoint, and those that cannot be updated, with the reason."""

    records: dict[Endpoint, DeviceRecord] = field(default_factory=dict)
    unsupported: dict[Endpoint, Unsupported] = field(default_factory=dict)

    def __iter__(self) -> Iterator[DeviceRecord]:
        """Iterate over the records, safe against changes meanwhile."""
        return iter(tuple(self.records.values()))

    @property
    def are_all_local(self) -> bool:
        """Tell whether there are registered devices, all of them on the server's own machine."""
        registered = [record for record in self.records.values() if record.is_registered]
        return bool(registered) and all(record.is_local for record in registered)

    def get(self, endpoint: Endpoint) -> DeviceRecord | None:
        """Return what is known of an endpoint."""
        return self.records.get(endpoint)

    def enter(self, registration: Registration) -> tuple[DeviceRecord, bool] | None:
        """Note a registration; return its record and whether it is a new one.

        `None` for a device that cannot be updated: it has no object 5, or its name cannot be put
        into a URL. A device that had object 5 before keeps its record: its new firmware may lack
        it, and what became of the update is told by object 3.
        """
        endpoint = registration.endpoint
        reason = unsupported_reason(registration)
        record = self.records.get(endpoint)
        if reason is None:
            self.unsupported.pop(endpoint, None)
        else:
            self.unsupported[endpoint] = Unsupported(registration_id=registration.id, reason=reason)
        if record is None and reason is not None:
            return None
        if record is None:
            record = DeviceRecord(facts=DeviceFacts(endpoint=endpoint))
            self.records[endpoint] = record
        return record, record.take(registration)

    def leave(self, endpoint: Endpoint, registration_id: str) -> DeviceRecord | None:
        """Note the end of a registration; return the record of a device that is gone by it.

        A registration that was replaced is taken back after the new one was announced, or before.
        """
        unsupported = self.unsupported.get(endpoint)
        if unsupported is not None and unsupported.registration_id == registration_id:
            del self.unsupported[endpoint]
        record = self.records.get(endpoint)
        is_gone = record is not None and record.registration_id == registration_id
        return record if is_gone else None


def update_instance_of(registration: Registration) -> int | None:
    """Return the instance of object 5 to talk to: the lowest one registered."""
    supported = registration.objects.get(firmware_update.OBJECT_ID)
    if supported is None or not supported.instance_ids:
        return None
    return min(supported.instance_ids)


def update_version_of(registration: Registration) -> str | None:
    """Return the version of object 5 that the device names."""
    supported = registration.objects.get(firmware_update.OBJECT_ID)
    return None if supported is None else supported.version


def unsupported_reason(registration: Registration) -> str | None:
    """Return why a device gets no update entity, or `None`."""
    # Leshan cannot address the one; the other would forge lines of logs and turn texts around.
    if "/" in registration.endpoint or not registration.endpoint.isprintable():
        return "unaddressable"
    if update_instance_of(registration) is None:
        return "no_object_5"
    return None


def known_records(history: HistoryDb, server_id: str) -> list[DeviceRecord]:
    """Return the devices of a server as the history knows them, with their last sessions."""
    last = history.last_sessions(server_id)
    return [
        DeviceRecord(
            # An update may have ended just before we did.
            facts=facts_after(known.facts, last.get(known.facts.endpoint)),
            registration_id=known.registration_id,
            last_seen=known.last_seen,
            is_queue_mode=known.is_queue_mode,
            is_read=True,
            is_shown=True,
            last_session=last.get(known.facts.endpoint),
            wishes=known.wishes,
        )
        for known in history.devices(server_id)
    ]
