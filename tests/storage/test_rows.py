"""Whatever is stored comes back the same, also in fields that are yet to be invented."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given, strategies as st

from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.ota.device_facts import DeviceFacts
from custom_components.flownexus_ota.ota.image import FirmwareImage
from custom_components.flownexus_ota.ota.phase import Phase
from custom_components.flownexus_ota.ota.session_state import Session
from custom_components.flownexus_ota.ota.wishes import NO_WISHES
from custom_components.flownexus_ota.storage.history import HistoryDb
from custom_components.flownexus_ota.storage.records import KnownDevice

from .samples import NOON, SERVER, THINGY, execute

# Python knows texts that are no Unicode; SQLite knows numbers of up to 64 bits.
SIMPLE: dict[object, st.SearchStrategy[Any]] = {
    str: st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    int: st.integers(min_value=-(2**63), max_value=2**63 - 1),
    bool: st.booleans(),
    type(None): st.none(),
    datetime: st.datetimes(
        min_value=datetime(1, 1, 3),  # noqa: DTZ001 # the strategy adds a zone
        max_value=datetime(9999, 12, 29),  # noqa: DTZ001 # the strategy adds a zone
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))]),
    ),
    tuple[int, ...]: st.lists(st.integers(), max_size=6).map(tuple),
    tuple[str, ...]: st.lists(st.sampled_from(["http", "https"]), max_size=3).map(tuple),
    Endpoint: st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
}


def anything(hint: Any) -> st.SearchStrategy[Any]:
    """Return values of a type as it is written in our dataclasses."""
    if hint in SIMPLE:
        return SIMPLE[hint]
    if isinstance(hint, UnionType):
        return st.one_of(*map(anything, get_args(hint)))
    if isinstance(hint, type) and is_dataclass(hint):
        hints = get_type_hints(hint)
        return st.builds(hint, **{each.name: anything(hints[each.name]) for each in fields(hint)})
    assert issubclass(hint, Enum)
    return st.sampled_from(hint)


def with_fitting_result(session: Session) -> Session:
    """An end has a result, and nothing else has."""
    return replace(session, result=(session.result or 1) if session.phase.is_final else 0)


SESSIONS = anything(Session).map(with_fitting_result)
DEVICES = anything(KnownDevice).map(lambda each: replace(each, wishes=NO_WISHES))
IMAGES = anything(FirmwareImage)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HistoryDb]:
    """Serve every example; each begins with nothing stored."""
    path = tmp_path_factory.mktemp("rows") / "history.db"
    with closing(HistoryDb.open(path)) as opened:
        yield opened


@given(session=SESSIONS)
def test_every_session_comes_back_as_it_was(shared: HistoryDb, session: Session) -> None:
    shared.remove_server(session.server_id)
    shared.record(session, at=NOON)
    stored = shared.last_session(session.server_id, session.endpoint)
    assert stored == session
    assert shared.last_sessions(session.server_id) == {session.endpoint: session}
    assert shared.sessions(server_id=session.server_id) == [session]
    active = shared.active_sessions(session.server_id)
    assert active == [session] * (not session.phase.is_final)
    shared.remove_server(session.server_id)


@given(before=SESSIONS, after=SESSIONS)
def test_a_step_leaves_nothing_of_the_one_before(
    shared: HistoryDb, before: Session, after: Session
) -> None:
    first = with_fitting_result(replace(before, phase=Phase.WAITING))
    then = replace(
        after,
        id=first.id,
        server_id=first.server_id,
        endpoint=first.endpoint,
        target=first.target,
        created_at=first.created_at,
        asked_by=first.asked_by,
    )
    shared.remove_server(first.server_id)
    shared.record(first, at=NOON)
    shared.record(then, at=NOON)
    assert shared.session(first.id) == then
    shared.remove_server(first.server_id)


@given(device=DEVICES)
def test_every_device_comes_back_as_it_was(shared: HistoryDb, device: KnownDevice) -> None:
    shared.remove_server(SERVER)
    shared.remember_device(SERVER, device)
    assert shared.devices(SERVER) == [device]


@given(before=DEVICES, after=DEVICES)
def test_what_is_known_now_replaces_what_was(
    shared: HistoryDb, before: KnownDevice, after: KnownDevice
) -> None:
    now = replace(after, facts=replace(after.facts, endpoint=before.facts.endpoint))
    shared.remove_server(SERVER)
    shared.remember_device(SERVER, before)
    shared.remember_device(SERVER, now)
    assert shared.devices(SERVER) == [now]


@given(image=IMAGES, later=IMAGES)
def test_every_image_comes_back_as_it_was_last(
    shared: HistoryDb, image: FirmwareImage, later: FirmwareImage
) -> None:
    now = replace(later, sha256=image.sha256)
    shared.remember_image(image)
    assert [each for each in shared.images() if each.sha256 == image.sha256] == [image]
    shared.remember_image(now)
    assert [each for each in shared.images() if each.sha256 == image.sha256] == [now]


def test_a_row_from_before_a_field_was_there_has_its_default(db: HistoryDb, path: Path) -> None:
    db.remember_device(SERVER, KnownDevice(facts=DeviceFacts(endpoint=THINGY, battery_percent=80)))
    execute(path, """UPDATE devices SET further_facts = '{"invented_later": 1}'""")
    assert db.devices(SERVER) == [KnownDevice(facts=DeviceFacts(endpoint=THINGY))]
