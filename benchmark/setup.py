"""Set-up of a fleet: ours beside an integration that only adds the same entities."""

import asyncio
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from benchmark import bare
from benchmark.blocks import Blocks, watch_blocks
from benchmark.figures import Figure, Result
from benchmark.fleet import PREFIX
from benchmark.home import (
    ENTRY_ID,
    NOWHERE,
    collect_garbage,
    config_entry,
    home,
    our_entry,
    set_up,
)
from benchmark.known import remember_devices
from benchmark.processes import work as work_in_child
from benchmark.sizes import Sizes


async def measure(sizes: Sizes) -> Result:
    """Set up as many devices as one entry takes, with their update entity alone and with all."""
    figures: list[Figure] = []
    raw: dict[str, Any] = {}
    for choice, devices in (("minimal", sizes.devices), ("standard", sizes.standard_devices)):
        ours, theirs = await _compare(choice, devices, sizes.rounds)
        figures += _figures(devices, ours, theirs)
        raw[choice] = {"ours": ours, "bare": theirs}
    return Result(name="setup", figures=figures, raw=raw)


async def _compare(
    choice: str, devices: int, rounds: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Set up the same entities by both, alternating, each time in a fresh process."""
    ours: list[dict[str, Any]] = []
    theirs: list[dict[str, Any]] = []
    for _ in range(rounds):
        ours.append(await work_in_child("setup", kind="ours", devices=devices, choice=choice))
        entities = ours[0]["entities"]
        theirs.append(await work_in_child("setup", kind="bare", devices=devices, entities=entities))
    return ours, theirs


def _figures(
    devices: int, ours: list[dict[str, Any]], theirs: list[dict[str, Any]]
) -> tuple[Figure, ...]:
    cpu_s = min(each["cpu_s"] for each in ours)
    bare_cpu_s = min(each["cpu_s"] for each in theirs)
    return (
        Figure(
            what=f"CPU of setting up {devices:,} devices / the same entities added bare",
            value=cpu_s / bare_cpu_s,
            unit="",
            limit=1.2,
            note=f"{cpu_s:.1f} s / {bare_cpu_s:.1f} s, {in_words(ours[0]['entities'])} a device",
        ),
        Figure(
            what="longest block of the event loop meanwhile",
            value=min(each["longest_ms"] for each in ours),
            unit="ms",
            limit=50,
            note=f"bare: {min(each['longest_ms'] for each in theirs):.0f} ms",
        ),
    )


async def work(
    kind: str, devices: int, entities: list[list[Any]] | None = None, choice: str = "minimal"
) -> dict[str, Any]:
    """Set up one of the two in this process."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        async with home(folder) as hass:
            if kind == "ours":
                await asyncio.to_thread(remember_devices, folder, devices, {})
                entry = our_entry(hass, NOWHERE, entities=choice)
            else:
                entry = config_entry(bare.DOMAIN, {"devices": devices, "entities": entities})
            collect_garbage()
            with watch_blocks() as blocks:
                wall_s, cpu_s = time.perf_counter(), time.process_time()
                await set_up(hass, entry, devices)
                await hass.async_block_till_done()
                wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
            return _answer(hass, blocks, wall_s, cpu_s)


def _answer(hass: HomeAssistant, blocks: Blocks, wall_s: float, cpu_s: float) -> dict[str, Any]:
    return {
        "wall_s": round(wall_s, 3),
        "cpu_s": round(cpu_s, 3),
        "collecting_s": round(blocks.collecting.seconds, 3),
        "longest_ms": round(blocks.longest_ms, 1),
        "blocks": blocks.as_json(),
        "entities": entities_of_a_device(hass),
    }


def in_words(entities: list[list[Any]]) -> str:
    """Return how many entities there are, without those that are disabled from the start."""
    count = sum(bool(is_enabled) for _, _, is_enabled in entities)
    return f"{count} {'entity' if count == 1 else 'entities'}"


def entities_of_a_device(hass: HomeAssistant) -> list[list[Any]]:
    """Return platform, key and whether it is enabled of the entities of the first device."""
    prefix = f"{ENTRY_ID}_{PREFIX}00000_"
    return [
        [entry.domain, entry.unique_id.removeprefix(prefix), entry.disabled_by is None]
        for entry in er.async_entries_for_config_entry(er.async_get(hass), ENTRY_ID)
        if entry.unique_id.startswith(prefix)
    ]
