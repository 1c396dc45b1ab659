"""What becomes of devices without a session: late arrivals, and other people's updates."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from ..lwm2m.events import Endpoint
from ..lwm2m.firmware_update import UpdateState
from ..ota.command import ReadDevice, ResetDevice
from ..ota.device_facts import DeviceFacts
from ..ota.ownership import BUSY, is_foreign, runs_target_of
from ..ota.phase import Phase
from ..ota.profile import Profile
from ..ota.profile_match import version_of
from ..ota.report import DeviceRead, Report
from ..ota.session_state import Session, Target
from .chronicle import Chronicle
from .courier import Courier
from .device_book import DeviceRecord
from .gateway import DeviceGateway
from .offering import ImageOffering
from .refusal import ResetFailedError, UpdateActiveError

NO_TARGET: Final = Target(sha256="", size_bytes=0, version="", expected_version="", file_name="")


@dataclass(frozen=True, kw_only=True, slots=True)
class AftermathPorts:
    """What this works with, and whom it tells."""

    server_id: str
    gateway: DeviceGateway
    chronicle: Chronicle
    offering: ImageOffering
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
        answers: list[Report] = []
        courier = self._courier(record, answers.append)
        record.is_resetting = True
        try:
            await courier.carry_out(ResetDevice())
            await courier.carry_out(ReadDevice(number=0))
        finally:
            record.is_resetting = False
        states = [answer.state for answer in answers if isinstance(answer, DeviceRead)]
        if not states or states[-1] in BUSY:
            raise ResetFailedError(record.endpoint)
        record.is_foreign_busy = False

    def _courier(self, record: DeviceRecord, on_report: Callable[[Report], None]) -> Courier:
        ports = self._ports
        # Nothing is offered: the session only says which device is meant.
        nothing = Session(
            id=uuid4().hex,
            server_id=ports.server_id,
            endpoint=record.endpoint,
            target=NO_TARGET,
            created_at=datetime.now(UTC),
        )
        return Courier(
            ports.gateway,
            ports.offering,
            session=lambda: nothing,
            facts=lambda: record.facts,
            profile=ports.profile_for(record.facts),
            on_report=on_report,
            on_facts=lambda facts: ports.on_facts(record, facts),
        )
