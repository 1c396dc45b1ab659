"""Make what a release consists of: the zip file, and the notes."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

from scripts.setup.console import say
from scripts.setup.places import CACHE, REPOSITORY

from .archive import ARCHIVE_NAME, write_archive
from .version import VersionError, changes, version_to_release


def main(arguments: Sequence[str]) -> int:
    """Write both files and say where; return the exit status for the shell."""
    given = _parser().parse_args(arguments)
    try:
        version = version_to_release(given.tag)
    except VersionError as err:
        say(f"scripts/release: {err}")
        return 1
    archive = given.folder / ARCHIVE_NAME
    write_archive(archive)
    notes = given.folder / "notes.md"
    notes.write_text(changes(REPOSITORY)[version] + "\n", encoding="utf-8")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    say(f"version {version}: {archive} ({archive.stat().st_size} bytes, SHA-256 {digest})")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/release",
        description="Write the zip file that the Marketplace installs, and the notes of the "
        "version from CHANGELOG.md. The same tree gives the same bytes.",
    )
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=CACHE / "release",
        help="where both are written (default: .cache/release)",
    )
    parser.add_argument("--tag", help="end with status 1 unless the tree is ready for this tag")
    return parser
