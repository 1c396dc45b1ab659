"""What Home Assistant adds to the time of one update: ours beside a bare script."""

import asyncio
import json
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from benchmark.figures import Figure, Result
from benchmark.home import home, our_entry, set_up, until
from benchmark.processes import serve, work as work_in_child
from benchmark.sessions import NEW, add_image
from benchmark.sizes import Sizes


async def measure(sizes: Sizes) -> Result:
    """Update like devices in turn by Home Assistant and by the script."""
    found = await work_in_child(
        "overhead",
        rounds=sizes.overhead_rounds,
        image_bytes=sizes.image_bytes,
        bytes_per_second=sizes.device_bytes_per_second,
    )
    ours_s, bare_s = statistics.median(found["ours_s"]), statistics.median(found["bare_s"])
    figures = (
        Figure(
            what="wall time of an update / of a bare script's",
            value=ours_s / bare_s,
            unit="",
            limit=1.05,
            note=f"{ours_s:.2f} s / {bare_s:.2f} s, {sizes.image_bytes // 1024} KiB at "
            f"{sizes.device_bytes_per_second // 1000} kB/s, median of {sizes.overhead_rounds}",
        ),
    )
    return Result(name="overhead", figures=figures, raw=found)


async def work(rounds: int, image_bytes: int, bytes_per_second: int) -> dict[str, Any]:
    """Take the odd devices for Home Assistant, the even ones for the script."""
    ours_s: list[float] = []
    bare_s: list[float] = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        async with (
            serve(
                idle=1,
                real=2 * rounds,
                image_bytes=image_bytes,
                bytes_per_second=bytes_per_second,
                version=NEW,
            ) as server,
            home(folder) as hass,
            aiohttp.ClientSession() as session,
        ):
            image_url = (await server.ask("image_url"))["url"]
            await asyncio.to_thread(add_image, folder, image_bytes)
            await set_up(hass, our_entry(hass, server.url), 0)
            await hass.async_start()
            last = f"update.real_{2 * rounds}_firmware"
            await until(
                lambda: (state := hass.states.get(last)) is not None and state.state == "on",
                "the last device is offered an update",
            )
            for number in range(1, 2 * rounds, 2):
                begun_s = time.perf_counter()
                await hass.services.async_call(
                    "update",
                    "install",
                    {"entity_id": f"update.real_{number}_firmware"},
                    blocking=True,
                )
                ours_s.append(time.perf_counter() - begun_s)
                # The script has no competitor: its device has no session of ours.
                bare_s.append(
                    await _bare_update(session, server.url, f"real-{number + 1}", image_url)
                )
    return {"ours_s": ours_s, "bare_s": bare_s}


async def _bare_update(
    session: aiohttp.ClientSession, url: str, endpoint: str, image_url: str
) -> float:
    """Do what the protocol asks for and nothing else; return the seconds it took."""
    device = f"{url}/api/clients/{endpoint}"
    begun_s = time.perf_counter()
    async with session.get(f"{url}/api/event", headers={"Accept": "text/event-stream"}) as stream:
        await _send(session, "POST", f"{device}/5/0/3/observe")
        await _send(session, "POST", f"{device}/5/0/5/observe")
        node = {"id": 1, "kind": "singleResource", "type": "STRING", "value": image_url}
        await _send(session, "PUT", f"{device}/5/0/1?format=TEXT", node)
        await _until_told(stream, endpoint, _is_downloaded)
        await _send(session, "POST", f"{device}/5/0/2")
        await _until_told(stream, endpoint, lambda name, _: name == "REGISTRATION")
        answer = await _send(session, "GET", f"{device}/3/0/3")
    if answer["content"]["value"] != NEW:
        raise RuntimeError(f"{endpoint} runs {answer}")
    return time.perf_counter() - begun_s


def _is_downloaded(name: str, data: dict[str, Any]) -> bool:
    is_state = name == "NOTIFICATION" and data.get("res") == "/5/0/3"
    return is_state and data["val"]["value"] == "2"


async def _send(
    session: aiohttp.ClientSession, method: str, url: str, body: Any = None
) -> dict[str, Any]:
    async with session.request(method, url, json=body) as response:
        answer: dict[str, Any] = json.loads(await response.text() or "{}")
        return answer


async def _until_told(stream: aiohttp.ClientResponse, endpoint: str, holds: Any) -> None:
    name = ""
    async with asyncio.timeout(120):
        async for line in stream.content:
            if line.startswith(b"event:"):
                name = line.partition(b":")[2].strip().decode()
            elif line.startswith(b"data:"):
                data = json.loads(line.partition(b":")[2])
                is_ours = endpoint in (data.get("ep"), data.get("endpoint"))
                if is_ours and holds(name, data):
                    return
    raise RuntimeError("the event stream ended")
