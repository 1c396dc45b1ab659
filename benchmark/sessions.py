"""Many updates at once, asked for by one call."""

import asyncio
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from homeassistant.core import HomeAssistant

from benchmark.blocks import watch_blocks
from benchmark.figures import Bound, Figure, Result
from benchmark.home import home, our_entry, set_up, until
from benchmark.processes import serve, work as work_in_child
from benchmark.sizes import Sizes
from custom_components.flownexus_ota.const import DOMAIN
from simulator.image import make_image

NEW: Final = "1.1.0"
_CALL_LIMIT_SECONDS: Final = 600.0


async def measure(sizes: Sizes) -> Result:
    """Update so many devices at once, beside idle ones."""
    found = await work_in_child(
        "sessions",
        sessions=sizes.sessions,
        idle=sizes.few_devices,
        image_bytes=sizes.image_bytes,
    )
    figures = (
        Figure(
            what=f"updates that ended well of {sizes.sessions:,} at once",
            value=found["succeeded"],
            unit="",
            limit=sizes.sessions,
            bound=Bound.EXACTLY,
            note=f"{found['wall_s']:.1f} s in all, images of {sizes.image_bytes // 1024} KiB",
        ),
        Figure(
            what="CPU of Home Assistant for one update, serving its image included",
            value=found["cpu_s"] / sizes.sessions * 1000,
            unit="ms",
        ),
        Figure(
            what="longest block of the event loop meanwhile", value=found["longest_ms"], unit="ms"
        ),
    )
    return Result(name="sessions", figures=figures, raw=found)


async def work(sessions: int, idle: int, image_bytes: int) -> dict[str, Any]:
    """Press update on every device with one call."""
    timing = {"install_seconds": 0.5, "reboot_seconds": 0.5}
    with TemporaryDirectory() as name:
        folder = Path(name)
        async with serve(idle=idle, real=sessions, timing=timing) as server, home(folder) as hass:
            await asyncio.to_thread(add_image, folder, image_bytes)
            entry = our_entry(hass, server.url, max_parallel=1000, entities="standard")
            await set_up(hass, entry, 0)
            await hass.async_start()
            entity_ids = [f"update.real_{number}_firmware" for number in range(1, sessions + 1)]
            await until(lambda: _offered(hass, entity_ids), "every device is offered an update")
            with watch_blocks() as blocks:
                wall_s, cpu_s = time.perf_counter(), time.process_time()
                async with asyncio.timeout(_CALL_LIMIT_SECONDS):
                    await hass.services.async_call(
                        "update", "install", {"entity_id": entity_ids}, blocking=True
                    )
                wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
            versions = await server.ask("versions")
            return {
                "wall_s": wall_s,
                "cpu_s": cpu_s,
                "succeeded": sum(version == NEW for version in versions.values()),
                "longest_ms": blocks.longest_ms,
                "blocks": blocks.as_json(),
            }


def add_image(folder: Path, image_bytes: int, version: str = NEW) -> None:
    """Put an image for the simulated devices into the catalogue folder; blocking."""
    firmware = folder / DOMAIN / "firmware"
    firmware.mkdir(parents=True, exist_ok=True)
    image = firmware / f"sensor-{version}.bin"
    image.write_bytes(make_image(version, image_bytes))
    os.utime(image, (0, 0))  # else it may be one that somebody is still copying
    sidecar = {"version": version, "manufacturer": "Flownexus"}
    image.with_name(f"{image.name}.json").write_text(json.dumps(sidecar), encoding="utf-8")


def _offered(hass: HomeAssistant, entity_ids: Sequence[str]) -> bool:
    states = map(hass.states.get, entity_ids)
    return all(state is not None and state.state == "on" for state in states)
