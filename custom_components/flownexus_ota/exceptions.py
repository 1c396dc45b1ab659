"""Everything that goes wrong, as Home Assistant says it: an exception with a translation key.

Every text is in `translations/en.json` under `exceptions`; nothing else in the integration builds a
`HomeAssistantError`.
"""

from collections.abc import Callable, Mapping
from typing import Final

from homeassistant.exceptions import (
    ConfigEntryAuthFailed,
    ConfigEntryError,
    ConfigEntryNotReady,
    HomeAssistantError,
    ServiceValidationError,
)

from .const import DOMAIN
from .lwm2m.exchange import (
    DeviceAsleepError,
    DeviceRefusedError,
    DeviceTimeoutError,
    EndpointUnaddressableError,
    EndpointUnknownError,
    Lwm2mError,
    NotAuthorisedError,
    NotThisServerError,
    RequestCancelledError,
    ServerUnreachableError,
    TlsFailedError,
)
from .lwm2m.firmware_update import result_key
from .ota.phase import Reason
from .ota.preflight import Refusal
from .ota.session_state import Session
from .sources.fetch_errors import FetchError
from .storage.errors import HistoryError, NewerSchemaError
from .storage.image_store import ImageStoreError

UNNAMED_DEVICE: Final = "The device"
UNKNOWN: Final = "unknown"
"""Stands in a text for a version that nobody told."""

EXCHANGE_KEYS: Final[tuple[tuple[type[Lwm2mError], str], ...]] = (
    (TlsFailedError, "tls_failed"),  # a ServerUnreachableError too, therefore first
    (ServerUnreachableError, "server_unreachable"),
    (NotAuthorisedError, "not_authorised"),
    (NotThisServerError, "not_this_server"),
    (EndpointUnknownError, "endpoint_unknown"),
    (EndpointUnaddressableError, "endpoint_unaddressable"),
    (DeviceTimeoutError, "device_timeout"),
    (DeviceAsleepError, "device_asleep"),
    (RequestCancelledError, "request_cancelled"),
    (DeviceRefusedError, "device_refused"),
    (Lwm2mError, "unreadable_reply"),
)

FAILURE_REASONS: Final = frozenset(Reason) - {
    Reason.VERSION_PROVED,
    Reason.RESULT_PROVED,
    Reason.INSTALLED_BY_ITSELF,
    Reason.ALREADY_INSTALLED,
    Reason.DEVICE_REPORTED,
}
"""The reasons that have a text of their own; `DEVICE_REPORTED` has one per result instead."""


def as_home_assistant_error(
    error: Lwm2mError, *, device_name: str = UNNAMED_DEVICE
) -> HomeAssistantError:
    """Return what to raise when a request to the server or to a device did not succeed."""
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=exchange_key(error),
        translation_placeholders={"device": device_name, "detail": str(error)},
    )


def as_setup_error(error: Lwm2mError) -> ConfigEntryAuthFailed | ConfigEntryNotReady:
    """Return what to raise from the set-up of an entry whose server does not list its devices."""
    kind = ConfigEntryAuthFailed if isinstance(error, NotAuthorisedError) else ConfigEntryNotReady
    return kind(
        translation_domain=DOMAIN,
        translation_key=exchange_key(error),
        translation_placeholders={"device": UNNAMED_DEVICE, "detail": str(error)},
    )


def as_history_setup_error(error: HistoryError) -> ConfigEntryError | ConfigEntryNotReady:
    """Return what to raise from the set-up of an entry when the database cannot be opened.

    Time heals a full disk; it does not heal a database that was written by a newer release.
    """
    if isinstance(error, NewerSchemaError):
        return ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="history_is_newer",
            translation_placeholders={"file": str(error.path)},
        )
    return ConfigEntryNotReady(
        translation_domain=DOMAIN,
        translation_key="history_unavailable",
        translation_placeholders={"detail": str(error)},
    )


def update_failed_error(
    session: Session, device_name: str, *, shown: Callable[[str], str] = str
) -> HomeAssistantError:
    """Return what to raise for a session without success; `shown` makes strangers' texts fit."""
    placeholders = {
        "device": device_name,
        "version": session.target.version,
        "result": _raw_result(session),
        "reported_version": session.reported_version or UNKNOWN,
        "evidence": session.evidence or UNKNOWN,
        "code": _coap_code(session.refusal_code),
    }
    key = _failure_key(session)
    refusal = Refusal.told_by(session.evidence or "")
    if session.reason is Reason.PREFLIGHT_REFUSED and refusal is not None:
        key = f"refused_{refusal.key}"
        placeholders |= refusal.values
    return _failure(key, **{name: shown(text) for name, text in placeholders.items()})


def update_in_progress_error(device_name: str) -> ServiceValidationError:
    """Return what to raise when a second update of a device is asked for."""
    return _user_mistake("update_in_progress", device_name)


def no_image_error(device_name: str, version: str | None) -> ServiceValidationError:
    """Return what to raise when no image fits; `None` stands for the latest version."""
    if version is None:
        return _user_mistake("no_image", device_name)
    return _user_mistake("no_image_for_version", device_name, version=version)


def preflight_error(refusal: Refusal, device_name: str) -> ServiceValidationError:
    """Return what to raise when something speaks against an update before it is begun."""
    return _user_mistake(f"refused_{refusal.key}", device_name, **refusal.values)


def not_supported_error(device_name: str) -> ServiceValidationError:
    """Return what to raise when a device is not known, or no longer."""
    return _user_mistake("not_supported", device_name)


def goes_on_after_restart_error(device_name: str, version: str) -> HomeAssistantError:
    """Return what to raise from a call that waits for a session while Home Assistant unloads it."""
    return _failure("goes_on_after_restart", device=device_name, version=version)


def history_not_writable_error(device_name: str, detail: str) -> HomeAssistantError:
    """Return what to raise when an update was not begun because it could not be remembered."""
    return _failure("history_not_writable", device=device_name, detail=detail)


def choice_not_stored_error(device_name: str, detail: str) -> HomeAssistantError:
    """Return what to raise when a choice for a device could not be stored: it was not made."""
    return _failure("choice_not_stored", device=device_name, detail=detail)


def no_window_error(device_name: str) -> ServiceValidationError:
    """Return what to raise for a device that may be updated at any time: it has no window."""
    return _user_mistake("no_window", device_name)


def time_missing_error() -> ServiceValidationError:
    """Return what to raise for an update that is to be scheduled for no time at all."""
    return _misuse("time_missing")


def time_not_ahead_error(at: str, days: int) -> ServiceValidationError:
    """Return what to raise for a time that has passed, or is more than `days` away."""
    return _misuse("time_not_ahead", time=at, days=str(days))


def nothing_to_cancel_error(device_name: str) -> ServiceValidationError:
    """Return what to raise when a device has no active update."""
    return _user_mistake("nothing_to_cancel", device_name)


def cancel_too_late_error(device_name: str) -> HomeAssistantError:
    """Return what to raise when a device installs already."""
    return _failure("cancel_too_late", device=device_name)


def nothing_to_retry_error(device_name: str) -> ServiceValidationError:
    """Return what to raise when the last update of a device neither failed nor was cancelled."""
    return _user_mistake("nothing_to_retry", device_name)


def image_gone_error(device_name: str, version: str) -> ServiceValidationError:
    """Return what to raise when the image of an earlier update is not there any more."""
    return _user_mistake("image_gone", device_name, version=version)


def not_our_device_error(target: str) -> ServiceValidationError:
    """Return what to raise when an action is aimed at something that is none of our devices."""
    return _misuse("not_our_device", target=target)


def no_target_error() -> ServiceValidationError:
    """Return what to raise when an action is aimed at nothing."""
    return _misuse("no_target")


def no_server_error() -> ServiceValidationError:
    """Return what to raise when there is no server at all."""
    return _misuse("no_server")


def server_not_loaded_error(server: str) -> ServiceValidationError:
    """Return what to raise when the server of a device is switched off, or is not set up."""
    return _misuse("server_not_loaded", server=server)


def history_not_readable_error(detail: str) -> HomeAssistantError:
    """Return what to raise when the history does not answer."""
    return _failure("history_not_readable", detail=detail)


def self_test_failed_error(detail: str) -> HomeAssistantError:
    """Return what to raise when the firmware base URL could not be tested."""
    return _failure("self_test_failed", detail=detail)


def as_fetch_error(error: FetchError) -> HomeAssistantError:
    """Return what to raise when something that was to be downloaded did not come."""
    return _failure(error.key, **error.details)


def firmware_not_added_error(file: str, reason: str) -> HomeAssistantError:
    """Return what to raise when a firmware cannot be added, for a reason in words."""
    return _failure("firmware_not_added", file=file, reason=reason)


def firmware_not_removed_error(file: str, reason: str) -> HomeAssistantError:
    """Return what to raise when a firmware cannot be removed, for a reason in words."""
    return _failure("firmware_not_removed", file=file, reason=reason)


def firmware_path_not_allowed_error(path: str) -> ServiceValidationError:
    """Return what to raise when somebody names a file that Home Assistant may not give away."""
    return _misuse("firmware_path_not_allowed", path=path)


def firmware_not_named_error(key: str) -> ServiceValidationError:
    """Return what to raise when a call does not say what to add or to remove."""
    return _misuse(key)


def store_failed_error(error: ImageStoreError) -> HomeAssistantError:
    """Return what to raise when the image store cannot take an image."""
    return _failure("store_failed", error=str(error))


def authority_unreadable_error(placeholders: Mapping[str, str]) -> HomeAssistantError:
    """Return what to raise when the certificate authority is there, but cannot be read."""
    return _failure("authority_unreadable", **placeholders)


def exchange_key(error: Lwm2mError) -> str:
    """Return the first key of `EXCHANGE_KEYS` that fits."""
    return next(key for kind, key in EXCHANGE_KEYS if isinstance(error, kind))


def _failure_key(session: Session) -> str:
    """Return the most precise text there is for the end of `session`."""
    if session.reason is Reason.DEVICE_REPORTED:
        return f"update_failed_{result_key(_raw_result_number(session))}"
    if session.reason in FAILURE_REASONS:
        return f"update_failed_{session.reason}"
    return "update_failed"


def _raw_result_number(session: Session) -> int:
    """Return 5/x/5 as the device told it, else the session's own result."""
    return session.result if session.device_result is None else session.device_result


def _raw_result(session: Session) -> str:
    return str(_raw_result_number(session))


def _coap_code(code: int | None) -> str:
    """Return a CoAP code as specifications print it: 4.05 for 405."""
    return UNKNOWN if code is None else f"{code // 100}.{code % 100:02d}"


def _failure(key: str, **placeholders: str) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )


def _misuse(key: str, **placeholders: str) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )


def _user_mistake(key: str, device_name: str, **placeholders: str) -> ServiceValidationError:
    return _misuse(key, device=device_name, **placeholders)
