"""Fetch packages with apt and unpack them into a folder, leaving the system as it is."""

from __future__ import annotations

import getpass
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .apt_sources import AptSource
from .console import run

UPDATE_LIMIT_S = 300.0
DOWNLOAD_LIMIT_S = 600.0
UNPACK_LIMIT_S = 120.0
KEYRINGS = Path("/usr/share/keyrings")


@dataclass(frozen=True)
class PrivateApt:
    """An apt with lists and cache of its own; needs no root and changes nothing.

    Without `source_list` it reads the system's own sources.
    """

    folder: Path
    source_list: Path | None = None

    @classmethod
    def for_suite(cls, folder: Path, mirror: AptSource, suite: str) -> PrivateApt:
        """Return an apt that sees only `suite` main of the mirror."""
        folder.mkdir(parents=True, exist_ok=True)
        keyring = mirror.signed_by or _debian_keyring()
        options = f" [signed-by={keyring}]" if keyring else ""
        source_list = folder / "sources.list"
        source_list.write_text(f"deb{options} {mirror.uri} {suite} main\n", encoding="utf-8")
        return cls(folder, source_list)

    def update(self) -> None:
        """Fetch the package lists."""
        for name in ("lists/partial", "cache/archives/partial", "downloads"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        run(
            ["apt-get", *self._options(), "-o", "APT::Update::Error-Mode=any", "update"],
            limit_s=UPDATE_LIMIT_S,
        )

    def unpack(self, packages: Sequence[str], root: Path) -> None:
        """Download the packages and lay their files out under `root`."""
        downloads = self.folder / "downloads"
        run(
            ["apt-get", *self._options(), "download", *packages],
            cwd=downloads,
            limit_s=DOWNLOAD_LIMIT_S,
        )
        root.mkdir(parents=True, exist_ok=True)
        for package in sorted(downloads.glob("*.deb")):
            run(["dpkg", "-x", package, root], limit_s=UNPACK_LIMIT_S)
        shutil.rmtree(self.folder)

    def _options(self) -> list[str]:
        values: dict[str, object] = {
            "Dir::State::lists": self.folder / "lists",
            "Dir::Cache": self.folder / "cache",
            # apt drops its rights for a user who may not be able to reach our folder.
            "APT::Sandbox::User": getpass.getuser(),
            "Acquire::Languages": "none",
            "Acquire::Retries": 3,
        }
        if self.source_list is not None:
            values["Dir::Etc::sourcelist"] = self.source_list
            values["Dir::Etc::sourceparts"] = "/dev/null"
        pairs = (("-o", f"{key}={value}") for key, value in values.items())
        return ["-qq", *(part for pair in pairs for part in pair)]


def architecture() -> str:
    """Return Debian's word for this machine, such as amd64 or arm64."""
    return run(["dpkg", "--print-architecture"], limit_s=10).strip()


def has_apt() -> bool:
    """Tell whether packages can be fetched and unpacked here."""
    return all(shutil.which(name) for name in ("apt-get", "dpkg", "dpkg-deb"))


def _debian_keyring() -> Path | None:
    for name in ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp"):
        if (KEYRINGS / name).is_file():
            return KEYRINGS / name
    return None
