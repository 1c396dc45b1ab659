"""A notification: from the bytes of the event stream to the state that an entity shows."""

import asyncio
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, HomeAssistant

from benchmark import mqtt
from benchmark.blocks import watch_blocks, watch_collecting
from benchmark.figures import Figure, Result
from benchmark.fleet import PREFIX
from benchmark.home import collect_garbage, home, our_entry, set_up, until
from benchmark.known import registration_ids, remember_devices
from benchmark.processes import ServerProcess, serve, work as work_in_child
from benchmark.sizes import Sizes

PACED_PER_S: Final = 200.0
PACED_SHARE: Final = 10


async def measure(sizes: Sizes) -> Result:
    """Measure with many devices, with few, and Home Assistant's mqtt, each in its own process."""
    rounds = range(sizes.rounds)
    count = sizes.notifications
    many = [await _ours(sizes.devices, count) for _ in rounds]
    few = [await _ours(sizes.few_devices, count) for _ in rounds]
    other = [await mqtt.messages(sizes.few_devices, count) for _ in rounds]
    return Result(
        name="notification",
        figures=_figures(sizes, many, few, other),
        raw={"many": many, "few": few, "mqtt": other},
    )


async def _ours(devices: int, count: int) -> dict[str, Any]:
    return await work_in_child("notification", devices=devices, count=count)


def _figures(
    sizes: Sizes,
    many: list[dict[str, Any]],
    few: list[dict[str, Any]],
    other: list[dict[str, Any]],
) -> tuple[Figure, ...]:
    def best(results: list[dict[str, Any]], key: str) -> float:
        return min(float(each[key]) for each in results)

    fleet = f"{sizes.devices:,} devices / {sizes.few_devices:,}"
    figures = [
        Figure(
            what=f"CPU of a notification of {what}, {fleet}",
            value=best(many, key) / best(few, key),
            unit="",
            limit=1.1,
            note=f"{best(many, key):.0f} µs / {best(few, key):.0f} µs",
        )
        for what, key in (
            ("5/0/3, in a burst", "state_us"),
            ("3/0/3 that changes the entity's state, in a burst", "version_us"),
        )
    ]
    apart = [best(results, "version_apart_us") for results in (many, few)]
    figures.append(
        Figure(
            what=f"the same, garbage collections apart, {fleet}",
            value=apart[0] / apart[1],
            unit="",
            note=f"{apart[0]:.0f} µs / {apart[1]:.0f} µs; a full collection looks at every object "
            "of Home Assistant's, and so costs more with more devices of any integration",
        )
    )
    for what, key in (("in a burst", "burst_us"), ("paced", "paced_us")):
        ours_key = "version_us" if key == "burst_us" else key
        figures.append(
            Figure(
                what=f"CPU of a notification that changes the state / of an mqtt message, {what}",
                value=best(few, ours_key) / best(other, key),
                unit="",
                limit=1.0,
                note=f"{best(few, ours_key):.0f} µs / {best(other, key):.0f} µs; ours writes the "
                "device registry and the database too",
            )
        )
    figures.append(
        Figure(
            what="CPU of a notification of 5/0/3, idle device / of an mqtt message, in a burst",
            value=best(few, "state_us") / best(other, "burst_us"),
            unit="",
            note="written, but nothing that is shown of an idle device changes",
        )
    )
    return tuple(figures)


async def work(devices: int, count: int) -> dict[str, Any]:
    """Let devices report, and count what it costs this process."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        async with serve(idle=devices) as server, home(folder) as hass:
            registrations = await registration_ids(server.url)
            await asyncio.to_thread(remember_devices, folder, devices, registrations)
            entry = our_entry(hass, server.url)
            await set_up(hass, entry, devices)
            hub = "binary_sensor.benchmark_connected"
            await until(lambda: _is_on(hass, hub), "the server is connected")
            await hass.async_block_till_done()
            last = _Marker(hass, f"{PREFIX}{devices - 1:05}")
            await _report(server, last, "state", count, 0)  # warm
            with watch_blocks() as blocks:
                state_us, _ = await _report(server, last, "state", count, 0)
                version_us, apart_us = await _report(server, last, "version", count, 0)
            paced = max(1, count // PACED_SHARE)
            paced_us, _ = await _report(server, last, "version", paced, PACED_PER_S)
            return {
                "state_us": state_us,
                "version_us": version_us,
                "version_apart_us": apart_us,
                "paced_us": paced_us,
                "blocks": blocks.as_json(),
            }


class _Marker:
    """The last device: it reports when all others have."""

    def __init__(self, hass: HomeAssistant, endpoint: str) -> None:
        self._entity_id = f"update.{endpoint.replace('-', '_')}_firmware"
        self.changed = asyncio.Event()
        if hass.states.get(self._entity_id) is None:
            raise RuntimeError(f"there is no {self._entity_id}")
        hass.bus.async_listen(EVENT_STATE_CHANGED, self._on_change)

    async def _on_change(self, event: Event[Any]) -> None:
        if event.data["entity_id"] == self._entity_id:
            self.changed.set()


async def _report(
    server: ServerProcess, last: _Marker, kind: str, count: int, pace: float
) -> tuple[float, float]:
    """Return the CPU time of one notification in µs, with and without garbage collections."""
    collect_garbage()
    last.changed.clear()
    with watch_collecting() as collecting:
        begun_s = time.process_time()
        async with asyncio.timeout(300):
            await server.ask("notify", kind=kind, count=count, pace=pace)
            await last.changed.wait()
        spent_s = time.process_time() - begun_s
    each = 1_000_000 / (count + 1)
    return spent_s * each, (spent_s - collecting.seconds) * each


def _is_on(hass: HomeAssistant, entity_id: str) -> bool:
    state = hass.states.get(entity_id)
    return state is not None and state.state == "on"
