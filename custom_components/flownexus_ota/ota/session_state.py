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
    not_before_s: int = 0
    """Seconds since 1970 (UTC) before which it does not begin."""

    phase: Phase = Phase.WAITING
    waiting_reason: WaitingReason | None = WaitingReason.QUEUE
    """In WAITING what for; in a running phase why it is held: the device cannot be reached."""
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
    scheme: str | None = None
    """Of the URI that was written last."""
    other_schemes: tuple[str, ...] = ()
    """By what else the device could fetch the image."""
    refused_schemes: tuple[str, ...] = ()
    """What the device called unsupported (result 9)."""
    execute_count: int = 0
    """Executes of this attempt."""
    result_before_offer: int | None = None
    """Raw 5/x/5 before our URI write: what a stale result looks like."""
    result_before_execute: int | None = None
    """The last result known when our Execute was sent."""
    defer_seconds: int | None = None
    """Raw 5/x/13, as last read: for how long the installation may be put off."""
    refusal_code: int | None = None
    """CoAP code of a refused URI write or Execute, while its cause is being read."""
    is_uri_answered: bool = False
    """Whether the outcome of the last URI write is known."""
    is_checking: bool = False
    """The next reading of the device decides how it goes on."""
    reading_number: int = 0
    """Raised by what makes earlier readings worthless: a write, an Execute, a reset, a doubt."""
    time_left_seconds: int | None = None
    """While held: what is left of the phase's deadline; `None` is all of it. From 0 down: how much
    of the time for a last answer is gone. In WAITING, while checking: how long it may wait yet."""
    is_cancelling: bool = False
    """The device was told to drop the image, and is being asked whether it has."""
    is_after_downtime: bool = False
    """We were away while the device may have downloaded: a failure of that is our doing."""
    is_overdue: bool = False
    """The deadline has passed once; the next one ends the phase."""
    is_deferred: bool = False
    """Somebody at the device put the installation off; it has had its time for that once."""
    is_doubted: bool = False
    """The device came back on another version; one more reading is granted."""
    may_reset: bool = False
    """The device may still hold an image of an earlier session of ours, and may drop it."""
    may_downgrade: bool = False
    """Somebody asked for this very version, which may be older than the installed one."""
    security_counter: int | None = None
    """Of the image."""
    is_registered_anew: bool = False
    """The device has registered since our Execute."""

    @property
    def is_held(self) -> bool:
        """Tell whether the session runs, but its device cannot be reached for now."""
        return self.phase is not Phase.WAITING and self.waiting_reason is not None
