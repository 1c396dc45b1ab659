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
from benchmark.setup import entities_of_a_device
from benchmark.sizes import Sizes

_KIB: Final = 1024


async def measure(sizes: Sizes) -> Result:
    """Compare what a fleet adds to what one device needs, in both."""
    few, many = 1, sizes.devices
    ours_few = await work_in_child("memory", kind="ours", devices=few)
    entities = ours_few["entities"]
    ours_many = await work_in_child("memory", kind="ours", devices=many)
    bare_few = await work_in_child("memory", kind="bare", devices=few, entities=entities)
    bare_many = await work_in_child("memory", kind="bare", devices=many, entities=entities)
    span = many - few
    ours_kib = (ours_many["traced_bytes"] - ours_few["traced_bytes"]) / span / _KIB
    bare_kib = (bare_many["traced_bytes"] - bare_few["traced_bytes"]) / span / _KIB
    figures = (
        Figure(
            what=f"memory of an idle device above the same bare entities, {many:,} devices",
            value=ours_kib - bare_kib,
            unit="KiB",
            limit=10,
            note=f"{ours_kib:.1f} KiB in all, bare {bare_kib:.1f} KiB, {len(entities)} entities",
        ),
    )
    raw = {
        "ours_few": ours_few,
        "ours_many": ours_many,
        "bare_few": bare_few,
        "bare_many": bare_many,
    }
    return Result(name="memory", figures=figures, raw=raw)


async def work(kind: str, devices: int, entities: list[list[Any]] | None = None) -> dict[str, Any]:
    """Set up one of the two in this process, and count what Python holds."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        async with home(folder) as hass:
            if kind == "ours":
                await asyncio.to_thread(remember_devices, folder, devices, {})
                entry = our_entry(hass, NOWHERE)
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
