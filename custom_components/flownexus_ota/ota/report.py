"""What a session can be told: by the device, by a request's end, by the clock."""

from dataclasses import dataclass
from enum import Enum

from .phase import WaitingReason


class Answer(Enum):
    """How a write or an execute ended."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """No answer, a cancelled request, or a queued one: the device may have acted or not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceGranted:
    """The session may start: a place is free and the device listens."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Resumed:
    """We were restarted while the session ran."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StateReported:
    """The device told 5/x/3, raw."""

    state: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultReported:
    """The device told 5/x/5, raw."""

    result: int


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionReported:
    """The device told the version it runs."""

    version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceRead:
    """We read the device: what it runs and where object 5 stands, at one time."""

    state: int | None
    result: int | None
    version: str | None
    defer_seconds: int | None = None
    """5/x/13: for how long somebody at the device may put the installation off."""
    number: int | None = None
    """Of the command that it answers; `None`: of the latest."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceRegistered:
    """The device registered anew: a reboot, a new address, or an expired lease."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactLost:
    """The device cannot be reached: it sleeps, or its server is down."""

    reason: WaitingReason


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactRegained:
    """The device can be reached again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CancelRequested:
    """A person wants the update to end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UriChosen:
    """A URI is about to be written to 5/x/1."""

    scheme: str
    other_schemes: tuple[str, ...] = ()
    """By what else the device could fetch the same image."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UriAnswered:
    """Our write of 5/x/1 ended; `code` is the CoAP code of a refusal."""

    answer: Answer
    code: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageUnavailable:
    """We cannot serve the image, so nothing was written; `detail` is for people."""

    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OfferRefused:
    """Something speaks against the update by now, so nothing was written; `detail` says what."""

    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecuteAnswered:
    """Our execute of 5/x/2 ended; `code` is the CoAP code of a refusal."""

    answer: Answer
    code: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BytesServed:
    """More of the image has left for the device."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AllowanceSpent:
    """The device has asked for the image far more often than any sound download does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadlinePassed:
    """The session's deadline is over."""

    waits_for: WaitingReason | None = None
    """What keeps a session in WAITING by now; `None`: what is remembered of it."""


type Report = (
    PlaceGranted
    | Resumed
    | StateReported
    | ResultReported
    | VersionReported
    | DeviceRead
    | DeviceRegistered
    | ContactLost
    | ContactRegained
    | CancelRequested
    | UriChosen
    | UriAnswered
    | ImageUnavailable
    | OfferRefused
    | ExecuteAnswered
    | BytesServed
    | AllowanceSpent
    | DeadlinePassed
)
