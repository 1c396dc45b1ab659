"""Another attempt: after what, how often, when, and with which URL."""

from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.flownexus_ota.ota.phase import Phase, Reason, WaitingReason
from custom_components.flownexus_ota.ota.profile import Profile
from custom_components.flownexus_ota.ota.report import (
    AllowanceSpent,
    Answer,
    DeadlinePassed,
    DeviceRead,
    DeviceRegistered,
    PlaceGranted,
    ResultReported,
    UriAnswered,
    UriChosen,
)
from custom_components.flownexus_ota.ota.retry import back_off_after

from .play import IDLE, NEW, OLD, Play, installing, new_session, offered, transferring

THRICE = Profile(max_attempts=3)


def failing_with(result: int) -> Play:
    play = transferring(profile=THRICE)
    return play.tell(ResultReported(result=result))


@pytest.mark.parametrize("result", [3, 4, 5, 7, 8])
def test_a_failure_that_may_pass_backs_off(result: int) -> None:
    play = failing_with(result)
    assert (play.phase, play.session.waiting_reason) == (Phase.WAITING, WaitingReason.BACK_OFF)
    assert play.session.attempt == 2
    assert play.session.result == 0
    assert play.asked == ["EndOffer"]


@pytest.mark.parametrize("result", [2, 6, 9, 12, 13, 42])
def test_a_failure_that_no_repetition_cures_is_final(result: int) -> None:
    assert failing_with(result).outcome == (Phase.FAILED, result, Reason.DEVICE_REPORTED)


@pytest.mark.parametrize(("result", "attempts"), [(3, 3), (4, 3), (5, 2), (7, 2), (8, 3)])
def test_attempts_are_counted(result: int, attempts: int) -> None:
    play = failing_with(result)
    for _ in range(attempts - 2):
        play.tell(DeadlinePassed(), PlaceGranted(), IDLE, UriAnswered(answer=Answer.DONE))
        play.tell(ResultReported(result=result))
        assert play.phase is Phase.WAITING
    play.tell(DeadlinePassed(), PlaceGranted(), IDLE, UriAnswered(answer=Answer.DONE))
    play.tell(ResultReported(result=result))
    assert play.outcome == (Phase.FAILED, result, Reason.DEVICE_REPORTED)
    assert play.session.attempt == attempts


def test_the_back_off_ends_in_the_queue_and_begins_anew() -> None:
    play = failing_with(4)
    play.tell(DeadlinePassed())
    assert (play.phase, play.session.waiting_reason) == (Phase.WAITING, WaitingReason.QUEUE)
    play.tell(PlaceGranted())
    assert play.asked == ["ObserveDevice", "ReadDevice"]
    play.tell(IDLE)
    assert (play.phase, play.asked) == (Phase.OFFERED, ["WritePackageUri"])
    assert (play.session.offer_count, play.session.reason) == (1, None)


def test_a_lost_connection_goes_on_under_the_same_url() -> None:
    assert failing_with(4).session.offer_number == 0


def test_an_invalid_uri_gets_a_fresh_one() -> None:
    assert failing_with(7).session.offer_number == 1


def refusing_https(other_schemes: tuple[str, ...]) -> Play:
    """Return a session whose device says that it does not fetch by https."""
    play = offered(profile=THRICE)
    play.tell(UriChosen(scheme="https", other_schemes=other_schemes))
    return play.tell(UriAnswered(answer=Answer.DONE), ResultReported(result=9))


def test_an_unsupported_protocol_is_tried_again_by_the_other_scheme() -> None:
    play = refusing_https(("http",))
    assert (play.phase, play.session.refused_schemes) == (Phase.WAITING, ("https",))
    play.tell(DeadlinePassed(), PlaceGranted(), IDLE, UriChosen(scheme="http"))
    assert play.session.refused_schemes == ("https",)
    play.tell(UriAnswered(answer=Answer.DONE), ResultReported(result=9))
    assert play.outcome == (Phase.FAILED, 9, Reason.DEVICE_REPORTED)


def test_an_unsupported_protocol_without_another_scheme_is_final() -> None:
    assert refusing_https(()).outcome == (Phase.FAILED, 9, Reason.DEVICE_REPORTED)


def test_a_result_that_overtakes_the_refused_write_still_finds_the_other_scheme() -> None:
    play = offered(profile=THRICE).tell(UriChosen(scheme="https", other_schemes=("http",)))
    play.tell(ResultReported(result=9), UriAnswered(answer=Answer.REFUSED, code=400))
    play.tell(DeviceRead(state=0, result=9, version=OLD))
    assert (play.phase, play.session.refused_schemes) == (Phase.WAITING, ("https",))


def test_a_used_up_url_is_followed_by_a_fresh_one() -> None:
    play = transferring(profile=THRICE).tell(AllowanceSpent())
    assert (play.phase, play.session.waiting_reason) == (Phase.WAITING, WaitingReason.BACK_OFF)
    assert (play.session.reason, play.session.offer_number) == (Reason.DOWNLOAD_LIMIT, 1)
    assert play.asked == ["EndOffer", "ResetDevice"]


def test_what_an_attempt_left_on_the_device_is_dropped_before_the_next() -> None:
    play = installing(profile=THRICE).tell(ResultReported(result=8))
    play.tell(DeviceRead(state=2, result=8, version=OLD), DeadlinePassed(), PlaceGranted())
    play.tell(DeviceRead(state=2, result=8, version=OLD))
    assert play.asked == ["ResetDevice", "ReadDevice"]
    assert play.tell(IDLE).phase is Phase.OFFERED


def test_an_update_that_finished_while_we_backed_off_is_found() -> None:
    play = installing(profile=THRICE)
    play.tell(DeviceRegistered(), IDLE, IDLE)
    assert play.session.reason is Reason.NOT_INSTALLED
    play.tell(DeadlinePassed(), PlaceGranted(), DeviceRead(state=0, result=1, version=NEW))
    assert play.phase is Phase.SUCCEEDED


def test_silence_is_tried_again_too() -> None:
    play = offered(profile=THRICE).tell(DeadlinePassed(), DeadlinePassed())
    assert (play.phase, play.session.reason) == (Phase.WAITING, Reason.NO_ANSWER)


def test_a_single_attempt_is_what_the_profile_may_ask_for() -> None:
    once = transferring(profile=replace(THRICE, max_attempts=1))
    assert once.tell(ResultReported(result=4)).phase is Phase.FAILED


@pytest.mark.parametrize(("attempt", "minutes"), [(1, 1), (2, 5), (3, 15), (9, 15)])
def test_each_wait_is_longer_and_differs_by_a_fifth(attempt: int, minutes: int) -> None:
    step = timedelta(minutes=minutes)
    waits = {
        back_off_after(new_session(id=str(number), attempt=attempt), THRICE)
        for number in range(200)
    }
    assert len(waits) > 190
    assert min(waits) >= 0.8 * step
    assert max(waits) <= 1.2 * step


def test_the_same_session_waits_the_same_each_time_it_is_asked() -> None:
    session = new_session(attempt=2)
    assert back_off_after(session, THRICE) == back_off_after(session, THRICE)
