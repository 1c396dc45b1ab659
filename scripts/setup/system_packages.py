"""Programs of the system: used from PATH, else installed with apt, else asked for."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from .console import CommandError, SetupError, run, say

APT_LIMIT_S: Final = 900.0


def curl() -> Path:
    """Return the path of curl, which proves that images can be had; raise SetupError."""
    return program("curl")


def program(name: str) -> Path:
    """Return a program of a package of the same name; raise SetupError."""
    if found := shutil.which(name):
        return Path(found)
    try:
        install(name)
    except CommandError as err:
        line = f"apt-get update && apt-get install {name}   (as root)"
        raise SetupError(f"no {name} to be had: {err}", line) from err
    return Path(shutil.which(name) or name)


def install(package: str) -> None:
    """Install a package of the system; raise CommandError without root or apt."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise CommandError(f"apt could install {package}, but not without root, or there is no apt")
    say(f"set-up: installing the system's package {package} with apt")
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "-qq", "update"], env=env, limit_s=APT_LIMIT_S)
    line = ["apt-get", "-qq", "install", "--yes", "--no-install-recommends", package]
    run(line, env=env, limit_s=APT_LIMIT_S)
