"""An engine with a fake server and a real history."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from custom_components.flownexus_ota.engine.chronicle import Chronicle
from custom_components.flownexus_ota.engine.engine import Engine
from custom_components.flownexus_ota.engine.session_runner import SessionRunner
from custom_components.flownexus_ota.engine.surroundings import EngineListener, EnginePauses
from custom_components.flownexus_ota.engine.view import DeviceView
from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.ota.image import FirmwareImage
from custom_components.flownexus_ota.ota.phase import Phase
from custom_components.flownexus_ota.ota.profile import Deadlines, Profile
from custom_components.flownexus_ota.ota.session_state import Session
from custom_components.flownexus_ota.storage.history import HistoryDb
from custom_components.flownexus_ota.storage.opening import open_database
from custom_components.flownexus_ota.storage.writer import HistoryWriter
from tests.fakes import FakeDevice, FakeGateway, FakeOffering

LIMIT_SECONDS = 10.0
IMAGE = FirmwareImage(sha256="b" * 64, size_bytes=1000, version="1.1.0", file_name="a.bin")
BRIEF = timedelta(milliseconds=50)
QUICK = Profile(
    max_attempts=1,
    deadlines=Deadlines(
        settle=timedelta(milliseconds=5),
        reread=timedelta(milliseconds=5),
        silence=timedelta(seconds=30),
    ),
)
QUICKLY = EnginePauses(resync=0.01, restart=0.01)


@dataclass
class Stage:
    """One engine; `start` again after `stop` is a restart."""

    folder: Path
    profile: Profile = QUICK
    max_parallel: int = 10
    gateway: FakeGateway = field(default_factory=FakeGateway)
    offering: FakeOffering = field(default_factory=FakeOffering)
    changed: list[Endpoint] = field(default_factory=list)
    steps: list[tuple[Session | None, Session]] = field(default_factory=list)
    latecomers: list[Session] = field(default_factory=list)
    refusal_count: int = 0
    writable: list[bool] = field(default_factory=list)
    pauses: EnginePauses = QUICKLY
    on_change: Callable[[Endpoint], None] = lambda _: None
    """Called whenever a device is to be shown anew."""

    async def start(self) -> None:
        """Open the history, load, and let the engine live."""
        self.connection, _ = open_database(self.folder / "history.db")
        self.writer = HistoryWriter(
            HistoryDb(self.connection, None),
            asyncio.get_running_loop(),
        )
        self.writer.start()
        self.chronicle = Chronicle(
            self.writer,
            token_sha256=self.offering.token_sha256,
            on_writable=self.writable.append,
            retry_seconds=0.01,
        )
        self.engine = self.new_engine()
        await self.engine.load()
        self._life = asyncio.create_task(self.engine.run())

    def new_engine(self) -> Engine:
        """Return an engine on the stage's history that does nothing yet."""
        return Engine(
            "server",
            self.gateway,
            self.chronicle,
            self.offering,
            profile_for=lambda _: self.profile,
            max_parallel=self.max_parallel,
            listener=EngineListener(
                on_device=self._shown,
                on_server=lambda: None,
                on_not_authorised=self._refused,
                on_session=lambda before, after: self.steps.append((before, after)),
                on_arrived_late=self.latecomers.append,
            ),
            pauses=self.pauses,
        )

    async def stop(self) -> None:
        """End the engine and close the history, as an unload does."""
        self._life.cancel()
        await asyncio.gather(self._life, return_exceptions=True)
        await asyncio.to_thread(self.writer.close)

    async def restart(self) -> None:
        """Stop and start again."""
        await self.stop()
        await self.start()

    def set_read_only(self, *, is_read_only: bool) -> None:
        """Let the disk refuse every write from now on, or no longer."""
        self.connection.execute(f"PRAGMA query_only = {is_read_only:d}")

    async def connected(self) -> None:
        """Open the event stream and wait until every device has been read."""
        self.gateway.connect()
        await self.until(lambda: self.engine.server_view().is_connected)
        await self.until(lambda: set(self.engine.endpoints) >= set(self.gateway.devices))

    async def update(self, device: FakeDevice) -> SessionRunner:
        """Ask for an update of a device."""
        return await self.engine.request_update(device.endpoint, IMAGE, asked_by="user")

    def view(self, device: FakeDevice) -> DeviceView:
        """Return what is shown of a device."""
        view = self.engine.view(device.endpoint)
        assert view is not None
        return view

    def session(self, device: FakeDevice) -> Session:
        """Return the active or last session of a device."""
        session = self.view(device).session
        assert session is not None
        return session

    async def in_phase(self, device: FakeDevice, phase: Phase) -> None:
        """Wait until a device's session is in a phase."""
        await self.until(lambda: self.view(device).phase is phase)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let everything run until `condition` holds; fail after a limit."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while not condition():  # noqa: ASYNC110 # no event stands for every condition
                await asyncio.sleep(0.002)

    def _shown(self, endpoint: Endpoint) -> None:
        self.changed.append(endpoint)
        self.on_change(endpoint)

    def _refused(self) -> None:
        self.refusal_count += 1
