"""Home Assistant's own mqtt update entity, fed by a broker of ours: what others cost."""

import asyncio
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event

from benchmark.home import ENTRY_ID, collect_garbage, config_entry, home, set_up, until
from benchmark.processes import broker, work as work_in_child
from harness.ports import HOST

PACED_PER_S: Final = 200.0
PACED_SHARE: Final = 5


async def messages(devices: int, count: int) -> dict[str, Any]:
    """Return the CPU time of one message in microseconds, in a burst and paced."""
    return await work_in_child("mqtt", devices=devices, count=count)


async def restart(devices: int) -> dict[str, Any]:
    """Return how long a start takes until all devices are shown, known from an earlier one."""
    with TemporaryDirectory() as name:
        await work_in_child("mqtt", devices=devices, count=0, folder=name)
        return await work_in_child("mqtt", devices=devices, count=0, folder=name)


async def work(devices: int, count: int, folder: str | None = None) -> dict[str, Any]:
    """Measure a start in a folder that is kept, or else messages."""
    if folder is None:
        with TemporaryDirectory() as name:
            return await _work(devices, count, Path(name))
    return await _work(devices, count, Path(folder))


async def _work(devices: int, count: int, folder: Path) -> dict[str, Any]:
    """Let devices tell versions, and count what it costs this process."""
    started_s, started_cpu_s = time.perf_counter(), time.process_time()
    async with broker(devices=devices) as feed, home(folder) as hass:
        entry = config_entry(
            "mqtt",
            {
                "broker": HOST,
                "port": int(feed.url),
                "protocol": "5",
                "discovery": True,
                "birth_message": {},
                "will_message": {},
            },
        )
        stored = hass.config_entries.async_get_entry(ENTRY_ID)
        if stored is not None:  # of the earlier start, with a broker on another port
            hass.config_entries.async_update_entry(stored, data=entry.data)
            await hass.config_entries.async_setup(ENTRY_ID)
        else:
            await set_up(hass, entry, 0)
        all_known = f"update.idle_{devices - 1:05}_firmware"
        await until(
            lambda: (
                (state := hass.states.get(all_known)) is not None and state.state in ("on", "off")
            ),
            "mqtt shows the last device",
        )
        ready_s = time.perf_counter() - started_s
        if not count:
            return {"ready_s": ready_s, "cpu_s": time.process_time() - started_cpu_s}
        changed = asyncio.Event()

        async def on_change(event: Event[Any]) -> None:
            if event.data["entity_id"] == all_known:
                changed.set()

        hass.bus.async_listen(EVENT_STATE_CHANGED, on_change)

        async def report(number: int, pace: float) -> float:
            collect_garbage()
            changed.clear()
            begun_s = time.process_time()
            async with asyncio.timeout(300):
                await feed.ask("notify", count=number, pace=pace)
                await changed.wait()
            return (time.process_time() - begun_s) / (number + 1) * 1_000_000

        await report(count, 0)  # warm
        return {
            "burst_us": await report(count, 0),
            "paced_us": await report(max(1, count // PACED_SHARE), PACED_PER_S),
            "ready_s": ready_s,
        }
