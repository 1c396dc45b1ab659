"""Firmware for the simulated devices in Home Assistant's catalogue folder."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from simulator.image import make_image


@dataclass(frozen=True, kw_only=True, slots=True)
class Firmware:
    """One image, and what its sidecar says of it."""

    version: str
    manufacturer: str
    model: str
    size_bytes: int
    title: str
    release_notes: str
    release_url: str | None = None
    endpoint: str | None = None


def add_firmware(folder: Path, firmware: Firmware) -> None:
    """Write an image and its sidecar; same arguments, same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{firmware.model.lower().replace(' ', '-')}-{firmware.version}.bin"
    image = make_image(firmware.version, firmware.size_bytes, seed=len(firmware.release_notes))
    (folder / name).write_bytes(image)
    os.utime(folder / name, (0, 0))  # else it may be one that somebody is still copying
    sidecar = {
        "version": firmware.version,
        "title": firmware.title,
        "manufacturer": firmware.manufacturer,
        "model": firmware.model,
        "release_notes": firmware.release_notes,
    }
    optional = {"release_url": firmware.release_url, "endpoint": firmware.endpoint}
    sidecar |= {name: value for name, value in optional.items() if value is not None}
    text = json.dumps(sidecar, indent=2, ensure_ascii=False)
    (folder / f"{name}.json").write_text(text, encoding="utf-8")
