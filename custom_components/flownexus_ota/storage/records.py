"""What the history tells besides sessions: devices, steps of a session, a file moved aside."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..ota.device_facts import DeviceFacts
from ..ota.phase import Phase, Reason, WaitingReason
from ..ota.wishes import NO_WISHES, Wishes


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownDevice:
    """A device as it was last known; `last_seen` is UTC."""

    facts: DeviceFacts
    registration_id: str | None = None
    last_seen: datetime | None = None
    is_registered: bool = False
    is_queue_mode: bool = False
    wishes: Wishes = NO_WISHES


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionEvent:
    """One step of a session: where it stood afterwards, when, and what was seen."""

    at: datetime
    phase: Phase
    waiting_reason: WaitingReason | None
    device_state: int | None
    device_result: int | None
    result: int
    reason: Reason | None
    attempt: int
    evidence: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class MovedAside:
    """A database that could not be used was renamed, and a fresh one begun."""

    path: Path
    """Where the old file is now."""
    problem: str
