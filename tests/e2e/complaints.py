"""What in Home Assistant's log is a complaint about the integration."""

import re
from collections.abc import Iterable, Iterator

_NAME = "flownexus_ota"
_BEGINNING = re.compile(r"(?:\x1b\[[\d;]*m)*\d{4}-\d\d-\d\d [\d:.+]+ (?P<level>[A-Z]+) ")
# Every custom integration gets this one at each start.
_ORDINARY = "which has not been tested by Home Assistant"
# "Updating state for … took 0.6 seconds", by the clock: two processes on two cores may do that.
_BY_THE_CLOCK = re.compile(
    r"(Updating state|Update) (for|of) .* took [\d.]+ seconds|is taking over"
)
_WORDS = ("deprecated", "will stop working", "breaks_in", "Traceback")


def complaints(lines: Iterable[str]) -> list[str]:
    """Return the log's entries that name the integration and are no good news.

    Warnings and worse, reports of deprecated use, and tracebacks with a file of ours in them.
    """
    return [entry for entry in entries(lines) if _NAME in entry and is_complaint(entry)]


def is_complaint(entry: str) -> bool:
    """Tell whether an entry that names the integration is one to act upon."""
    beginning = _BEGINNING.match(entry)
    level = "" if beginning is None else beginning["level"]
    is_quiet = level in {"DEBUG", "INFO"} or _ORDINARY in entry or _BY_THE_CLOCK.search(entry)
    return not is_quiet or any(word in entry for word in _WORDS)


def entries(lines: Iterable[str]) -> Iterator[str]:
    """Join the lines of each entry: what follows a time stamp belongs to it."""
    entry: list[str] = []
    for line in lines:
        if _BEGINNING.match(line) and entry:
            yield "\n".join(entry)
            entry = []
        entry.append(line)
    yield "\n".join(entry)
