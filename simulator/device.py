"""A simulated LwM2M device: boots, registers, answers, updates its firmware, reboots, sleeps."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from simulator.answering import Action, answer
from simulator.firmware import FirmwareUpdate, Reboot
from simulator.link import Content, Ids, RegisterParameters, Request, Response, ServerLink
from simulator.objects import ObjectTree
from simulator.record import DeviceRecord, Kind
from simulator.settings import DeviceSettings, QueueMode, Waking

_LOGGER: Final = logging.getLogger(__name__)
# A registration is renewed after this share of its lifetime.
_RENEWAL_SHARE: Final = 0.75
_RETRY_LIMIT_SECONDS: Final = 60.0
_FAREWELL_LIMIT_SECONDS: Final = 3.0
# Lets answers and notifications leave before the line goes down.
_REBOOT_DELAY_SECONDS: Final = 0.1
_LOOK_SECONDS: Final = 0.05
_UNTOLD_LIMIT: Final = 64

type LinkFactory = Callable[[], Awaitable[ServerLink]]
"""Makes a new line for each boot; raises OSError where there is no network."""


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
            reboot=self._reboot_soon,
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
        self._untold: asyncio.Queue[tuple[Ids, Content]] = asyncio.Queue(_UNTOLD_LIMIT)
        self._turn = asyncio.Lock()
        self._renewal_asked = asyncio.Event()
        self._reboot_asked: asyncio.Future[Reboot] | None = None
        self._rebooting: asyncio.TimerHandle | None = None
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

    def reboot(self) -> None:
        """Lose power now, and boot again: what was not finished is lost."""
        self._ask_for_reboot(Reboot())

    def wake(self) -> None:
        """Come again before its time, as when somebody presses its button."""
        self._act(Action.RENEW)

    async def revive(self) -> None:
        """Let somebody press the button of a device that did not come back."""
        await self.stop(deregisters=False)
        self.firmware.power_on()
        self.start()

    async def handle(self, request: Request) -> Response | None:
        """Answer one request at a time; silence while asleep."""
        if self._is_asleep:
            self._write_down(request, None)
            return None
        self._last_heard_at = asyncio.get_running_loop().time()
        async with self._turn:
            response = await answer(self.objects, self.firmware, request, self._act)
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
        self._untold = asyncio.Queue(_UNTOLD_LIMIT)
        async with asyncio.TaskGroup() as tasks:
            talking = [
                tasks.create_task(self._stay_registered()),
                tasks.create_task(self._tell_changes()),
            ]
            reboot = await reboot_asked
            for task in talking:
                task.cancel()
        return reboot

    async def _power_off(self) -> None:
        self._is_registered = False
        self._is_asleep = False
        if self._rebooting is not None:
            self._rebooting.cancel()
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
        await self._pause(limit_seconds)
        self._renewal_asked.clear()

    async def _pause(self, limit_seconds: float) -> None:
        """Wait, but not longer than until somebody asks for a renewal."""
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_seconds):
                await self._renewal_asked.wait()

    async def _falls_asleep(self, queue_mode: QueueMode, limit_seconds: float) -> bool:
        """Wait for silence; `False` when the registration has to be renewed before."""
        loop = asyncio.get_running_loop()
        end = loop.time() + limit_seconds
        while loop.time() < end and not self._renewal_asked.is_set():
            awake_left_seconds = self._last_heard_at + queue_mode.awake_seconds - loop.time()
            may_sleep = queue_mode.bedtime is None or queue_mode.bedtime.is_set()
            if awake_left_seconds <= 0 and may_sleep and not self.firmware.is_busy:
                return True
            await self._pause(max(awake_left_seconds, _LOOK_SECONDS))
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

    def _tell(self, path: Ids) -> None:
        """Queue a notification of the value as it is now."""
        if self.settings.behaviour.loses_notifications:
            return
        if self._untold.full():
            self._untold.get_nowait()
        self._untold.put_nowait((path, self.objects.read(path)))

    async def _tell_changes(self) -> None:
        """Notify what is queued; a task of its own, for a link may read from the device."""
        while True:
            path, content = await self._untold.get()
            if self._link is not None:
                with suppress(ConnectionError):
                    await self._link.notify(path, content)

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
                self._reboot_soon(Reboot())

    def _reboot_soon(self, reboot: Reboot) -> None:
        loop = asyncio.get_running_loop()
        self._rebooting = loop.call_later(_REBOOT_DELAY_SECONDS, self._ask_for_reboot, reboot)

    def _ask_for_reboot(self, reboot: Reboot) -> None:
        if self._reboot_asked is not None and not self._reboot_asked.done():
            self._reboot_asked.set_result(reboot)


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (err := task.exception()) is not None:
        _LOGGER.error("a device's life ended in a way it should not", exc_info=err)
