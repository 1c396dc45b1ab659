"""Have the jar of a real Leshan demo server: 2.0.0-M18, else 2.0.0-M4, from Maven's repository.

`jgo`, in the environment `test`, resolves and checks the download.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from .certificates import certificate_environ
from .console import CommandError, SetupError, run, say
from .environments import environment
from .places import CACHE

Generation = Literal["m18", "m4"]
FOLDER: Final = CACHE / "leshan"
DOWNLOAD_LIMIT_S: Final = 600.0
GROUP: Final = "org.eclipse.leshan"
CLASSIFIER: Final = "jar-with-dependencies"
# Newest first: (generation, artifact, version).
KNOWN: Final[tuple[tuple[Generation, str, str], ...]] = (
    ("m18", "leshan-demo-server", "2.0.0-M18"),
    ("m4", "leshan-server-demo", "2.0.0-M4"),
)
NOT_FOUND: Final = "not found in the repository"
RESOLVE: Final = f"""
import sys
from pathlib import Path
from jgo.maven import MavenContext
folder, artifact, version = sys.argv[1:]
context = MavenContext(repo_cache=Path(folder), local_repos=[], timeout=60)
component = context.project({GROUP!r}, artifact).at_version(version)
try:
    print(component.artifact(classifier={CLASSIFIER!r}).resolve())
except RuntimeError as err:
    if "not found" not in str(err):
        raise
    print({NOT_FOUND!r})
"""


@dataclass(frozen=True)
class LeshanJar:
    """A Leshan server to start, and why it is this one."""

    path: Path
    generation: Generation
    version: str
    why: str


def leshan_jar(wanted: Generation | Literal["auto"] = "auto") -> LeshanJar:
    """Return the wanted generation's jar; for `auto` the newest that the repository has.

    What was found, or found missing, is remembered in the cache folder.
    Raises SetupError.
    """
    missing: list[str] = []
    for generation, artifact, version in KNOWN:
        if wanted not in ("auto", generation):
            continue
        jar = FOLDER / f"{artifact}-{version}.jar"
        reason = None if jar.is_file() else _remembered_miss(generation)
        if reason is None and not jar.is_file():
            reason = _fetch(artifact, version, jar)
            _remember(generation, reason)
        if reason is None:
            why = "; ".join(missing) or ("it is the newest" if wanted == "auto" else "asked for")
            return LeshanJar(jar, generation, version, why)
        missing.append(f"{version}: {reason}")
    raise SetupError(
        "no real Leshan server to be had: " + "; ".join(missing),
        f"rm -r {FOLDER}   (asks the repository again), or use --leshan simulator",
    )


def _fetch(artifact: str, version: str, jar: Path) -> str | None:
    """Download one jar; return why it is not to be had, None if it is there."""
    python = environment("test")
    say(f"leshan: asking Maven's repository for {artifact} {version}")
    # Its own folder: an interrupted download would be taken for a whole one the next time.
    download = FOLDER / "download"
    shutil.rmtree(download, ignore_errors=True)
    download.mkdir(parents=True)
    try:
        answer = run(
            [python, "-c", RESOLVE, download, artifact, version],
            env=certificate_environ(),
            limit_s=DOWNLOAD_LIMIT_S,
        ).strip()
        if answer == NOT_FOUND:
            return NOT_FOUND
        shutil.move(answer.splitlines()[-1], jar)
    except CommandError as err:
        return f"could not be fetched ({err.gist})"
    finally:
        shutil.rmtree(download, ignore_errors=True)
    return None


def _remembered_miss(generation: Generation) -> str | None:
    """Return the repository's earlier "no", so that it is not asked at every start."""
    try:
        misses = json.loads((FOLDER / "missing.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return NOT_FOUND if isinstance(misses, list) and generation in misses else None


def _remember(generation: Generation, reason: str | None) -> None:
    """Remember a "no"; an error of the network is no answer and is asked again."""
    misses = {known for known, _, _ in KNOWN if _remembered_miss(known)} - {generation}
    if reason == NOT_FOUND:
        misses.add(generation)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "missing.json").write_text(json.dumps(sorted(misses)), encoding="utf-8")
