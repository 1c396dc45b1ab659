"""Stamps: a file that says what a folder was made from, so that it is made once."""

from __future__ import annotations

import hashlib
from pathlib import Path


def fingerprint(*parts: str | bytes) -> str:
    """Return one hex digest of all parts; where one ends and the next begins matters."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()


def is_current(stamp: Path, wanted: str) -> bool:
    """Tell whether the stamp holds exactly the wanted fingerprint."""
    try:
        return stamp.read_text(encoding="ascii", errors="replace").strip() == wanted
    except FileNotFoundError:
        return False


def write(stamp: Path, fingerprint_hex: str) -> None:
    """Write the stamp; the last step of whatever it stands for."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(fingerprint_hex + "\n", encoding="ascii")
