"""Whose update a device is busy with."""

from datetime import timedelta

import pytest

from custom_components.flownexus_ota.lwm2m.firmware_update import UpdateState
from custom_components.flownexus_ota.ota.ownership import (
    is_foreign,
    may_hold_image_of,
    runs_target_of,
)
from custom_components.flownexus_ota.ota.phase import Phase, Reason

from .play import NEW, OLD, START, new_session

FAILED = Phase.FAILED
OFFERED_IN_VAIN = new_session(phase=FAILED, offer_count=1, finished_at=START)


@pytest.mark.parametrize(
    ("state", "foreign"),
    [(None, False), (0, False), (1, True), (2, True), (3, True), (9, False)],
)
def test_a_busy_device_without_an_update_of_ours_is_busy_with_somebody_elses(
    state: int | None, *, foreign: bool
) -> None:
    assert is_foreign(state, None, now=START) is foreign


def test_what_our_failed_update_left_on_the_device_is_ours() -> None:
    assert not is_foreign(UpdateState.DOWNLOADED, OFFERED_IN_VAIN, now=START)


@pytest.mark.parametrize(
    "session",
    [
        None,
        new_session(phase=FAILED, reason=Reason.NEVER_CAME),
        new_session(phase=Phase.SUCCEEDED, offer_count=1),
        new_session(phase=FAILED, reason=Reason.FOREIGN_UPDATE, attempt=2),
    ],
)
def test_an_update_that_offered_nothing_or_succeeded_has_left_nothing(session: object) -> None:
    assert not may_hold_image_of(session)  # type: ignore[arg-type] # a Session or None, as listed


@pytest.mark.parametrize(
    "session",
    [
        OFFERED_IN_VAIN,
        new_session(phase=FAILED, attempt=2),
        new_session(phase=Phase.CANCELLED, may_reset=True),
    ],
)
def test_an_update_that_ever_offered_may_have_left_something(session: object) -> None:
    assert may_hold_image_of(session)  # type: ignore[arg-type] # a Session, as listed


def test_a_device_may_tell_its_old_state_for_a_while_after_a_success() -> None:
    succeeded = new_session(phase=Phase.SUCCEEDED, offer_count=1, finished_at=START)
    soon, later = START + timedelta(minutes=1), START + timedelta(hours=1)
    assert not is_foreign(UpdateState.UPDATING, succeeded, now=soon)
    assert is_foreign(UpdateState.UPDATING, succeeded, now=later)


def test_the_target_is_compared_as_a_version() -> None:
    assert runs_target_of(OFFERED_IN_VAIN, f" v{NEW}")
    assert not runs_target_of(OFFERED_IN_VAIN, OLD)
    assert not runs_target_of(OFFERED_IN_VAIN, None)
