"""The version of this tree: one number in three files, and what changed in it."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Final

from scripts.setup.places import REPOSITORY

_HEADING: Final = re.compile(r"^## \[(?P<name>[^\]]+)\](?: - \d{4}-\d\d-\d\d)?$", re.MULTILINE)
_UNRELEASED: Final = "Unreleased"


class VersionError(Exception):
    """The tree cannot be released as it is; the text says what to correct."""


def versions(repository: Path = REPOSITORY) -> dict[str, str]:
    """Return the version by the file that says so."""
    manifest = repository / "custom_components/flownexus_ota/manifest.json"
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    released = (name for name in changes(repository) if name != _UNRELEASED)
    return {
        "manifest.json": json.loads(manifest.read_text(encoding="utf-8"))["version"],
        "pyproject.toml": project["project"]["version"],
        "CHANGELOG.md": next(released, "none"),
    }


def changes(repository: Path = REPOSITORY) -> dict[str, str]:
    """Return the sections of the changelog by version, the newest first."""
    text = (repository / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = list(_HEADING.finditer(text))
    ends = [*(each.start() for each in headings[1:]), len(text)]
    return {
        heading["name"]: text[heading.end() : end].strip()
        for heading, end in zip(headings, ends, strict=True)
    }


def version_to_release(tag: str | None, repository: Path = REPOSITORY) -> str:
    """Return the version that all files agree on; raise VersionError.

    A tag has to be that version after a "v", and then nothing may be left under Unreleased.
    """
    said = versions(repository)
    if len({*said.values()}) != 1:
        told = ", ".join(f"{file} says {number}" for file, number in said.items())
        raise VersionError(f"the versions differ: {told}")
    version = said["manifest.json"]
    if tag is None:
        return version
    if tag != f"v{version}":
        raise VersionError(f"the tag is {tag}, but this tree is version {version}: tag v{version}")
    if changes(repository).get(_UNRELEASED):
        raise VersionError(f"CHANGELOG.md has changes under {_UNRELEASED}: move them to {version}")
    return version
