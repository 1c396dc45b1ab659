from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.lwm2m.firmware_update import UpdateResult, UpdateState
from custom_components.flownexus_ota.ota.device_facts import DeviceFacts
from custom_components.flownexus_ota.ota.phase import Phase, Reason, WaitingReason
from custom_components.flownexus_ota.ota.session_state import Session
from custom_components.flownexus_ota.ota.wishes import NO_WISHES, Wishes
from custom_components.flownexus_ota.storage.errors import (
    ActiveSessionExistsError,
    FinalSessionChangedError,
    HistoryUnavailableError,
    UnstorableError,
)
from custom_components.flownexus_ota.storage.history import HistoryDb
from custom_components.flownexus_ota.storage.records import KnownDevice

from .samples import (
    MINUTE,
    NOON,
    OTHER,
    SERVER,
    TARGET,
    THINGY,
    asked,
    execute,
    failed,
    query,
    succeeded,
)


def test_a_session_is_a_row_from_the_first_step_on(db: HistoryDb) -> None:
    session = asked("a")
    db.record(session, at=NOON)
    assert db.active_sessions(SERVER) == [session]
    assert db.last_session(SERVER, THINGY) == session
    assert db.session("a") == session


def test_a_later_step_changes_the_row_and_adds_an_event(db: HistoryDb) -> None:
    waiting = asked("a")
    offered = replace(waiting, phase=Phase.OFFERED, waiting_reason=None, offer_count=1)
    db.record(waiting, at=NOON, evidence="asked for by a person")
    db.record(offered, at=NOON + MINUTE, evidence="a place is free")
    assert db.session("a") == offered
    first, second = db.events("a")
    assert (first.at, first.phase, first.evidence) == (
        NOON,
        Phase.WAITING,
        "asked for by a person",
    )
    assert first.waiting_reason is WaitingReason.QUEUE
    assert (second.at, second.phase, second.evidence) == (
        NOON + MINUTE,
        Phase.OFFERED,
        "a place is free",
    )


def test_a_session_outlives_the_process(path: Path) -> None:
    session = asked("a")
    before = HistoryDb.open(path)
    before.record(session, at=NOON)
    before.close()
    after = HistoryDb.open(path)
    stored = after.active_sessions(SERVER)
    after.close()
    assert stored == [session]


def test_a_device_has_one_active_session(db: HistoryDb) -> None:
    db.record(asked("a"), at=NOON)
    with pytest.raises(ActiveSessionExistsError) as caught:
        db.record(asked("b"), at=NOON)
    assert (caught.value.server_id, caught.value.endpoint) == (SERVER, THINGY)
    assert db.session("b") is None
    assert db.events("b") == []


def test_other_devices_and_other_servers_have_their_own(db: HistoryDb) -> None:
    db.record(asked("a"), at=NOON)
    db.record(asked("b", endpoint=OTHER), at=NOON)
    db.record(asked("c", server_id="server-2"), at=NOON)
    assert [session.id for session in db.active_sessions(SERVER)] == ["a", "b"]
    assert [session.id for session in db.active_sessions("server-2")] == ["c"]


def test_a_finished_session_makes_way_for_the_next(db: HistoryDb) -> None:
    session = asked("a")
    db.record(succeeded(session), at=NOON)
    db.record(asked("b"), at=NOON)
    assert [each.id for each in db.active_sessions(SERVER)] == ["b"]


def test_an_end_is_final(db: HistoryDb) -> None:
    ended = failed(asked("a"))
    db.record(asked("a"), at=NOON)
    db.record(ended, at=NOON)
    with pytest.raises(FinalSessionChangedError) as caught:
        db.record(asked("a"), at=NOON)
    assert caught.value.session_id == "a"
    with pytest.raises(FinalSessionChangedError):
        db.record(replace(ended, result=UpdateResult.UPDATE_FAILED), at=NOON)
    assert db.session("a") == ended
    assert len(db.events("a")) == 2


def test_a_device_that_comes_back_late_adds_an_event_to_the_end(db: HistoryDb) -> None:
    ended = failed(asked("a"))
    db.record(ended, at=NOON)
    db.record(ended, at=NOON + MINUTE, evidence="arrived late")
    assert db.session("a") == ended
    assert [event.evidence for event in db.events("a")] == [None, "arrived late"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"phase": Phase.FAILED},
        {"result": UpdateResult.UPDATE_FAILED},
    ],
    ids=["final without a result", "a result without an end"],
)
def test_an_end_and_its_result_go_together(db: HistoryDb, wrong: dict[str, object]) -> None:
    with pytest.raises(UnstorableError, match="SQLITE_CONSTRAINT_CHECK"):
        db.record(replace(asked("a"), **wrong), at=NOON)  # type: ignore[arg-type]
    assert db.session("a") is None
    db.record(asked("b"), at=NOON)
    with pytest.raises(UnstorableError, match="SQLITE_CONSTRAINT_CHECK"):
        db.record(replace(asked("b"), **wrong), at=NOON)  # type: ignore[arg-type]
    assert db.session("b") == asked("b")


def test_the_state_is_the_devices_until_the_end_and_then_idle(db: HistoryDb, path: Path) -> None:
    session = replace(asked("a"), device_state=UpdateState.DOWNLOADED)
    db.record(asked("c", endpoint=OTHER), at=NOON)
    db.record(session, at=NOON)
    rows = "SELECT id, state, device_state, result FROM firmware_update ORDER BY id"
    assert query(path, rows) == [("a", 2, 2, 0), ("c", 0, None, 0)]
    db.record(failed(session), at=NOON)
    assert query(path, rows) == [("a", 0, 2, 2), ("c", 0, None, 0)]


def test_only_the_digest_of_a_token_is_kept_until_there_is_another(
    db: HistoryDb, path: Path
) -> None:
    digest = "SELECT token_sha256 FROM firmware_update"
    db.record(asked("a"), at=NOON)
    assert query(path, digest) == [(None,)]
    db.record(asked("a"), at=NOON, token_sha256="11" * 32)
    db.record(asked("a"), at=NOON)
    assert query(path, digest) == [("11" * 32,)]
    db.record(asked("a"), at=NOON, token_sha256="22" * 32)
    assert query(path, digest) == [("22" * 32,)]


def test_times_are_stored_as_utc_and_come_back_as_the_same_moment(
    db: HistoryDb, path: Path
) -> None:
    in_delhi = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    db.record(asked("a", created_at=in_delhi), at=in_delhi)
    assert query(path, "SELECT created_at, updated_at FROM firmware_update") == [
        ("2026-11-01T12:00:00.000000+00:00", "2026-11-01T12:00:00.000000+00:00")
    ]
    assert db.active_sessions(SERVER)[0].created_at == NOON
    assert db.active_sessions(SERVER)[0].created_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"created_at": datetime(2026, 11, 1)},  # noqa: DTZ001 # that is the point
        {"evidence": "half a surrogate pair: \ud83d"},
        {"device_result": 2**63},
        {"id": None},
    ],
    ids=["no time zone", "no valid text", "too great a number", "no id"],
)
def test_what_cannot_be_stored_is_refused_by_name(db: HistoryDb, wrong: dict[str, object]) -> None:
    with pytest.raises(UnstorableError):
        db.record(replace(asked("a"), **wrong), at=NOON)  # type: ignore[arg-type]
    db.record(asked("a"), at=NOON)
    assert db.active_sessions(SERVER) == [asked("a")]


def test_the_last_session_is_the_one_asked_for_last(db: HistoryDb) -> None:
    for session_id, created_at in (
        ("b", NOON + MINUTE),
        ("a", NOON),
        ("c", NOON - MINUTE),
    ):  # set back
        session = asked(session_id, created_at=created_at)
        db.record(succeeded(session), at=NOON)
    db.record(asked("d", endpoint=OTHER), at=NOON)
    db.record(asked("e", server_id="server-2"), at=NOON)
    latest = db.last_session(SERVER, THINGY)
    assert latest is not None
    assert latest.id == "c"
    assert {endpoint: session.id for endpoint, session in db.last_sessions(SERVER).items()} == {
        THINGY: "c",
        OTHER: "d",
    }


def test_a_device_without_a_session_has_none(db: HistoryDb) -> None:
    assert db.last_session(SERVER, THINGY) is None
    assert db.last_sessions(SERVER) == {}
    assert db.active_sessions(SERVER) == []
    assert db.session("a") is None


def test_the_history_is_asked_by_server_device_time_and_result(db: HistoryDb) -> None:
    first = asked("a")
    db.record(failed(first), at=NOON)
    db.record(asked("b", created_at=NOON + MINUTE), at=NOON)
    db.record(asked("c", endpoint=OTHER, created_at=NOON + 2 * MINUTE), at=NOON)
    db.record(asked("d", server_id="server-2", created_at=NOON + 3 * MINUTE), at=NOON)

    def ids(**wanted: object) -> list[str]:
        return [session.id for session in db.sessions(**wanted)]  # type: ignore[arg-type]

    assert ids() == ["d", "c", "b", "a"]
    assert ids(server_id=SERVER) == ["c", "b", "a"]
    assert ids(server_id=SERVER, endpoint=THINGY) == ["b", "a"]
    assert ids(since=NOON + MINUTE, until=NOON + 3 * MINUTE) == ["c", "b"]
    assert ids(results=frozenset({UpdateResult.NO_STORAGE})) == ["a"]
    assert ids(results=frozenset()) == []
    assert ids(limit=1) == ["d"]


def test_quotes_in_a_name_are_only_letters(db: HistoryDb) -> None:
    strange = Endpoint("'; DROP TABLE firmware_update; --")
    db.record(asked("a", endpoint=strange), at=NOON)
    assert [session.id for session in db.sessions(endpoint=strange)] == ["a"]
    assert list(db.last_sessions(SERVER)) == [strange]


def test_a_reason_that_a_later_version_stored_does_not_hide_the_row(
    db: HistoryDb, path: Path
) -> None:
    db.record(failed(asked("a")), at=NOON)
    execute(
        path,
        """UPDATE firmware_update SET reason = 'battery_too_low', waiting_reason = 'moonlight',
           bookkeeping = json_set(bookkeeping, '$.moon_count', 3)""",
    )
    (session,) = db.sessions()
    assert (session.phase, session.reason, session.waiting_reason) == (Phase.FAILED, None, None)


def test_what_people_chose_survives_whatever_a_device_tells(db: HistoryDb) -> None:
    endpoint = Endpoint("chosen")
    chosen = Wishes(pinned_version="1.2.0", is_auto_updated=True)
    db.put_wishes("server", endpoint, chosen)
    facts = DeviceFacts(endpoint=endpoint, model="Thingy")
    db.remember_device("server", KnownDevice(facts=facts))
    assert [(each.facts.model, each.wishes) for each in db.devices("server")] == [
        ("Thingy", chosen)
    ]
    db.put_wishes("server", endpoint, NO_WISHES)
    assert [(each.facts.model, each.wishes) for each in db.devices("server")] == [
        ("Thingy", NO_WISHES)
    ]


def test_when_devices_were_last_seen_is_stored_apart_and_never_goes_back(db: HistoryDb) -> None:
    facts = DeviceFacts(endpoint=THINGY, model="Thingy")
    db.remember_device(SERVER, KnownDevice(facts=facts))
    db.remember_device(SERVER, KnownDevice(facts=DeviceFacts(endpoint=OTHER), last_seen=NOON))
    db.remember_device("server-2", KnownDevice(facts=facts, last_seen=NOON - MINUTE))

    db.note_seen(SERVER, {THINGY: NOON, OTHER: NOON - MINUTE, Endpoint("nobody"): NOON})

    found = {each.facts.endpoint: each for each in db.devices(SERVER)}
    assert {name: each.last_seen for name, each in found.items()} == {THINGY: NOON, OTHER: NOON}
    assert found[THINGY].facts == facts
    assert [each.last_seen for each in db.devices("server-2")] == [NOON - MINUTE]


def test_removing_a_device_removes_its_sessions_and_events(db: HistoryDb, path: Path) -> None:
    db.record(asked("a"), at=NOON)
    db.record(asked("b", endpoint=OTHER), at=NOON)
    db.remove_device(SERVER, THINGY)
    assert [session.id for session in db.sessions()] == ["b"]
    assert db.events("a") == []
    assert query(path, "SELECT count(*) FROM firmware_update_event") == [(1,)]
    assert [device.facts.endpoint for device in db.devices(SERVER)] == [OTHER]


def test_removing_a_server_leaves_the_others(db: HistoryDb, path: Path) -> None:
    db.record(asked("a"), at=NOON)
    db.record(asked("b", server_id="server-2"), at=NOON)
    db.remove_server(SERVER)
    assert [session.id for session in db.sessions()] == ["b"]
    assert db.devices(SERVER) == []
    assert query(path, "SELECT count(*) FROM firmware_update_event") == [(1,)]


def test_old_sessions_are_pruned_with_their_events_but_active_ones_never(
    db: HistoryDb, path: Path
) -> None:
    year = timedelta(days=365)
    old, recent = asked("old"), asked("recent", created_at=NOON + year)
    long = failed(asked("long"), finished_at=NOON + year)
    db.record(succeeded(old), at=NOON)
    db.record(long, at=NOON + year)
    db.record(succeeded(recent), at=NOON + year)
    db.record(asked("active"), at=NOON)
    assert db.prune(before=NOON + timedelta(days=1)) == 1
    assert {session.id for session in db.sessions()} == {"long", "recent", "active"}
    assert query(path, "SELECT count(*) FROM firmware_update_event") == [(3,)]
    assert db.prune(before=NOON + timedelta(days=1)) == 0


def test_pruning_takes_a_little_at_a_time(db: HistoryDb) -> None:
    for number in range(5):
        session = asked(f"{number}")
        db.record(succeeded(session), at=NOON)
    removed = [db.prune(before=NOON + timedelta(days=1), limit=2) for _ in range(4)]
    assert removed == [2, 2, 1, 0]


def test_one_server_is_pruned_without_the_others(db: HistoryDb) -> None:
    for server in (SERVER, "server-2"):
        db.record(succeeded(asked(server, server_id=server)), at=NOON)
    assert db.prune(before=NOON + timedelta(days=1), server_id=SERVER) == 1
    assert [session.id for session in db.sessions()] == ["server-2"]


def test_sessions_are_found_by_where_they_stand(db: HistoryDb) -> None:
    db.record(succeeded(asked("a")), at=NOON)
    db.record(failed(asked("b")), at=NOON)
    db.record(asked("c"), at=NOON)
    ended = frozenset({Phase.SUCCEEDED, Phase.FAILED})
    assert {session.id for session in db.sessions(phases=ended)} == {"a", "b"}
    assert [session.id for session in db.sessions(phases=frozenset({Phase.WAITING}))] == ["c"]


def record_all(db: HistoryDb, *sessions: Session) -> None:
    with db.atomic():
        for session in sessions:
            db.record(session, at=NOON)


def test_steps_within_one_context_are_stored_together_or_not_at_all(db: HistoryDb) -> None:
    with pytest.raises(ActiveSessionExistsError):
        record_all(db, asked("a"), asked("b"))
    assert db.sessions() == []
    record_all(db, asked("a"), asked("b", endpoint=OTHER))
    assert [session.id for session in db.sessions()] == ["b", "a"]


def test_an_error_of_the_caller_takes_back_what_was_written(db: HistoryDb) -> None:
    def record_and_err() -> None:
        with db.atomic():
            db.record(asked("a"), at=NOON)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        record_and_err()
    assert db.sessions() == []


def test_the_image_of_a_session_is_known_before_its_sidecar_is(db: HistoryDb) -> None:
    db.record(asked("a"), at=NOON)
    (image,) = db.images()
    assert (image.sha256, image.version, image.expected_version) == (
        TARGET.sha256,
        TARGET.version,
        TARGET.expected_version,
    )
    assert image.title is None


def test_a_closed_history_says_so(path: Path) -> None:
    closed = HistoryDb.open(path)
    closed.close()
    with pytest.raises(HistoryUnavailableError):
        closed.devices(SERVER)
    with pytest.raises(HistoryUnavailableError):
        closed.record(asked("a"), at=NOON)


def test_the_reason_of_a_failure_is_kept(db: HistoryDb) -> None:
    db.record(failed(asked("a")), at=NOON)
    (event,) = db.events("a")
    assert (event.phase, event.result, event.reason) == (
        Phase.FAILED,
        UpdateResult.NO_STORAGE,
        Reason.DEVICE_REPORTED,
    )
