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
    assert transferring().tell(SERVER_DOWN, DeadlinePassed()).session.reason is Reason.NEVER_CAME


def test_a_device_that_sleeps_while_it_downloads_stays_held() -> None:
    play = transferring().tell(ASLEEP).later(minutes=1).tell(BytesServed())
    assert play.session.is_held
    assert play.session.deadline_at == play.now + timedelta(days=30)


def test_an_overdue_session_gets_its_time_anew_when_contact_returns() -> None:
    play = offered().tell(DeadlinePassed(), ASLEEP, ContactRegained())
    assert play.session.is_overdue is False


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


def test_an_execute_answered_during_the_cancellation_is_not_followed() -> None:
    play = staged().tell(CancelRequested(), ExecuteAnswered(answer=Answer.DONE))
    assert play.phase is Phase.STAGED


def test_contact_lost_while_cancelling_ends_when_it_is_back() -> None:
    play = transferring().tell(CancelRequested(), ASLEEP, ContactRegained(), IDLE)
    assert play.outcome == (Phase.CANCELLED, 10, Reason.CANCELLED_BY_USER)
