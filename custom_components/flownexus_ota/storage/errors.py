"""How the history can fail; each error carries what a text for people needs."""

import sqlite3
from pathlib import Path
from typing import Final, Self

# The file itself is broken; everything else is the disk, the permissions or another process.
_CORRUPT_CODES: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class HistoryError(Exception):
    """The history could not do what was asked."""


class HistoryUnavailableError(HistoryError):
    """Nothing can be stored now: disk full, read-only, locked, broken; it may pass by itself.

    `cause_name` is SQLite's own, e.g. `SQLITE_FULL`.
    """

    def __init__(self, cause_name: str, message: str) -> None:
        """Keep SQLite's name of the cause apart from its message."""
        super().__init__(f"{message} ({cause_name})")
        self.cause_name = cause_name
        self.message = message

    def again(self) -> Self:
        """Return a copy to raise elsewhere, caused by this one."""
        copy = type(self)(self.cause_name, self.message)
        copy.__cause__ = self
        return copy


class HistoryCorruptError(HistoryUnavailableError):
    """The file is no sound database; opening it anew moves it aside."""


class NewerSchemaError(HistoryError):
    """The file was written by a newer version of this integration."""

    def __init__(self, path: Path, *, found_version: int, known_version: int) -> None:
        """Keep both schema versions."""
        super().__init__(f"{path} has schema {found_version}, this version knows {known_version}")
        self.path = path
        self.found_version = found_version
        self.known_version = known_version


class MigrationFailedError(HistoryError):
    """A numbered migration did not apply; the file is as it was before."""

    def __init__(self, version: int, message: str) -> None:
        """Keep the number of the migration."""
        super().__init__(f"migration {version:04d}: {message}")
        self.version = version
        self.message = message


class ActiveSessionExistsError(HistoryError):
    """The device already has a session that has not ended."""

    def __init__(self, server_id: str, endpoint: str) -> None:
        """Keep whose session it is."""
        super().__init__(f"{endpoint} has an active session")
        self.server_id = server_id
        self.endpoint = endpoint


class FinalSessionChangedError(HistoryError):
    """A session that has ended was to be stored with another end, or as active."""

    def __init__(self, session_id: str) -> None:
        """Keep the session."""
        super().__init__(f"session {session_id} has ended and stays as it ended")
        self.session_id = session_id


class UnstorableError(HistoryError):
    """A value does not fit the database: no time zone, no valid text, too great a number."""


class HistoryQueueFullError(HistoryError):
    """More is waiting to be stored than may wait."""

    def __init__(self, limit: int) -> None:
        """Keep the limit."""
        super().__init__(f"{limit} records wait to be stored")
        self.limit = limit


class HistoryClosedError(HistoryError):
    """The writer is closed, or was never started."""


class HistoryTimeoutError(HistoryError):
    """The disk did not come to an end in time."""

    def __init__(self, limit_seconds: float) -> None:
        """Keep the limit."""
        super().__init__(f"the disk did not answer for {limit_seconds:g} s")
        self.limit_seconds = limit_seconds


def named_error(error: sqlite3.Error) -> HistoryError:
    """Return which of our errors an SQLite error is."""
    if isinstance(error, sqlite3.IntegrityError | sqlite3.DataError):
        return UnstorableError(f"{error} ({_name(error)})")
    return unavailable_error(error)


def unavailable_error(error: sqlite3.Error) -> HistoryUnavailableError:
    """Return an SQLite error as one of the disk, whatever was written."""
    kind = HistoryCorruptError if is_corrupt(error) else HistoryUnavailableError
    return kind(_name(error), str(error))


def is_corrupt(error: sqlite3.Error) -> bool:
    """Tell whether an SQLite error says that the file itself is broken."""
    return primary_code(error) in _CORRUPT_CODES


def primary_code(error: sqlite3.Error) -> int | None:
    """Return SQLite's result code without its extension; `None` for errors of the Python module."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _name(error: sqlite3.Error) -> str:
    name: str = getattr(error, "sqlite_errorname", type(error).__name__)
    return name
