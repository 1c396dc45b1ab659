"""What counts as evidence: nothing that was true before our last command."""

from dataclasses import replace

import pytest

from custom_components.flownexus_ota.ota.command import ReadDevice
from custom_components.flownexus_ota.ota.phase import Phase, Reason, WaitingReason
from custom_components.flownexus_ota.ota.profile import Confirm, Profile
from custom_components.flownexus_ota.ota.report import (
    Answer,
    CancelRequested,
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

from .play import NEW, OLD, TARGET, Play, installing, new_session, offered, staged, transferring

RESULT_ALONE = Profile(confirm=Confirm.RESULT)
THRICE = Profile(max_attempts=3)


def read(
    state: int | None, result: int | None, version: str | None = OLD, number: int | None = None
) -> DeviceRead:
    return DeviceRead(state=state, result=result, version=version, number=number)


def reading_number(play: Play) -> int:
    (number,) = [each.number for each in play.commands if isinstance(each, ReadDevice)]
    return number


# ------------------------------------------------------------------ readings under way


def test_a_reading_that_began_before_the_execute_does_not_repeat_it() -> None:
    play = transferring()
    under_way = play.session.reading_number
    play.tell(StateReported(state=2), DeviceRegistered())
    asked_for = reading_number(play)
    assert play.tell(read(2, 0, number=under_way)).commands == ()
    assert play.tell(read(2, 0, number=asked_for)).asked == ["ExecuteUpdate"]


def test_a_reading_that_began_before_the_write_does_not_repeat_it() -> None:
    play = offered()
    assert play.tell(Resumed(), read(0, 0, number=0)).commands == ()
    assert play.session.is_checking


def test_a_reading_that_began_before_the_reset_does_not_confirm_it() -> None:
    play = offered()
    under_way = play.session.reading_number
    play.tell(CancelRequested())
    assert play.tell(read(0, 0, number=under_way)).phase is Phase.OFFERED
    assert reading_number(transferring().tell(CancelRequested())) > under_way


def test_the_reset_before_an_offer_is_judged_by_a_reading_after_it() -> None:
    play = Play(new_session(may_reset=True)).tell(PlaceGranted())
    under_way = reading_number(play)
    play.tell(read(2, 8))
    assert play.tell(read(2, 8, number=under_way)).phase is Phase.WAITING
    assert play.tell(read(0, 0)).phase is Phase.OFFERED


def test_the_version_in_a_reading_that_is_too_old_to_judge_still_proves() -> None:
    assert installing().tell(read(None, None, NEW, number=0)).phase is Phase.SUCCEEDED
    assert installing().tell(read(None, None, None, number=0)).phase is Phase.INSTALLING


def test_a_doubt_is_settled_only_by_the_reading_that_it_asked_for() -> None:
    play = installing().tell(DeviceRegistered())
    under_way = reading_number(play)
    play.tell(read(0, 0))
    doubt = reading_number(play)
    for too_early in (StateReported(state=0), ResultReported(result=1)):
        assert play.tell(too_early).commands == ()
    assert play.tell(read(0, 0, number=under_way)).phase is Phase.INSTALLING
    assert play.tell(read(0, 0, number=doubt)).session.reason is Reason.NOT_INSTALLED


# ------------------------------------------------------------------ results of the last update


def test_an_old_failure_that_overtakes_the_answer_to_the_write_is_no_evidence() -> None:
    play = Play().tell(PlaceGranted(), read(0, 8), ResultReported(result=8))
    assert (play.phase, play.commands) == (Phase.OFFERED, ())
    play.tell(UriAnswered(answer=Answer.DONE), Resumed(), read(0, 8))
    assert (play.phase, play.asked) == (Phase.OFFERED, ["WritePackageUri"])


def test_the_same_failure_counts_once_the_write_was_answered() -> None:
    play = Play().tell(PlaceGranted(), read(0, 7), UriAnswered(answer=Answer.DONE))
    play.tell(ResultReported(result=7))
    assert play.outcome == (Phase.FAILED, 7, Reason.DEVICE_REPORTED)


def test_the_same_failure_counts_once_another_result_was_seen() -> None:
    play = Play().tell(PlaceGranted(), read(0, 7), ResultReported(result=0))
    assert play.tell(ResultReported(result=7)).asked == ["ReadDevice"]
    assert play.tell(read(0, 7)).outcome == (Phase.FAILED, 7, Reason.DEVICE_REPORTED)


def test_a_success_whose_result_was_never_readable_before_proves_nothing() -> None:
    play = Play(profile=RESULT_ALONE).tell(PlaceGranted(), read(None, None))
    play.tell(StateReported(state=2), ExecuteAnswered(answer=Answer.DONE), read(0, 1))
    assert play.phase is Phase.INSTALLING


def test_a_success_is_fresh_once_the_device_has_cleared_the_old_one() -> None:
    play = Play(profile=RESULT_ALONE).tell(PlaceGranted(), read(0, 1), StateReported(state=2))
    play.tell(ExecuteAnswered(answer=Answer.DONE), ResultReported(result=0))
    assert play.tell(ResultReported(result=1)).session.reason is Reason.RESULT_PROVED


# ------------------------------------------------------------------ versions of before


def test_a_version_that_could_not_be_read_before_is_no_proof_without_our_execute() -> None:
    play = Play(new_session(from_version=None, reported_version=None))
    play.tell(PlaceGranted(), read(0, 0, None), VersionReported(version=NEW))
    assert play.phase is Phase.OFFERED


def test_a_late_success_is_found_although_the_version_does_not_name_the_image() -> None:
    target = replace(TARGET, version="1.4.2", expected_version="1.4.2-release")
    play = installing(new_session(target=target), THRICE)
    play.tell(DeviceRegistered(), read(0, 0), read(0, 0))
    assert play.session.waiting_reason is WaitingReason.BACK_OFF
    play.tell(DeadlinePassed(), PlaceGranted(), read(0, 1, "1.4.2-release"))
    assert play.outcome == (Phase.SUCCEEDED, 1, Reason.VERSION_PROVED)


@pytest.mark.parametrize("version", ["1.4.2", "1.4.2+8"])
def test_a_version_that_does_not_name_the_image_does_not_show_it_installed(version: str) -> None:
    target = replace(TARGET, version="1.4.2+8", expected_version="1.4.2")
    play = Play(new_session(target=target)).tell(PlaceGranted(), read(0, 0, version))
    assert play.phase is Phase.OFFERED


# ------------------------------------------------------------------ Execute needs DOWNLOADED


@pytest.mark.parametrize("state", [None, 1, 17])
def test_execute_is_never_repeated_without_a_reading_of_downloaded(state: int | None) -> None:
    play = staged().tell(Resumed(), read(state, 0))
    assert (play.phase, play.commands) == (Phase.STAGED, ())
    play.tell(DeadlinePassed(), read(state, 0))
    assert play.outcome == (Phase.FAILED, 8, Reason.NOT_INSTALLED)


def test_a_deferral_told_before_the_answer_to_execute_does_not_repeat_it() -> None:
    play = staged().tell(ResultReported(result=11), read(2, 11))
    assert (play.phase, play.commands) == (Phase.INSTALLING, ())


def test_a_device_that_defers_for_ever_is_reminded_then_given_up() -> None:
    play = installing().tell(ResultReported(result=11), read(2, 11))
    for _ in range(2):
        assert play.tell(DeadlinePassed(), read(2, 11)).asked == ["ExecuteUpdate"]
        play.tell(ExecuteAnswered(answer=Answer.DONE), read(2, 11))
        assert play.phase is Phase.INSTALLING
    play.tell(DeadlinePassed(), read(2, 11))
    assert play.outcome == (Phase.FAILED, 11, Reason.DEVICE_REPORTED)


@pytest.mark.parametrize("state", [None, 17])
def test_a_device_that_tells_no_state_is_not_offered_again_while_it_downloads(
    state: int | None,
) -> None:
    play = transferring().tell(DeviceRegistered(), read(state, 0))
    assert (play.phase, play.commands) == (Phase.TRANSFERRING, ())
    assert play.tell(DeadlinePassed(), read(state, 0)).asked == ["WritePackageUri"]


# ------------------------------------------------------------------ a long downtime


@pytest.mark.parametrize("begin", [offered, transferring, staged, installing])
def test_a_downtime_of_ours_is_no_silence_of_the_device(begin: object) -> None:
    play: Play = begin()  # type: ignore[operator] # each begins a session
    play.later(days=2).tell(Resumed())
    assert play.session.deadline_at == play.now + play.profile.deadlines.of(play.phase)


def test_a_session_that_was_read_before_its_offer_waits_again_after_a_restart() -> None:
    play = Play().tell(PlaceGranted()).later(days=2).tell(Resumed())
    assert play.session.waiting_reason is WaitingReason.QUEUE
    assert play.session.deadline_at == play.now + play.profile.deadlines.waiting


def test_a_session_in_the_queue_keeps_its_deadline_over_a_restart() -> None:
    assert Play().later(days=2).tell(Resumed()).session == new_session()
