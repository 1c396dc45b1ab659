"""Sessions, devices, images and events as rows, and back.

A field with a column of its own is there to be asked for; all others of a dataclass share one JSON
column, without those that have their default. A field that a row does not know gets its default,
one that the dataclass no longer knows is passed over: neither needs a migration.
"""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from ..lwm2m.events import Endpoint
from ..ota.device_facts import DeviceFacts
from ..ota.image import FirmwareImage
from ..ota.phase import Phase, Reason, WaitingReason
from ..ota.session_state import Session, Target
from ..ota.wishes import Wishes
from .errors import UnstorableError
from .records import KnownDevice, SessionEvent

type Row = dict[str, Any]
"""Column name to a value that SQLite knows, as named parameters; answers are `sqlite3.Row`s."""

_SESSION_COLUMNS: Final = (
    *("id", "server_id", "endpoint", "target", "created_at", "asked_by"),
    *("phase", "waiting_reason", "started_at", "finished_at", "deadline_at", "attempt"),
    *("from_version", "reported_version", "device_state", "device_result"),
    *("result", "reason", "evidence"),
)
_FACT_COLUMNS: Final = (
    "endpoint",
    "manufacturer",
    "model",
    "serial_number",
    "hardware_version",
    "firmware_version",
    "package_version",
)
_IMAGE_COLUMNS: Final = (
    "sha256",
    "size_bytes",
    "version",
    "reported_version",
    "file_name",
    "title",
    "manufacturer",
    "model",
)


def session_row(session: Session, *, at: datetime, token_sha256: str | None) -> Row:
    """Return a session as a row of `firmware_update`; `at` is when it became so."""
    target = session.target
    return {
        "id": session.id,
        "server_id": session.server_id,
        "endpoint": session.endpoint,
        "image_sha256": target.sha256,
        "image_size_bytes": target.size_bytes,
        "file_name": target.file_name,
        "target_version": target.version,
        "expected_version": target.expected_version,
        "asked_by": session.asked_by,
        "phase": session.phase,
        "waiting_reason": session.waiting_reason,
        "device_state": session.device_state,
        "device_result": session.device_result,
        "result": int(session.result),
        "reason": session.reason,
        "evidence": session.evidence,
        "attempt": session.attempt,
        "from_version": session.from_version,
        "reported_version": session.reported_version,
        "created_at": stored_time(session.created_at),
        "started_at": _stored_optional_time(session.started_at),
        "finished_at": _stored_optional_time(session.finished_at),
        "deadline_at": _stored_optional_time(session.deadline_at),
        "updated_at": stored_time(at),
        "token_sha256": token_sha256,
        "bookkeeping": _packed(session, _SESSION_REST),
    }


def session_of(row: sqlite3.Row) -> Session:
    """Return the session that a row of `firmware_update` holds."""
    return Session(
        id=row["id"],
        server_id=row["server_id"],
        endpoint=Endpoint(row["endpoint"]),
        target=Target(
            sha256=row["image_sha256"],
            size_bytes=row["image_size_bytes"],
            version=row["target_version"],
            expected_version=row["expected_version"],
            file_name=row["file_name"],
        ),
        created_at=datetime.fromisoformat(row["created_at"]),
        asked_by=row["asked_by"],
        phase=Phase(row["phase"]),
        waiting_reason=_known(WaitingReason, row["waiting_reason"]),
        started_at=_optional_time(row["started_at"]),
        finished_at=_optional_time(row["finished_at"]),
        deadline_at=_optional_time(row["deadline_at"]),
        attempt=row["attempt"],
        from_version=row["from_version"],
        reported_version=row["reported_version"],
        device_state=row["device_state"],
        device_result=row["device_result"],
        result=row["result"],
        reason=_known(Reason, row["reason"]),
        evidence=row["evidence"],
        **_unpacked(row["bookkeeping"], _SESSION_REST),
    )


def event_of(row: sqlite3.Row) -> SessionEvent:
    """Return the step that a row of `firmware_update_event` holds."""
    return SessionEvent(
        at=datetime.fromisoformat(row["at"]),
        phase=Phase(row["phase"]),
        waiting_reason=_known(WaitingReason, row["waiting_reason"]),
        device_state=row["device_state"],
        device_result=row["device_result"],
        result=row["result"],
        reason=_known(Reason, row["reason"]),
        attempt=row["attempt"],
        evidence=row["evidence"],
    )


def device_row(server_id: str, device: KnownDevice) -> Row:
    """Return a device as a row of `devices`."""
    return {
        "server_id": server_id,
        **{name: getattr(device.facts, name) for name in _FACT_COLUMNS},
        "further_facts": _packed(device.facts, _FACTS_REST),
        "registration_id": device.registration_id,
        "is_registered": device.is_registered,
        "is_queue_mode": device.is_queue_mode,
        "last_seen_at": _stored_optional_time(device.last_seen),
    }


def device_of(row: sqlite3.Row) -> KnownDevice:
    """Return the device that a row of `devices` holds."""
    further = _unpacked(row["further_facts"], _FACTS_REST)
    return KnownDevice(
        facts=DeviceFacts(**{name: row[name] for name in _FACT_COLUMNS}, **further),
        registration_id=row["registration_id"],
        last_seen=_optional_time(row["last_seen_at"]),
        is_registered=bool(row["is_registered"]),
        is_queue_mode=bool(row["is_queue_mode"]),
        wishes=Wishes(
            pinned_version=row["pinned_version"], is_auto_updated=bool(row["is_auto_updated"])
        ),
    )


def image_row(image: FirmwareImage) -> Row:
    """Return an image as a row of `images`."""
    return {
        **{name: getattr(image, name) for name in _IMAGE_COLUMNS},
        "further_facts": _packed(image, _IMAGE_REST),
    }


def image_of(row: sqlite3.Row) -> FirmwareImage:
    """Return the image that a row of `images` holds."""
    return FirmwareImage(
        **{name: row[name] for name in _IMAGE_COLUMNS},
        **_unpacked(row["further_facts"], _IMAGE_REST),
    )


def stored_time(time: datetime) -> str:
    """Return a time as it is stored: UTC, of one width, so that it sorts; raise UnstorableError."""
    if time.tzinfo is None:
        raise UnstorableError(f"{time} has no time zone")
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def _stored_optional_time(time: datetime | None) -> str | None:
    return None if time is None else stored_time(time)


def _optional_time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _known[T: StrEnum](words: type[T], text: str | None) -> T | None:
    # A later version may have stored a reason that this one does not know; the row is still good.
    return None if text is None or text not in words else words(text)


def _rest(described: type, columns: Iterable[str]) -> dict[str, object]:
    """Return the fields without a column, each with its default, which it must have."""
    rest = {each.name: each.default for each in fields(described) if each.name not in columns}
    homeless = [name for name, default in rest.items() if default is MISSING]
    if homeless:
        raise TypeError(f"{described.__name__}: no column and no default: {homeless}")
    return rest


def _packed(value: object, rest: dict[str, object]) -> str:
    told = {
        name: each for name, default in rest.items() if (each := getattr(value, name)) != default
    }
    return json.dumps(told)


def _unpacked(text: str, rest: dict[str, object]) -> dict[str, Any]:
    return {
        # JSON knows no tuples, and a frozen dataclass no lists.
        name: tuple(each) if isinstance(each, list) else each
        for name, each in json.loads(text).items()
        if name in rest
    }


_SESSION_REST: Final = _rest(Session, _SESSION_COLUMNS)
_FACTS_REST: Final = _rest(DeviceFacts, _FACT_COLUMNS)
_IMAGE_REST: Final = _rest(FirmwareImage, _IMAGE_COLUMNS)
