"""A firmware folder to try things with: files are put into it, and problems expected."""

import hashlib
import json
from pathlib import Path

from custom_components.flownexus_ota.sources.folder import FolderScan, scan_folder
from custom_components.flownexus_ota.sources.problem import Problem
from custom_components.flownexus_ota.storage.image_store import ImageStore

GOOD = "good-1.0.0.bin"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def put(folder: Path, name: str, content: bytes = b"firmware", **members: object) -> Path:
    """Write an image and its sidecar."""
    described = {"version": "1.0.0", "model": "Thingy:91"} | members
    (folder / f"{name}.json").write_text(json.dumps(described))
    (folder / name).write_bytes(content)
    return folder / name


def problem(file_name: str, key: str, /, **placeholders: str) -> Problem:
    return Problem(file_name=file_name, key=key, placeholders=placeholders)


def versions(scan: FolderScan) -> list[str]:
    return [image.version for image in scan.images]


def only_problem_beside_a_good_image(folder: Path, store: ImageStore) -> Problem:
    """Scan with a good image added, and see that it is found whatever else is there."""
    put(folder, GOOD, b"good", version="9.9.9")
    scan = scan_folder(folder, store)
    assert versions(scan) == ["9.9.9"]
    assert len(scan.problems) == 1
    return scan.problems[0]
