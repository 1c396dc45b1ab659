"""How a session ends, or goes on, when something is wrong."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.flownexus_ota.ota.phase import Phase, Reason
from custom_components.flownexus_ota.ota.report import (
    AllowanceSpent,
    Answer,
    BytesServed,
    DeadlinePassed,
    DeviceRead,
    DeviceRegistered,
    ExecuteAnswered,
    PlaceGranted,
    ResultReported,
    Resumed,
    StateReported,
    UriAnswered,
    VersionReported,
)

from .play import NEW, OLD, Play, installing, offered, staged, transferring


def read(state: int | None, result: int | None, version: str | None = OLD) -> DeviceRead:
    return DeviceRead(state=state, result=result, version=version)


# ------------------------------------------------------------------ offered


@pytest.mark.parametrize("result", [2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 42, -1])
def test_a_bad_result_ends_the_offer_with_that_result(result: int) -> None:
    play = offered().tell(UriAnswered(answer=Answer.DONE), ResultReported(result=result))
    assert play.outcome == (Phase.FAILED, result, Reason.DEVICE_REPORTED)
    assert play.asked == ["EndOffer"]


def test_a_cancellation_that_the_device_reports_is_a_cancellation() -> None:
    play = transferring().tell(ResultReported(result=10))
    assert play.outcome == (Phase.CANCELLED, 10, Reason.DEVICE_REPORTED)


def test_a_bad_result_before_the_answer_to_the_write_is_confirmed_by_a_reading() -> None:
    play = offered().tell(ResultReported(result=9))
    assert (play.phase, play.asked) == (Phase.OFFERED, ["ReadDevice"])
    assert play.tell(read(0, 9)).outcome == (Phase.FAILED, 9, Reason.DEVICE_REPORTED)


def test_a_good_result_before_the_download_means_nothing() -> None:
    assert offered().tell(ResultReported(result=1)).commands == ()


def test_a_refused_write_ends_with_the_result_that_came_with_it() -> None:
    play = offered().tell(UriAnswered(answer=Answer.REFUSED, code=400))
    assert play.asked == ["ReadDevice"]
    assert play.tell(read(0, 9)).outcome == (Phase.FAILED, 9, Reason.DEVICE_REPORTED)


def test_a_refused_write_without_a_result_of_its_own_is_called_refused() -> None:
    play = Play().tell(PlaceGranted(), read(0, 8), UriAnswered(answer=Answer.REFUSED, code=405))
    play.tell(read(0, 8))
    assert play.outcome == (Phase.FAILED, 8, Reason.URI_REFUSED)
    assert play.session.refusal_code == 405
    assert play.session.device_result is None


def test_an_old_result_is_no_evidence() -> None:
    play = Play().tell(PlaceGranted(), read(0, 8), UriAnswered(answer=Answer.UNKNOWN))
    assert play.tell(read(0, 8)).phase is Phase.OFFERED


def test_an_offer_without_an_answer_is_read_and_made_again_three_times_at_most() -> None:
    play = offered().tell(UriAnswered(answer=Answer.UNKNOWN))
    for count in (2, 3):
        assert play.tell(DeadlinePassed()).asked == ["ReadDevice"]
        assert play.tell(read(0, 0)).asked == ["WritePackageUri"]
        assert play.session.offer_count == count
    play.tell(DeadlinePassed(), read(0, 0))
    assert play.outcome == (Phase.FAILED, 4, Reason.OFFER_IGNORED)


def test_a_device_that_does_not_even_answer_the_reading_ends_the_offer() -> None:
    play = offered().tell(DeadlinePassed(), DeadlinePassed())
    assert play.outcome == (Phase.FAILED, 4, Reason.NO_ANSWER)


@pytest.mark.parametrize(
    ("state", "phase"), [(1, Phase.TRANSFERRING), (2, Phase.STAGED), (3, Phase.INSTALLING)]
)
def test_an_overdue_offer_follows_what_was_read(state: int, phase: Phase) -> None:
    assert offered().tell(DeadlinePassed(), read(state, 0)).phase is phase


def test_a_state_that_nobody_defined_changes_nothing() -> None:
    play = offered().tell(StateReported(state=17))
    assert (play.phase, play.session.device_state, play.commands) == (Phase.OFFERED, 17, ())


# ------------------------------------------------------------------ transferring


def test_a_device_back_at_idle_is_asked_for_the_result_that_may_follow() -> None:
    play = transferring().tell(StateReported(state=0))
    assert (play.phase, play.asked) == (Phase.TRANSFERRING, ["ReadDevice"])
    assert play.tell(read(0, 5)).outcome == (Phase.FAILED, 5, Reason.DEVICE_REPORTED)


def test_a_download_lost_by_a_reboot_is_offered_again_under_the_same_url() -> None:
    play = transferring().tell(DeviceRegistered(), read(0, 0))
    assert (play.phase, play.asked) == (Phase.OFFERED, ["WritePackageUri"])
    assert play.session.offer_number == 0


def test_a_download_that_is_lost_again_and_again_stalls() -> None:
    play = transferring()
    for _ in range(2):
        play.tell(DeviceRegistered(), read(0, 0), StateReported(state=1))
    play.tell(DeviceRegistered(), read(0, 0))
    assert play.outcome == (Phase.FAILED, 4, Reason.TRANSFER_STALLED)


def test_a_registration_during_the_download_changes_nothing_by_itself() -> None:
    play = transferring().tell(DeviceRegistered(), read(1, 0))
    assert (play.phase, play.session.is_checking) == (Phase.TRANSFERRING, False)


def test_a_transfer_without_progress_is_read_then_failed_and_reset() -> None:
    play = transferring().tell(DeadlinePassed())
    assert play.asked == ["ReadDevice"]
    play.tell(read(1, 0))
    assert play.outcome == (Phase.FAILED, 4, Reason.TRANSFER_STALLED)
    assert play.asked == ["EndOffer", "ResetDevice"]


@pytest.mark.parametrize("play", [offered(), transferring()])
def test_a_device_that_loads_over_and_over_is_failed_and_reset(play: Play) -> None:
    play.tell(AllowanceSpent())
    assert play.outcome == (Phase.FAILED, 4, Reason.DOWNLOAD_LIMIT)
    assert play.asked == ["EndOffer", "ResetDevice"]


@pytest.mark.parametrize("play", [staged(), installing()])
def test_a_used_up_address_means_nothing_once_the_image_is_there(play: Play) -> None:
    phase = play.phase
    play.tell(AllowanceSpent())
    assert (play.phase, play.commands) == (phase, ())


def test_bytes_after_the_deadline_save_the_transfer() -> None:
    play = transferring().tell(DeadlinePassed(), BytesServed(), read(1, 0))
    assert play.phase is Phase.TRANSFERRING


def test_a_reading_that_says_idle_while_only_bytes_were_seen_is_not_believed() -> None:
    play = offered().tell(BytesServed(), read(0, 0))
    assert (play.phase, play.commands) == (Phase.TRANSFERRING, ())


def test_a_reading_that_says_idle_after_downloading_is_asked_once_more() -> None:
    play = transferring().tell(read(0, 0))
    assert play.asked == ["ReadDevice"]
    assert play.tell(read(0, 0)).phase is Phase.OFFERED


def test_a_failure_read_without_being_asked_for_counts() -> None:
    assert transferring().tell(read(0, 4)).outcome == (Phase.FAILED, 4, Reason.DEVICE_REPORTED)


# ------------------------------------------------------------------ staged


def test_a_refused_execute_is_repeated_only_after_downloaded_was_read() -> None:
    play = staged()
    for count in (2, 3):
        play.tell(ExecuteAnswered(answer=Answer.REFUSED, code=405))
        assert play.asked == ["ReadDevice"]
        assert play.tell(read(2, 0)).asked == ["ExecuteUpdate"]
        assert play.session.execute_count == count
    play.tell(ExecuteAnswered(answer=Answer.REFUSED, code=405), read(2, 0))
    assert play.outcome == (Phase.FAILED, 8, Reason.EXECUTE_REFUSED)
    assert play.asked == ["EndOffer", "ResetDevice"]


def test_an_execute_without_any_answer_is_read_and_repeated() -> None:
    play = staged().tell(DeadlinePassed(), read(2, 0))
    assert play.asked == ["ExecuteUpdate"]


def test_a_staged_image_whose_device_falls_silent_ends() -> None:
    play = staged().tell(DeadlinePassed(), DeadlinePassed())
    assert play.outcome == (Phase.FAILED, 8, Reason.NO_ANSWER)


def test_a_reading_of_downloaded_while_the_execute_is_under_way_changes_nothing() -> None:
    assert staged().tell(read(2, 0)).commands == ()


def test_a_failure_of_the_staged_image_is_the_devices_word() -> None:
    play = staged().tell(ResultReported(result=8))
    assert play.asked == ["ReadDevice"]
    assert play.tell(read(2, 8)).outcome == (Phase.FAILED, 8, Reason.DEVICE_REPORTED)


def test_idle_straight_after_execute_is_read_and_judged() -> None:
    play = staged().tell(StateReported(state=0))
    assert play.asked == ["ReadDevice"]
    assert play.tell(read(0, 8)).outcome == (Phase.FAILED, 8, Reason.DEVICE_REPORTED)


def test_an_execute_answered_late_means_nothing() -> None:
    assert transferring().tell(ExecuteAnswered(answer=Answer.DONE)).phase is Phase.TRANSFERRING


# ------------------------------------------------------------------ installing


def test_a_lost_execute_is_repeated_while_the_device_still_holds_the_image() -> None:
    play = installing()
    for _ in range(2):
        assert play.tell(StateReported(state=2), read(2, 0)).asked == ["ExecuteUpdate"]
        play.tell(ExecuteAnswered(answer=Answer.UNKNOWN))
    play.tell(read(2, 0))
    assert play.outcome == (Phase.FAILED, 8, Reason.EXECUTE_IGNORED)


def test_a_failure_that_keeps_the_image_is_told_as_it_is() -> None:
    play = installing().tell(StateReported(state=2), read(2, 8))
    assert play.outcome == (Phase.FAILED, 8, Reason.DEVICE_REPORTED)


def test_a_deferred_update_holds_until_its_deadline() -> None:
    play = installing().tell(ResultReported(result=11), read(2, 11))
    assert (play.phase, play.commands) == (Phase.INSTALLING, ())
    assert play.tell(DeadlinePassed(), read(2, 11)).asked == ["ExecuteUpdate"]


DEFERRED_FOR_AN_HOUR = DeviceRead(state=2, result=11, version=OLD, defer_seconds=3600)


@pytest.mark.parametrize("begin", [staged, installing])
def test_a_device_that_may_defer_has_as_long_as_it_says(begin: Callable[[], Play]) -> None:
    play = begin().tell(ResultReported(result=11), DEFERRED_FOR_AN_HOUR)
    assert (play.phase, play.commands) == (Phase.INSTALLING, ())
    assert play.session.deadline_at == play.now + timedelta(hours=1)
    # Saying so again wins no more time.
    first = play.session.deadline_at
    play.later(minutes=30).tell(DEFERRED_FOR_AN_HOUR)
    assert play.session.deadline_at == first


def test_a_device_that_has_had_its_time_is_reminded_and_has_the_ordinary_time() -> None:
    play = installing().tell(DEFERRED_FOR_AN_HOUR).later(hours=1)
    assert play.tell(DeadlinePassed(), DEFERRED_FOR_AN_HOUR).asked == ["ExecuteUpdate"]
    play.tell(ResultReported(result=11), DEFERRED_FOR_AN_HOUR)
    assert play.session.deadline_at == play.now + play.profile.deadlines.installing


@pytest.mark.parametrize("seconds", [None, 0, 60])
def test_a_short_deferral_leaves_the_ordinary_time(seconds: int | None) -> None:
    play = installing().tell(replace(DEFERRED_FOR_AN_HOUR, defer_seconds=seconds))
    assert play.session.deadline_at == play.now + play.profile.deadlines.installing


def test_no_deferral_outlasts_the_longest_wait() -> None:
    play = installing().tell(replace(DEFERRED_FOR_AN_HOUR, defer_seconds=2**32))
    assert play.session.deadline_at == play.now + play.profile.deadlines.waiting


def test_coming_back_on_the_old_version_is_doubted_once_then_failed() -> None:
    play = installing().tell(DeviceRegistered(), read(0, 0))
    assert (play.phase, play.asked) == (Phase.INSTALLING, ["ReadDevice"])
    assert play.tell(read(0, 0)).outcome == (Phase.FAILED, 8, Reason.NOT_INSTALLED)


def test_claimed_success_with_the_wrong_version_is_a_failure() -> None:
    play = installing().tell(DeviceRegistered(), read(0, 1), read(0, 1))
    assert play.outcome == (Phase.FAILED, 8, Reason.WRONG_VERSION)


def test_a_second_registration_gets_a_second_look() -> None:
    play = installing().tell(DeviceRegistered(), read(0, 0), DeviceRegistered(), read(0, 0))
    assert play.phase is Phase.INSTALLING
    assert play.tell(read(0, 1, NEW)).phase is Phase.SUCCEEDED


def test_idle_without_a_new_registration_is_waited_out() -> None:
    play = installing().tell(StateReported(state=0), read(0, 0))
    assert (play.phase, play.commands) == (Phase.INSTALLING, ())
    play.tell(DeadlinePassed(), read(0, 0))
    assert play.outcome == (Phase.FAILED, 8, Reason.NOT_INSTALLED)


def test_a_device_that_never_comes_back_ends_the_session() -> None:
    play = installing().tell(DeadlinePassed(), DeadlinePassed())
    assert play.outcome == (Phase.FAILED, 8, Reason.DID_NOT_COME_BACK)


def test_a_device_that_installs_for_ever_ends_the_session() -> None:
    play = installing().tell(read(3, 0))
    assert play.phase is Phase.INSTALLING
    play.tell(DeadlinePassed(), read(3, 0))
    assert play.outcome == (Phase.FAILED, 8, Reason.DID_NOT_COME_BACK)


def test_a_failure_after_the_reboot_is_told_as_it_is() -> None:
    play = installing().tell(DeviceRegistered(), read(0, 5))
    assert play.outcome == (Phase.FAILED, 5, Reason.DEVICE_REPORTED)


def test_a_client_that_installs_by_itself_and_falls_back_is_offered_again() -> None:
    play = transferring().tell(StateReported(state=3), DeviceRegistered(), read(0, 0))
    assert (play.phase, play.asked) == (Phase.INSTALLING, ["ReadDevice"])
    assert play.tell(read(0, 0)).asked == ["WritePackageUri"]


def test_a_client_that_installs_by_itself_and_claims_success_on_the_old_version_fails() -> None:
    play = transferring().tell(StateReported(state=3), DeviceRegistered(), read(0, 1), read(0, 1))
    assert play.outcome == (Phase.FAILED, 8, Reason.WRONG_VERSION)


def test_a_default_result_while_installing_means_nothing() -> None:
    assert installing().tell(ResultReported(result=0)).commands == ()


def test_the_version_of_a_device_that_was_never_offered_proves_nothing() -> None:
    assert Play().tell(VersionReported(version=NEW)).phase is Phase.WAITING


# ------------------------------------------------------------------ restarts


@pytest.mark.parametrize("begin", [offered, transferring, staged, installing])
def test_after_a_restart_the_device_is_asked_where_it_stands(begin: object) -> None:
    play: Play = begin()  # type: ignore[operator] # each begins a session
    phase = play.phase
    play.tell(Resumed())
    assert (play.phase, play.asked) == (phase, ["ObserveDevice", "ReadDevice"])


def test_a_write_that_was_stored_but_never_sent_is_sent_after_the_restart() -> None:
    assert offered().tell(Resumed(), read(0, 0)).asked == ["WritePackageUri"]


def test_an_execute_that_was_stored_but_never_sent_is_sent_after_the_restart() -> None:
    assert staged().tell(Resumed(), read(2, 0)).asked == ["ExecuteUpdate"]


def test_an_update_that_finished_during_the_restart_is_found() -> None:
    assert installing().tell(Resumed(), read(0, 1, NEW)).phase is Phase.SUCCEEDED
