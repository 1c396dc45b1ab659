"""The way of a session from the request to its outcome."""

from dataclasses import replace

import pytest

from custom_components.flownexus_ota.ota.phase import Phase, Reason, WaitingReason
from custom_components.flownexus_ota.ota.profile import Confirm, Profile
from custom_components.flownexus_ota.ota.report import (
    Answer,
    BytesServed,
    DeadlinePassed,
    DeviceRead,
    DeviceRegistered,
    ExecuteAnswered,
    ImageUnavailable,
    OfferRefused,
    PlaceGranted,
    ResultReported,
    Resumed,
    StateReported,
    UriAnswered,
    UriChosen,
    VersionReported,
)
from custom_components.flownexus_ota.ota.transition import Situation

from .play import NEW, OLD, TARGET, Play, installing, new_session, offered, staged, transferring

BACK_ON_NEW = DeviceRead(state=0, result=1, version=NEW)
RESULT_ALONE = Profile(confirm=Confirm.RESULT)


def read(state: int | None, result: int | None, version: str | None = OLD) -> DeviceRead:
    return DeviceRead(state=state, result=result, version=version)


# ------------------------------------------------------------------ waiting


def test_a_session_that_gets_a_place_reads_its_device_before_anything_is_written() -> None:
    play = Play().tell(PlaceGranted())
    assert play.phase is Phase.WAITING
    assert play.asked == ["ObserveDevice", "ReadDevice"]


def test_a_place_granted_twice_asks_once() -> None:
    assert Play().tell(PlaceGranted(), PlaceGranted()).asked == []


def test_an_idle_device_is_offered_the_image() -> None:
    play = offered()
    assert play.phase is Phase.OFFERED
    assert play.asked == ["WritePackageUri"]
    assert play.session.started_at == play.now


def test_a_device_that_runs_the_target_already_is_left_alone() -> None:
    play = Play().tell(PlaceGranted(), read(0, 0, NEW))
    assert play.outcome == (Phase.SUCCEEDED, 1, Reason.ALREADY_INSTALLED)


@pytest.mark.parametrize("state", [1, 2, 3])
def test_a_device_that_is_busy_with_somebody_elses_update_is_left_alone(state: int) -> None:
    play = Play().tell(PlaceGranted(), read(state, 0))
    assert play.outcome == (Phase.FAILED, 12, Reason.FOREIGN_UPDATE)


@pytest.mark.parametrize("state", [1, 2])
def test_what_our_last_session_left_on_the_device_is_dropped_once(state: int) -> None:
    play = Play(new_session(may_reset=True)).tell(PlaceGranted(), read(state, 8))
    assert play.asked == ["ResetDevice", "ReadDevice"]
    assert play.tell(read(0, 0)).phase is Phase.OFFERED


def test_a_device_that_keeps_what_it_should_drop_is_somebody_elses() -> None:
    play = Play(new_session(may_reset=True)).tell(PlaceGranted(), read(2, 8), read(2, 8))
    assert play.session.reason is Reason.FOREIGN_UPDATE


def test_a_device_that_installs_is_never_reset() -> None:
    play = Play(new_session(may_reset=True)).tell(PlaceGranted(), read(3, 0))
    assert play.session.reason is Reason.FOREIGN_UPDATE


def test_a_device_that_does_not_answer_before_the_offer_fails_the_session() -> None:
    play = Play().tell(PlaceGranted()).later(seconds=46).tell(DeadlinePassed())
    assert play.outcome == (Phase.FAILED, 4, Reason.NO_ANSWER)


def test_the_time_to_begin_a_download_counts_from_when_the_address_is_written() -> None:
    play = Play().tell(PlaceGranted(), read(0, 0)).later(seconds=55)
    play.tell(UriChosen(scheme="http"))
    assert play.session.deadline_at == play.now + play.profile.deadlines.offered


@pytest.mark.parametrize(
    ("waiting", "reason"),
    [
        (WaitingReason.ASLEEP, Reason.NEVER_WOKE),
        (WaitingReason.UNREGISTERED, Reason.NEVER_CAME),
        (WaitingReason.QUEUE, Reason.WAITED_TOO_LONG),
        (WaitingReason.SERVER_DOWN, Reason.WAITED_TOO_LONG),
        (WaitingReason.WINDOW, Reason.WAITED_TOO_LONG),
        (WaitingReason.SCHEDULED, Reason.WAITED_TOO_LONG),
    ],
)
def test_waiting_has_an_end(waiting: WaitingReason, reason: Reason) -> None:
    play = Play(new_session(waiting_reason=waiting)).tell(DeadlinePassed())
    assert play.outcome == (Phase.FAILED, 4, reason)
    # What it waited for when it was asked for may be long over.
    play = Play().tell(DeadlinePassed(waits_for=waiting))
    assert play.outcome == (Phase.FAILED, 4, reason)


@pytest.mark.parametrize(
    "report",
    [
        StateReported(state=2),
        ResultReported(result=8),
        VersionReported(version=NEW),
        DeviceRegistered(),
        BytesServed(),
        UriAnswered(answer=Answer.DONE),
        ExecuteAnswered(answer=Answer.DONE),
        read(2, 8),
    ],
)
def test_nothing_that_a_device_says_moves_a_session_that_waits(report: object) -> None:
    play = Play().tell(report)  # type: ignore[arg-type] # every kind of report
    assert (play.phase, play.commands) == (Phase.WAITING, ())


def test_a_restart_while_the_device_was_asked_lets_the_session_wait_again() -> None:
    play = Play().tell(PlaceGranted(), Resumed())
    assert play.phase is Phase.WAITING
    assert play.tell(PlaceGranted()).asked == ["ObserveDevice", "ReadDevice"]


# ------------------------------------------------------------------ the good way


def test_the_whole_way_by_notifications() -> None:
    play = offered().tell(UriAnswered(answer=Answer.DONE))
    assert play.tell(StateReported(state=1)).phase is Phase.TRANSFERRING
    play.tell(StateReported(state=2))
    assert (play.phase, play.asked) == (Phase.STAGED, ["ExecuteUpdate"])
    play.tell(ExecuteAnswered(answer=Answer.DONE), StateReported(state=3))
    assert play.phase is Phase.INSTALLING
    assert play.tell(DeviceRegistered()).asked == ["ObserveDevice", "ReadDevice"]
    play.tell(BACK_ON_NEW)
    assert play.outcome == (Phase.SUCCEEDED, 1, Reason.VERSION_PROVED)
    assert (play.asked, play.session.finished_at) == (["EndOffer"], play.now)
    assert play.session.deadline_at is None


def test_notifications_that_overtake_the_answer_to_the_write_count() -> None:
    play = offered().tell(StateReported(state=1), StateReported(state=2))
    assert play.phase is Phase.STAGED
    play.tell(UriAnswered(answer=Answer.DONE))
    assert (play.phase, play.commands) == (Phase.STAGED, ())


def test_a_download_too_quick_to_be_seen_is_staged_at_once() -> None:
    assert offered().tell(StateReported(state=2)).phase is Phase.STAGED


def test_the_first_byte_begins_the_transfer_before_the_device_says_so() -> None:
    assert offered().tell(BytesServed()).phase is Phase.TRANSFERRING


def test_bytes_move_the_deadline() -> None:
    play = transferring().later(minutes=4)
    play.tell(BytesServed())
    assert play.session.deadline_at == play.now + play.profile.deadlines.transferring


def test_bytes_mean_nothing_once_the_image_is_there() -> None:
    assert staged().tell(BytesServed()).phase is Phase.STAGED


def test_an_execute_whose_answer_got_lost_may_have_been_heard() -> None:
    assert staged().tell(ExecuteAnswered(answer=Answer.UNKNOWN)).phase is Phase.INSTALLING


def test_updating_seen_before_the_answer_to_execute_is_installing() -> None:
    play = staged().tell(StateReported(state=3), ExecuteAnswered(answer=Answer.UNKNOWN))
    assert play.phase is Phase.INSTALLING


def test_the_version_alone_proves_when_it_comes_by_notification() -> None:
    play = installing().tell(VersionReported(version="v1.4.2 "))
    assert play.session.reason is Reason.VERSION_PROVED


def test_another_version_by_notification_proves_nothing() -> None:
    assert installing().tell(VersionReported(version="1.4.3")).phase is Phase.INSTALLING


def test_a_device_that_installs_by_itself_succeeds_without_our_execute() -> None:
    play = transferring().tell(StateReported(state=3), DeviceRegistered(), read(0, 1, NEW))
    assert play.outcome == (Phase.SUCCEEDED, 1, Reason.INSTALLED_BY_ITSELF)


@pytest.mark.parametrize("result", [0, 8])
def test_the_target_version_proves_success_whatever_the_result_says(result: int) -> None:
    play = installing().tell(DeviceRegistered(), read(0, result, NEW))
    assert play.session.reason is Reason.VERSION_PROVED


def test_a_final_session_never_changes() -> None:
    play = installing().tell(BACK_ON_NEW)
    final = play.session
    play.tell(ResultReported(result=8), DeadlinePassed(), StateReported(state=1), Resumed())
    assert (play.session, play.commands) == (final, ())


def test_a_place_granted_to_a_session_that_runs_means_nothing() -> None:
    assert transferring().tell(PlaceGranted()).commands == ()


def test_an_image_that_cannot_be_served_ends_the_session_at_once() -> None:
    play = offered().tell(ImageUnavailable(detail="gone"))
    assert play.outcome == (Phase.FAILED, 8, Reason.IMAGE_UNAVAILABLE)


def test_an_offer_that_something_speaks_against_by_now_ends_the_session() -> None:
    play = offered().tell(OfferRefused(detail="the battery is at 12 %"))
    assert play.outcome == (Phase.FAILED, 8, Reason.PREFLIGHT_REFUSED)


def test_a_session_that_an_error_of_ours_stopped_is_not_tried_again() -> None:
    again = Profile(max_attempts=3)
    play = transferring(profile=again)
    ended = Situation(session=play.session, now=play.now, profile=again).abandon().session
    assert (ended.phase, ended.reason) == (Phase.FAILED, Reason.INTERNAL_ERROR)


# ------------------------------------------------------------------ proof by result


def test_a_result_proves_where_the_version_cannot_differ() -> None:
    target = replace(TARGET, version="1.4.2+8", expected_version="1.4.2")
    play = Play(new_session(target=target, from_version="1.4.2"))
    play.tell(PlaceGranted(), read(0, 0, "1.4.2"), StateReported(state=2))
    assert play.phase is Phase.STAGED
    play.tell(ExecuteAnswered(answer=Answer.DONE), DeviceRegistered(), read(0, 1, "1.4.2"))
    assert play.outcome == (Phase.SUCCEEDED, 1, Reason.RESULT_PROVED)


def test_a_result_proves_where_the_device_tells_no_version() -> None:
    play = Play(new_session(from_version=None, reported_version=None))
    play.tell(PlaceGranted(), read(0, 0, None), StateReported(state=2))
    play.tell(ExecuteAnswered(answer=Answer.DONE), read(0, 1, None))
    assert play.session.reason is Reason.RESULT_PROVED


def test_a_result_proves_where_the_profile_says_so() -> None:
    play = installing(profile=RESULT_ALONE).tell(ResultReported(result=1))
    assert play.session.reason is Reason.RESULT_PROVED


def test_a_result_does_not_prove_before_our_execute() -> None:
    assert transferring(profile=RESULT_ALONE).tell(ResultReported(result=1)).phase is (
        Phase.TRANSFERRING
    )


def test_an_old_success_that_was_never_cleared_proves_nothing() -> None:
    play = Play(profile=RESULT_ALONE)
    play.tell(PlaceGranted(), read(0, 1), StateReported(state=2))
    play.tell(ExecuteAnswered(answer=Answer.DONE), read(3, 1))
    assert play.phase is Phase.INSTALLING


def test_a_success_that_the_version_does_not_confirm_is_asked_after() -> None:
    assert installing().tell(ResultReported(result=1)).asked == ["ReadDevice"]
