"""Updates that begin by themselves: of the devices whose switch is on, one after the other."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Final, final

from homeassistant.components.update.const import ATTR_SKIPPED_VERSION
from homeassistant.const import Platform
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er

from .actions import async_begin
from .const import DOMAIN
from .coordinator import device_identifier
from .engine.session_runner import SessionRunner
from .engine.view import DeviceView
from .lwm2m.events import Endpoint
from .ota.image import FirmwareImage
from .ota.phase import Phase, WaitingReason
from .ota.version import is_newer, is_same_version
from .runtime import RuntimeData

_LOGGER: Final = logging.getLogger(__name__)

LOOK_SECONDS: Final = 30.0
REFUSED_FOR: Final = timedelta(minutes=15)
"""A device that could not be updated, its battery low for example, is looked at again then."""


@final
class AutoUpdater:
    """Looks after one server's devices."""

    def __init__(self, runtime: RuntimeData, *, look_seconds: float = LOOK_SECONDS) -> None:
        """Do nothing before `run`."""
        self._runtime = runtime
        self._look_seconds = look_seconds
        self._current: SessionRunner | None = None
        self._refused_until: dict[Endpoint, datetime] = {}

    async def run(self) -> None:
        """Begin one update after the other, until cancelled."""
        while True:
            await asyncio.sleep(self._look_seconds)
            await self.look()

    async def look(self) -> None:
        """Begin the next update, unless one that was begun here runs."""
        if self._current is not None and self._is_running(self._current):
            return
        self._current = None
        now = datetime.now(UTC)
        for coordinator in tuple(self._runtime.devices.values()):
            image = self._due_image(coordinator.data, now)
            if image is not None and await self._begin(coordinator.data, image, now):
                return

    def _is_running(self, runner: SessionRunner) -> bool:
        """One that waits for its device, or for its time, must not hold up the others."""
        view = self._runtime.engine.view(runner.session.endpoint)
        if view is None or runner.session.phase.is_final:
            return False
        return view.waiting_reason in (None, WaitingReason.QUEUE)

    def _due_image(self, view: DeviceView, now: datetime) -> FirmwareImage | None:
        """Return the image that a device should get now, by itself."""
        if not view.wishes.is_auto_updated or view.is_session_active or not view.is_registered:
            return None
        if self._refused_until.get(view.endpoint, now) > now or view.is_foreign_busy:
            return None
        image = self._runtime.image_for(view)
        if image is None or not _is_wanted(view, image):
            return None
        if not self._runtime.profile_of(view).may_begin(now) or self._is_skipped(view, image):
            return None
        return image

    async def _begin(self, view: DeviceView, image: FirmwareImage, now: datetime) -> bool:
        """Tell whether an update began; what speaks against it now is no failure."""
        endpoint = view.endpoint
        try:
            self._current = await async_begin(
                self._runtime,
                endpoint,
                image,
                asked_by=None,
                may_downgrade=view.wishes.pinned_version is not None,
            )
        except HomeAssistantError as err:
            _LOGGER.info("%s is not updated by itself now: %s", endpoint, err)
            self._refused_until[endpoint] = now + REFUSED_FOR
            return False
        _LOGGER.info("%s is updated to %s by itself", endpoint, image.version)
        return True

    def _is_skipped(self, view: DeviceView, image: FirmwareImage) -> bool:
        """Tell whether a person skipped this version on the update card."""
        unique_id = f"{device_identifier(self._runtime.entry, view.endpoint)[1]}_firmware"
        hass = self._runtime.hass
        entity_id = er.async_get(hass).async_get_entity_id(Platform.UPDATE, DOMAIN, unique_id)
        state = None if entity_id is None else hass.states.get(entity_id)
        return state is not None and state.attributes.get(ATTR_SKIPPED_VERSION) == image.version


def _is_wanted(view: DeviceView, image: FirmwareImage) -> bool:
    """Tell whether a device runs something else, and this image has not failed on it yet."""
    last, installed = view.session, view.installed_version
    if installed is None or is_same_version(image.version, installed):
        return False
    if view.wishes.pinned_version is None and not is_newer(image.version, installed):
        return False
    # Whoever ended it, or whatever went wrong: the next attempt is a person's.
    has_ended_badly = last is not None and last.phase in (Phase.FAILED, Phase.CANCELLED)
    return not (has_ended_badly and last is not None and last.target.sha256 == image.sha256)
