"""A stamp says what a folder was made from."""

from pathlib import Path

from scripts.setup import stamps


def test_a_stamp_that_was_written_is_current(tmp_path: Path) -> None:
    wanted = stamps.fingerprint(b"lock file", "/usr/bin/python3.14")
    stamps.write(tmp_path / "new" / "stamp", wanted)
    assert stamps.is_current(tmp_path / "new" / "stamp", wanted)


def test_a_changed_lock_file_makes_the_stamp_old(tmp_path: Path) -> None:
    stamps.write(tmp_path / "stamp", stamps.fingerprint(b"lock file", "python"))
    assert not stamps.is_current(tmp_path / "stamp", stamps.fingerprint(b"lock file 2", "python"))


def test_no_stamp_is_not_current(tmp_path: Path) -> None:
    assert not stamps.is_current(tmp_path / "stamp", stamps.fingerprint(b""))


def test_a_stamp_cut_short_or_of_other_bytes_is_not_current(tmp_path: Path) -> None:
    wanted = stamps.fingerprint(b"x")
    (tmp_path / "stamp").write_bytes(wanted[:20].encode() + b"\xff\x00")
    assert not stamps.is_current(tmp_path / "stamp", wanted)


def test_where_one_part_ends_matters() -> None:
    assert stamps.fingerprint("ab", "c") != stamps.fingerprint("a", "bc")
