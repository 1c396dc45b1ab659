"""Sessions whose device may be told to install in its maintenance window only."""

from datetime import time, timedelta

from custom_components.flownexus_ota.ota.phase import Phase, Reason, WaitingReason
from custom_components.flownexus_ota.ota.profile import Profile
from custom_components.flownexus_ota.ota.report import (
    Answer,
    CancelRequested,
    ContactLost,
    ContactRegained,
    DeadlinePassed,
    DeviceRead,
    DeviceRegistered,
    ExecuteAnswered,
    Resumed,
    StateReported,
)
from custom_components.flownexus_ota.ota.window import MaintenanceWindow

from .play import NEW, OLD, START, Play, transferring

OPENING = START + timedelta(hours=3)
WINDOW = MaintenanceWindow(
    opens=OPENING.time(),
    closes=(OPENING + timedelta(hours=1)).time(),
    zone=START.tzinfo,  # type: ignore[arg-type] # it has one
)
NIGHTLY = Profile(max_attempts=1, window=WINDOW)
DOWNLOADED = DeviceRead(state=2, result=0, version=OLD)


def held() -> Play:
    """Return a session that has its image on the device before the window opens."""
    return transferring(profile=NIGHTLY).tell(StateReported(state=2))


def test_an_image_that_is_there_before_the_window_waits_for_it() -> None:
    play = held()
    assert (play.phase, play.session.waiting_reason) == (Phase.STAGED, WaitingReason.WINDOW)
    assert play.session.is_held
    assert play.session.deadline_at == OPENING
    assert play.commands == ()


def test_when_the_window_opens_the_device_is_looked_at_and_told_to_install() -> None:
    play = held().later(hours=3).tell(DeadlinePassed())
    assert play.asked == ["ObserveDevice", "ReadDevice"]
    assert play.session.waiting_reason is None
    assert play.tell(DOWNLOADED).asked == ["ExecuteUpdate"]
    play.tell(ExecuteAnswered(answer=Answer.DONE), DeviceRegistered())
    assert play.tell(DeviceRead(state=0, result=1, version=NEW)).phase is Phase.SUCCEEDED


def test_who_asks_before_the_window_opens_only_finds_the_image_still_there() -> None:
    play = held().later(hours=1).tell(ContactRegained(), DOWNLOADED)
    assert (play.session.waiting_reason, play.session.deadline_at) == (
        WaitingReason.WINDOW,
        OPENING,
    )
    assert play.session.execute_count == 0


def test_a_restart_of_ours_keeps_it_waiting() -> None:
    play = held().tell(Resumed(), ContactLost(reason=WaitingReason.SERVER_DOWN))
    held_by = [play.session.waiting_reason]
    play.tell(Resumed(), DOWNLOADED)
    held_by.append(play.session.waiting_reason)
    assert held_by == [WaitingReason.SERVER_DOWN, WaitingReason.WINDOW]


def test_a_device_that_sleeps_over_the_opening_is_not_blamed() -> None:
    play = held().tell(ContactLost(reason=WaitingReason.ASLEEP))
    assert play.session.deadline_at == play.now + NIGHTLY.deadlines.waiting
    play.later(hours=3, minutes=30).tell(ContactRegained(), DOWNLOADED)
    assert play.asked == ["ExecuteUpdate"]
    assert play.session.deadline_at == play.now + NIGHTLY.deadlines.staged


def test_one_that_wakes_after_the_window_waits_for_the_next() -> None:
    play = held().tell(ContactLost(reason=WaitingReason.ASLEEP))
    play.later(hours=5).tell(ContactRegained(), DOWNLOADED)
    assert play.session.deadline_at == OPENING + timedelta(days=1)


def test_an_image_that_the_device_has_lost_meanwhile_is_offered_again() -> None:
    play = held().later(hours=3).tell(DeadlinePassed(), DeviceRead(state=0, result=0, version=OLD))
    play.tell(DeviceRead(state=0, result=0, version=OLD))
    assert play.phase is Phase.OFFERED


def test_it_can_be_cancelled_like_any_other() -> None:
    play = held().tell(CancelRequested())
    assert play.asked == ["RevokeOffer", "ResetDevice", "ReadDevice"]
    play.tell(DeviceRead(state=0, result=0, version=OLD))
    assert play.outcome == (Phase.CANCELLED, 10, Reason.CANCELLED_BY_USER)


def test_a_device_that_installs_without_being_told_is_followed() -> None:
    play = held().tell(StateReported(state=3))
    assert (play.phase, play.session.waiting_reason) == (Phase.INSTALLING, None)
    assert play.session.deadline_at == play.now + NIGHTLY.deadlines.installing


def test_in_the_window_nothing_waits() -> None:
    play = transferring(profile=NIGHTLY).later(hours=3, minutes=1).tell(StateReported(state=2))
    assert play.asked == ["ExecuteUpdate"]


def test_the_window_of_the_tests_opens_once_a_day() -> None:
    assert WINDOW.opens != time(0)
    assert not WINDOW.is_open(START)
