"""What is told of an update: which step is what to people."""

from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.flownexus_ota.lwm2m.firmware_update import UpdateResult
from custom_components.flownexus_ota.ota.happening import Happening, details_of, happening_of
from custom_components.flownexus_ota.ota.phase import Phase, Reason

from .play import NEW, OLD, START, new_session

WAITING, OFFERED, TRANSFERRING = Phase.WAITING, Phase.OFFERED, Phase.TRANSFERRING
STAGED, INSTALLING = Phase.STAGED, Phase.INSTALLING
RUNNING = (OFFERED, TRANSFERRING, STAGED, INSTALLING)


def test_an_update_that_was_just_asked_for_is_queued() -> None:
    assert happening_of(None, new_session()) is Happening.QUEUED


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (WAITING, OFFERED, Happening.STARTED),
        (OFFERED, TRANSFERRING, None),
        (OFFERED, STAGED, Happening.DOWNLOADED),
        (TRANSFERRING, STAGED, Happening.DOWNLOADED),
        (STAGED, INSTALLING, Happening.INSTALLING),
        (OFFERED, INSTALLING, Happening.INSTALLING),
        (TRANSFERRING, INSTALLING, Happening.INSTALLING),
        (TRANSFERRING, OFFERED, None),
        (INSTALLING, STAGED, None),
        *[(phase, phase, None) for phase in (WAITING, *RUNNING)],
        *[(phase, WAITING, Happening.QUEUED) for phase in RUNNING],
        *[(phase, Phase.SUCCEEDED, Happening.SUCCEEDED) for phase in (WAITING, *RUNNING)],
        *[(phase, Phase.FAILED, Happening.FAILED) for phase in (WAITING, *RUNNING)],
        *[(phase, Phase.CANCELLED, Happening.CANCELLED) for phase in (WAITING, *RUNNING)],
    ],
)
def test_a_step_is_told_by_where_it_leads(
    before: Phase, after: Phase, told: Happening | None
) -> None:
    session = new_session(phase=before)
    assert happening_of(session, replace(session, phase=after)) is told


def test_an_update_under_way_has_no_duration_and_no_result() -> None:
    told = details_of(new_session(started_at=START))
    assert (told.from_version, told.target_version, told.reported_version) == (OLD, NEW, OLD)
    assert (told.result, told.reason, told.attempt) == ("default", None, 1)
    assert told.duration_seconds is None


def test_an_update_that_never_started_has_no_duration() -> None:
    ended = new_session(phase=Phase.CANCELLED, finished_at=START, result=UpdateResult.CANCELLED)
    assert details_of(ended).duration_seconds is None


def test_a_clock_that_was_set_back_makes_no_update_end_before_its_start() -> None:
    ended = new_session(
        phase=Phase.SUCCEEDED,
        started_at=START,
        finished_at=START - timedelta(hours=1),
        result=UpdateResult.SUCCESS,
    )
    assert details_of(ended).duration_seconds == 0


def test_the_end_tells_how_long_it_took_and_why_it_ended() -> None:
    ended = new_session(
        phase=Phase.FAILED,
        started_at=START,
        finished_at=START + timedelta(minutes=2, seconds=10.9),
        result=UpdateResult.NO_STORAGE,
        reason=Reason.DEVICE_REPORTED,
        attempt=3,
    )
    told = details_of(ended)
    assert (told.result, told.reason, told.attempt) == ("no_storage", "device_reported", 3)
    assert told.duration_seconds == 130
