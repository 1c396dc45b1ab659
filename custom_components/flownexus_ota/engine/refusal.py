"""Why an update is not begun."""


class UpdateRefusedError(Exception):
    """An update that was asked for is not begun; nothing has changed."""


class UpdateActiveError(UpdateRefusedError):
    """The device already has an active session."""


class DeviceUnknownError(UpdateRefusedError):
    """No such device, or one without object 5."""


class PullUnsupportedError(UpdateRefusedError):
    """The device takes images only by push (5/x/9)."""


class NothingToCancelError(UpdateRefusedError):
    """The device has no active session."""


class CancelTooLateError(UpdateRefusedError):
    """The device installs already; nothing stops it."""


class ResetFailedError(UpdateRefusedError):
    """The device did not drop somebody else's image, or could not be asked to."""


class EngineStoppedError(Exception):
    """The engine was stopped; the session goes on when it starts again."""
