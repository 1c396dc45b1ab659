"""What all entities share: identity, device, and the view that they show."""

from urllib.parse import quote

from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import CONF_URL, DOMAIN
from .coordinator import DeviceCoordinator, ServerCoordinator, device_identifier
from .engine.view import DeviceView
from .runtime import FlownexusConfigEntry, RuntimeData


class DeviceEntity(CoordinatorEntity[DeviceCoordinator]):
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
        view = coordinator.data
        identifier = device_identifier(runtime.entry, view.endpoint)
        self._attr_unique_id = f"{identifier[1]}_{description.key}"
        self._attr_device_info = DeviceInfo(
            identifiers={identifier},
            name=view.endpoint,
            manufacturer=view.facts.manufacturer,
            model=view.facts.model,
            serial_number=view.facts.serial_number,
            hw_version=view.facts.hardware_version,
            sw_version=view.facts.firmware_version,
            configuration_url=client_page(runtime.entry, view.endpoint),
            via_device_id=runtime.hub_device_id,
        )

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
