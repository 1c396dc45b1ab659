"""Numbered SQL migrations: `schema/0001.sql`, `0002.sql`, … each in a transaction of its own."""

import sqlite3
from pathlib import Path
from typing import Final

from .errors import MigrationFailedError, NewerSchemaError, primary_code

SCHEMA_FOLDER: Final = Path(__file__).parent / "schema"
_FAULTS_OF_THE_SQL: Final = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT})


def known_version(folder: Path = SCHEMA_FOLDER) -> int:
    """Return the number of the newest migration."""
    return max(_migrations(folder))


def check_version(connection: sqlite3.Connection, path: Path, folder: Path = SCHEMA_FOLDER) -> None:
    """Raise NewerSchemaError for a file that a newer version has written."""
    found, known = stored_version(connection), known_version(folder)
    if found > known:
        raise NewerSchemaError(path, found_version=found, known_version=known)


def migrate(connection: sqlite3.Connection, folder: Path = SCHEMA_FOLDER) -> None:
    """Apply what is missing; raise MigrationFailedError, the file then is as the last one left it.

    Foreign keys are off meanwhile, as tables can only be rebuilt so; each commit checks them.
    """
    # Without effect within a transaction (sqlite.org/pragma.html#pragma_foreign_keys).
    connection.execute("PRAGMA foreign_keys = OFF")
    try:
        for version, file in sorted(_migrations(folder).items()):
            if version > stored_version(connection):
                _apply(connection, version, file.read_text(encoding="utf-8"))
    finally:
        connection.execute("PRAGMA foreign_keys = ON")


def stored_version(connection: sqlite3.Connection) -> int:
    """Return the number of the last migration that was applied; 0 for an empty file."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _apply(connection: sqlite3.Connection, version: int, sql: str) -> None:
    try:
        connection.executescript(f"BEGIN IMMEDIATE;\n{sql}\n;PRAGMA user_version = {version};")
        orphan = connection.execute("PRAGMA foreign_key_check").fetchone()
        if orphan is not None:
            raise MigrationFailedError(version, f"a row of {orphan[0]} refers to nothing")
        connection.execute("COMMIT")
    except sqlite3.Error as err:
        if primary_code(err) in _FAULTS_OF_THE_SQL:
            raise MigrationFailedError(version, str(err)) from err
        raise  # the disk's fault, not the migration's
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _migrations(folder: Path) -> dict[int, Path]:
    return {int(file.stem): file for file in folder.glob("[0-9][0-9][0-9][0-9].sql")}
