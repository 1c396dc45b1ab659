"""A session: one image offered to one endpoint, from the request to the outcome."""

from dataclasses import dataclass
from datetime import datetime

from ..lwm2m.events import Endpoint
from ..lwm2m.firmware_update import UpdateResult
from .phase import Phase, Reason, WaitingReason


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """The image that a session aims at."""

    sha256: str
    size_bytes: int
    version: str
    expected_version: str
    """What the device reports once it runs the image (`design.md` D8)."""
    file_name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """All that is remembered of one update; a row of `firmware_update`."""

    id: str
    server_id: str
    endpoint: Endpoint
    target: Target
    created_at: datetime
    asked_by: str | None = None
    """Home Assistant user id."""

    phase: Phase = Phase.WAITING
    waiting_reason: WaitingReason | None = WaitingReason.QUEUE
    started_at: datetime | None = None
    finished_at: datetime | None = None
    deadline_at: datetime | None = None
    attempt: int = 1

    from_version: str | None = None
    """What the device reported when the update was asked for."""
    reported_version: str | None = None
    """What the device reported last."""
    version_before_execute: str | None = None
    device_state: int | None = None
    """Raw 5/x/3, as last reported in this session."""
    device_result: int | None = None
    """Raw 5/x/5, as last reported after our URI write was sent."""
    result: int = UpdateResult.DEFAULT
    """The seed's result: DEFAULT until the session is final, then the outcome."""
    reason: Reason | None = None
    evidence: str | None = None
    """What was seen last, in words for the history."""

    offer_number: int = 0
    """Raised for a fresh URL; part of the token."""
    offer_count: int = 0
    """URI writes of this attempt."""
    execute_count: int = 0
    """Executes of this attempt."""
    is_uri_answered: bool = False
    """Whether the outcome of the last URI write is known."""
    is_execute_sent: bool = False
    """Whether this session has ever sent an Execute."""
    is_checking: bool = False
    """A deadline has passed, and the device is being asked where it stands."""
