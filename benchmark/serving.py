"""Images to a hundred devices at once: our listener, aiohttp's `FileResponse`, and nginx."""

import asyncio
import os
import random
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmark.download_client import download
from benchmark.figures import Bound, Figure, Result, number
from benchmark.nginx import LINE_TO_TYPE, nginx, nginx_program
from benchmark.processes import serve_images
from benchmark.sizes import Sizes

_GIB: Final = 1024**3
_MIB: Final = 1024**2
_OURS, _FILE_RESPONSE, _NGINX = "ours", "file_response", "nginx"
type _Rates = Mapping[str, float]


async def measure(sizes: Sizes) -> Result:
    """Measure every server with every size, alternating; the best of the rounds counts."""
    figures: list[Figure] = []
    raw: dict[str, Any] = {}
    for image_bytes in sizes.served_image_bytes:
        best, rounds = await _measure_size(sizes, image_bytes)
        raw[str(image_bytes)] = rounds
        figures += _figures(sizes.downloads, image_bytes, best)
    return Result(name="serving", figures=figures, raw=raw)


async def _measure_size(
    sizes: Sizes, image_bytes: int
) -> tuple[dict[str, _Rates], list[dict[str, _Rates]]]:
    rounds: list[dict[str, _Rates]] = []
    kinds = [_OURS, _FILE_RESPONSE, *([_NGINX] if nginx_program() else [])]
    with TemporaryDirectory() as name:
        image = Path(name) / "image.bin"
        content = await asyncio.to_thread(random.Random(1).randbytes, image_bytes)
        await asyncio.to_thread(image.write_bytes, content)
        for _ in range(sizes.serving_rounds):
            found = {kind: await _measure_kind(sizes, image, image_bytes, kind) for kind in kinds}
            rounds.append(found)
    best: dict[str, _Rates] = {
        kind: {
            "mib_per_s": max(each[kind]["mib_per_s"] for each in rounds),
            "cpu_s_per_gib": min(each[kind]["cpu_s_per_gib"] for each in rounds),
        }
        for kind in kinds
    }
    return best, rounds


async def _measure_kind(sizes: Sizes, image: Path, size_bytes: int, kind: str) -> _Rates:
    repeats = max(1, sizes.served_bytes // size_bytes // sizes.downloads)
    arguments = {
        "kind": kind,
        "image": str(image),
        "size_bytes": size_bytes,
        "offers": sizes.downloads * repeats,
        "parallel": sizes.downloads,
    }
    async with _server(kind, image, arguments) as (port, pid):
        cpu_s, wall_s = _cpu_s(pid), time.perf_counter()
        await asyncio.to_thread(download, port, connections=sizes.downloads, repeats=repeats)
        wall_s, cpu_s = time.perf_counter() - wall_s, _cpu_s(pid) - cpu_s
    total_bytes = size_bytes * repeats * sizes.downloads
    return {
        "mib_per_s": total_bytes / _MIB / wall_s,
        "cpu_s_per_gib": cpu_s / (total_bytes / _GIB),
    }


@asynccontextmanager
async def _server(
    kind: str, image: Path, arguments: dict[str, Any]
) -> AsyncGenerator[tuple[int, int]]:
    """Run one of the servers; yield its port and its process's id."""
    if kind == _NGINX:
        async with nginx(nginx_program() or kind, image) as found:
            yield found
        return
    async with serve_images(**arguments) as server:
        yield int(server.url), server.pid


def _figures(downloads: int, image_bytes: int, best: Mapping[str, _Rates]) -> list[Figure]:
    images = f"images of {image_bytes / _MIB:g} MiB to {downloads} at once"
    return [
        _speed(f"throughput of {images} / aiohttp's `FileResponse`", best, _FILE_RESPONSE, 0.95),
        _cost(f"CPU per GiB of {images} / aiohttp's `FileResponse`", best, _FILE_RESPONSE),
        _speed(f"throughput of {images} / nginx", best, _NGINX, None),
        _cost(f"CPU per GiB of {images} / nginx", best, _NGINX),
    ]


def _speed(what: str, best: Mapping[str, _Rates], other: str, limit: float | None) -> Figure:
    return _ratio(what, best, other, "mib_per_s", "MiB/s", limit)


def _cost(what: str, best: Mapping[str, _Rates], other: str) -> Figure:
    return _ratio(what, best, other, "cpu_s_per_gib", "s/GiB", None)


def _ratio(
    what: str, best: Mapping[str, _Rates], other: str, key: str, unit: str, limit: float | None
) -> Figure:
    if other not in best:
        note = f"nginx is absent; type:  {LINE_TO_TYPE}"
        return Figure(what=what, value=None, unit="", note=note)
    ours, theirs = best[_OURS][key], best[other][key]
    return Figure(
        what=what,
        value=ours / theirs if theirs else None,
        unit="",
        limit=limit,
        bound=Bound.AT_LEAST,
        note=f"{number(ours)} {unit} / {number(theirs)} {unit}",
    )


def _cpu_s(pid: int) -> float:
    """Return what a process has used so far (proc(5): utime and stime, fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
