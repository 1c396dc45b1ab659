import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from custom_components.flownexus_ota.storage.errors import (
    ActiveSessionExistsError,
    MigrationFailedError,
    NewerSchemaError,
)
from custom_components.flownexus_ota.storage.history import HistoryDb
from custom_components.flownexus_ota.storage.migrations import (
    SCHEMA_FOLDER,
    check_version,
    known_version,
    migrate,
    stored_version,
)

from .samples import MINUTE, NOON, SERVER, asked, execute, failed, query

SHELF = "CREATE TABLE shelf (id INTEGER PRIMARY KEY);"
BOOK = "CREATE TABLE book (shelf_id INTEGER NOT NULL REFERENCES shelf (id));"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "schema"
    made.mkdir()
    (made / "0001.sql").write_text(SHELF + BOOK)
    (made / "README.txt").write_text("no migration")
    return made


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, autocommit=True)) as opened:
        yield opened


def tables(connection: sqlite3.Connection) -> set[str]:
    rows = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    return {row[0] for row in rows}


def test_a_fresh_file_gets_every_migration(connection: sqlite3.Connection) -> None:
    migrate(connection)
    assert stored_version(connection) == known_version()
    assert tables(connection) >= {"devices", "images", "firmware_update", "firmware_update_event"}


def test_migrations_are_numbered_without_a_gap() -> None:
    names = sorted(file.name for file in SCHEMA_FOLDER.iterdir())
    assert names == [f"{number:04d}.sql" for number in range(1, known_version() + 1)]


def test_only_what_is_missing_is_applied(connection: sqlite3.Connection, folder: Path) -> None:
    migrate(connection, folder)
    (folder / "0002.sql").write_text("ALTER TABLE book ADD COLUMN title TEXT; -- no end")
    (folder / "0003.sql").write_text("CREATE TABLE reader (name TEXT)")
    migrate(connection, folder)
    migrate(connection, folder)
    assert stored_version(connection) == 3
    assert tables(connection) == {"shelf", "book", "reader"}


def test_a_migration_that_fails_leaves_the_file_as_the_last_one_did(
    connection: sqlite3.Connection, folder: Path
) -> None:
    (folder / "0002.sql").write_text("CREATE TABLE reader (name TEXT); DROP TABLE missing;")
    (folder / "0003.sql").write_text("CREATE TABLE never (name TEXT);")
    with pytest.raises(MigrationFailedError, match="no such table: missing") as caught:
        migrate(connection, folder)
    assert caught.value.version == 2
    assert stored_version(connection) == 1
    assert tables(connection) == {"shelf", "book"}
    assert not connection.in_transaction


def test_a_table_can_be_rebuilt_while_others_refer_to_it(
    connection: sqlite3.Connection, folder: Path
) -> None:
    migrate(connection, folder)
    connection.executescript("INSERT INTO shelf VALUES (7); INSERT INTO book VALUES (7);")
    (folder / "0002.sql").write_text(
        """CREATE TABLE new_shelf (id INTEGER PRIMARY KEY, room TEXT);
        INSERT INTO new_shelf (id) SELECT id FROM shelf;
        DROP TABLE shelf;
        ALTER TABLE new_shelf RENAME TO shelf;"""
    )
    migrate(connection, folder)
    assert connection.execute("SELECT shelf_id FROM book").fetchall() == [(7,)]
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_a_migration_that_leaves_a_row_without_its_parent_is_taken_back(
    connection: sqlite3.Connection, folder: Path
) -> None:
    migrate(connection, folder)
    connection.executescript("INSERT INTO shelf VALUES (7); INSERT INTO book VALUES (7);")
    (folder / "0002.sql").write_text("DELETE FROM shelf;")
    with pytest.raises(MigrationFailedError, match="a row of book refers to nothing"):
        migrate(connection, folder)
    assert connection.execute("SELECT id FROM shelf").fetchall() == [(7,)]
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_a_disk_that_refuses_is_not_blamed_on_the_migration(
    connection: sqlite3.Connection, folder: Path
) -> None:
    connection.execute("PRAGMA query_only = ON")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        migrate(connection, folder)
    assert not connection.in_transaction


def test_a_known_schema_is_accepted(connection: sqlite3.Connection, path: Path) -> None:
    migrate(connection)
    check_version(connection, path)


def test_a_file_of_a_newer_version_is_refused_and_left_as_it_is(path: Path) -> None:
    db = HistoryDb.open(path)
    db.record(asked("a"), at=NOON)
    db.close()
    newer = known_version() + 1
    execute(path, f"PRAGMA user_version = {newer}")
    before = path.read_bytes()
    with pytest.raises(NewerSchemaError) as caught:
        HistoryDb.open(path)
    assert (caught.value.path, caught.value.found_version, caught.value.known_version) == (
        path,
        newer,
        known_version(),
    )
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_what_the_first_version_stored_is_kept(path: Path, folder: Path) -> None:
    """Its file, as that version made it: `firmware_update` is built anew since."""
    shutil.copy(SCHEMA_FOLDER / "0001.sql", folder)
    with closing(sqlite3.connect(path, autocommit=True)) as first:
        migrate(first, folder)
        first.row_factory = sqlite3.Row
        db = HistoryDb(first, None)
        db.record(asked("a"), at=NOON, evidence="asked for")
        db.record(failed(asked("a")), at=NOON + MINUTE, evidence="no storage")
        db.record(asked("b"), at=NOON)
        numbers = first.execute("SELECT id, number, state FROM firmware_update").fetchall()
    with closing(HistoryDb.open(path)) as migrated:
        assert migrated.sessions() == [asked("b"), failed(asked("a"))]
        assert [each.evidence for each in migrated.events("a")] == ["asked for", "no storage"]
        with pytest.raises(ActiveSessionExistsError):
            migrated.record(asked("c"), at=NOON)
    found = query(path, "SELECT id, number, state FROM firmware_update")
    assert found == [tuple(each) for each in numbers]


def test_a_file_with_other_tables_of_the_same_name_is_refused(path: Path) -> None:
    execute(path, "CREATE TABLE devices (name TEXT); INSERT INTO devices VALUES ('mine');")
    with pytest.raises(MigrationFailedError, match="devices already exists"):
        HistoryDb.open(path)
    assert query(path, "SELECT name FROM devices") == [("mine",)]


def test_opening_again_changes_nothing(path: Path) -> None:
    for _ in range(2):
        db = HistoryDb.open(path)
        assert db.moved_aside is None
        assert db.sessions(server_id=SERVER) == []
        db.close()
