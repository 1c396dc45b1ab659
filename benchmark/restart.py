"""A restart with a known fleet: how long until all is shown, and what the server is asked."""

import asyncio
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from homeassistant.core import HomeAssistant

from benchmark import mqtt
from benchmark.blocks import watch_blocks
from benchmark.figures import Bound, Figure, Result
from benchmark.home import home, our_entry, set_up, states_shown, until
from benchmark.processes import serve, work as work_in_child
from benchmark.sizes import Sizes
from custom_components.flownexus_ota.const import DOMAIN

HUB = "binary_sensor.benchmark_connected"


async def measure(sizes: Sizes) -> Result:
    """See a fleet for the first time, then start anew; beside it, the mqtt integration's start."""
    with TemporaryDirectory() as name:
        async with serve(idle=sizes.devices) as server:
            url, count = server.url, sizes.devices
            first = await work_in_child("restart", folder=name, url=url, devices=count, first=True)
            seen = (await server.ask("counts"))["counts"]
            await server.ask("forget_counts")
            again = await work_in_child("restart", folder=name, url=url, devices=count, first=False)
            asked = (await server.ask("counts"))["counts"]
    other = await mqtt.restart(sizes.devices)
    figures = (
        Figure(
            what=f"requests to {sizes.devices:,} known devices after a restart",
            value=asked.get("device_requests", 0),
            unit="",
            limit=0,
            bound=Bound.EXACTLY,
        ),
        Figure(
            what="lists asked for after a restart",
            value=asked.get("lists", 0),
            unit="",
            limit=1,
            bound=Bound.EXACTLY,
        ),
        Figure(
            what="restart until all are shown / that of the mqtt integration with as many devices",
            value=again["shown_s"] / other["ready_s"],
            unit="",
            limit=0.5,
            note=f"{again['shown_s']:.1f} s / {other['ready_s']:.1f} s, from the core's first "
            f"line on, ours with {again['entities']} entities a device, mqtt's with one; connected "
            f"and compared after {again['connected_s']:.1f} s",
        ),
        Figure(
            what="the same in CPU, which other work on the machine does not disturb",
            value=again["cpu_s"] / other["cpu_s"],
            unit="",
            note=f"{again['cpu_s']:.1f} s / {other['cpu_s']:.1f} s",
        ),
        Figure(
            what=f"first sight of {sizes.devices:,} devices until all are read and shown",
            value=first["shown_s"],
            unit="s",
        ),
    )
    raw = {"first": first, "first_counts": seen, "again": again, "counts": asked, "mqtt": other}
    return Result(name="restart", figures=figures, raw=raw)


async def work(folder: str, url: str, devices: int, *, first: bool) -> dict[str, Any]:
    """Start a core on a folder; add the entry, or find it there."""
    with watch_blocks() as blocks:
        begun_s, cpu_s = time.perf_counter(), time.process_time()
        async with home(Path(folder)) as hass:
            if first:
                await set_up(hass, our_entry(hass, url), 0)
            else:
                await hass.config_entries.async_setup("benchmark")
            await hass.async_start()
            await until(lambda: states_shown(hass) >= devices, f"{DOMAIN} shows every device")
            shown_s, cpu_s = time.perf_counter() - begun_s, time.process_time() - cpu_s
            await until(lambda: _is_connected(hass), "the server is connected")
            answer = {
                "shown_s": shown_s,
                "connected_s": time.perf_counter() - begun_s,
                "entities": len(hass.states.async_all()) // devices,
                "cpu_s": cpu_s,
                "blocks": blocks.as_json(),
            }
            await asyncio.sleep(1.0)  # whatever is asked of devices is asked by now
        return answer


def _is_connected(hass: HomeAssistant) -> bool:
    state = hass.states.get(HUB)
    return state is not None and state.state == "on"
