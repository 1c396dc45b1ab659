"""Devices that cannot be reached, and people who want an update to end."""

from datetime import timedelta

import pytest

from custom_components.flownexus_ota.ota.phase import Phase, Reason, WaitingReason
from custom_components.flownexus_ota.ota.report import (
    Answer,
    BytesServed,
    CancelRequested,
    ContactLost,
    ContactRegained,
    DeadlinePassed,
    DeviceRead,
    DeviceRegistered,
    ExecuteAnswered,
    PlaceGranted,
    ResultReported,
    Resumed,
    StateReported,
    UriAnswered,
)

from .play import IDLE, NEW, OLD, Play, installing, new_session, offered, staged, transferring

ASLEEP = ContactLost(reason=WaitingReason.ASLEEP)
SERVER_DOWN = ContactLost(reason=WaitingReason.SERVER_DOWN)
RUNNING = [offered, transferring, staged, installing]


def read(state: int | None, result: int | None, version: str | None = OLD) -> DeviceRead:
    return DeviceRead(state=state, result=result, version=version)


# ------------------------------------------------------------------ held


@pytest.mark.parametrize("begin", RUNNING)
@pytest.mark.parametrize("lost", [ASLEEP, SERVER_DOWN])
def test_no_deadline_runs_while_the_device_cannot_answer(begin: object, lost: ContactLost) -> None:
    play: Play = begin()  # type: ignore[operator] # each begins a session
    phase = play.phase
    play.tell(lost)
    assert (play.phase, play.session.is_held) == (phase, True)
    assert play.session.waiting_reason is lost.reason
    assert play.session.deadline_at == play.now + timedelta(days=30)


@pytest.mark.parametrize("begin", RUNNING)
@pytest.mark.parametrize("back", [ContactRegained(), Resumed(), DeviceRegistered()])
def test_a_device_that_is_back_is_asked_where_it_stands(begin: object, back: object) -> None:
    play: Play = begin()  # type: ignore[operator] # each begins a session
    phase = play.phase
    play.tell(ASLEEP).later(hours=5).tell(back)  # type: ignore[arg-type] # each is a report
    assert (play.phase, play.session.is_held) == (phase, False)
    assert play.asked == ["ObserveDevice", "ReadDevice"]
    assert play.session.deadline_at == play.now + play.profile.deadlines.of(phase)


def test_a_session_that_is_held_too_long_ends_with_the_reason() -> None:
    assert transferring().tell(ASLEEP, DeadlinePassed()).outcome == (
        Phase.FAILED,
        4,
        Reason.NEVER_WOKE,
    )
    down = transferring().tell(SERVER_DOWN, DeadlinePassed())
    assert down.session.reason is Reason.WAITED_TOO_LONG


@pytest.mark.parametrize("begin", [staged, installing])
@pytest.mark.parametrize("lost", [ASLEEP, SERVER_DOWN])
def test_of_a_device_that_was_told_to_install_nobody_says_that_it_did_not(
    begin: object, lost: ContactLost
) -> None:
    play: Play = begin()  # type: ignore[operator] # each begins a session
    assert play.tell(lost, DeadlinePassed()).outcome == (
        Phase.FAILED,
        8,
        Reason.DID_NOT_COME_BACK,
    )


def test_a_device_that_sleeps_while_it_downloads_stays_held() -> None:
    play = transferring().tell(ASLEEP).later(minutes=1).tell(BytesServed())
    assert play.session.is_held
    assert play.session.deadline_at == play.now + timedelta(days=30)


def test_a_device_that_wakes_gets_what_was_left_of_its_time() -> None:
    play = transferring().later(minutes=4).tell(ASLEEP).later(hours=5).tell(ContactRegained())
    assert play.session.deadline_at == play.now + timedelta(minutes=1)


def test_a_device_that_only_wakes_and_sleeps_uses_up_its_time() -> None:
    play = installing()
    for _ in range(10):
        play.later(seconds=93).tell(ASLEEP).later(hours=1).tell(ContactRegained())
    assert play.session.is_overdue
    assert play.session.deadline_at == play.now + play.profile.deadlines.answer
    assert play.tell(read(3, 0)).session.reason is Reason.DID_NOT_COME_BACK


@pytest.mark.parametrize("begin", RUNNING)
def test_a_device_that_wakes_for_moments_and_never_answers_comes_to_an_end(begin: object) -> None:
    play: Play = begin()  # type: ignore[operator] # each begins a session
    play.tell(DeadlinePassed())
    for _ in range(4):
        play.later(seconds=10).tell(ASLEEP).later(hours=1).tell(ContactRegained())
    assert play.session.is_overdue
    assert play.session.deadline_at == play.now + timedelta(seconds=5)
    play.later(seconds=10).tell(ASLEEP).later(hours=1).tell(ContactRegained())
    assert play.session.deadline_at == play.now + timedelta.resolution
    assert play.tell(DeadlinePassed()).phase is Phase.FAILED


def test_a_device_that_sleeps_again_before_it_was_read_does_not_wait_anew() -> None:
    play = Play()
    for _ in range(3):
        play.later(days=7).tell(PlaceGranted()).later(seconds=10).tell(ASLEEP)
    assert play.session.waiting_reason is WaitingReason.ASLEEP
    assert play.session.deadline_at is not None
    assert play.session.deadline_at - play.now == timedelta(days=9)
    play.later(days=9).tell(PlaceGranted(), ASLEEP)
    assert play.session.deadline_at == play.now + timedelta.resolution
    assert play.tell(DeadlinePassed()).session.reason is Reason.NEVER_WOKE


def test_bytes_give_a_device_that_sleeps_its_whole_time_again() -> None:
    play = transferring().later(minutes=4).tell(ASLEEP, BytesServed(), ContactRegained())
    assert play.session.deadline_at == play.now + play.profile.deadlines.transferring


def test_an_overdue_session_is_asked_once_more_when_contact_returns() -> None:
    play = offered().tell(DeadlinePassed(), ASLEEP, ContactRegained())
    assert play.session.is_overdue
    assert play.session.deadline_at == play.now + play.profile.deadlines.answer


def test_losing_contact_twice_does_not_begin_the_thirty_days_anew() -> None:
    play = transferring().tell(ASLEEP)
    deadline_at = play.session.deadline_at
    play.later(days=20).tell(SERVER_DOWN)
    assert play.session.waiting_reason is WaitingReason.SERVER_DOWN
    assert play.session.deadline_at == deadline_at


@pytest.mark.parametrize("back", [DeviceRegistered(), ContactRegained()])
def test_a_device_that_registers_anew_before_the_offer_is_read_again(back: object) -> None:
    play = Play().tell(PlaceGranted(), back)  # type: ignore[arg-type] # each is a report
    assert play.asked == ["ObserveDevice", "ReadDevice"]


def test_losing_contact_before_the_offer_gives_the_place_back() -> None:
    play = Play().tell(PlaceGranted(), ASLEEP)
    assert (play.phase, play.session.waiting_reason) == (Phase.WAITING, WaitingReason.ASLEEP)
    assert play.session.is_checking is False
    assert play.tell(PlaceGranted()).asked == ["ObserveDevice", "ReadDevice"]


def test_a_session_in_the_queue_does_not_care() -> None:
    assert Play().tell(SERVER_DOWN).session == new_session()


# ------------------------------------------------------------------ cancelled


def test_a_session_in_the_queue_is_cancelled_at_once() -> None:
    play = Play().tell(CancelRequested())
    assert play.outcome == (Phase.CANCELLED, 10, Reason.CANCELLED_BY_USER)
    assert play.asked == ["EndOffer"]


def test_between_attempts_the_device_is_reset_as_well() -> None:
    play = Play(new_session(attempt=2)).tell(CancelRequested())
    assert play.asked == ["EndOffer", "ResetDevice"]


@pytest.mark.parametrize("begin", [offered, transferring, staged])
def test_the_url_goes_first_then_the_image_then_the_device_is_asked(begin: object) -> None:
    play: Play = begin()  # type: ignore[operator] # each begins a session
    play.tell(CancelRequested())
    assert play.asked == ["RevokeOffer", "ResetDevice", "ReadDevice"]
    play.tell(read(0, 10))
    assert play.outcome == (Phase.CANCELLED, 10, Reason.CANCELLED_BY_USER)


def test_a_device_that_still_downloads_is_asked_again() -> None:
    play = transferring().tell(CancelRequested(), read(1, 0))
    assert play.asked == ["ReadDevice"]
    assert play.tell(read(0, 4)).phase is Phase.CANCELLED


def test_a_download_that_ends_during_the_cancellation_is_not_executed() -> None:
    play = transferring().tell(CancelRequested(), StateReported(state=2))
    assert play.asked == ["ReadDevice"]
    play.tell(ResultReported(result=7), UriAnswered(answer=Answer.DONE))
    assert play.commands == ()
    assert play.tell(read(0, 7)).phase is Phase.CANCELLED


def test_a_device_that_never_confirms_is_cancelled_all_the_same() -> None:
    play = transferring().tell(CancelRequested(), DeadlinePassed())
    assert play.outcome == (Phase.CANCELLED, 10, Reason.CANCELLED_UNCONFIRMED)


def test_cancelling_a_session_that_is_held_needs_no_answer() -> None:
    play = transferring().tell(ASLEEP, CancelRequested())
    assert play.outcome == (Phase.CANCELLED, 10, Reason.CANCELLED_UNCONFIRMED)


def test_cancelling_twice_is_cancelling_once() -> None:
    assert transferring().tell(CancelRequested(), CancelRequested()).commands == ()


def test_an_installing_device_cannot_be_cancelled() -> None:
    play = installing().tell(CancelRequested())
    assert (play.phase, play.commands) == (Phase.INSTALLING, ())


def test_a_cancellation_that_comes_too_late_lets_the_update_go_on() -> None:
    play = staged().tell(CancelRequested(), read(3, 0))
    assert (play.phase, play.session.is_cancelling) == (Phase.INSTALLING, False)
    assert play.tell(read(0, 1, NEW)).phase is Phase.SUCCEEDED


@pytest.mark.parametrize("answer", [Answer.DONE, Answer.UNKNOWN])
def test_an_execute_heard_before_the_cancellation_installs_unless_a_reading_says_not(
    answer: Answer,
) -> None:
    play = staged().tell(CancelRequested(), ExecuteAnswered(answer=answer))
    assert (play.phase, play.session.is_cancelling) == (Phase.INSTALLING, True)
    play.tell(DeadlinePassed())
    assert (play.phase, play.session.is_cancelling) == (Phase.INSTALLING, False)
    assert play.session.deadline_at == play.now + play.profile.deadlines.installing


def test_an_execute_that_was_refused_during_the_cancellation_changes_nothing() -> None:
    play = staged().tell(CancelRequested(), ExecuteAnswered(answer=Answer.REFUSED, code=405))
    assert play.phase is Phase.STAGED
    play.tell(DeadlinePassed())
    assert play.outcome == (Phase.CANCELLED, 10, Reason.CANCELLED_UNCONFIRMED)


def test_updating_told_during_the_cancellation_is_too_late() -> None:
    play = staged().tell(CancelRequested(), StateReported(state=3))
    assert (play.phase, play.session.is_cancelling) == (Phase.INSTALLING, False)


@pytest.mark.parametrize("state", [None, 2, 17])
def test_only_idle_confirms_a_cancellation(state: int | None) -> None:
    play = transferring().tell(CancelRequested(), read(state, 0))
    assert (play.phase, play.asked) == (Phase.TRANSFERRING, ["ReadDevice"])


@pytest.mark.parametrize("back", [ContactRegained(), Resumed(), DeviceRegistered()])
def test_a_cancellation_is_begun_anew_when_contact_is_back(back: object) -> None:
    play = transferring().tell(CancelRequested(), ASLEEP, back)  # type: ignore[arg-type] # each is a report
    assert play.asked == ["ObserveDevice", "RevokeOffer", "ResetDevice", "ReadDevice"]
    assert play.session.deadline_at == play.now + play.profile.deadlines.answer
    assert play.tell(IDLE).outcome == (Phase.CANCELLED, 10, Reason.CANCELLED_BY_USER)


def test_a_device_that_registers_again_and_again_does_not_put_off_its_cancellation() -> None:
    play = transferring().tell(CancelRequested())
    deadline_at = play.session.deadline_at
    play.later(seconds=10).tell(DeviceRegistered())
    assert play.asked == ["ObserveDevice", "RevokeOffer", "ResetDevice", "ReadDevice"]
    assert play.session.deadline_at == deadline_at


def test_nobody_waits_thirty_days_for_a_cancellation() -> None:
    play = transferring().tell(CancelRequested(), ASLEEP)
    assert play.session.deadline_at == play.now + play.profile.deadlines.answer
    assert play.tell(DeadlinePassed()).session.reason is Reason.CANCELLED_UNCONFIRMED


# ------------------------------------------------------------------ our own downtime


@pytest.mark.parametrize("begin", [offered, transferring])
@pytest.mark.parametrize("result", [4, 7, 8])
def test_a_download_that_failed_while_we_were_away_is_offered_anew(
    begin: object, result: int
) -> None:
    play: Play = begin()  # type: ignore[operator] # each begins a session
    play.tell(Resumed()).tell(read(0, result))
    assert (play.phase, play.asked) == (Phase.OFFERED, ["WritePackageUri"])
    assert (play.session.offer_number, play.session.attempt) == (1, 1)


def test_our_downtime_excuses_no_failure_of_the_device_itself() -> None:
    play = transferring().tell(Resumed())
    assert play.tell(read(0, 5)).outcome == (Phase.FAILED, 5, Reason.DEVICE_REPORTED)


def test_our_downtime_is_forgotten_once_bytes_flow_again() -> None:
    play = transferring().tell(Resumed(), BytesServed())
    assert play.tell(read(0, 4)).outcome == (Phase.FAILED, 4, Reason.DEVICE_REPORTED)


def test_our_downtime_excuses_as_often_as_an_offer_may_be_repeated() -> None:
    play = transferring()
    for _ in range(2):
        play.tell(Resumed()).tell(read(0, 7), StateReported(state=1))
    play.tell(Resumed()).tell(read(0, 7))
    assert play.outcome == (Phase.FAILED, 4, Reason.TRANSFER_STALLED)
