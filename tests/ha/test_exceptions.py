"""What Home Assistant says when something goes wrong: one text per cause, with all its words."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from homeassistant.exceptions import (
    ConfigEntryAuthFailed,
    ConfigEntryError,
    ConfigEntryNotReady,
    HomeAssistantError,
    ServiceValidationError,
)

from custom_components.flownexus_ota import exceptions
from custom_components.flownexus_ota.lwm2m import exchange
from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.lwm2m.firmware_update import UpdateResult
from custom_components.flownexus_ota.ota.phase import Phase, Reason
from custom_components.flownexus_ota.ota.preflight import Refusal, RefusalKey
from custom_components.flownexus_ota.ota.session_state import Session, Target
from custom_components.flownexus_ota.sources import fetch_errors
from custom_components.flownexus_ota.storage.errors import HistoryTimeoutError, NewerSchemaError
from custom_components.flownexus_ota.storage.image_store import ImageStoreError

from .texts import TEXTS

DEVICE: Final = "Greenhouse"

FAILED: Final = Session(
    id="1",
    server_id="server",
    endpoint=Endpoint("urn:imei:1"),
    target=Target(
        sha256="0" * 64, size_bytes=1, version="1.4.2", expected_version="1.4.2", file_name="a.bin"
    ),
    created_at=datetime(2026, 11, 23, tzinfo=UTC),
    phase=Phase.FAILED,
    reported_version="1.4.1",
    result=UpdateResult.UPDATE_FAILED,
    evidence="the last words of the device",
    refusal_code=405,
)

SERVER_ERRORS: Final = [
    (exchange.ServerUnreachableError("refused"), "server_unreachable"),
    (exchange.TlsFailedError("self-signed"), "tls_failed"),
    (exchange.NotAuthorisedError("401"), "not_authorised"),
    (exchange.NotThisServerError("HTML"), "not_this_server"),
    (exchange.UnreadableReplyError("500"), "unreadable_reply"),
]
DEVICE_ERRORS: Final = [
    (exchange.EndpointUnknownError("urn:imei:1"), "endpoint_unknown"),
    (exchange.EndpointUnaddressableError("a/b"), "endpoint_unaddressable"),
    (exchange.DeviceTimeoutError("504"), "device_timeout"),
    (exchange.DeviceAsleepError("asleep"), "device_asleep"),
    (exchange.RequestCancelledError("cancelled"), "request_cancelled"),
    (exchange.DeviceRefusedError(405, "not now"), "device_refused"),
]


def said(error: HomeAssistantError) -> str:
    """Return what a person reads; a word that is missing raises `KeyError`."""
    text: str = TEXTS["exceptions"][error.translation_key]["message"]
    return text.format(**(error.translation_placeholders or {}))


@pytest.mark.parametrize(("error", "key"), SERVER_ERRORS + DEVICE_ERRORS)
def test_every_way_in_which_a_request_ends_has_a_text(error: exchange.Lwm2mError, key: str) -> None:
    shown = exceptions.as_home_assistant_error(error, device_name=DEVICE)

    assert shown.translation_key == key
    assert "{" not in said(shown)


@pytest.mark.parametrize(
    "error",
    [
        fetch_errors.AddressForbiddenError(host="a.example", address="10.0.0.1"),
        fetch_errors.AddressUnusableError(),
        fetch_errors.BadStatusError(host="a.example", status="404"),
        fetch_errors.CertificateError(host="a.example", error="expired"),
        fetch_errors.CompressedError(host="a.example", encoding="gzip"),
        fetch_errors.DiskFailedError(error="disk full"),
        fetch_errors.NotHttpsError(host="a.example"),
        fetch_errors.NotThereError(host="a.example", what="octocat/hello"),
        fetch_errors.RateLimitedError(host="a.example", until="2026-11-26 12:00 UTC"),
        fetch_errors.TokenRefusedError(host="a.example"),
        fetch_errors.TooLargeError(host="a.example", limit_bytes="1"),
        fetch_errors.TooManyRedirectsError(host="a.example", limit="3"),
        fetch_errors.TooSlowError(host="a.example", limit_seconds="30"),
        fetch_errors.UnreachableError(host="a.example", error="no route"),
        fetch_errors.UnreadableError(host="a.example", error="no list"),
        fetch_errors.UnsuitableError(host="a.example", error="zip"),
        fetch_errors.WrongDigestError(host="a.example", expected="0", actual="1"),
        fetch_errors.WrongSizeError(host="a.example", expected="0", actual="1"),
    ],
)
def test_every_way_in_which_a_download_fails_says_where_and_why(
    error: fetch_errors.FetchError,
) -> None:
    text = said(exceptions.as_fetch_error(error))

    assert all(value in text for value in error.details.values())


def test_a_store_that_takes_no_image_says_why() -> None:
    error = exceptions.store_failed_error(ImageStoreError("No space left on device"))

    assert "No space left on device" in said(error)


def test_a_refusal_names_the_device_and_its_code() -> None:
    error = exchange.DeviceRefusedError(405, "not now")

    shown = exceptions.as_home_assistant_error(error, device_name=DEVICE)

    assert said(shown) == "Greenhouse refused the request: 4.05 not now."


@pytest.mark.parametrize(("error", "key"), SERVER_ERRORS)
def test_a_server_that_does_not_list_its_devices_is_tried_again_unless_it_wants_a_login(
    error: exchange.Lwm2mError, key: str
) -> None:
    shown = exceptions.as_setup_error(error)

    assert shown.translation_key == key
    assert isinstance(shown, ConfigEntryAuthFailed) is isinstance(
        error, exchange.NotAuthorisedError
    )
    assert "{" not in said(shown)


def test_a_database_of_a_newer_release_is_not_tried_again() -> None:
    error = NewerSchemaError(Path("history.db"), found_version=9, known_version=1)

    shown = exceptions.as_history_setup_error(error)

    assert type(shown) is ConfigEntryError
    assert "history.db" in said(shown)


def test_a_database_that_cannot_be_opened_is_tried_again() -> None:
    shown = exceptions.as_history_setup_error(HistoryTimeoutError(10))

    assert type(shown) is ConfigEntryNotReady
    assert "did not answer for 10 s" in said(shown)


@pytest.mark.parametrize("reason", sorted(exceptions.FAILURE_REASONS))
def test_every_reason_to_fail_has_a_text_of_its_own(reason: Reason) -> None:
    shown = exceptions.update_failed_error(replace(FAILED, reason=reason), DEVICE)

    assert shown.translation_key == f"update_failed_{reason}"
    assert DEVICE in said(shown)
    assert "1.4.2" in said(shown)


@pytest.mark.parametrize("result", [*UpdateResult, 42])
def test_every_result_has_a_text_of_its_own_that_names_its_number(result: int) -> None:
    session = replace(FAILED, reason=Reason.DEVICE_REPORTED, device_result=result)

    shown = exceptions.update_failed_error(session, DEVICE)

    assert DEVICE in said(shown)
    assert f"result {result}" in said(shown)


def test_no_two_causes_share_a_text() -> None:
    messages = [text["message"] for text in TEXTS["exceptions"].values()]

    assert len(set(messages)) == len(messages)


def test_a_result_that_the_device_did_not_tell_is_the_sessions_own() -> None:
    session = replace(FAILED, reason=Reason.DEVICE_REPORTED)

    shown = exceptions.update_failed_error(session, DEVICE)

    assert shown.translation_key == "update_failed_update_failed"


@pytest.mark.parametrize("reason", [None, Reason.VERSION_PROVED])
def test_an_end_without_a_reason_to_fail_shows_the_evidence(reason: Reason | None) -> None:
    shown = exceptions.update_failed_error(replace(FAILED, reason=reason), DEVICE)

    assert said(shown) == (
        "The update of Greenhouse to version 1.4.2 failed (result 8): the last words of the device."
    )


def test_what_spoke_against_an_update_by_its_turn_has_the_text_that_it_had_at_once() -> None:
    refusal = Refusal(key=RefusalKey.BATTERY_LOW, values={"battery": "12", "minimum": "30"})
    session = replace(FAILED, reason=Reason.PREFLIGHT_REFUSED, evidence=str(refusal))

    shown = exceptions.update_failed_error(session, DEVICE)

    assert said(shown) == (
        "Greenhouse was not updated: its battery is at 12 %, and the options ask for at least 30 %."
    )


def test_what_nobody_knows_is_called_unknown() -> None:
    session = replace(FAILED, reason=Reason.WRONG_VERSION, reported_version=None)
    refused = replace(FAILED, reason=Reason.URI_REFUSED, refusal_code=None)

    assert "runs unknown instead" in said(exceptions.update_failed_error(session, DEVICE))
    assert "(unknown)" in said(exceptions.update_failed_error(refused, DEVICE))


@pytest.mark.parametrize(
    "error",
    [
        exceptions.update_in_progress_error(DEVICE),
        exceptions.no_image_error(DEVICE, None),
        exceptions.no_image_error(DEVICE, "9.9.9"),
        exceptions.not_supported_error(DEVICE),
    ],
    ids=lambda error: error.translation_key,
)
def test_a_mistake_of_the_user_is_told_as_one(error: HomeAssistantError) -> None:
    assert isinstance(error, ServiceValidationError)
    assert DEVICE in said(error)


def test_a_version_without_an_image_is_named() -> None:
    assert "version 9.9.9" in said(exceptions.no_image_error(DEVICE, "9.9.9"))


def test_a_call_that_ends_with_home_assistant_says_that_the_update_goes_on() -> None:
    shown = exceptions.goes_on_after_restart_error(DEVICE, "1.4.2")

    assert said(shown).startswith("The update of Greenhouse to version 1.4.2 goes on")


def test_an_update_that_cannot_be_remembered_says_why() -> None:
    shown = exceptions.history_not_writable_error(DEVICE, "disk full")

    assert "disk full" in said(shown)
