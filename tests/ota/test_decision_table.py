"""The tables that a server of object 5 owes its devices, row by row.

What is decided at a registration, by phase, version, state and result; what is tried again after
which result; what is sent to cancel in which state.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

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
    UriAnswered,
)

from .play import IDLE, NEW, OLD, Play, installing, new_session, offered, staged, transferring

ANY_STATE = [0, 1, 2, 3]
ANY_RESULT = [0, 1, 2, 5, 8, 9, 10, 11, 12, 13, 42]
THRICE = Profile(max_attempts=3)


def at_registration(play: Play, state: int, result: int, version: str = OLD) -> Play:
    read = DeviceRead(state=state, result=result, version=version)
    return play.tell(DeviceRegistered(), read)


# ------------------------------------------------------------------ at a registration


@pytest.mark.parametrize("begin", [staged, installing])
@pytest.mark.parametrize("state", ANY_STATE)
@pytest.mark.parametrize("result", ANY_RESULT)
def test_executing_and_the_target_runs_is_success_whatever_else_is_said(
    begin: Callable[[], Play], state: int, result: int
) -> None:
    play = at_registration(begin(), state, result, NEW)
    assert play.outcome == (Phase.SUCCEEDED, 1, Reason.VERSION_PROVED)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the table: what is read at the registration, and what follows."""

    begin: Callable[[], Play]
    state: int
    result: int
    phase: Phase
    asked: tuple[str, ...] = ()


ROWS = {
    "executing_idle_and_success_is_read_once_more": Row(
        begin=installing, state=0, result=1, phase=Phase.INSTALLING, asked=("ReadDevice",)
    ),
    "executing_idle_and_nothing_said_is_no_success": Row(
        begin=installing, state=0, result=0, phase=Phase.INSTALLING, asked=("ReadDevice",)
    ),
    "executing_idle_and_failed": Row(
        begin=installing, state=0, result=8, phase=Phase.FAILED, asked=("EndOffer",)
    ),
    "executing_idle_and_found_damaged": Row(
        begin=installing, state=0, result=5, phase=Phase.FAILED, asked=("EndOffer",)
    ),
    "executing_idle_and_a_dependency_is_missing": Row(
        begin=installing, state=0, result=13, phase=Phase.FAILED, asked=("EndOffer",)
    ),
    "executing_downloaded_and_failed": Row(
        begin=installing, state=2, result=8, phase=Phase.FAILED, asked=("EndOffer",)
    ),
    "executing_downloaded_and_a_dependency_is_missing": Row(
        begin=installing, state=2, result=13, phase=Phase.FAILED, asked=("EndOffer",)
    ),
    "executing_downloaded_means_that_the_execute_was_lost": Row(
        begin=installing, state=2, result=0, phase=Phase.STAGED, asked=("ExecuteUpdate",)
    ),
    "executing_unanswered_downloaded_means_the_same": Row(
        begin=staged, state=2, result=0, phase=Phase.STAGED, asked=("ExecuteUpdate",)
    ),
    "executing_updating_keeps_its_deadline": Row(
        begin=installing, state=3, result=0, phase=Phase.INSTALLING
    ),
    "executing_unanswered_updating_installs": Row(
        begin=staged, state=3, result=0, phase=Phase.INSTALLING
    ),
    "executing_downloaded_and_deferred_waits": Row(
        begin=installing, state=2, result=11, phase=Phase.INSTALLING
    ),
    "downloading_idle_lost_it_in_a_reboot_and_is_offered_again": Row(
        begin=transferring, state=0, result=0, phase=Phase.OFFERED, asked=("WritePackageUri",)
    ),
    "offered_idle_never_began_and_is_offered_again": Row(
        begin=offered, state=0, result=0, phase=Phase.OFFERED, asked=("WritePackageUri",)
    ),
    "downloading_downloading_goes_on": Row(
        begin=transferring, state=1, result=0, phase=Phase.TRANSFERRING
    ),
    "offered_downloading_has_begun": Row(
        begin=offered, state=1, result=0, phase=Phase.TRANSFERRING
    ),
    "downloading_downloaded_is_executed": Row(
        begin=transferring, state=2, result=0, phase=Phase.STAGED, asked=("ExecuteUpdate",)
    ),
    "offered_downloaded_is_executed": Row(
        begin=offered, state=2, result=0, phase=Phase.STAGED, asked=("ExecuteUpdate",)
    ),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_what_is_read_at_a_registration_decides(row: Row) -> None:
    play = at_registration(row.begin(), row.state, row.result)
    assert (play.phase, tuple(play.asked)) == (row.phase, row.asked)


@pytest.mark.parametrize("result", [2, 3, 4, 5, 6, 7, 8, 9])
def test_downloading_idle_with_a_result_ends_with_it(result: int) -> None:
    play = at_registration(transferring(), 0, result)
    assert play.outcome == (Phase.FAILED, result, Reason.DEVICE_REPORTED)


@pytest.mark.parametrize("result", [2, 4, 8])
def test_downloading_idle_with_the_last_updates_result_is_offered_again(result: int) -> None:
    before = DeviceRead(state=0, result=result, version=OLD)
    play = Play().tell(PlaceGranted(), before, UriAnswered(answer=Answer.DONE))
    assert at_registration(play, 0, result).asked == ["WritePackageUri"]


@pytest.mark.parametrize(
    ("result", "reason"), [(1, Reason.WRONG_VERSION), (0, Reason.NOT_INSTALLED)]
)
def test_executing_on_the_old_version_after_the_second_look_is_a_failure(
    result: int, reason: Reason
) -> None:
    play = at_registration(installing(), 0, result)
    play.tell(DeviceRead(state=0, result=result, version=OLD))
    assert play.outcome == (Phase.FAILED, 8, reason)


@pytest.mark.parametrize("state", ANY_STATE)
@pytest.mark.parametrize("result", ANY_RESULT)
def test_queued_on_the_target_there_is_nothing_to_do(state: int, result: int) -> None:
    play = Play().tell(PlaceGranted(), DeviceRead(state=state, result=result, version=NEW))
    assert play.outcome == (Phase.SUCCEEDED, 1, Reason.ALREADY_INSTALLED)
    assert play.asked == ["EndOffer"]


@pytest.mark.parametrize("state", [1, 2, 3])
def test_queued_and_busy_is_somebody_elses_update(state: int) -> None:
    play = Play().tell(PlaceGranted(), DeviceRead(state=state, result=0, version=OLD))
    assert play.outcome == (Phase.FAILED, 12, Reason.FOREIGN_UPDATE)


@pytest.mark.parametrize("begin", [offered, transferring, staged, installing])
def test_a_registration_alone_never_ends_a_session(begin: Callable[[], Play]) -> None:
    play = begin()
    phase = play.phase
    for _ in range(20):
        play.tell(DeviceRegistered())
    assert (play.phase, play.asked) == (phase, ["ObserveDevice", "ReadDevice"])


# ------------------------------------------------------------------ what is tried again

NEVER = 1
ATTEMPTS = {
    "no_storage": (2, NEVER),
    "out_of_mem": (3, 3),
    "connection_lost": (4, 3),
    "integrity_failed_once": (5, 2),
    "unsup_fw": (6, NEVER),
    "invalid_uri_once": (7, 2),
    "update_failed": (8, 3),
    "unsup_proto": (9, NEVER),
    "conflicting_state": (12, NEVER),
    "dependency_error": (13, NEVER),
    "a_number_that_nobody_defined": (200, NEVER),
}


@pytest.mark.parametrize(("result", "attempts"), ATTEMPTS.values(), ids=ATTEMPTS)
def test_the_result_decides_how_often_it_is_tried(result: int, attempts: int) -> None:
    play = Play(profile=THRICE)
    for attempt in range(1, attempts + 1):
        play.tell(PlaceGranted(), IDLE, UriAnswered(answer=Answer.DONE))
        assert play.session.attempt == attempt
        play.tell(ResultReported(result=result))
        assert play.phase.is_final is (attempt == attempts)
        play.tell(DeadlinePassed())
    assert play.outcome == (Phase.FAILED, result, Reason.DEVICE_REPORTED)


def test_only_an_invalid_uri_gets_a_fresh_url() -> None:
    numbers = {
        result: transferring(profile=THRICE).tell(ResultReported(result=result)).session
        for result in (3, 4, 5, 7, 8)
    }
    assert {result for result, session in numbers.items() if session.offer_number} == {7}


def test_a_cancellation_by_the_device_is_no_failure_to_try_again() -> None:
    play = transferring(profile=THRICE).tell(ResultReported(result=10))
    assert play.outcome == (Phase.CANCELLED, 10, Reason.DEVICE_REPORTED)


def test_a_success_is_confirmed_by_the_version_unless_the_profile_says_otherwise() -> None:
    assert installing().tell(ResultReported(result=1)).asked == ["ReadDevice"]
    trusting = installing(profile=Profile(confirm=Confirm.RESULT)).tell(ResultReported(result=1))
    assert trusting.session.reason is Reason.RESULT_PROVED


def test_a_deferral_is_waited_for_with_the_image_in_place() -> None:
    play = installing(profile=THRICE).tell(DeviceRead(state=2, result=11, version=OLD))
    assert (play.phase, play.commands) == (Phase.INSTALLING, ())


# ------------------------------------------------------------------ how it is cancelled


def backing_off() -> Play:
    return transferring(profile=THRICE).tell(ResultReported(result=4))


@pytest.mark.parametrize(
    ("begin", "asked"),
    [(Play, ["EndOffer"]), (backing_off, ["EndOffer", "ResetDevice"])],
    ids=["in_the_queue", "backing_off"],
)
def test_what_waits_is_cancelled_at_once(begin: Callable[[], Play], asked: list[str]) -> None:
    play = begin().tell(CancelRequested())
    assert play.outcome == (Phase.CANCELLED, 10, Reason.CANCELLED_BY_USER)
    assert play.asked == asked


def test_what_sleeps_before_its_offer_is_cancelled_at_once() -> None:
    play = Play(new_session(waiting_reason=WaitingReason.ASLEEP)).tell(CancelRequested())
    assert play.outcome == (Phase.CANCELLED, 10, Reason.CANCELLED_BY_USER)


@pytest.mark.parametrize("begin", [offered, transferring, staged])
@pytest.mark.parametrize("result", [0, 4, 7, 10])
def test_before_it_installs_the_url_goes_the_image_goes_and_idle_confirms(
    begin: Callable[[], Play], result: int
) -> None:
    play = begin().tell(CancelRequested())
    assert play.asked == ["RevokeOffer", "ResetDevice", "ReadDevice"]
    play.tell(DeviceRead(state=0, result=result, version=OLD))
    assert play.outcome == (Phase.CANCELLED, 10, Reason.CANCELLED_BY_USER)


@pytest.mark.parametrize("state", [1, 2])
def test_a_device_that_ignores_the_reset_is_asked_until_its_deadline(state: int) -> None:
    play = transferring().tell(CancelRequested())
    for _ in range(5):
        assert play.tell(DeviceRead(state=state, result=0, version=OLD)).asked == ["ReadDevice"]
    play.tell(DeadlinePassed())
    assert play.outcome == (Phase.CANCELLED, 10, Reason.CANCELLED_UNCONFIRMED)


def test_while_it_installs_nothing_cancels() -> None:
    play = installing().tell(CancelRequested())
    assert (play.phase, play.commands) == (Phase.INSTALLING, ())


def test_a_cancellation_that_meets_the_new_version_was_too_late() -> None:
    play = staged().tell(CancelRequested(), ExecuteAnswered(answer=Answer.UNKNOWN))
    play.tell(DeviceRegistered(), DeviceRead(state=0, result=1, version=NEW))
    assert play.outcome == (Phase.SUCCEEDED, 1, Reason.VERSION_PROVED)
