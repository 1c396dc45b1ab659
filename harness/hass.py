"""A real Home Assistant process with the integration, and who is logged in there."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

from harness.hass_folder import DOMAIN, has_user, trusting_environ, write_hass_folder
from harness.hass_http import HassHttp, Login
from harness.hass_socket import HassSocket, State
from harness.hass_version import NEWEST, HassVersion
from harness.ports import HOST, free_tcp_port
from harness.process import ManagedProcess
from harness.waiting import poll_until
from scripts.setup.certificates import certificate_environ
from scripts.setup.python314 import build_environ

# The first start may have to install what the release asks for.
_START_LIMIT_SECONDS: Final = 180.0
_ENTITY_LIMIT_SECONDS: Final = 60.0
# Home Assistant's own: "start me again", as the restart button of its page asks for.
RESTART_EXIT_STATUS: Final = 100


class Hass:
    """One Home Assistant; `start` first, then `onboard`, then everything else."""

    def __init__(
        self,
        folder: Path,
        *,
        version: HassVersion = NEWEST,
        port: int = 0,
        also_debugged: Sequence[str] = (),
        archive: Path | None = None,
        also_trusted_pem: str = "",
    ) -> None:
        """Choose the port unless one is given; nothing is started or written.

        `also_debugged` are loggers to hear everything from, besides the integration's; `archive`
        is the zip file of a release, to be installed instead of what lies in the repository;
        `also_trusted_pem` are authorities to trust besides the machine's.
        """
        self.folder = folder / "config"
        self.version = version
        self.login = Login()
        self.port = port or free_tcp_port()
        self.log_file = folder / "hass.log"
        self._also_debugged = also_debugged
        self._archive = archive
        self._also_trusted_pem = also_trusted_pem
        self._has_user = False
        self._ends = AsyncExitStack()
        self._process: ManagedProcess | None = None
        self._http: HassHttp | None = None
        self._socket: HassSocket | None = None

    @property
    def base_url(self) -> str:
        """The address of its page."""
        return f"http://{HOST}:{self.port}"

    @property
    def process(self) -> ManagedProcess:
        """The process; only after `start`."""
        assert self._process is not None  # noqa: S101  a mistake of ours
        return self._process

    @property
    def http(self) -> HassHttp:
        """Its HTTP API; only after `start`."""
        assert self._http is not None  # noqa: S101  a mistake of ours
        return self._http

    @property
    def socket(self) -> HassSocket:
        """Its WebSocket API; only after `onboard`."""
        assert self._socket is not None  # noqa: S101  a mistake of ours
        return self._socket

    @property
    def states(self) -> dict[str, State]:
        """All states, by entity id."""
        return self.socket.states

    async def start(self, ends: AsyncExitStack) -> None:
        """Write the folder, start, and wait until the page is there; `ends` gets what ends it."""
        self._ends = ends
        self._has_user = has_user(self.folder)
        write_hass_folder(self.folder, self.version, self.port, self._also_debugged, self._archive)
        await self._start()

    async def kill(self) -> None:
        """End it as a power cut does: kill -9."""
        await self.process.kill()

    async def stop(self) -> None:
        """End it as a person does: it is asked to, and has the time that it needs."""
        await self.process.stop()

    async def start_again(self) -> None:
        """Start it with the very files that it left, and log in."""
        self._has_user = True
        await self._start()
        await self.onboard()

    async def until_running(self) -> None:
        """Wait until all of it has started: its page is there earlier, and automations sleep."""

        async def is_running() -> bool:
            config = await self.socket.command("get_config")
            return bool(config["state"] == "RUNNING")

        with self.process.tail_on_error():
            await poll_until(
                is_running, "all of Home Assistant", limit_seconds=_START_LIMIT_SECONDS
            )

    async def _start(self) -> None:
        python = self.version.python()
        environ = {**build_environ(python), **certificate_environ()}
        if self._also_trusted_pem:
            environ |= trusting_environ(self.folder, self._also_trusted_pem)
        self._process = await ManagedProcess.start(
            f"Home Assistant {self.version.number}",
            [python, "-m", "homeassistant", "--config", self.folder],
            folder=self.folder,
            log_file=self.log_file,
            env=environ,
        )
        self._ends.push_async_callback(self._process.stop)
        if self._http is None:
            self._http = HassHttp(self.base_url)
            self._ends.push_async_callback(self._http.close)
        await self._until_up()

    async def onboard(self) -> None:
        """Log in, as a new user the first time."""
        enter = self.http.log_in if self._has_user else self.http.create_user
        token = await enter(self.login)
        self._socket = await HassSocket.connect(self.http.session, self.base_url, token)
        self._ends.push_async_callback(self._socket.close)
        # Any; without one, Home Assistant asks for it by a repair issue.
        await self._socket.command("config/core/update", country="DE")

    async def add_server(self, leshan_url: str, **credentials: str) -> bool:
        """Set up the integration for a Leshan server, as a person does; tell if it was not yet."""
        if await self.socket.command("config_entries/get", domain=DOMAIN):
            return False
        token = await self.http.log_in(self.login)
        await self.http.add_server(token, leshan_url, **credentials)
        return True

    async def set_options(self, topic: str = "settings", /, **options: Any) -> None:
        """Fill in a form among the server's options, as a person does."""
        token = await self.http.log_in(self.login)
        await self.http.set_options(token, await self._entry_id(), topic, options)

    async def remove_server(self) -> None:
        """Delete the server's entry, as a person does; return when all of it is done."""
        token = await self.http.log_in(self.login)
        await self.http.remove_entry(token, await self._entry_id())

    async def add_profile(self, name: str, **values: Any) -> None:
        """Add a profile to the server, as a person does; `times` are durations in seconds."""
        times = {each: {"seconds": seconds} for each, seconds in values.pop("times", {}).items()}
        profile = {"name": name, **values, "times": times, "window": {}}
        token = await self.http.log_in(self.login)
        await self.http.add_profile(token, await self._entry_id(), profile)

    async def diagnostics(self) -> str:
        """Return what a person downloads to send it to the maintainers: JSON."""
        token = await self.http.log_in(self.login)
        return await self.http.get(token, f"/api/diagnostics/config_entry/{await self._entry_id()}")

    async def entity_id(self, platform: str, endpoint: str, key: str) -> str:
        """Return an entity of a device once it has a state; raise StageError."""
        found: list[str] = []

        async def is_there() -> bool:
            ending = f"_{endpoint}_{key}"
            found[:] = [
                entity["entity_id"]
                for entity in await self.socket.command("config/entity_registry/list")
                if entity["platform"] == DOMAIN
                and entity["entity_id"].startswith(f"{platform}.")
                and entity["unique_id"].endswith(ending)
                and entity["entity_id"] in self.states
            ]
            return bool(found)

        what = f"the {platform} entity {key} of {endpoint}"
        await poll_until(is_there, what, limit_seconds=_ENTITY_LIMIT_SECONDS)
        return found[0]

    async def update_entity(self, endpoint: str) -> str:
        """Return the update entity of a device once it has an update to offer."""
        entity_id = await self.entity_id("update", endpoint, "firmware")
        await self.socket.until(
            lambda: self.states[entity_id]["state"] == "on",
            f"an update for {endpoint}",
            limit_seconds=_ENTITY_LIMIT_SECONDS,
        )
        return entity_id

    async def _entry_id(self) -> str:
        (entry,) = await self.socket.command("config_entries/get", domain=DOMAIN)
        entry_id: str = entry["entry_id"]
        return entry_id

    async def _until_up(self) -> None:
        async def is_up() -> bool:
            if not self.process.is_running:
                raise self.process.ended_error()
            return await self.http.is_up()

        with self.process.tail_on_error():
            await poll_until(is_up, "Home Assistant's page", limit_seconds=_START_LIMIT_SECONDS)
