"""Sensors: where a device's update stands, and how many run and wait."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .engine.view import DeviceView, ServerView
from .entity import (
    DeviceEntity,
    ServerEntity,
    SparingDeviceEntity,
    async_add_to_devices,
)
from .lwm2m.firmware_update import UNKNOWN_RESULT, UpdateResult, result_key
from .ota.phase import Phase
from .runtime import FlownexusConfigEntry

PARALLEL_UPDATES: Final = 0  # they only show

PHASE: Final = SensorEntityDescription(
    key="update_phase",
    translation_key="update_phase",
    device_class=SensorDeviceClass.ENUM,
    options=[phase.value for phase in Phase],
    entity_category=EntityCategory.DIAGNOSTIC,
)


@dataclass(frozen=True, kw_only=True)
class DeviceSensorDescription(SensorEntityDescription):
    """One value of a device's view."""

    value: Callable[[DeviceView], str | datetime | None]


FURTHER: Final = (
    DeviceSensorDescription(
        key="last_result",
        translation_key="last_result",
        device_class=SensorDeviceClass.ENUM,
        options=[*map(result_key, UpdateResult), UNKNOWN_RESULT],
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda view: None if view.session is None else result_key(view.session.result),
    ),
    DeviceSensorDescription(
        key="last_seen",
        translation_key="last_seen",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda view: view.last_seen,
    ),
)
"""Off until somebody wants them: they say what others say too, or change with every word."""


@dataclass(frozen=True, kw_only=True)
class ServerSensorDescription(SensorEntityDescription):
    """A number of the server."""

    count: Callable[[ServerView], int]


SERVER_SENSORS: Final = (
    ServerSensorDescription(
        key="updates_running",
        translation_key="updates_running",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        count=lambda view: view.running_count,
    ),
    ServerSensorDescription(
        key="updates_waiting",
        translation_key="updates_waiting",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        count=lambda view: view.waiting_count,
    ),
)


async def async_setup_entry(
    _: HomeAssistant,
    entry: FlownexusConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the server's sensors, and those of every device."""
    runtime = entry.runtime_data
    async_add_entities(ServerSensor(runtime, each) for each in SERVER_SENSORS)

    await async_add_to_devices(
        entry,
        async_add_entities,
        lambda runtime, coordinator: [
            UpdatePhaseSensor(runtime, coordinator, PHASE),
            *(DeviceSensor(runtime, coordinator, each) for each in FURTHER),
        ],
    )


class UpdatePhaseSensor(SparingDeviceEntity, SensorEntity):
    """Where the active update of a device stands, or how the last one ended."""

    _unrecorded_attributes = frozenset({"deadline", "queue_position"})

    @property
    @override
    def shown(self) -> object:
        """Return what concerns updates."""
        view = self.view
        return (view.session, view.waiting_reason, view.queue_position, view.is_foreign_busy)

    @property
    @override
    def native_value(self) -> str | None:
        """Return the phase; `None` before the first update."""
        return None if self.view.phase is None else self.view.phase.value

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return what a person asks next: why, how long, how often, which version."""
        view = self.view
        session = view.session
        if session is None:
            return {"foreign_update": True} if view.is_foreign_busy else None
        return {
            "foreign_update": view.is_foreign_busy,
            "waiting_reason": view.waiting_reason,
            "queue_position": view.queue_position,
            "attempt": session.attempt,
            "deadline": session.deadline_at,
            "target_version": session.target.version,
            "last_result": result_key(session.result),
            "reason": session.reason,
        }


class DeviceSensor(DeviceEntity, SensorEntity):
    """A value of a device that few people want to see."""

    entity_description: DeviceSensorDescription

    @property
    @override
    def native_value(self) -> str | datetime | None:
        """Return the value."""
        return self.entity_description.value(self.view)


class ServerSensor(ServerEntity, SensorEntity):
    """A count of the server's sessions."""

    entity_description: ServerSensorDescription

    @property
    @override
    def native_value(self) -> int:
        """Return the count."""
        return self.entity_description.count(self.coordinator.data)
