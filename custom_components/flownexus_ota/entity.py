"""What all entities share: identity, device, and the view that they show."""

from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import override
from urllib.parse import quote

from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import BaseCoordinatorEntity, CoordinatorEntity

from .const import CONF_URL, DOMAIN
from .coordinator import DeviceCoordinator, ServerCoordinator, described, device_identifier
from .engine.view import DeviceView
from .runtime import FlownexusConfigEntry, RuntimeData


async def async_add_to_devices(
    entry: FlownexusConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    make: Callable[[RuntimeData, DeviceCoordinator], Iterable[Entity]],
    *,
    is_minimal: bool = False,
) -> None:
    """Add what `make` makes to every device there is, and to each that comes.

    `is_minimal` for what a device has in any case; all else only as the option says.
    """
    runtime = entry.runtime_data

    def add(coordinators: list[DeviceCoordinator]) -> None:
        async_add_entities(
            entity for coordinator in coordinators for entity in make(runtime, coordinator)
        )

    await runtime.async_add_platform(add, is_minimal=is_minimal)


class DeviceEntity(BaseCoordinatorEntity[DeviceCoordinator]):
    """An entity of one device.

    It stays available while the device sleeps or the server is down: Home Assistant drops
    `update.install` on unavailable entities without a word (`design.md` D12).
    """

    _attr_has_entity_name = True

    def __init__(
        self,
        runtime: RuntimeData,
        coordinator: DeviceCoordinator,
        description: EntityDescription,
    ) -> None:
        """Belong to the coordinator's device."""
        super().__init__(coordinator)
        self._runtime = runtime
        self.entity_description = description
        endpoint = coordinator.data.endpoint
        self._attr_unique_id = f"{device_identifier(runtime.entry, endpoint)[1]}_{description.key}"
        if coordinator.device_info is None:
            coordinator.device_info = _device_info(runtime, coordinator.data)
        self._attr_device_info = coordinator.device_info

    @override
    async def async_update(self) -> None:
        """Do nothing for `homeassistant.update_entity`: what there is to know is known."""

    @property
    def view(self) -> DeviceView:
        """Return what is known of the device."""
        return self.coordinator.data

    @property
    def device_name(self) -> str:
        """Return the name that the user gave the device, else its endpoint."""
        entry = self.device_entry
        name = None if entry is None else entry.name_by_user or entry.name
        return name or self.view.endpoint


class SparingDeviceEntity(DeviceEntity):
    """One that shows little of its device: written only when that has changed."""

    _written: object = None

    @property
    @abstractmethod
    def shown(self) -> object:
        """Return what is shown, to be compared."""

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Pass over what changes nothing here: most news of a device does not."""
        shown = self.shown
        if shown != self._written:
            self._written = shown
            self.async_write_ha_state()


def _device_info(runtime: RuntimeData, view: DeviceView) -> DeviceInfo:
    facts = described(view.facts)
    return DeviceInfo(
        identifiers={device_identifier(runtime.entry, view.endpoint)},
        name=view.endpoint,
        manufacturer=facts["manufacturer"],
        model=facts["model"],
        serial_number=facts["serial_number"],
        hw_version=facts["hw_version"],
        sw_version=facts["sw_version"],
        configuration_url=client_page(runtime.entry, view.endpoint),
        via_device_id=runtime.hub_device_id,
    )


class ServerEntity(CoordinatorEntity[ServerCoordinator]):
    """An entity of the server itself."""

    _attr_has_entity_name = True

    def __init__(self, runtime: RuntimeData, description: EntityDescription) -> None:
        """Belong to the entry's hub device."""
        super().__init__(runtime.server)
        self.entity_description = description
        self._attr_unique_id = f"{runtime.entry.entry_id}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, runtime.entry.entry_id)})


def client_page(entry: FlownexusConfigEntry, endpoint: str) -> str:
    """Return the device's page in Leshan's own web interface."""
    return f"{entry.data[CONF_URL]}/#/clients/{quote(endpoint, safe='')}/3"
