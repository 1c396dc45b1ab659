"""The simulated Leshan with its devices: `python -m benchmark.server '{"idle": 10000, …}'`.

Takes one command per line of JSON and answers each by a line; the end of its input ends it.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web

from benchmark.fleet import STATE_PATH, VERSION_PATH, IdleDevice, register_idle
from simulator.download import DownloadSettings
from simulator.fleet import Fleet, FleetOptions
from simulator.image import make_image
from simulator.leshan import HOST, SimulatedLeshan
from simulator.settings import Timing

_STEP: Final = 100


class BenchmarkServer:
    """What the commands act on."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        self.leshan = SimulatedLeshan()
        self.idle: list[IdleDevice] = []
        self.fleet: Fleet | None = None
        self.counts: Counter[str] = Counter()
        self._image = b""
        self._notified = 0

    @asynccontextmanager
    async def running(self, options: dict[str, Any]) -> AsyncGenerator[str]:
        """Serve the API and an image; yield the base URL."""
        self._image = make_image(options.get("version", "1.1.0"), options.get("image_bytes", 1000))
        application = self.leshan.application()
        application.middlewares.append(self._count)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, HOST, 0).start()
        images = web.Application()
        images.router.add_get("/image.bin", self._serve_image)
        image_runner = web.AppRunner(images, access_log=None, shutdown_timeout=1.0)
        await image_runner.setup()
        await web.TCPSite(image_runner, HOST, 0).start()
        self.image_url = f"http://{HOST}:{image_runner.addresses[0][1]}/image.bin"
        try:
            await self._start_devices(options)
            yield f"http://{HOST}:{runner.addresses[0][1]}"
        finally:
            if self.fleet is not None:
                await self.fleet.stop(deregisters=False)
            await self.leshan.stop()
            await runner.cleanup()
            await image_runner.cleanup()

    async def carry_out(self, command: dict[str, Any]) -> dict[str, Any]:
        """Do what one line asks for."""
        match command:
            case {"command": "notify", "kind": kind, "count": count, "pace": pace}:
                await self._notify(kind, count, pace)
            case {"command": "image_url"}:
                return {"url": self.image_url}
            case {"command": "forget_counts"}:
                self.counts.clear()
            case {"command": "versions"}:
                devices = () if self.fleet is None else self.fleet.devices
                return {each.endpoint: each.record.running_version for each in devices}
            case _:
                pass
        return {"counts": dict(self.counts)}

    async def _start_devices(self, options: dict[str, Any]) -> None:
        self.idle = await register_idle(self.leshan, options.get("idle", 0))
        if not (count := options.get("real", 0)):
            return
        timing = options.get("timing", {})
        fleet_options = FleetOptions(
            count=count,
            name_prefix="real-",
            timing=Timing(lifetime_seconds=86_400, **timing),
            bytes_per_second=options.get("bytes_per_second"),
            downloads=DownloadSettings(),
            starts_per_second=2_000.0,
        )
        self.fleet = Fleet(fleet_options, self.leshan.connect)
        await self.fleet.start()
        await self.fleet.wait_registered(limit_seconds=120.0)

    async def _notify(self, kind: str, count: int, pace: float) -> None:
        """Let devices in turn report a new value, then one its last; `pace` per second, 0: all."""
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        for number in range(count):
            device = self.idle[number % (len(self.idle) - 1)]
            self._notified += 1
            if kind == "version":
                await device.report(VERSION_PATH, f"2.0.{self._notified}")
            else:
                await device.report(STATE_PATH, self._notified % 2)
            if pace:
                await asyncio.sleep(max(0.0, begun_s + number / pace - loop.time()))
            elif number % _STEP == 0:
                await asyncio.sleep(0)
        self._notified += 1
        await self.idle[-1].report(VERSION_PATH, f"9.0.{self._notified}")

    @web.middleware
    async def _count(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        self.counts[_kind(request)] += 1
        return await handler(request)

    async def _serve_image(self, _: web.Request) -> web.StreamResponse:
        return web.Response(body=self._image, content_type="application/octet-stream")


def _kind(request: web.Request) -> str:
    match request.path.strip("/").split("/"):
        case ["api", "clients"]:
            return "lists"
        case ["api", "event", *_]:
            return "streams"
        case _:
            return "device_requests"


async def _run(options: dict[str, Any]) -> None:
    server = BenchmarkServer()
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with server.running(options) as url:
        print(json.dumps({"url": url}), flush=True)
        while line := await reader.readline():
            print(json.dumps(await server.carry_out(json.loads(line))), flush=True)


def main() -> None:
    """Serve until the input ends."""
    asyncio.run(_run(json.loads(sys.argv[1])))


if __name__ == "__main__":
    main()
