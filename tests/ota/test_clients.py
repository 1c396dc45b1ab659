"""The habits of real LwM2M clients, each played as the reports that such a device causes."""

from dataclasses import replace

import pytest

from custom_components.flownexus_ota.ota.phase import Phase, Reason, WaitingReason
from custom_components.flownexus_ota.ota.profile import Confirm, Profile
from custom_components.flownexus_ota.ota.report import (
    Answer,
    BytesServed,
    CancelRequested,
    ContactLost,
    DeadlinePassed,
    DeviceRead,
    DeviceRegistered,
    ExecuteAnswered,
    PlaceGranted,
    ResultReported,
    StateReported,
    UriAnswered,
    VersionReported,
)

from .play import (
    IDLE,
    NEW,
    OLD,
    TARGET,
    Play,
    installing,
    new_session,
    offered,
    staged,
    transferring,
)

RESULT_ALONE = Profile(confirm=Confirm.RESULT)


def read(state: int | None, result: int | None, version: str | None = OLD) -> DeviceRead:
    return DeviceRead(state=state, result=result, version=version)


# ------------------------------------------------------------------ Anjay
# src/modules/fw_update/anjay_fw_update.c of Anjay 3.14.0


def test_anjay_tells_the_result_before_the_state() -> None:
    # :238-239, set_update_result, then set_state.
    play = transferring().tell(ResultReported(result=5), StateReported(state=0))
    assert play.outcome == (Phase.FAILED, 5, Reason.DEVICE_REPORTED)


def test_anjay_refuses_a_scheme_and_tells_result_9_with_it() -> None:
    # :1074, 4.00 and result 9; the recordings show the result before and after the refusal.
    before = offered().tell(ResultReported(result=9), UriAnswered(answer=Answer.REFUSED, code=400))
    after = offered().tell(UriAnswered(answer=Answer.REFUSED, code=400), ResultReported(result=9))
    assert before.tell(read(0, 9)).outcome == (Phase.FAILED, 9, Reason.DEVICE_REPORTED)
    assert after.outcome == (Phase.FAILED, 9, Reason.DEVICE_REPORTED)


def test_anjay_refuses_a_uri_while_it_is_busy() -> None:
    # :1064, a URI outside of IDLE is 4.00; the reading says where it stands, and we follow.
    play = offered().tell(UriAnswered(answer=Answer.REFUSED, code=400), read(1, 0))
    assert play.phase is Phase.TRANSFERRING


def test_anjay_stays_downloaded_when_the_upgrade_cannot_begin() -> None:
    # :1169, a perform_upgrade that fails leaves DOWNLOADED and result 8.
    play = installing().tell(ResultReported(result=8), StateReported(state=2), read(2, 8))
    assert play.outcome == (Phase.FAILED, 8, Reason.DEVICE_REPORTED)


def test_anjay_cannot_be_cancelled_while_it_updates() -> None:
    # :1048-1052, an empty URI in UPDATING is 4.05.
    play = staged().tell(CancelRequested(), read(3, 0))
    assert (play.phase, play.session.is_cancelling) == (Phase.INSTALLING, False)


def test_anjay_confirms_a_cancellation_with_result_10() -> None:
    # :1241, Cancel in DOWNLOADING or DOWNLOADED ends in IDLE with result 10.
    play = transferring().tell(CancelRequested(), ResultReported(result=10), StateReported(state=0))
    assert play.tell(read(0, 10)).outcome == (Phase.CANCELLED, 10, Reason.CANCELLED_BY_USER)


def test_anjay_in_queue_mode_wakes_with_a_new_registration() -> None:
    # recordings, leshan-2.0.0-M18-queue-register.jsonl: what was pending is gone without a word.
    play = offered().tell(ContactLost(reason=WaitingReason.ASLEEP)).later(hours=2)
    play.tell(DeviceRegistered())
    assert play.asked == ["ObserveDevice", "ReadDevice"]
    assert play.tell(read(0, 0)).asked == ["WritePackageUri"]


def test_anjay_that_comes_back_tells_nothing_until_it_is_asked() -> None:
    # recordings 3: after the reboot nothing is notified; 5/0/5 reads 1, state 0.
    play = installing().tell(DeviceRegistered())
    assert play.asked == ["ObserveDevice", "ReadDevice"]
    assert play.tell(read(0, 1, NEW)).session.reason is Reason.VERSION_PROVED


# ------------------------------------------------------------------ Zephyr
# subsys/net/lib/lwm2m/lwm2m_obj_firmware.c


def test_zephyr_tells_the_state_before_the_result() -> None:
    play = transferring().tell(StateReported(state=0))
    assert (play.phase, play.asked) == (Phase.TRANSFERRING, ["ReadDevice"])
    assert play.tell(ResultReported(result=5)).session.result == 5


def test_zephyr_accepts_a_uri_that_it_then_ignores() -> None:
    # 2.04, but nothing happens; only a limited number of repetitions helps.
    play = offered().tell(UriAnswered(answer=Answer.DONE))
    for _ in range(3):
        play.tell(DeadlinePassed(), read(0, 0), UriAnswered(answer=Answer.DONE))
    assert play.outcome == (Phase.FAILED, 4, Reason.OFFER_IGNORED)


def test_zephyr_forgets_the_result_in_the_reboot_and_the_version_decides() -> None:
    # zephyr#42584: state and result are not persisted, 0/0 after every reboot.
    play = installing().tell(DeviceRegistered(), read(0, 0, NEW))
    assert play.outcome == (Phase.SUCCEEDED, 1, Reason.VERSION_PROVED)


def test_zephyr_that_rolled_back_has_forgotten_it_too() -> None:
    play = installing().tell(DeviceRegistered(), read(0, 0), read(0, 0))
    assert play.outcome == (Phase.FAILED, 8, Reason.NOT_INSTALLED)


def test_zephyr_ignores_the_reset_while_it_downloads_and_fails_by_the_revoked_url() -> None:
    # An empty URI works from DOWNLOADED only; the download then ends by itself.
    play = transferring().tell(CancelRequested())
    assert play.asked[0] == "RevokeOffer"
    play.tell(read(1, 0), ResultReported(result=7), StateReported(state=0), read(0, 7))
    assert play.outcome == (Phase.CANCELLED, 10, Reason.CANCELLED_BY_USER)


# ------------------------------------------------------------------ Nordic
# lwm2m_client_utils: lwm2m_firmware.c, lwm2m_adv_firmware.c


def test_nordic_forgets_a_download_in_a_reboot_and_is_offered_the_same_url() -> None:
    # DOWNLOADING at boot is reset to IDLE and 0.
    play = transferring().tell(DeviceRegistered(), read(0, 0))
    assert play.asked == ["WritePackageUri"]
    assert play.session.offer_number == 0


def test_nordic_whose_image_was_not_confirmed_tells_8_after_the_boot() -> None:
    # UPDATING at boot and image confirmed: result 1, else 8.
    play = installing().tell(DeviceRegistered(), read(0, 8))
    assert play.outcome == (Phase.FAILED, 8, Reason.DEVICE_REPORTED)


def test_nordic_reboots_five_seconds_after_execute_and_registers_while_it_still_updates() -> None:
    play = installing().tell(DeviceRegistered(), read(3, 0))
    assert (play.phase, play.commands) == (Phase.INSTALLING, ())
    assert play.tell(DeviceRegistered(), read(0, 1, NEW)).phase is Phase.SUCCEEDED


def test_nordic_restarts_by_itself_after_the_download() -> None:
    # sdk-nrf PR#15994.
    play = transferring().tell(DeviceRegistered(), read(0, 1, NEW))
    assert play.outcome == (Phase.SUCCEEDED, 1, Reason.INSTALLED_BY_ITSELF)


def test_nordic_answers_an_empty_uri_with_result_10() -> None:
    # Object 33629: an empty URI outside of IDLE is a cancellation.
    play = transferring().tell(CancelRequested(), read(0, 10))
    assert play.session.reason is Reason.CANCELLED_BY_USER


def test_nordic_defers_with_the_image_in_place() -> None:
    play = installing().tell(ResultReported(result=11), read(2, 11))
    assert (play.phase, play.commands) == (Phase.INSTALLING, ())
    assert play.tell(StateReported(state=3), DeviceRegistered(), read(0, 1, NEW)).phase is (
        Phase.SUCCEEDED
    )


# ------------------------------------------------------------------ wakaama, Mbed
# examples/client/common/object_firmware.c; ARMmbed/mbed-client#113


@pytest.mark.parametrize("result", [0, 1])
def test_wakaama_and_mbed_count_their_states_from_1_and_are_not_touched(result: int) -> None:
    # IDLE is 1 there: nobody can tell it from a download that somebody else began.
    play = Play().tell(PlaceGranted(), read(1, result))
    assert play.outcome == (Phase.FAILED, 12, Reason.FOREIGN_UPDATE)
    assert play.asked == ["EndOffer"]


def test_wakaama_accepts_a_uri_and_nothing_happens_ever() -> None:
    play = offered().tell(UriAnswered(answer=Answer.DONE))
    for _ in range(3):
        play.tell(DeadlinePassed(), read(None, 0), UriAnswered(answer=Answer.DONE))
    assert play.outcome == (Phase.FAILED, 4, Reason.OFFER_IGNORED)


# ------------------------------------------------------------------ ThingsBoard's demo client


def test_the_thingsboard_demo_shows_its_success_for_a_moment_only() -> None:
    # Result 1 is there for about 100 ms, then 0 and IDLE: the version has to do.
    play = installing().tell(ResultReported(result=1), ResultReported(result=0))
    play.tell(StateReported(state=0), DeviceRegistered(), read(0, 0, NEW))
    assert play.outcome == (Phase.SUCCEEDED, 1, Reason.VERSION_PROVED)


def test_the_moment_of_the_thingsboard_demo_is_enough_where_the_result_is_trusted() -> None:
    play = installing(profile=RESULT_ALONE).tell(ResultReported(result=1))
    assert play.session.reason is Reason.RESULT_PROVED


# ------------------------------------------------------------------ Laird IG60


@pytest.mark.parametrize("exit_code", [14, 127, 255, -1])
def test_laird_writes_the_exit_code_of_a_script_as_its_result(exit_code: int) -> None:
    play = installing().tell(ResultReported(result=exit_code), read(0, exit_code))
    assert play.outcome == (Phase.FAILED, exit_code, Reason.DEVICE_REPORTED)


def test_laird_keeps_its_image_after_an_empty_uri() -> None:
    # Only a NUL package is a reset there; the device is not called idle, and nothing installs.
    play = Play(new_session(may_reset=True)).tell(PlaceGranted(), read(2, 8), read(2, 8))
    assert play.outcome == (Phase.FAILED, 12, Reason.FOREIGN_UPDATE)
    cancelled = transferring().tell(CancelRequested(), read(2, 0), DeadlinePassed())
    assert cancelled.session.reason is Reason.CANCELLED_UNCONFIRMED


# ------------------------------------------------------------------ LiteOS


def test_liteos_whose_notifications_never_come_is_updated_by_readings_alone() -> None:
    # LiteOS/LiteOS#768: its notifications are CON 2.05, which Leshan rejects.
    play = offered().tell(UriAnswered(answer=Answer.DONE), read(1, 0))
    assert play.phase is Phase.TRANSFERRING
    assert play.tell(read(2, 0)).asked == ["ExecuteUpdate"]
    play.tell(ExecuteAnswered(answer=Answer.DONE), read(3, 0), DeviceRegistered(), read(0, 1, NEW))
    assert play.outcome == (Phase.SUCCEEDED, 1, Reason.VERSION_PROVED)


def test_liteos_whose_download_fails_is_found_by_a_reading() -> None:
    assert transferring().tell(read(0, 4)).outcome == (Phase.FAILED, 4, Reason.DEVICE_REPORTED)


# ------------------------------------------------------------------ the flownexus sample
# simulation/lwm2m_client/src/firmware_update.c


def test_the_flownexus_sample_answers_the_write_only_after_the_download() -> None:
    # :346, it downloads inside the write's callback; the write's time-out says nothing.
    play = offered().tell(BytesServed()).later(seconds=30)
    play.tell(UriAnswered(answer=Answer.UNKNOWN), BytesServed())
    assert play.phase is Phase.TRANSFERRING
    assert play.tell(StateReported(state=2)).asked == ["ExecuteUpdate"]


def test_the_flownexus_sample_succeeds_at_once_without_reboot_or_new_version() -> None:
    # :320-331, result 1 at once, 3/0/3 unchanged: its profile trusts the result.
    play = staged(profile=RESULT_ALONE).tell(ExecuteAnswered(answer=Answer.DONE))
    play.tell(StateReported(state=0), ResultReported(result=1))
    assert play.outcome == (Phase.SUCCEEDED, 1, Reason.RESULT_PROVED)


def test_the_flownexus_sample_without_its_profile_is_not_called_updated() -> None:
    play = staged().tell(ExecuteAnswered(answer=Answer.DONE), ResultReported(result=1))
    play.tell(read(0, 1), read(0, 1))
    assert play.outcome == (Phase.FAILED, 8, Reason.WRONG_VERSION)


def test_the_second_update_of_the_flownexus_sample_does_not_succeed_by_the_first() -> None:
    play = Play(profile=RESULT_ALONE).tell(PlaceGranted(), read(0, 1), BytesServed())
    play.tell(StateReported(state=2), read(2, 1), ExecuteAnswered(answer=Answer.DONE))
    assert play.phase is Phase.INSTALLING


def test_the_flownexus_sample_takes_an_empty_uri_for_a_download() -> None:
    # An empty URI starts a "download" of nothing, which ends as result 8.
    play = transferring().tell(CancelRequested(), ResultReported(result=8), read(0, 8))
    assert play.outcome == (Phase.CANCELLED, 10, Reason.CANCELLED_BY_USER)


@pytest.mark.parametrize("result", [4, 8])
def test_the_flownexus_sample_calls_a_failed_connection_4_and_all_else_8(result: int) -> None:
    play = offered().tell(ResultReported(result=result), UriAnswered(answer=Answer.UNKNOWN))
    assert play.tell(read(0, result)).outcome == (Phase.FAILED, result, Reason.DEVICE_REPORTED)


# ------------------------------------------------------------------ newer objects, boot loaders


def test_a_client_of_object_5_1_2_upgrades_as_soon_as_it_has_the_image() -> None:
    # 5/0/14, automatic upgrade at download: nobody executes.
    play = transferring().tell(StateReported(state=3))
    assert (play.phase, play.commands) == (Phase.INSTALLING, ())
    play.tell(DeviceRegistered(), read(0, 1, NEW))
    assert play.outcome == (Phase.SUCCEEDED, 1, Reason.INSTALLED_BY_ITSELF)


def test_mcuboot_that_goes_back_after_a_test_boot_claims_success_on_the_old_version() -> None:
    play = installing().tell(DeviceRegistered(), read(0, 1), read(0, 1))
    assert play.outcome == (Phase.FAILED, 8, Reason.WRONG_VERSION)


def test_a_device_that_leaves_the_build_number_out_is_confirmed_by_its_result() -> None:
    # imgtool prints 1.4.2+8, the device reports 1.4.2 before and after.
    target = replace(TARGET, version="1.4.2+8", expected_version="1.4.2")
    play = Play(new_session(target=target)).tell(PlaceGranted(), read(0, 0, "1.4.2"))
    play.tell(StateReported(state=2), ExecuteAnswered(answer=Answer.DONE))
    assert play.tell(VersionReported(version="1.4.2")).phase is Phase.INSTALLING
    assert play.tell(read(0, 1, "1.4.2")).session.reason is Reason.RESULT_PROVED


def test_a_client_that_reports_a_bad_uri_without_ever_downloading() -> None:
    # OMA#136: IDLE and 7, DOWNLOADING is never shown.
    play = Play().tell(PlaceGranted(), IDLE, UriAnswered(answer=Answer.DONE))
    assert play.tell(ResultReported(result=7)).outcome == (Phase.FAILED, 7, Reason.DEVICE_REPORTED)
