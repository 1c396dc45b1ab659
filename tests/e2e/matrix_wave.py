"""One fault, met by many devices at once, each in the phase of its cell."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, cast

from harness.hass_socket import CommandError
from harness.held_device import EXECUTE, OFFER, HeldDevice
from harness.history_file import StoredUpdate, stored_updates
from harness.leshan_simulated import SimulatedSite
from harness.stage import Stage
from harness.waiting import StageError, poll_until
from simulator.download import DownloadSettings
from simulator.fleet import FleetOptions
from simulator.record import Kind
from simulator.settings import Timing
from simulator.states import State

from .fleet import OLD
from .matrix import Cell, Fault, When

SIZE_BYTES: Final = 60_000
# Slow enough for the server to notice each device's progress.
_RATE_BYTES_PER_SECOND: Final = 20_000
_INSTALL_SECONDS: Final = 3.0
_HOLD_LIMIT_SECONDS: Final = 80.0
_END_LIMIT_SECONDS: Final = 150.0
_ENDS_HASS: Final = frozenset({Fault.HASS_KILLED, Fault.HASS_RESTARTED, Fault.BOTH_RESTARTED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """What became of a cell."""

    cell: Cell
    outcome: str
    took_s: float

    @property
    def is_as_expected(self) -> bool:
        """Whether the matrix allows it."""
        return self.outcome in self.cell.outcomes


class Wave:
    """The devices of one fault."""

    def __init__(self, stage: Stage, fault: Fault, cells: Sequence[Cell]) -> None:
        """Switch nothing on yet."""
        self._stage = stage
        self._site = cast("SimulatedSite", stage.site)
        self._fault = fault
        self._cells = cells
        self._asking: list[asyncio.Task[None]] = []
        self._valve = asyncio.Event()

    async def run(self) -> list[Ended]:
        """Bring each device into its phase, break what is to be broken, return the outcomes."""
        await asyncio.gather(*(self._site.add_devices(self._options(cell)) for cell in self._cells))
        cards = [await self._stage.hass.update_entity(self._name(cell)) for cell in self._cells]
        self._cards = dict(zip(self._cells, cards, strict=True))
        async with asyncio.timeout(_HOLD_LIMIT_SECONDS):
            await self._take_positions()
        await self._break()
        self._valve.set()
        self._let_go(When.OFFERED, When.STAGED)
        if self._fault in _ENDS_HASS:
            await self._stage.hass.start_again()
        for device in self._devices(When.WAITING):
            device.start()
        rows = await self._until_ended()
        await asyncio.wait(self._asking, timeout=_HOLD_LIMIT_SECONDS)
        return [_ended(cell, rows[self._name(cell)]) for cell in self._cells]

    async def _take_positions(self) -> None:
        for device in self._devices(When.WAITING):
            await device.stop()
        for device in self._devices(When.OFFERED):
            device.hold(OFFER)
        held = [*self._devices(When.STAGED), *self._devices(When.INSTALLING)]
        for device in held:
            device.hold(EXECUTE)
        self._ask(When.WAITING, When.OFFERED, When.STAGED, When.INSTALLING, When.ANY)
        for device in (*self._devices(When.OFFERED), *held):
            await device.until_held()
        self._ask(When.TRANSFERRING)
        await _until(self._devices(When.TRANSFERRING), State.DOWNLOADING)
        self._let_go(When.INSTALLING)
        await _until(self._devices(When.INSTALLING), State.UPDATING)

    async def _break(self) -> None:
        match self._fault:
            case Fault.NONE:
                pass
            case Fault.EVENTS_CUT:
                self._site.leshan.cut_event_streams()
            case Fault.NOTIFICATIONS_LOST:
                for cell in self._cells:
                    self._site.leshan.forget_observations(self._name(cell))
            case Fault.LESHAN_RESTARTED:
                await self._restart_leshan()
            case Fault.HASS_KILLED:
                await self._stage.hass.kill()
            case Fault.HASS_RESTARTED:
                await self._stage.hass.stop()
            case Fault.BOTH_RESTARTED:
                await self._stage.hass.kill()
                await self._restart_leshan()
            case Fault.DEVICE_REBOOTED:
                for cell in self._cells:
                    self._device(cell).reboot()

    async def _restart_leshan(self) -> None:
        self._site.leshan.restart()

    async def _until_ended(self) -> dict[str, StoredUpdate]:
        names = {self._name(cell) for cell in self._cells}
        rows: dict[str, StoredUpdate] = {}
        end_s = time.monotonic() + _END_LIMIT_SECONDS

        async def is_over() -> bool:
            stored = await asyncio.to_thread(stored_updates, self._stage.hass.folder)
            rows.update({row.endpoint: row for row in stored if row.endpoint in names})
            return time.monotonic() > end_s or (
                rows.keys() == names and not any(row.is_active for row in rows.values())
            )

        await poll_until(is_over, "every update to end", limit_seconds=2 * _END_LIMIT_SECONDS)
        return rows

    def _ask(self, *whens: When) -> None:
        chosen = [card for cell, card in self._cards.items() if cell.when in whens]
        self._asking += [asyncio.create_task(self._install(card)) for card in chosen]

    async def _install(self, entity_id: str) -> None:
        # What became of it is in the history, also when Home Assistant was killed meanwhile.
        with suppress(CommandError, StageError, ConnectionError):
            await self._stage.hass.socket.call(
                "update.install", {"entity_id": entity_id}, limit_seconds=_END_LIMIT_SECONDS
            )

    def _let_go(self, *whens: When) -> None:
        for device in self._devices(*whens):
            device.let_go()

    def _devices(self, *whens: When) -> list[HeldDevice]:
        return [self._device(cell) for cell in self._cells if cell.when in whens]

    def _device(self, cell: Cell) -> HeldDevice:
        return cast("HeldDevice", self._site.devices[self._name(cell)])

    def _name(self, cell: Cell) -> str:
        return f"{cell.name_prefix}1"

    def _options(self, cell: Cell) -> FleetOptions:
        return FleetOptions(
            server="",
            count=1,
            behaviours=[cell.behaviour],
            name_prefix=cell.name_prefix,
            version=OLD,
            # Renewed every three seconds: that is how a device notices a Leshan that forgot it.
            timing=Timing(lifetime_seconds=4, install_seconds=_INSTALL_SECONDS, reboot_seconds=0.5),
            downloads=DownloadSettings(
                compiled_origin=self._stage.hass.base_url,
                # Half a second each: nobody gives up before Home Assistant has started again.
                tries_without_progress=400,
                valve=self._valve if cell.when is When.TRANSFERRING else None,
            ),
            bytes_per_second=_RATE_BYTES_PER_SECOND,
        )


async def _until(devices: Iterable[HeldDevice], state: State) -> None:
    for device in devices:
        await device.record.wait_for(Kind.STATE, int(state), limit_seconds=_HOLD_LIMIT_SECONDS)


def _ended(cell: Cell, row: StoredUpdate) -> Ended:
    result = f" {row.device_result}" if row.reason == "device_reported" else ""
    return Ended(
        cell=cell,
        outcome=f"{row.phase} {row.reason}{result}",
        took_s=(row.finished_s or time.time()) - row.created_s,
    )
