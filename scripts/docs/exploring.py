"""Every way from one phase to another, found by trying the rules themselves."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from itertools import product
from typing import Final, get_args

from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.lwm2m.firmware_update import UpdateResult, UpdateState
from custom_components.flownexus_ota.ota.phase import Phase, WaitingReason
from custom_components.flownexus_ota.ota.profile import DEFAULT_PROFILE
from custom_components.flownexus_ota.ota.report import (
    Answer,
    ImageUnavailable,
    OfferRefused,
    Report,
)
from custom_components.flownexus_ota.ota.session import advance
from custom_components.flownexus_ota.ota.session_state import Session, Target

NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
OLD: Final = "1"
NEW: Final = "2"
# One result of each kind: none, a failure, somebody's cancellation.
RESULTS: Final = (UpdateResult.DEFAULT, UpdateResult.UPDATE_FAILED, UpdateResult.CANCELLED)
VALUES: Final[Mapping[str, Iterable[object]]] = {
    "answer": Answer,
    "code": (405,),
    "defer_seconds": (None,),
    "detail": ("",),
    "number": (None,),
    "other_schemes": ((),),
    "reason": WaitingReason,
    "result": RESULTS,
    "scheme": ("http",),
    "state": UpdateState,
    "version": (OLD, NEW),
    "waits_for": (None,),
}
"""What the fields of reports are tried with."""

FLAGS: Final = tuple(field.name for field in fields(Session) if field.type is bool)

type Way = tuple[Phase, Phase]


def new_session() -> Session:
    """Return a session that was just asked for; nothing in it is special."""
    target = Target(
        sha256="", size_bytes=1, version=NEW, expected_version=NEW, file_name="firmware.bin"
    )
    return Session(
        id="",
        server_id="",
        endpoint=Endpoint(""),
        target=target,
        created_at=NOW,
        from_version=OLD,
        reported_version=OLD,
        may_reset=True,
    )


def ways() -> Mapping[Way, frozenset[type[Report]]]:
    """Return which report leads from which phase to which, by telling sessions everything."""
    found: defaultdict[Way, set[type[Report]]] = defaultdict(set)
    # A first attempt that fails is followed by another, the last one is not.
    begun = [new_session(), replace(new_session(), attempt=DEFAULT_PROFILE.max_attempts)]
    seen = {_kind(each) for each in begun}
    waiting = deque(begun)
    while waiting:
        before = waiting.popleft()
        for report in _reports(before):
            after = advance(before, report, now=NOW, profile=DEFAULT_PROFILE).session
            if after.phase is not before.phase:
                found[before.phase, after.phase].add(type(report))
            if not after.phase.is_final and _kind(after) not in seen:
                seen.add(_kind(after))
                waiting.append(after)
    return {way: frozenset(reports) for way, reports in found.items()}


def _kind(session: Session) -> object:
    """Return what two sessions share that go the same ways; far fewer than there are sessions."""
    flags = tuple(getattr(session, name) for name in FLAGS)
    is_last = session.attempt >= DEFAULT_PROFILE.max_attempts
    return session.phase, session.device_state, session.device_result, is_last, flags


def _reports(session: Session) -> Iterator[Report]:
    """Yield every report that can be made, with every value that makes a difference."""
    for kind in get_args(Report.__value__):
        # These end a write before it is sent.
        if kind not in (ImageUnavailable, OfferRefused) or session.phase is Phase.OFFERED:
            names = [field.name for field in fields(kind)]
            for values in product(*(VALUES[name] for name in names)):
                yield kind(**dict(zip(names, values, strict=True)))
