"""What becomes of devices without a session: late arrivals, and other people's updates."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from ..lwm2m.events import Endpoint
from ..lwm2m.exchange import Lwm2mError
from ..lwm2m.firmware_update import UpdateState
from ..ota.device_facts import DeviceFacts
from ..ota.ownership import is_foreign, runs_target_of
from ..ota.phase import Phase
from ..ota.profile import Profile
from ..ota.profile_match import version_of
from ..ota.session_state import Session
from ..ota.trust import with_counter
from .chronicle import Chronicle
from .device_book import DeviceRecord
from .gateway import DeviceGateway
from .reading import lasting, read_device
from .refusal import ResetFailedError, UpdateActiveError
from .resetting import reset_device


@dataclass(frozen=True, kw_only=True, slots=True)
class AftermathPorts:
    """What this works with, and whom it tells."""

    server_id: str
    gateway: DeviceGateway
    chronicle: Chronicle
    profile_for: Callable[[DeviceFacts], Profile]
    on_facts: Callable[[DeviceRecord, DeviceFacts], None]
    on_arrived_late: Callable[[Session], None]


class Aftermath:
    """Looks at devices whose update is over."""

    def __init__(self, ports: AftermathPorts) -> None:
        """Take the ports."""
        self._ports = ports
        self._awaited: dict[Endpoint, str] = {}
        """Failed sessions whose device was seen on another version since; one per device."""

    def look(self, record: DeviceRecord) -> None:
        """Notice a device that comes back on the target of its last, failed session.

        Its phase stays what it is: final phases never change (`design.md` D10).
        """
        if record.is_foreign_busy and record.facts.update_state == UpdateState.IDLE:
            record.is_foreign_busy = False
        session = record.last_session
        if record.runner is not None or session is None or session.phase is not Phase.FAILED:
            return
        profile = self._ports.profile_for(record.facts)
        version = version_of(record.facts, profile)
        if not runs_target_of(session, version):
            self._awaited[record.endpoint] = session.id
        elif self._awaited.pop(record.endpoint, None) == session.id:
            at = datetime.now(UTC)
            evidence = f"arrived late: runs {version}"
            self._ports.chronicle.tell_later(
                lambda history: history.record(session, at=at, evidence=evidence)
            )
            self._ports.on_arrived_late(session)
            # As after a success: its bootloader may take no lower counter from now on.
            self._ports.on_facts(record, with_counter(record.facts, session.security_counter))

    def judge(self, record: DeviceRecord) -> None:
        """Note whether a device that was just read is busy with somebody else's update."""
        record.is_foreign_busy = record.runner is None and is_foreign(
            record.facts.update_state, record.last_session, now=datetime.now(UTC)
        )

    def forget(self, endpoint: Endpoint) -> None:
        """Drop what is known of a device."""
        self._awaited.pop(endpoint, None)

    async def reset(self, record: DeviceRecord) -> None:
        """Make a device drop somebody else's image, and see that it has.

        Raise UpdateActiveError or ResetFailedError.
        """
        if record.runner is not None or record.is_resetting:
            raise UpdateActiveError(record.endpoint)
        profile = self._ports.profile_for(record.facts)
        record.is_resetting = True
        try:
            await reset_device(self._ports.gateway, record.facts, profile.reset)
            # What is refused this time is unknown: an old state must not pass for a new one.
            facts = await read_device(self._ports.gateway, lasting(record.facts))
        except Lwm2mError as err:
            raise ResetFailedError(record.endpoint) from err
        finally:
            record.is_resetting = False
        self._ports.on_facts(record, facts)
        if facts.update_state != UpdateState.IDLE:
            raise ResetFailedError(record.endpoint)
        record.is_foreign_busy = False
