"""A firmware to be added to the folder, and what is in the folder then."""

import hashlib
import json
from pathlib import Path

from custom_components.flownexus_ota.ota.image import FirmwareImage
from custom_components.flownexus_ota.sources.folder_writer import FolderWriter

CONTENT = b"firmware " * 100_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NAME = "thingy-1.0.0.bin"


def described(**members: object) -> bytes:
    return json.dumps({"version": "1.0.0", "model": "Thingy:91"} | members).encode()


def add(writer: FolderWriter, source: Path, name: str = NAME, **members: object) -> FirmwareImage:
    return writer.add(source, file_name=name, sidecar=described(**members))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
