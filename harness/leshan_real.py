"""A real Leshan demo server, and simulated devices that talk to it over UDP."""

import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from http import HTTPStatus
from pathlib import Path
from typing import Final

import aiohttp

from harness.device_log import DeviceLog
from harness.device_site import endpoints
from harness.ports import HOST, free_tcp_port, free_udp_port
from harness.process import ManagedProcess
from harness.waiting import poll_until
from scripts.setup.leshan import LeshanJar
from scripts.setup.places import REPOSITORY
from simulator.fleet import FleetOptions

_START_LIMIT_SECONDS: Final = 120.0
_ANSWER_LIMIT: Final = aiohttp.ClientTimeout(total=10.0)
# M4 reads private fields of the JDK; without these `/api/clients` is a 500 on Java ≥ 16.
_OPENED_TO_M4: Final = ("java.base/java.util", "java.base/java.lang", "java.base/java.net")


class RealSite:
    """A Leshan server in Java; each `add_devices` is one more process of devices."""

    def __init__(self, jar: LeshanJar, java: Path, *, web_port: int = 0) -> None:
        """Choose the ports; nothing is started."""
        self.log = DeviceLog()
        self._jar = jar
        self._java = java
        self._folder = Path()
        self._ends = AsyncExitStack()
        self._processes: list[ManagedProcess] = []
        self._coap_port = free_udp_port()
        self._web_port = web_port or free_tcp_port()

    @property
    def description(self) -> str:
        """Which Leshan this is, for a person."""
        return f"Leshan {self._jar.version} (real, in Java; devices talk to it over UDP)"

    @property
    def base_url(self) -> str:
        """Where its web page and its API are."""
        return f"http://{HOST}:{self._web_port}"

    @property
    def processes(self) -> tuple[ManagedProcess, ...]:
        """The processes that have to stay alive."""
        return tuple(self._processes)

    async def start(self, ends: AsyncExitStack, folder: Path) -> None:
        """Start the server in a folder of its own: it writes there."""
        self._ends, self._folder = ends, folder
        await self._start_server()

    async def restart(self) -> None:
        """End the server and start it on the same ports: it forgets all devices."""
        server = self._processes.pop(0)
        await server.stop()
        await self._start_server()
        self._processes.insert(0, self._processes.pop())

    async def _start_server(self) -> None:
        own_folder = self._folder / "leshan"
        own_folder.mkdir(parents=True, exist_ok=True)
        leshan = await self._start("leshan", [self._java, *self._java_arguments()], own_folder)
        async with aiohttp.ClientSession(timeout=_ANSWER_LIMIT) as session:

            async def is_answering() -> bool:
                if not leshan.is_running:
                    raise leshan.ended_error()
                return await _status(session, f"{self.base_url}/api/clients") == HTTPStatus.OK

            with leshan.tail_on_error():
                await poll_until(is_answering, "Leshan", limit_seconds=_START_LIMIT_SECONDS)

    async def add_devices(self, options: FleetOptions) -> None:
        """Start a process with these devices."""
        name = f"devices-{options.name_prefix.rstrip('-')}"
        line = [sys.executable, "-m", "simulator", *self._device_arguments(options)]
        devices = await self._start(name, line, REPOSITORY, is_heard=True)
        with devices.tail_on_error():
            await self.log.until_registered(endpoints(options))

    async def _start(
        self, name: str, line: Sequence[str | Path], folder: Path, *, is_heard: bool = False
    ) -> ManagedProcess:
        log_file = self._folder / f"{name}.log"
        process = await ManagedProcess.start(name, line, folder=folder, log_file=log_file)
        self._ends.push_async_callback(process.stop)
        self._processes.append(process)
        if is_heard:
            process.listen(self.log.note_line)
        return process

    def _java_arguments(self) -> list[str]:
        secure_port = str(free_udp_port())
        coap_port, web_port = str(self._coap_port), str(self._web_port)
        arguments = ["-Dfile.encoding=UTF-8"]
        server = ["-lh", HOST, "-lp", coap_port, "-slh", HOST, "-slp", secure_port]
        if self._jar.generation == "m4":
            for package in _OPENED_TO_M4:
                arguments += ["--add-opens", f"{package}=ALL-UNNAMED"]
        else:
            tcp = ["-th", HOST, "-tp", str(free_tcp_port())]
            server += ["-jh", HOST, "-jp", str(free_tcp_port()), *tcp]
        return [*arguments, "-jar", str(self._jar.path), *server, "-wh", HOST, "-wp", web_port]

    def _device_arguments(self, options: FleetOptions) -> list[str]:
        """Return the command line for a fleet; what it cannot say stays at its default."""
        timing, queue_mode, downloads = options.timing, options.queue_mode, options.downloads
        named: dict[str, object] = {
            "server": f"{HOST}:{self._coap_port}",
            "count": options.count,
            "sleepy": options.sleepy_count,
            "names": options.name_prefix,
            "version": options.version,
            "manufacturer": options.manufacturer,
            "model": options.model,
            "hardware-version": options.hardware_version,
            "lifetime": timing.lifetime_seconds,
            "install": timing.install_seconds,
            "reboot": timing.reboot_seconds,
            "awake": queue_mode.awake_seconds,
            "asleep": queue_mode.sleep_seconds,
            "seed": options.seed,
            "origin": downloads.compiled_origin,
        }
        if options.bytes_per_second is not None:
            named["rate"] = options.bytes_per_second
        if downloads.ca_file is not None:
            named["ca"] = downloads.ca_file
        several = [f"--behaviour={name}" for name in options.behaviours]
        several += [f"--resolve={name}={each}" for name, each in downloads.addresses.items()]
        return ["--json", *several, *(f"--{name}={value}" for name, value in named.items())]


async def _status(session: aiohttp.ClientSession, url: str) -> int | None:
    try:
        async with session.get(url) as answer:
            return answer.status
    except aiohttp.ClientError, TimeoutError:
        return None
