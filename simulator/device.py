"""A simulated LwM2M device: boots, registers, answers, updates its firmware, reboots, sleeps."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from simulator.answering import Action, answer
from simulator.behaviours import Behaviour
from simulator.download import DownloadSettings
from simulator.firmware import FirmwareUpdate, Reboot
from simulator.link import Ids, Operation, RegisterParameters, Request, Response, ServerLink
from simulator.objects import DeviceIdentity, ObjectTree
from simulator.record import DeviceRecord, Kind
from simulator.states import Code

_LOGGER: Final = logging.getLogger(__name__)
# A registration is renewed after this share of its lifetime.
_RENEWAL_SHARE: Final = 0.75
_RETRY_LIMIT_SECONDS: Final = 60.0
_FAREWELL_LIMIT_SECONDS: Final = 3.0
# Lets the answer to an Execute of 3/0/4 leave before the line goes down.
_REBOOT_DELAY_SECONDS: Final = 0.1
_LOOK_SECONDS: Final = 0.05

type LinkFactory = Callable[[], Awaitable[ServerLink]]
"""Makes a new line for each boot; raises OSError where there is no network."""


class Waking(Enum):
    """How a sleeping device comes back to its server."""

    UPDATE = "update"
    REGISTER = "register"


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueMode:
    """When a device sleeps, and how it wakes."""

    awake_seconds: float = 10.0
    """Silence after which it falls asleep."""
    sleep_seconds: float = 30.0
    waking: Waking = Waking.UPDATE


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """How long things take."""

    lifetime_seconds: int = 300
    install_seconds: float = 1.0
    reboot_seconds: float = 1.5
    retry_seconds: float = 1.0
    """Before a second try to register; doubled with each, up to a minute."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceSettings:
    """All that makes one device other than the next."""

    identity: DeviceIdentity
    behaviour: Behaviour
    version: str = "1.0.0"
    timing: Timing = Timing()
    queue_mode: QueueMode | None = None
    downloads: DownloadSettings = field(default_factory=DownloadSettings)
    seed: int = 0


class Device:
    """One device over all its boots, the request handler of its links; `record` is its life."""

    def __init__(self, settings: DeviceSettings, connect: LinkFactory) -> None:
        """Be switched off, with `settings.version` in flash."""
        self.settings = settings
        self.record = DeviceRecord(settings.version)
        self.firmware = FirmwareUpdate(
            settings.behaviour,
            self.record,
            install_seconds=settings.timing.install_seconds,
            settings=settings.downloads,
            changed=self._tell,
            reboot=self._ask_for_reboot,
        )
        self.objects = ObjectTree(
            settings.identity,
            self.firmware,
            self.record,
            object_version=settings.behaviour.object_version,
            lifetime_seconds=settings.timing.lifetime_seconds,
            is_queue_mode=settings.queue_mode is not None,
        )
        self._connect = connect
        self._random = random.Random(f"{settings.seed} {settings.identity.endpoint}")
        self._link: ServerLink | None = None
        self._is_asleep = False
        self._is_registered = False
        self._last_heard_at = 0.0
        self._observed: set[Ids] = set()
        self._turn = asyncio.Lock()
        self._renewal_asked = asyncio.Event()
        self._reboot_asked: asyncio.Future[Reboot] | None = None
        self._life: asyncio.Task[None] | None = None

    @property
    def endpoint(self) -> str:
        """The endpoint name."""
        return self.settings.identity.endpoint

    @property
    def is_registered(self) -> bool:
        """Whether its server knows it, as far as it knows."""
        return self._is_registered

    @property
    def is_asleep(self) -> bool:
        """Whether it would answer."""
        return self._is_asleep

    def start(self) -> None:
        """Switch on; the life goes on in a task until `stop`."""
        self._life = asyncio.create_task(self._live(), name=f"device {self.endpoint}")
        self._life.add_done_callback(_log_failure)

    async def stop(self, *, deregisters: bool = True) -> None:
        """Switch off; say goodbye first unless told otherwise."""
        if deregisters and self._link is not None and self._is_registered:
            with suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(_FAREWELL_LIMIT_SECONDS):
                    await self._link.deregister()
                self.record.add(Kind.DEREGISTERED)
        if self._life is not None:
            self._life.cancel()
            await asyncio.wait((self._life,))
        self.record.add(Kind.STOPPED)

    async def handle(self, request: Request) -> Response | None:
        """Answer one request at a time; silence while asleep."""
        if self._is_asleep:
            self._write_down(request, None)
            return None
        self._last_heard_at = asyncio.get_running_loop().time()
        async with self._turn:
            response = await answer(self.objects, self.firmware, request, self._act)
        self._remember_observation(request, response)
        self._write_down(request, response)
        return response

    async def send(self, *paths: Ids) -> None:
        """Tell the values at or below `paths` by LwM2M Send; raise ConnectionError."""
        await self._require_link().send(
            {found: value for path in paths for found, value in self.objects.read(path).items()}
        )

    async def _live(self) -> None:
        while True:
            self._reboot_asked = asyncio.get_running_loop().create_future()
            try:
                self.record.add(Kind.BOOTED, value=self.record.running_version)
                reboot = await self._run_until_reboot(self._reboot_asked)
                self.record.add(Kind.REBOOTING)
            finally:
                await self._power_off()
            if not reboot.comes_back:
                self.record.add(Kind.GONE)
                return
            await asyncio.sleep(self.settings.timing.reboot_seconds)
            self.firmware.power_on()

    async def _run_until_reboot(self, reboot_asked: asyncio.Future[Reboot]) -> Reboot:
        talking = asyncio.create_task(self._stay_registered())
        try:
            await asyncio.wait((talking, reboot_asked), return_when=asyncio.FIRST_COMPLETED)
            if talking.done():
                talking.result()
            return reboot_asked.result()
        finally:
            talking.cancel()
            await asyncio.wait((talking,))

    async def _power_off(self) -> None:
        self._is_registered = False
        self._is_asleep = False
        self._observed.clear()
        await self.firmware.power_off()
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    async def _stay_registered(self) -> None:
        await self._register()
        while True:
            self._last_heard_at = asyncio.get_running_loop().time()
            renewal_seconds = self.settings.timing.lifetime_seconds * _RENEWAL_SHARE
            queue_mode = self.settings.queue_mode
            if queue_mode is None or not await self._falls_asleep(queue_mode, renewal_seconds):
                await self._wait_for_renewal(0.0 if queue_mode else renewal_seconds)
                await self._renew()
                continue
            self._is_asleep = True
            self.record.add(Kind.FELL_ASLEEP)
            await self._wait_for_renewal(queue_mode.sleep_seconds)
            self._is_asleep = False
            self.record.add(Kind.WOKE)
            await (self._renew() if queue_mode.waking is Waking.UPDATE else self._register())

    async def _wait_for_renewal(self, limit_seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_seconds):
                await self._renewal_asked.wait()
        self._renewal_asked.clear()

    async def _falls_asleep(self, queue_mode: QueueMode, limit_seconds: float) -> bool:
        """Wait for silence; `False` when the registration has to be renewed before."""
        loop = asyncio.get_running_loop()
        end = loop.time() + limit_seconds
        while loop.time() < end:
            awake_left_seconds = self._last_heard_at + queue_mode.awake_seconds - loop.time()
            if awake_left_seconds <= 0 and not self.firmware.is_busy:
                return True
            await asyncio.sleep(max(awake_left_seconds, _LOOK_SECONDS))
        return False

    async def _register(self) -> None:
        """Register until it succeeds."""
        parameters = RegisterParameters(
            endpoint=self.endpoint,
            lifetime_seconds=self.settings.timing.lifetime_seconds,
            is_queue_mode=self.settings.queue_mode is not None,
            links=self.objects.registration_links(),
        )
        retry_seconds = self.settings.timing.retry_seconds
        self._is_registered = False
        while not self._is_registered:
            # Before it is sent: the server may observe before its answer arrives.
            self._observed.clear()
            try:
                if self._link is None:
                    self._link = await self._connect()
                await self._link.register(parameters, self)
            except OSError as err:
                _LOGGER.debug("%s cannot register: %r", self.endpoint, err)
                self.record.add(Kind.REFUSED)
                await asyncio.sleep(retry_seconds * self._random.uniform(0.8, 1.2))
                retry_seconds = min(2 * retry_seconds, _RETRY_LIMIT_SECONDS)
            else:
                self._is_registered = True
                self.record.add(Kind.REGISTERED)

    async def _renew(self) -> None:
        try:
            await self._require_link().update()
        except ConnectionError as err:
            _LOGGER.debug("%s is not known any more: %r", self.endpoint, err)
            await self._register()
        else:
            self.record.add(Kind.RENEWED)

    def _require_link(self) -> ServerLink:
        if self._link is None:
            raise ConnectionError("the device is off")
        return self._link

    async def _tell(self, path: Ids) -> None:
        """Notify the observations of `path` and of what is above it, each of its own path."""
        if self._link is None or self.settings.behaviour.loses_notifications:
            return
        for observed in [
            path[:depth] for depth in range(1, len(path) + 1) if path[:depth] in self._observed
        ]:
            with suppress(ConnectionError):
                await self._link.notify(observed, self.objects.read(observed))

    def _remember_observation(self, request: Request, response: Response) -> None:
        if request.operation is Operation.OBSERVE and response.code == Code.CONTENT:
            self._observed.add(request.path)
        if request.operation is Operation.CANCEL_OBSERVATION:
            self._observed.discard(request.path)

    def _write_down(self, request: Request, response: Response | None) -> None:
        self.record.add(
            Kind.ASKED,
            operation=request.operation.value,
            path=request.path,
            value=request.value,
            code=None if response is None else response.code,
        )

    def _act(self, action: Action) -> None:
        match action:
            case Action.RENEW:
                self._renewal_asked.set()
            case Action.REBOOT:
                asyncio.get_running_loop().call_later(
                    _REBOOT_DELAY_SECONDS, self._ask_for_reboot, Reboot()
                )

    def _ask_for_reboot(self, reboot: Reboot) -> None:
        if self._reboot_asked is not None and not self._reboot_asked.done():
            self._reboot_asked.set_result(reboot)


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (err := task.exception()) is not None:
        _LOGGER.error("a device's life ended in a way it should not", exc_info=err)
