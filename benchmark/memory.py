"""Memory of an idle device: ours beside an integration that only adds the same entities."""

import asyncio
import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmark import bare
from benchmark.figures import Figure, Result
from benchmark.home import NOWHERE, collect_garbage, config_entry, home, our_entry, set_up
from benchmark.known import remember_devices
from benchmark.processes import work as work_in_child
from benchmark.setup import entities_of_a_device, in_words
from benchmark.sizes import Sizes

_KIB: Final = 1024


async def measure(sizes: Sizes) -> Result:
    """Count for as many devices as one entry takes, with their update entity alone and with all."""
    figures: list[Figure] = []
    raw: dict[str, Any] = {}
    for choice, devices in (("minimal", sizes.devices), ("standard", sizes.standard_devices)):
        found = await _compare(choice, devices)
        figures.append(_figure(devices, found))
        raw[choice] = found
    return Result(name="memory", figures=figures, raw=raw)


async def _compare(choice: str, many: int) -> dict[str, dict[str, Any]]:
    """Count one device and many, ours and bare: what a fleet adds to what one device needs."""
    ours_few = await work_in_child("memory", kind="ours", devices=1, choice=choice)
    entities = ours_few["entities"]
    return {
        "ours_few": ours_few,
        "ours_many": await work_in_child("memory", kind="ours", devices=many, choice=choice),
        "bare_few": await work_in_child("memory", kind="bare", devices=1, entities=entities),
        "bare_many": await work_in_child("memory", kind="bare", devices=many, entities=entities),
    }


def _figure(many: int, found: dict[str, dict[str, Any]]) -> Figure:
    def kib(kind: str) -> float:
        added = found[f"{kind}_many"]["traced_bytes"] - found[f"{kind}_few"]["traced_bytes"]
        return float(added) / (many - 1) / _KIB

    return Figure(
        what=f"memory of an idle device above the same bare entities, {many:,} devices",
        value=kib("ours") - kib("bare"),
        unit="KiB",
        limit=10,
        note=f"{kib('ours'):.1f} KiB in all, bare {kib('bare'):.1f} KiB, "
        f"{in_words(found['ours_few']['entities'])}",
    )


async def work(
    kind: str, devices: int, entities: list[list[Any]] | None = None, choice: str = "minimal"
) -> dict[str, Any]:
    """Set up one of the two in this process, and count what Python holds."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        async with home(folder) as hass:
            if kind == "ours":
                await asyncio.to_thread(remember_devices, folder, devices, {})
                entry = our_entry(hass, NOWHERE, entities=choice)
            else:
                entry = config_entry(bare.DOMAIN, {"devices": devices, "entities": entities})
            collect_garbage()
            tracemalloc.start()
            await set_up(hass, entry, devices)
            await hass.async_block_till_done()
            collect_garbage()
            traced_bytes, _ = tracemalloc.get_traced_memory()
            own = _by_file() if kind == "ours" else {}
            tracemalloc.stop()
            return {
                "traced_bytes": traced_bytes,
                "by_file": own,
                "entities": entities_of_a_device(hass),
            }


def _by_file(kept: int = 15) -> dict[str, int]:
    """Return where most of it was asked for."""
    statistics = tracemalloc.take_snapshot().statistics("filename")
    return {
        "/".join(Path(each.traceback[0].filename).parts[-3:]): each.size
        for each in statistics[:kept]
    }
