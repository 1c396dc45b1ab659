"""Open the database file: check it, move a broken one aside, set it up, migrate it."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from .errors import HistoryUnavailableError, is_corrupt, named_error
from .incoming_file import sync_folder
from .migrations import check_version, migrate
from .records import MovedAside

# Another process that reads (a backup, a person with sqlite3) may hold the file for a moment.
BUSY_TIMEOUT_SECONDS: Final = 5.0
# A big batch makes a big journal; without a limit it keeps its size for ever.
JOURNAL_SIZE_LIMIT_BYTES: Final = 16 * 1024 * 1024
_COMPANIONS: Final = ("-wal", "-shm", "-journal")


def open_database(
    path: Path, *, busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS
) -> tuple[sqlite3.Connection, MovedAside | None]:
    """Return a connection to a sound, migrated database, and what became of a broken one.

    Only a file that is no sound database is moved aside. Raises NewerSchemaError,
    MigrationFailedError, HistoryUnavailableError (permissions, disk full, locked); the file is
    then left as it is.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        problem = _problem(path, busy_timeout_seconds)
        moved_aside = None if problem is None else _move_aside(path, problem)
        return _connect_and_migrate(path, busy_timeout_seconds), moved_aside
    except sqlite3.Error as err:
        raise named_error(err) from err
    except OSError as err:
        raise HistoryUnavailableError(type(err).__name__, str(err)) from err


def _problem(path: Path, busy_timeout_seconds: float) -> str | None:
    """Return what is wrong with the file, or `None`."""
    if not path.exists():
        return None
    connection = _connect(path, busy_timeout_seconds)
    try:
        problem = _verdict(connection)
        if problem is None:
            check_version(connection, path)
            return None
        # Closing would drop the journal, which may hold what the broken file has lost.
        keep_journal = sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE
        connection.setconfig(keep_journal, True)  # noqa: FBT003 # it has no names
        return problem
    finally:
        connection.close()


def _verdict(connection: sqlite3.Connection) -> str | None:
    try:
        verdict: str = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as err:
        if not is_corrupt(err):
            raise
        return str(err)
    return None if verdict == "ok" else verdict


def _connect(path: Path, busy_timeout_seconds: float) -> sqlite3.Connection:
    # Opened by whoever sets up, used by the writer's thread: never by two at once.
    return sqlite3.connect(
        path, timeout=busy_timeout_seconds, autocommit=True, check_same_thread=False
    )


def _connect_and_migrate(path: Path, busy_timeout_seconds: float) -> sqlite3.Connection:
    connection = _connect(path, busy_timeout_seconds)
    try:
        # Where shared memory is missing (some network folders) SQLite stays with its rollback
        # journal, which is as durable, only slower.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {JOURNAL_SIZE_LIMIT_BYTES}")
        migrate(connection)
    except BaseException:
        connection.close()
        raise
    connection.row_factory = sqlite3.Row
    return connection


def _move_aside(path: Path, problem: str) -> MovedAside:
    target = _free_name(path)
    # The journal first: a crash in between must not leave it to a fresh database.
    for companion in (*_COMPANIONS, ""):
        file = Path(f"{path}{companion}")
        if file.exists():
            file.rename(f"{target}{companion}")
    sync_folder(path.parent)
    return MovedAside(path=target, problem=problem)


def _free_name(path: Path) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    name, number = f"{path.name}.corrupt-{stamp}", 1
    while path.with_name(name).exists():
        number += 1
        name = f"{path.name}.corrupt-{stamp}-{number}"
    return path.with_name(name)
