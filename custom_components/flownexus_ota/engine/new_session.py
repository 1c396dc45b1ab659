"""A session as it begins: what is known of its device and its image when it is asked for."""

from datetime import UTC, datetime
from uuid import uuid4

from ..ota.image import FirmwareImage
from ..ota.ownership import may_hold_image_of
from ..ota.phase import WaitingReason
from ..ota.profile import Profile
from ..ota.profile_match import version_of
from ..ota.session_state import Session, Target
from .device_book import DeviceRecord


def new_session(
    record: DeviceRecord,
    image: FirmwareImage,
    *,
    server_id: str,
    profile: Profile,
    waiting_reason: WaitingReason,
    asked_by: str | None,
    may_downgrade: bool,
    not_before: datetime | None,
) -> Session:
    """Return a session that waits, with an id that no other has."""
    now = datetime.now(UTC)
    return Session(
        id=uuid4().hex,
        server_id=server_id,
        endpoint=record.endpoint,
        target=Target(
            sha256=image.sha256,
            size_bytes=image.size_bytes,
            version=image.version,
            expected_version=image.expected_version,
            file_name=image.file_name,
        ),
        created_at=now,
        asked_by=asked_by,
        not_before_s=0 if not_before is None else int(not_before.timestamp()),
        waiting_reason=waiting_reason if not_before is None else WaitingReason.SCHEDULED,
        deadline_at=max(now, not_before or now) + profile.deadlines.waiting,
        from_version=version_of(record.facts, profile),
        reported_version=version_of(record.facts, profile),
        security_counter=image.security_counter,
        may_reset=may_hold_image_of(record.last_session),
        may_downgrade=may_downgrade,
    )
