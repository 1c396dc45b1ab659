"""Which devices a request makes sense to, and what their sessions wait for otherwise."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from ..ota.device_facts import DeviceFacts
from ..ota.phase import Phase, WaitingReason
from ..ota.profile import Profile
from ..ota.session_state import Session
from .device_book import DeviceRecord


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """Judges devices by their server, their registration and their sleep, as they are now."""

    is_connected: Callable[[], bool]
    profile_for: Callable[[DeviceFacts], Profile]

    def is_reachable(self, record: DeviceRecord) -> bool:
        """Tell whether a request to the device makes sense now."""
        return self.is_connected() and record.is_registered and not record.is_asleep

    def may_begin(self, record: DeviceRecord, session: Session) -> bool:
        """Tell whether it is time for a session that waits: its own, and its device's window."""
        return self._waits_for_time(record, session) is None

    def waiting_reason(self, record: DeviceRecord) -> WaitingReason:
        """Return what a session of the device would wait for now."""
        session = record.session
        if session is not None and session.waiting_reason is WaitingReason.BACK_OFF:
            return WaitingReason.BACK_OFF
        if not self.is_connected():
            return WaitingReason.SERVER_DOWN
        if not record.is_registered:
            return WaitingReason.UNREGISTERED
        if session is not None and not session.phase.is_final:
            reason = self._waits_for_time(record, session)
        else:
            reason = self._waits_for_window(record)
        if reason is not None:
            return reason
        return WaitingReason.ASLEEP if record.is_asleep else WaitingReason.QUEUE

    def shown_waiting_reason(self, record: DeviceRecord) -> WaitingReason | None:
        """Return what the device's session waits for, or why it is held."""
        session = record.session
        if session is None or session.phase.is_final or session.is_checking:
            return None
        is_waiting = session.phase is Phase.WAITING
        return self.waiting_reason(record) if is_waiting else session.waiting_reason

    def _waits_for_time(self, record: DeviceRecord, session: Session) -> WaitingReason | None:
        if datetime.now(UTC).timestamp() < session.not_before_s:
            return WaitingReason.SCHEDULED
        return self._waits_for_window(record)

    def _waits_for_window(self, record: DeviceRecord) -> WaitingReason | None:
        profile = self.profile_for(record.facts)
        may_begin = _may_begin(profile, int(datetime.now(UTC).timestamp()))
        return None if may_begin else WaitingReason.WINDOW


@lru_cache(maxsize=64)
def _may_begin(profile: Profile, now_s: int) -> bool:
    """Ask once a second and profile, not for each of ten thousand devices that wait."""
    return profile.may_begin(datetime.fromtimestamp(now_s, UTC))
