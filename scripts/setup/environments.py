"""The two locked environments: `test` (the harness with 2026.10.4) and `hass` (2026.11.0)."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Literal

from . import bootstrap, python314, stamps
from .console import CommandError, SetupError, say
from .places import CACHE, REQUIREMENTS

Environment = Literal["test", "hass"]
WHAT = {
    "test": "test harness with Home Assistant 2026.10.4",
    "hass": "Home Assistant 2026.11.0",
}
# Home Assistant asks for these at its first start; they have no wheels, need a C compiler,
# and without them it logs errors and goes on. So they are tried, once, and not required.
FROM_SOURCE = ("pymicro-vad==1.0.1", "pyspeex-noise==1.0.2")


def environment(name: Environment) -> Path:
    """Return the path of the environment's `python`, building or mending it if need be.

    Raises SetupError.
    """
    folder = CACHE / name
    python = folder / "bin/python"
    lock = REQUIREMENTS / f"{name}.txt"
    stamp = folder / "stamp"
    if python.exists() and stamps.is_current(stamp, _fingerprint(lock, python.resolve())):
        return python
    base = python314.python314()
    try:
        if not python.exists() or python.resolve() != base.resolve():
            shutil.rmtree(folder, ignore_errors=True)
            bootstrap.uv("venv", "--quiet", "--python", base, folder)
        stamp.unlink(missing_ok=True)
        say(f"{name}: installing {WHAT[name]} ({lock.name}, into {folder})")
        bootstrap.uv("pip", "sync", "--quiet", "--python", python, "--require-hashes", lock)
    except CommandError as err:
        raise SetupError(
            f"could not install the environment {name}: {err}",
            f"uv pip sync --python {python} {lock}   (and see what it says)",
        ) from err
    _install_from_source(name, python)
    stamps.write(stamp, _fingerprint(lock, python.resolve()))
    return python


def _fingerprint(lock: Path, base: Path) -> str:
    return stamps.fingerprint(lock.read_bytes(), str(base), *FROM_SOURCE)


def _install_from_source(name: Environment, python: Path) -> None:
    """Build Home Assistant's compiled voice packages where there is a compiler."""
    if not (shutil.which("cc") and shutil.which("c++")):
        say(f"{name}: no C compiler, so Home Assistant's log will miss its voice packages")
        return
    env = python314.build_environ(python)
    try:
        bootstrap.uv("pip", "install", "--quiet", "--python", python, *FROM_SOURCE, env=env)
    except CommandError as err:
        say(f"{name}: the voice packages did not build, which does no harm here")
        say(f"  {err.gist}")
