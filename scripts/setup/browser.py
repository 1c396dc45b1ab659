"""Have a headless Chromium: on PATH, else Playwright's download, else Debian's package."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from . import stamps
from .certificates import certificate_environ
from .console import CommandError, SetupError, run, say
from .environments import environment
from .places import CACHE, REQUIREMENTS
from .system_packages import APT_LIMIT_S, install

NAMES: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FOLDER: Final = CACHE / "browsers"
DOWNLOAD_LIMIT_S: Final = 600.0
ANSWER_LIMIT_S: Final = 60.0
LINE: Final = "apt-get update && apt-get install chromium   (as root)"


def chromium() -> Path:
    """Return the path of a Chromium that starts, and that Playwright can drive.

    Raises SetupError.
    """
    _have_driver()
    found = _on_path() or _downloaded()
    if found:
        return found
    reasons = []
    for way in (_from_playwright, _from_apt):
        try:
            return way()
        except CommandError as err:
            reasons.append(str(err))
            say(f"browser: {str(err).splitlines()[0]}")
    raise SetupError("no Chromium to be had:\n" + "\n".join(reasons), LINE)


def _have_driver() -> None:
    """See that Playwright's own program starts: it wants a library that small systems lack."""
    python = environment("test")
    stamp = FOLDER / "driver-stamp"
    wanted = stamps.fingerprint(str(python), (REQUIREMENTS / "test.txt").read_bytes())
    if stamps.is_current(stamp, wanted):
        return
    line: list[str | Path] = [python, "-m", "playwright", "--version"]
    try:
        try:
            run(line, limit_s=ANSWER_LIMIT_S)
        except CommandError as err:
            say(f"browser: Playwright does not start ({err.gist})")
            install("libatomic1")
            run(line, limit_s=ANSWER_LIMIT_S)
    except CommandError as err:
        raise SetupError(
            f"Playwright does not start: {err}", "apt-get install libatomic1   (as root)"
        ) from err
    stamps.write(stamp, wanted)


def _on_path() -> Path | None:
    paths = (shutil.which(name) for name in NAMES)
    return next((Path(path) for path in paths if path and _starts(Path(path))), None)


def _downloaded() -> Path | None:
    patterns = ("chromium-*/chrome-linux*/chrome", "chromium_headless_shell-*/*/*headless*shell")
    paths = (path for pattern in patterns for path in sorted(FOLDER.glob(pattern), reverse=True))
    return next((path for path in paths if _starts(path)), None)


def _starts(executable: Path) -> bool:
    """Tell whether it answers; Ubuntu's chromium-browser is a stub that only names a snap."""
    try:
        return "." in run([executable, "--version"], limit_s=ANSWER_LIMIT_S)
    except CommandError:
        return False


def _from_playwright() -> Path:
    python = environment("test")
    say("browser: no Chromium on PATH; trying `playwright install chromium`")
    try:
        run(
            [python, "-m", "playwright", "install", "chromium"],
            env={"PLAYWRIGHT_BROWSERS_PATH": str(FOLDER), **certificate_environ()},
            limit_s=DOWNLOAD_LIMIT_S,
        )
    except CommandError as err:
        raise CommandError(f"Playwright could not download one ({err.gist})") from err
    found = _downloaded()
    if found is None:
        found = _with_libraries(python)
    return found


def _with_libraries(python: Path) -> Path:
    """Install the libraries that a downloaded Chromium misses on a system without a desktop."""
    line: list[str | Path] = [python, "-m", "playwright", "install-deps", "chromium"]
    if os.geteuid() == 0:
        say("browser: the download does not start; installing the libraries it misses with apt")
        run(line, limit_s=APT_LIMIT_S)
    found = _downloaded()
    if found is None:
        typed = " ".join(str(word) for word in line)
        raise SetupError("the Chromium that was downloaded does not start", f"{typed}   (as root)")
    return found


def _from_apt() -> Path:
    install("chromium")
    found = _on_path()
    if found is None:
        raise CommandError("apt installed chromium, but it does not start")
    return found
