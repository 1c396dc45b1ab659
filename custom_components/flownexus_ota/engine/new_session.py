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
        waiting_reason=waiting_reason,
        deadline_at=now + profile.deadlines.waiting,
        from_version=version_of(record.facts, profile),
        reported_version=version_of(record.facts, profile),
        may_reset=may_hold_image_of(record.last_session),
    )
