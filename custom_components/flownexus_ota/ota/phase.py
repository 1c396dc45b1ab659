"""Where a session stands, why it waits, and why it ended."""

from enum import StrEnum


class Phase(StrEnum):
    """The phases of a session; no word is shared with the device's update state."""

    WAITING = "waiting"
    OFFERED = "offered"
    TRANSFERRING = "transferring"
    STAGED = "staged"
    INSTALLING = "installing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Tell whether the session has ended for good."""
        return self in (Phase.SUCCEEDED, Phase.FAILED, Phase.CANCELLED)


class WaitingReason(StrEnum):
    """What a session in WAITING waits for."""

    QUEUE = "queue"
    ASLEEP = "asleep"
    UNREGISTERED = "unregistered"
    SERVER_DOWN = "server_down"
    WINDOW = "window"
    SCHEDULED = "scheduled"
    BACK_OFF = "back_off"


class Reason(StrEnum):
    """Why a session ended as it did; each is a translation key with a text for people."""

    VERSION_PROVED = "version_proved"
    RESULT_PROVED = "result_proved"
    INSTALLED_BY_ITSELF = "installed_by_itself"
    ALREADY_INSTALLED = "already_installed"
    DEVICE_REPORTED = "device_reported"
    IMAGE_UNAVAILABLE = "image_unavailable"
    PREFLIGHT_REFUSED = "preflight_refused"
    URI_REFUSED = "uri_refused"
    EXECUTE_REFUSED = "execute_refused"
    OFFER_IGNORED = "offer_ignored"
    NO_ANSWER = "no_answer"
    TRANSFER_STALLED = "transfer_stalled"
    DOWNLOAD_LIMIT = "download_limit"
    EXECUTE_IGNORED = "execute_ignored"
    DID_NOT_COME_BACK = "did_not_come_back"
    WRONG_VERSION = "wrong_version"
    NOT_INSTALLED = "not_installed"
    NEVER_WOKE = "never_woke"
    NEVER_CAME = "never_came"
    WAITED_TOO_LONG = "waited_too_long"
    INTERNAL_ERROR = "internal_error"
    FOREIGN_UPDATE = "foreign_update"
    CANCELLED_BY_USER = "cancelled_by_user"
    CANCELLED_UNCONFIRMED = "cancelled_unconfirmed"
