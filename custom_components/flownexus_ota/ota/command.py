"""What a session asks to be done."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class ObserveDevice:
    """Subscribe to 5/x/3 and 5/x/5."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadDevice:
    """Read version, state and result, after a pause that lets the device finish."""

    number: int
    """Goes back with the answer: `Session.reading_number` when the reading was asked for."""
    delay_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class WritePackageUri:
    """Write the session's URI to 5/x/1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecuteUpdate:
    """Execute 5/x/2."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ResetDevice:
    """Make the device drop what it has of the image."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RevokeOffer:
    """Revoke the token: a download that is under way breaks off."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EndOffer:
    """Revoke the token and stop observing; the session is over."""


type Command = (
    ObserveDevice
    | ReadDevice
    | WritePackageUri
    | ExecuteUpdate
    | ResetDevice
    | RevokeOffer
    | EndOffer
)
