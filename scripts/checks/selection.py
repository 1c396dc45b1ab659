"""Split what a person typed between the two runs of pytest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

END_TO_END: Final = Path("tests/e2e")
# pytest's options that take a value as a word of its own: such a word is no path.
WITH_VALUE: Final = frozenset(
    ("-k", "-m", "-p", "-n", "-o", "-c", "-W", "-r", "--maxfail", "--durations", "--tb")
)


class NoSuchPathError(Exception):
    """A path was typed that is not there."""


@dataclass(frozen=True)
class Selection:
    """What each run is asked for; a run whose paths are None is not to run."""

    options: tuple[str, ...]
    fast_paths: tuple[str, ...] | None
    end_to_end_paths: tuple[str, ...] | None
    is_everything: bool


def select(arguments: Sequence[str], repository: Path) -> Selection:
    """Return which run gets which of the arguments; options go to both.

    Raises NoSuchPathError.
    """
    options: list[str] = []
    fast: list[str] = []
    end_to_end: list[str] = []
    is_value = False
    for word in arguments:
        if is_value or word.startswith("-"):
            options.append(word)
            is_value = not is_value and word in WITH_VALUE
            continue
        path = _inside(word, repository)
        if path.is_relative_to(END_TO_END):
            end_to_end.append(word)
        else:
            fast.append(word)
            if END_TO_END.is_relative_to(path):
                end_to_end.append(str(END_TO_END))
    if not fast and not end_to_end:
        fast, end_to_end = ["tests"], [str(END_TO_END)]
    return Selection(
        options=tuple(options),
        fast_paths=tuple(fast) or None,
        end_to_end_paths=tuple(end_to_end) or None,
        is_everything=not arguments,
    )


def _inside(word: str, repository: Path) -> Path:
    """Return the path of a word such as `tests/ota/test_x.py::test_y`, from the root."""
    path = (repository / word.partition("::")[0]).resolve()
    if not path.exists() or not path.is_relative_to(repository.resolve()):
        raise NoSuchPathError(f"{word} is no path in this repository, and no option of pytest")
    return path.relative_to(repository.resolve())
