"""The update entity: what a device runs, what it could run, and the way there."""

import asyncio
from typing import Any, Final, override

from homeassistant.components.update import (
    UpdateDeviceClass,
    UpdateEntity,
    UpdateEntityDescription,
    UpdateEntityFeature,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .actions import async_begin
from .engine.refusal import EngineStoppedError
from .engine.session_runner import SessionRunner
from .entity import DeviceEntity, async_add_to_devices
from .exceptions import goes_on_after_restart_error, no_image_error, update_failed_error
from .ota.image import FirmwareImage
from .ota.phase import Phase
from .ota.version import is_newer, is_same_version
from .runtime import FlownexusConfigEntry

# How many run at once is the engine's business: it can show who waits, this semaphore cannot.
PARALLEL_UPDATES: Final = 0

DESCRIPTION: Final = UpdateEntityDescription(
    key="firmware",
    translation_key="firmware",
    device_class=UpdateDeviceClass.FIRMWARE,
)


async def async_setup_entry(
    _: HomeAssistant,
    entry: FlownexusConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add an entity for every device there is, and for each that comes."""
    await async_add_to_devices(
        entry,
        async_add_entities,
        lambda runtime, coordinator: [FirmwareUpdateEntity(runtime, coordinator, DESCRIPTION)],
        is_minimal=True,
    )


class FirmwareUpdateEntity(DeviceEntity, UpdateEntity):
    """The firmware of one device; computed from what others know."""

    _attr_supported_features = (
        UpdateEntityFeature.INSTALL
        | UpdateEntityFeature.SPECIFIC_VERSION
        | UpdateEntityFeature.PROGRESS
        | UpdateEntityFeature.RELEASE_NOTES
    )

    _latest_image: FirmwareImage | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Begin to follow the device, and the catalogue."""
        await super().async_added_to_hass()
        self._latest_image = self._runtime.image_for(self.view)

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Look the image up once for all that is shown of it: device or catalogue have changed."""
        self._latest_image = self._runtime.image_for(self.view)
        super()._handle_coordinator_update()

    @property
    @override
    def installed_version(self) -> str | None:
        """Return what the device says it runs."""
        return self.view.installed_version

    @property
    @override
    def latest_version(self) -> str | None:
        """Return the best image that fits, or what is installed when there is none.

        `None` until the catalogue has been read: a wrong guess would forget a skipped version.
        """
        if self._runtime.catalogue is None:
            return None
        image = self._latest_image
        if image is None or self._is_installed_already(image):
            return self.installed_version
        return image.version

    @override
    def version_is_newer(self, latest_version: str, installed_version: str) -> bool:
        """Tell whether an image is newer, or the pinned one.

        What cannot be compared is offered only when it is pinned.
        """
        if self.view.wishes.pinned_version is not None:
            return not is_same_version(latest_version, installed_version)
        return is_newer(latest_version, installed_version)

    @property
    @override
    def in_progress(self) -> bool:
        """Tell whether an update runs or waits."""
        return self.view.is_session_active

    @property
    @override
    def update_percentage(self) -> int | None:
        """Return how much of the image has left for the device; `None` outside the download."""
        return self.view.progress_percent

    @property
    @override
    def title(self) -> str | None:
        """Return the image's title."""
        image = self._latest_image
        return None if image is None else image.title

    @property
    @override
    def release_url(self) -> str | None:
        """Return the image's page."""
        image = self._latest_image
        return None if image is None else image.release_url

    @property
    @override
    def release_summary(self) -> str | None:
        """Return the beginning of the image's notes; Home Assistant cuts them at 255 characters."""
        image = self._latest_image
        return None if image is None else image.release_notes

    @override
    async def async_release_notes(self) -> str | None:
        """Return the image's notes, in Markdown."""
        image = self._latest_image
        return None if image is None else image.release_notes

    @override
    async def async_update(self) -> None:
        """Ask every source of firmware again; many who ask at once share one answer."""
        await self._runtime.shared.keeper.refresh()

    @override
    async def async_install(self, version: str | None, backup: bool, **kwargs: Any) -> None:
        """Begin an update, and wait for its outcome if it starts at once (`design.md` D11)."""
        image = self._image(version)
        runner = await async_begin(
            self._runtime,
            self.view.endpoint,
            image,
            asked_by=None if self._context is None else self._context.user_id,
            may_downgrade=version is not None or self.view.wishes.pinned_version is not None,
        )
        if self._runtime.engine.is_started(runner):
            await self._async_outcome(runner)

    async def _async_outcome(self, runner: SessionRunner) -> None:
        """Wait until the session has ended; it lives on if nobody waits any more."""
        awaited = self._runtime.announcer.awaited
        awaited.add(runner.session.id)
        try:
            session = await asyncio.shield(runner.finished)
        except EngineStoppedError as err:
            version = runner.session.target.version
            raise goes_on_after_restart_error(self.device_name, version) from err
        finally:
            awaited.discard(runner.session.id)
        if session.phase is not Phase.SUCCEEDED:
            raise update_failed_error(session, self.device_name)

    def _is_installed_already(self, image: FirmwareImage) -> bool:
        """Tell whether an image would be offered again and again to a device that runs it.

        Its sidecar says that devices report it in words that rank lower than its version, such as
        `1.4.2-release` for 1.4.2.
        """
        installed = self.installed_version
        return (
            installed is not None
            and is_same_version(image.expected_version, installed)
            and is_newer(image.version, installed)
        )

    def _image(self, version: str | None) -> FirmwareImage:
        image = (
            self._runtime.image_for(self.view)
            if version is None
            else self._runtime.image_named(self.view, version)
        )
        if image is None:
            raise no_image_error(self.device_name, version)
        return image
