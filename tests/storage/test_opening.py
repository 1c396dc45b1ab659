"""A database that is broken, missing, locked or in the way."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from custom_components.flownexus_ota.storage.errors import HistoryUnavailableError
from custom_components.flownexus_ota.storage.history import HistoryDb
from custom_components.flownexus_ota.storage.opening import open_database

from .samples import NOON, SERVER, THINGY, asked, query

PAGE_BYTES = 4096


@pytest.fixture
def used(path: Path) -> Path:
    """Return a file with sessions, closed."""
    with closing(HistoryDb.open(path)) as db, db.atomic():
        for number in range(200):
            endpoint = type(THINGY)(f"{THINGY}-{number}")
            db.record(asked(f"{number}", endpoint=endpoint), at=NOON, evidence="x" * 200)
    return path


def overwrite(path: Path, offset: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(content)


def spoil_the_header(path: Path) -> None:
    overwrite(path, 0, b"this is no database at all")


def spoil_the_schema(path: Path) -> None:
    overwrite(path, 100, b"\xff" * (PAGE_BYTES - 100))


def spoil_pages(path: Path) -> None:
    size = path.stat().st_size
    overwrite(path, size // 2, Random(1).randbytes(size // 4))


def cut_in_half(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def spoil_an_index(path: Path) -> None:
    with closing(sqlite3.connect(path, autocommit=True)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            """UPDATE sqlite_schema SET sql = replace(sql, '(created_at)', '(id)')
               WHERE name = 'firmware_update_by_time'"""
        )


@pytest.mark.parametrize(
    "spoil",
    [spoil_the_header, spoil_the_schema, spoil_pages, cut_in_half, spoil_an_index],
)
def test_a_broken_file_is_moved_aside_whole_and_a_fresh_one_begun(
    used: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(used)
    broken = used.read_bytes()
    with closing(HistoryDb.open(used)) as db:
        assert db.moved_aside is not None
        assert db.moved_aside.problem != ""
        assert db.moved_aside.path.parent == used.parent
        assert db.moved_aside.path.name.startswith(f"{used.name}.corrupt-")
        assert db.moved_aside.path.read_bytes() == broken
        assert db.sessions() == []
        db.record(asked("new"), at=NOON)
    with closing(HistoryDb.open(used)) as again:
        assert again.moved_aside is None
        assert [session.id for session in again.sessions()] == ["new"]


def test_the_journal_goes_with_its_file(used: Path) -> None:
    with closing(HistoryDb.open(used)) as db:
        db.record(asked("last"), at=NOON)
        journal = Path(f"{used}-wal").read_bytes()
    # As a power cut leaves it.
    Path(f"{used}-wal").write_bytes(journal)
    spoil_pages(used)
    with closing(HistoryDb.open(used)) as db:
        assert db.moved_aside is not None
        kept = Path(f"{db.moved_aside.path}-wal")
        assert kept.read_bytes() == journal


def test_a_second_broken_file_does_not_replace_the_first(path: Path) -> None:
    kept = []
    for content in (b"the first broken file", b"the second broken file"):
        path.write_bytes(content)
        with closing(HistoryDb.open(path)) as db:
            assert db.moved_aside is not None
            kept.append(db.moved_aside.path.read_bytes())
    assert kept == [b"the first broken file", b"the second broken file"]
    assert len(list(path.parent.glob("*.corrupt-*"))) == 2


def test_what_was_stored_before_a_crash_is_there_after_it(path: Path, tmp_path: Path) -> None:
    with closing(HistoryDb.open(path)) as db:
        db.record(asked("a"), at=NOON)
        # What a crash leaves: the file and its journal, as they are on the disk now.
        after = tmp_path / "after" / path.name
        after.parent.mkdir()
        for suffix in ("", "-wal"):
            Path(f"{after}{suffix}").write_bytes(Path(f"{path}{suffix}").read_bytes())
    with closing(HistoryDb.open(after)) as restarted:
        assert restarted.moved_aside is None
        assert restarted.active_sessions(SERVER) == [asked("a")]


def test_an_empty_file_becomes_a_history(path: Path) -> None:
    path.touch()
    with closing(HistoryDb.open(path)) as db:
        assert db.moved_aside is None
        assert db.sessions() == []


def test_missing_folders_are_made(tmp_path: Path) -> None:
    path = tmp_path / "flownexus_ota" / "deeper" / "flownexus_ota.db"
    with closing(HistoryDb.open(path)) as db:
        db.record(asked("a"), at=NOON)
    assert query(path, "SELECT id FROM firmware_update") == [("a",)]


def test_a_folder_in_the_way_is_named_and_left_alone(path: Path) -> None:
    path.mkdir()
    with pytest.raises(HistoryUnavailableError) as caught:
        HistoryDb.open(path)
    assert caught.value.cause_name == "SQLITE_CANTOPEN"
    assert path.is_dir()


def test_a_file_where_a_folder_should_be_is_named(tmp_path: Path) -> None:
    in_the_way = tmp_path / "flownexus_ota"
    in_the_way.write_text("mine")
    with pytest.raises(HistoryUnavailableError) as caught:
        HistoryDb.open(in_the_way / "flownexus_ota.db")
    assert caught.value.cause_name == "FileExistsError"
    assert in_the_way.read_text() == "mine"


def test_a_locked_file_is_not_taken_for_a_broken_one(used: Path) -> None:
    with closing(sqlite3.connect(used, autocommit=True)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(HistoryUnavailableError) as caught:
            HistoryDb.open(used, busy_timeout_seconds=0.0)
        assert caught.value.cause_name.startswith("SQLITE_BUSY")
    with closing(HistoryDb.open(used)) as db:
        assert db.moved_aside is None
        assert len(db.active_sessions(SERVER)) == 200


def test_every_commit_is_synced_to_the_disk(path: Path) -> None:
    connection, _ = open_database(path)
    with closing(connection):
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        set_to = [connection.execute(f"PRAGMA {name}").fetchone() for name in pragmas]
    assert [row[0] for row in set_to] == ["wal", 2, 1, 5000]
