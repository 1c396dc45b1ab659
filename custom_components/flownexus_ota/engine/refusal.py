"""Why an update is not begun."""

from typing import Final

from ..ota.preflight import Refusal


class UpdateRefusedError(Exception):
    """An update that was asked for is not begun; nothing has changed."""


class UpdateActiveError(UpdateRefusedError):
    """The device already has an active session."""


class DeviceUnknownError(UpdateRefusedError):
    """No such device, or one without object 5."""


class PreflightError(UpdateRefusedError):
    """Something speaks against the update; `refusal` tells what, with the values."""

    def __init__(self, refusal: Refusal) -> None:
        """Keep what speaks against it."""
        super().__init__(str(refusal))
        self.refusal: Final = refusal


class NothingToCancelError(UpdateRefusedError):
    """The device has no active session."""


class CancelTooLateError(UpdateRefusedError):
    """The device installs already; nothing stops it."""


class ResetFailedError(UpdateRefusedError):
    """The device did not drop somebody else's image, or could not be asked to."""


class EngineStoppedError(Exception):
    """The engine was stopped; the session goes on when it starts again."""
