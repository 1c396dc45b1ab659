"""Read apt's source lists: which Debian mirror does this system use? Pure, but for one reader."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DEBIAN_SUITES: Final = frozenset(
    ("bookworm", "trixie", "forky", "duke", "sid", "oldstable", "stable", "testing", "unstable")
)
ONE_LINE: Final = re.compile(r"^deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<rest>.+)$")


@dataclass(frozen=True)
class AptSource:
    """One archive of binary packages, as apt's source lists name it."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str | None = None

    @property
    def is_debian_mirror(self) -> bool:
        """Tell Debian's main archive from Ubuntu's, a vendor's and the security one."""
        return "main" in self.components and not DEBIAN_SUITES.isdisjoint(self.suites)


def parse_deb822(text: str) -> Iterator[AptSource]:
    """Yield the enabled sources of a `.sources` file; comment lines are no lines at all."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for stanza in re.split(r"\n[ \t]*(?:\n[ \t]*)+", "\n".join(lines)):
        fields = _fields(stanza)
        if "deb" not in fields.get("types", "").split():
            continue
        if fields.get("enabled", "yes").lower() in ("no", "false", "0"):
            continue
        signed_by = fields.get("signed-by", "")
        for uri in fields.get("uris", "").split():
            yield AptSource(
                uri=uri,
                suites=tuple(fields.get("suites", "").split()),
                components=tuple(fields.get("components", "").split()),
                signed_by=signed_by if signed_by.startswith("/") else None,
            )


def _fields(stanza: str) -> dict[str, str]:
    """Return a stanza's fields by lower-case name, continuation lines joined."""
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line[:1] in (" ", "\t") and name:
            fields[name] += " " + line.strip()
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields


def parse_one_line(text: str) -> Iterator[AptSource]:
    """Yield the sources of a `.list` file."""
    for line in text.splitlines():
        found = ONE_LINE.match(line.partition("#")[0].strip())
        if found is None:
            continue
        signed_by = None
        for option in (found["options"] or "").split():
            name, _, value = option.partition("=")
            if name.lower() == "signed-by" and value.startswith("/"):
                signed_by = value
        suite, *components = found["rest"].split()
        yield AptSource(found["uri"], (suite,), tuple(components), signed_by)


def read_sources(apt_folder: Path = Path("/etc/apt")) -> list[AptSource]:
    """Return every source of the system, in the order apt reads them; none where apt is not."""
    parts = apt_folder / "sources.list.d"
    files = [apt_folder / "sources.list", *sorted(parts.glob("*.list"))]
    found = [source for file in files if file.is_file() for source in parse_one_line(_text(file))]
    for file in sorted(parts.glob("*.sources")):
        found.extend(parse_deb822(_text(file)))
    return found


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


def debian_mirror(sources: Iterable[AptSource]) -> AptSource | None:
    """Return the first source that is Debian's main archive, or None."""
    return next((source for source in sources if source.is_debian_mirror), None)
