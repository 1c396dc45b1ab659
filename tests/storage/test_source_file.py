import os
import socket
from pathlib import Path

import pytest

from custom_components.flownexus_ota.storage.source_file import (
    SourceEmptyError,
    SourceFile,
    SourceNotAFileError,
    SourceStillChangingError,
    SourceTooLargeError,
    SourceUnreadableError,
    opened,
)

LIMIT_BYTES = 8 * 1024 * 1024


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def read(path: Path) -> bytes:
    with opened(path, size_limit_bytes=LIMIT_BYTES) as file:
        return b"".join(file.chunks())


def test_a_file_is_read_as_often_as_one_likes(tmp_path: Path) -> None:
    content = os.urandom(3 * 1024 * 1024 + 1)
    path = written(tmp_path / "a", content)
    with opened(path, size_limit_bytes=LIMIT_BYTES) as file:
        assert file.size_bytes == len(content)
        assert b"".join(file.chunks()) == content
        assert b"".join(file.chunks()) == content


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    assert len(read(written(tmp_path / "a", bytes(LIMIT_BYTES)))) == LIMIT_BYTES


def test_a_larger_file_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a", bytes(LIMIT_BYTES + 1))
    with pytest.raises(SourceTooLargeError) as caught:
        read(path)
    assert caught.value.details == {"limit_bytes": str(LIMIT_BYTES)}


def test_a_file_without_bytes_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a", b"")
    with pytest.raises(SourceEmptyError):
        read(path)


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SourceNotAFileError):
        read(tmp_path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a")
    with pytest.raises(SourceNotAFileError):
        read(tmp_path / "a")


def test_a_missing_file_is_unreadable_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadableError) as caught:
        read(tmp_path / "a")
    assert caught.value.details == {"error": "No such file or directory"}


def test_a_socket_is_unreadable(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "a"))
        with pytest.raises(SourceUnreadableError):
            read(tmp_path / "a")


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(written(tmp_path / "b", b"b"))
    with pytest.raises(SourceUnreadableError):
        read(tmp_path / "a")


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a", bytes(2 * 1024 * 1024))
    with opened(path, size_limit_bytes=LIMIT_BYTES) as file:
        chunks = file.chunks()
        next(chunks)
        with path.open("ab") as appended:
            appended.write(b"more")
        with pytest.raises(SourceStillChangingError):
            list(chunks)


def test_a_file_that_shrinks_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a", bytes(2 * 1024 * 1024))
    with opened(path, size_limit_bytes=LIMIT_BYTES) as file:
        chunks = file.chunks()
        next(chunks)
        os.truncate(path, 1)
        with pytest.raises(SourceStillChangingError):
            list(chunks)


def test_a_file_that_is_written_over_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a", bytes(2 * 1024 * 1024))
    with opened(path, size_limit_bytes=LIMIT_BYTES) as file:
        chunks = file.chunks()
        next(chunks)
        os.utime(path, ns=(1, 1))
        with pytest.raises(SourceStillChangingError):
            list(chunks)


def test_a_disk_that_fails_while_reading_makes_the_file_unreadable(tmp_path: Path) -> None:
    with written(tmp_path / "a", b"a").open("ab", buffering=0) as unreadable:
        file = SourceFile(unreadable, os.fstat(unreadable.fileno()))
        with pytest.raises(SourceUnreadableError):
            list(file.chunks())
