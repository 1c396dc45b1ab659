"""Read versions from what programs print."""

from __future__ import annotations

import re

Version = tuple[int, ...]


def python_version(text: str) -> Version | None:
    """Read `Python 3.14.8` → (3, 14, 8); None if it is not a final release or no Python."""
    found = re.fullmatch(r"Python (\d+)\.(\d+)\.(\d+)\+?", text.strip())
    return tuple(int(part) for part in found.groups()) if found else None


def java_major(text: str) -> int | None:
    """Read the major version from `java -version`: 17 of "17.0.15", 8 of "1.8.0_402"."""
    found = re.search(r'version "(\d+)(?:\.(\d+))?', text)
    if found is None:
        return None
    major = int(found[1])
    return int(found[2] or 0) if major == 1 else major
