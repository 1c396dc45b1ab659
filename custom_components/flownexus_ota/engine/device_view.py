"""From what the engine keeps of a device to what the outside sees of it."""

from ..ota.phase import Phase
from ..ota.profile import Profile
from ..ota.profile_match import version_of
from .desk import SessionDesk
from .device_book import DeviceRecord
from .view import DeviceView


def device_view(record: DeviceRecord, desk: SessionDesk, profile: Profile) -> DeviceView:
    """Return a device, and its session's place among the others, as they are now."""
    session = record.session
    is_waiting = session is not None and session.phase is Phase.WAITING
    return DeviceView(
        endpoint=record.endpoint,
        facts=record.facts,
        installed_version=version_of(record.facts, profile),
        is_registered=record.is_registered,
        is_asleep=record.is_asleep,
        last_seen=record.last_seen,
        session=session,
        waiting_reason=desk.reach.shown_waiting_reason(record),
        queue_position=desk.places.position(session.id) if session and is_waiting else None,
        covered_bytes=record.covered_bytes,
        wishes=record.wishes,
        channel=profile.channel,
        is_foreign_busy=record.is_foreign_busy,
    )
