"""Which run of pytest gets which of the words that a person typed."""

from pathlib import Path

import pytest

from scripts.checks.selection import NoSuchPathError, Selection, select


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name in ("tests/e2e/test_fleet.py", "tests/ota/test_session.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    return tmp_path


def test_nothing_typed_is_everything(repository: Path) -> None:
    assert select([], repository) == Selection(
        options=(),
        fast_paths=("tests",),
        end_to_end_paths=("tests/e2e",),
        is_everything=True,
    )


def test_options_go_to_both_runs_with_their_values(repository: Path) -> None:
    selection = select(["-k", "tests or not", "-x", "--maxfail", "3", "-m", "e2e"], repository)
    assert selection.options == ("-k", "tests or not", "-x", "--maxfail", "3", "-m", "e2e")
    assert selection.fast_paths == ("tests",)
    assert selection.end_to_end_paths == ("tests/e2e",)
    assert not selection.is_everything


@pytest.mark.parametrize(
    ("word", "fast", "end_to_end"),
    [
        ("tests/ota", ("tests/ota",), None),
        ("tests/ota/test_session.py::test_x[/]", ("tests/ota/test_session.py::test_x[/]",), None),
        ("tests/e2e/test_fleet.py", None, ("tests/e2e/test_fleet.py",)),
        ("tests", ("tests",), ("tests/e2e",)),
        (".", (".",), ("tests/e2e",)),
    ],
)
def test_a_path_goes_to_the_run_that_it_belongs_to(
    repository: Path,
    word: str,
    fast: tuple[str, ...] | None,
    end_to_end: tuple[str, ...] | None,
) -> None:
    selection = select([word], repository)
    assert (selection.fast_paths, selection.end_to_end_paths) == (fast, end_to_end)


@pytest.mark.parametrize("word", ["tests/nowhere", "..", "/etc"])
def test_a_path_that_is_not_here_is_refused(repository: Path, word: str) -> None:
    with pytest.raises(NoSuchPathError):
        select([word], repository)
