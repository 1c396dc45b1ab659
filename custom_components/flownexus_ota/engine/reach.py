"""Which devices a request makes sense to, and what their sessions wait for otherwise."""

from collections.abc import Callable
from dataclasses import dataclass

from ..ota.phase import Phase, WaitingReason
from .device_book import DeviceRecord


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """Judges devices by their server, their registration and their sleep, as they are now."""

    is_connected: Callable[[], bool]

    def is_reachable(self, record: DeviceRecord) -> bool:
        """Tell whether a request to the device makes sense now."""
        return self.is_connected() and record.is_registered and not record.is_asleep

    def waiting_reason(self, record: DeviceRecord) -> WaitingReason:
        """Return what a session of the device would wait for now."""
        session = record.session
        if session is not None and session.waiting_reason is WaitingReason.BACK_OFF:
            return WaitingReason.BACK_OFF
        if not self.is_connected():
            return WaitingReason.SERVER_DOWN
        if not record.is_registered:
            return WaitingReason.UNREGISTERED
        return WaitingReason.ASLEEP if record.is_asleep else WaitingReason.QUEUE

    def shown_waiting_reason(self, record: DeviceRecord) -> WaitingReason | None:
        """Return what the device's session waits for, or why it is held."""
        session = record.session
        if session is None or session.phase.is_final or session.is_checking:
            return None
        is_waiting = session.phase is Phase.WAITING
        return self.waiting_reason(record) if is_waiting else session.waiting_reason
