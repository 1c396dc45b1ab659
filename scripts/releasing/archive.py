"""The release's zip file: what lies in the integration's folder, the same bytes wherever built."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from scripts.setup.places import REPOSITORY

DOMAIN: Final = "flownexus_ota"
PACKAGE: Final = REPOSITORY / "custom_components" / DOMAIN
ARCHIVE_NAME: Final = f"{DOMAIN}.zip"
# The Marketplace unpacks no more than this (homeassistant/components/marketplace/const.py).
LARGEST_ARCHIVE_BYTES: Final = 100 << 20
MOST_MEMBERS: Final = 50_000
# The first moment that a zip file can tell: a clone's files have the time of the clone.
_MODIFIED: Final = (1980, 1, 1, 0, 0, 0)
_UNIX: Final = 3
_PLAIN_FILE: Final = 0o100644 << 16


def write_archive(target: Path, package: Path = PACKAGE) -> None:
    """Write the zip file; what is there already is replaced.

    Names are relative to the integration's folder, which the Marketplace makes itself. Nothing is
    compressed: the output of zlib differs between releases, and all of it is about a megabyte.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for file in shipped_files(package):
            member = zipfile.ZipInfo(file.relative_to(package).as_posix(), _MODIFIED)
            member.create_system = _UNIX
            member.external_attr = _PLAIN_FILE
            archive.writestr(member, file.read_bytes())


def shipped_files(package: Path) -> Iterator[Path]:
    """Yield the files that belong to a release, by name: no caches, nothing hidden, no links."""
    for file in sorted(package.rglob("*")):
        parts = file.relative_to(package).parts
        is_left_out = any(part.startswith(".") or part == "__pycache__" for part in parts)
        if file.is_file() and not file.is_symlink() and not is_left_out:
            yield file
