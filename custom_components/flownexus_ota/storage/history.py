"""The history of updates: an SQLite file with devices, images, sessions and their steps.

Blocking, and for one thread at a time: usually that of `HistoryWriter`.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Final, Self

from ..lwm2m.events import Endpoint
from ..ota.image import FirmwareImage
from ..ota.phase import Phase
from ..ota.session_state import Session
from ..ota.wishes import Wishes
from . import statements as sql
from .errors import (
    ActiveSessionExistsError,
    FinalSessionChangedError,
    HistoryUnavailableError,
    UnstorableError,
    named_error,
)
from .opening import BUSY_TIMEOUT_SECONDS, open_database
from .records import KnownDevice, MovedAside, SessionEvent
from .rows import (
    Row,
    device_of,
    device_row,
    event_of,
    image_of,
    image_row,
    session_of,
    session_row,
    stored_time,
)
from .transaction import Atomic

SESSIONS_PER_QUERY: Final = 1_000
SESSIONS_PER_PRUNING: Final = 1_000


class HistoryDb:
    """The open database. Each method is atomic; every failure is a `HistoryError`."""

    def __init__(self, connection: sqlite3.Connection, moved_aside: MovedAside | None) -> None:
        """Take over an open connection; `open` makes one."""
        self._connection = connection
        self.moved_aside = moved_aside
        """The broken file that was there before, if there was one."""

    @classmethod
    def open(cls, path: Path, *, busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS) -> Self:
        """Open or create the file: checked, migrated, a broken one moved aside.

        Another process that locks the file is waited for, here and later. Raises NewerSchemaError,
        MigrationFailedError, HistoryUnavailableError.
        """
        return cls(*open_database(path, busy_timeout_seconds=busy_timeout_seconds))

    def close(self) -> None:
        """Close the file; its journal is merged into it and removed."""
        self._connection.close()

    def atomic(self) -> Atomic:
        """Return a context whose writes are stored together or not at all; may be nested."""
        return Atomic(self._connection)

    def checkpoint(self) -> None:
        """Merge the journal into the file, so that a copy of the file alone is whole.

        Raises HistoryUnavailableError, also when another process reads for too long.
        """
        busy = self._rows("PRAGMA wal_checkpoint(TRUNCATE)", {})[0]["busy"]
        if busy:
            raise HistoryUnavailableError("SQLITE_BUSY", "somebody else reads the database")

    # --- sessions

    def record(
        self,
        session: Session,
        *,
        at: datetime,
        evidence: str | None = None,
        token_sha256: str | None = None,
    ) -> None:
        """Store where a session stands, and one event more; without a token's digest the old stays.

        Id, server, endpoint, target, and who asked when are stored by the first call, and stay.
        Raises ActiveSessionExistsError, FinalSessionChangedError, UnstorableError.
        """
        with self.atomic():
            row = session_row(session, at=at, token_sha256=token_sha256)
            statement = sql.END_SESSION if row["result"] else sql.UPDATE_SESSION
            if self._connection.execute(statement, row).rowcount == 0:
                self._begin_or_repeat(row)
            row["evidence_of_step"] = evidence
            self._connection.execute(sql.INSERT_EVENT, row)

    def _begin_or_repeat(self, row: Row) -> None:
        stored = self._connection.execute(sql.ENDED_AS, row).fetchone()
        if stored is None:
            self._begin(row)
        elif tuple(stored) != (row["phase"], row["result"]):
            raise FinalSessionChangedError(row["id"])

    def _begin(self, row: Row) -> None:
        self._connection.execute(sql.INSERT_DEVICE_OF_SESSION, row)
        self._connection.execute(sql.INSERT_IMAGE_OF_SESSION, row)
        try:
            self._connection.execute(sql.INSERT_SESSION, row)
        except sqlite3.IntegrityError as err:
            if err.sqlite_errorcode != sqlite3.SQLITE_CONSTRAINT_UNIQUE:
                raise
            raise ActiveSessionExistsError(row["server_id"], row["endpoint"]) from err

    def active_sessions(self, server_id: str) -> list[Session]:
        """Return the sessions of a server that have not ended, the first asked for first."""
        rows = self._rows(sql.ACTIVE_SESSIONS, {"server_id": server_id})
        return [session_of(row) for row in rows]

    def users_of(self, sha256: str) -> list[Session]:
        """Return the sessions of all servers that have not ended, and are to install an image."""
        return [session_of(row) for row in self._rows(sql.USERS_OF_IMAGE, {"sha256": sha256})]

    def last_session(self, server_id: str, endpoint: Endpoint) -> Session | None:
        """Return the device's session that was asked for last."""
        rows = self._rows(sql.LAST_SESSION, {"server_id": server_id, "endpoint": endpoint})
        return session_of(rows[0]) if rows else None

    def last_sessions(self, server_id: str) -> dict[Endpoint, Session]:
        """Return each device's session that was asked for last."""
        sessions = map(session_of, self._rows(sql.LAST_SESSIONS, {"server_id": server_id}))
        return {session.endpoint: session for session in sessions}

    def session(self, session_id: str) -> Session | None:
        """Return one session."""
        rows = self._rows(sql.SESSION, {"id": session_id})
        return session_of(rows[0]) if rows else None

    def sessions(
        self,
        *,
        server_id: str | None = None,
        endpoint: Endpoint | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        results: frozenset[int] | None = None,
        phases: frozenset[Phase] | None = None,
        limit: int = SESSIONS_PER_QUERY,
    ) -> list[Session]:
        """Return sessions by what is given, those asked for last first.

        `since` is included, `until` is not; both are compared with `created_at`.
        """
        asked: Row = {
            "server_id": server_id,
            "endpoint": endpoint,
            "since": None if since is None else stored_time(since),
            "until": None if until is None else stored_time(until),
            "results": None if results is None else json.dumps(sorted(results)),
            "phases": None if phases is None else json.dumps(sorted(phases)),
        }
        given = {name: value for name, value in asked.items() if value is not None}
        rows = self._rows(sql.sessions_by(given), {**given, "limit": limit})
        return [session_of(row) for row in rows]

    def events(self, session_id: str) -> list[SessionEvent]:
        """Return the steps of a session, oldest first."""
        return [event_of(row) for row in self._rows(sql.EVENTS, {"id": session_id})]

    # --- devices and images

    def remember_device(self, server_id: str, device: KnownDevice) -> None:
        """Store all that a device tells, in place of what it told; wishes for it stay."""
        self._change(sql.PUT_DEVICE, device_row(server_id, device))

    def note_seen(self, server_id: str, times: Mapping[Endpoint, datetime]) -> None:
        """Store when devices were last seen, of those that are known; a later time stays."""
        rows = (
            {"server_id": server_id, "endpoint": endpoint, "last_seen_at": stored_time(at)}
            for endpoint, at in times.items()
        )
        with self.atomic():
            self._connection.executemany(sql.PUT_LAST_SEEN, rows)

    def put_wishes(self, server_id: str, endpoint: Endpoint, wishes: Wishes) -> None:
        """Store what people chose for a device, in place of what they chose before."""
        row = {"server_id": server_id, "endpoint": endpoint, **asdict(wishes)}
        self._change(sql.PUT_WISHES, row)

    def devices(self, server_id: str) -> list[KnownDevice]:
        """Return the devices of a server, by endpoint."""
        return [device_of(row) for row in self._rows(sql.DEVICES, {"server_id": server_id})]

    def remember_image(self, image: FirmwareImage) -> None:
        """Store all that is known of an image, in place of what was."""
        self._change(sql.PUT_IMAGE, image_row(image))

    def images(self) -> list[FirmwareImage]:
        """Return every image that was ever in a catalogue or offered."""
        return [image_of(row) for row in self._rows(sql.IMAGES, {})]

    def active_images(self) -> frozenset[str]:
        """Return the SHA-256 of every image that a session which has not ended aims at."""
        return frozenset(row["image_sha256"] for row in self._rows(sql.ACTIVE_IMAGES, {}))

    # --- forgetting

    def remove_server(self, server_id: str) -> None:
        """Forget a server: its devices, their sessions and events."""
        self._change(sql.DELETE_SERVER, {"server_id": server_id})

    def remove_device(self, server_id: str, endpoint: Endpoint) -> None:
        """Forget a device, its sessions and events."""
        row = {"server_id": server_id, "endpoint": endpoint}
        self._change(sql.DELETE_DEVICE, row)

    def prune(
        self,
        *,
        before: datetime,
        server_id: str | None = None,
        limit: int = SESSIONS_PER_PRUNING,
    ) -> int:
        """Forget sessions that ended before a time, and their events; return how many.

        At most `limit` at once, so that others can store in between: repeat until it returns 0.
        """
        row = {"before": stored_time(before), "server_id": server_id, "limit": limit}
        return self._change(sql.DELETE_OLD_SESSIONS, row)

    def _change(self, statement: str, values: Row) -> int:
        """Write by one statement, which is atomic by itself; return how many rows it met."""
        try:
            return self._connection.execute(statement, values).rowcount
        except sqlite3.Error as err:
            raise named_error(err) from err
        except (UnicodeEncodeError, OverflowError) as err:
            raise UnstorableError(str(err)) from err

    def _rows(self, statement: str, values: Row) -> list[sqlite3.Row]:
        try:
            rows: list[sqlite3.Row] = self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as err:
            raise named_error(err) from err
        return rows
