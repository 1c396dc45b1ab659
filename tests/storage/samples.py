"""Sessions to store, and ways into a database that a person could have too."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.lwm2m.firmware_update import UpdateResult
from custom_components.flownexus_ota.ota.phase import Phase, Reason
from custom_components.flownexus_ota.ota.session_state import Session, Target

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SERVER = "server-1"
THINGY = Endpoint("urn:imei:004402990020434")
OTHER = Endpoint("urn:imei:350457790000001")
WAIT_SECONDS = 60.0

TARGET = Target(
    sha256="4f" * 32,
    size_bytes=250_000,
    version="1.4.2",
    expected_version="v1.4.2-release",
    file_name="thingy-1.4.2.bin",
)


def asked(
    session_id: str,
    *,
    endpoint: Endpoint = THINGY,
    server_id: str = SERVER,
    created_at: datetime = NOON,
    target: Target = TARGET,
) -> Session:
    return Session(
        id=session_id,
        server_id=server_id,
        endpoint=endpoint,
        target=target,
        created_at=created_at,
        asked_by="a-user",
        from_version="1.4.1",
    )


def succeeded(session: Session) -> Session:
    return replace(
        session,
        phase=Phase.SUCCEEDED,
        waiting_reason=None,
        finished_at=session.created_at + MINUTE,
        result=UpdateResult.SUCCESS,
        reason=Reason.VERSION_PROVED,
    )


def failed(session: Session, *, finished_at: datetime = NOON + MINUTE) -> Session:
    return replace(
        session,
        phase=Phase.FAILED,
        waiting_reason=None,
        finished_at=finished_at,
        result=UpdateResult.NO_STORAGE,
        reason=Reason.DEVICE_REPORTED,
    )


def query(path: Path, statement: str) -> list[tuple[object, ...]]:
    """Ask the file as another program would, on a connection of its own."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


def execute(path: Path, script: str) -> None:
    """Change the file as another program would, on a connection of its own."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
