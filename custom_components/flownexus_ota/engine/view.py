"""What the outside may know: of one endpoint, and of the server."""

from dataclasses import dataclass
from datetime import datetime

from ..lwm2m.events import Endpoint
from ..ota.device_facts import DeviceFacts
from ..ota.phase import Phase, WaitingReason
from ..ota.session_state import Session
from ..ota.wishes import NO_WISHES, Wishes


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceView:
    """One endpoint, as known now."""

    endpoint: Endpoint
    facts: DeviceFacts
    installed_version: str | None
    """From the resource that the device's profile names."""
    is_registered: bool
    is_asleep: bool
    last_seen: datetime | None
    session: Session | None
    """The active session, else the last one."""
    waiting_reason: WaitingReason | None
    queue_position: int | None
    """Among all that wait, 1 being asked for first; `None` when the session does not wait."""
    covered_bytes: int | None
    """Bytes of the image that left for the active session; `None` when nobody knows."""
    wishes: Wishes = NO_WISHES
    channel: str | None = None
    """Which images it gets beside the stable ones, as its profile says."""
    is_foreign_busy: bool = False
    """Whether the device was last found busy with somebody else's update."""

    @property
    def is_session_active(self) -> bool:
        """Tell whether an update is under way or waiting."""
        return self.session is not None and not self.session.phase.is_final

    @property
    def phase(self) -> Phase | None:
        """Return the phase of the active or last session."""
        return None if self.session is None else self.session.phase

    @property
    def progress_percent(self) -> int | None:
        """Return how much of the image has left, rounded down: 100 means every byte."""
        session = self.session
        if session is None or session.phase is not Phase.TRANSFERRING:
            return None
        if self.covered_bytes is None:
            return None
        return min(100, self.covered_bytes * 100 // session.target.size_bytes)


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerView:
    """The server and its queue, as known now."""

    is_connected: bool
    registered_count: int
    running_count: int
    waiting_count: int
    is_history_writable: bool
    unsupported: tuple[tuple[Endpoint, str], ...] = ()
    """Registered endpoints without an entity, with the reason: `no_object_5`, `unaddressable`."""
