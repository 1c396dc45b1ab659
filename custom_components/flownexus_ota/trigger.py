"""Triggers of automations: an update started, succeeded, failed, arrived late, or has to wait.

They listen to our bus event, which every device fires, whatever entities it has.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast, override

from homeassistant.const import ATTR_DEVICE_ID, CONF_OPTIONS, CONF_TARGET
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.target import TargetSelection
from homeassistant.helpers.trigger import (
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType

from .const import EVENT_UPDATE
from .ota.happening import Happening
from .ota.phase import WaitingReason
from .targets import selected_device_ids
from .update_words import failure_text, reason_text

# Home Assistant puts the one in the place of the other, and names the one in its types.
if TYPE_CHECKING:
    import probatio as vol
else:
    import voluptuous as vol

# The target was looked at by Home Assistant before; without one, every device is meant.
TRIGGER_SCHEMA: Final = vol.Schema(
    {vol.Optional(CONF_TARGET): dict, vol.Optional(CONF_OPTIONS): {}}
)


class UpdateTrigger(Trigger):
    """Fires for one kind of happening, of the devices it is aimed at."""

    happening: ClassVar[Happening]

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Return the configuration; raise for options, of which there are none."""
        return cast("ConfigType", TRIGGER_SCHEMA(config))

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Belong to an automation."""
        super().__init__(hass, config)
        self._selection = TargetSelection(config.target or {})

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Begin to listen."""

        @callback
        def heard(event: Event[dict[str, Any]]) -> None:
            data = event.data
            if self.concerns(data) and self._is_aimed_at(data[ATTR_DEVICE_ID]):
                told = variables(self._hass, data)
                _ = run_action(told, f"update of {told['device_name']}", event.context)

        return self._hass.bus.async_listen(EVENT_UPDATE, heard)

    def concerns(self, data: Mapping[str, Any]) -> bool:
        """Tell whether an event is of the kind that the trigger is for."""
        return bool(data["type"] == self.happening)

    def _is_aimed_at(self, device_id: str | None) -> bool:
        # Looked up anew each time: areas and labels change.
        return not self._selection.has_any_target or (
            device_id in selected_device_ids(self._hass, self._selection)
        )


class UpdateStartedTrigger(UpdateTrigger):
    """A device is about to be told where its image is."""

    happening = Happening.STARTED


class UpdateSucceededTrigger(UpdateTrigger):
    """A device runs its new version."""

    happening = Happening.SUCCEEDED


class UpdateFailedTrigger(UpdateTrigger):
    """An update ended without success, and is not tried again."""

    happening = Happening.FAILED


class UpdateArrivedLateTrigger(UpdateTrigger):
    """A device runs its new version, although its update had failed."""

    happening = Happening.ARRIVED_LATE


class UpdateWaitingTrigger(UpdateTrigger):
    """An update cannot start at once, nor as soon as others have ended."""

    happening = Happening.QUEUED

    @override
    def concerns(self, data: Mapping[str, Any]) -> bool:
        """Tell whether an update waits for more than its turn, as every update does at first."""
        return super().concerns(data) and data["waiting_reason"] != WaitingReason.QUEUE


def variables(hass: HomeAssistant, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an automation gets as `trigger`: the event, the device's name, why in words."""
    device_id, endpoint = data[ATTR_DEVICE_ID], data["endpoint"]
    device = dr.async_get(hass).async_get(device_id or "")
    name = (None if device is None else device.name_by_user or device.name) or endpoint
    told = {key: value for key, value in data.items() if key != "type"}
    has_failed = data["type"] == Happening.FAILED
    return told | {
        "device_name": name,
        "reason_text": reason_text(hass, data),
        "failure_text": failure_text(hass, device_id, endpoint, name) if has_failed else "",
    }


TRIGGERS: Final[dict[str, type[Trigger]]] = {
    "update_started": UpdateStartedTrigger,
    "update_succeeded": UpdateSucceededTrigger,
    "update_failed": UpdateFailedTrigger,
    "update_arrived_late": UpdateArrivedLateTrigger,
    "update_waiting": UpdateWaitingTrigger,
}


async def async_get_triggers(_: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers, by the names that triggers.yaml describes."""
    return TRIGGERS
