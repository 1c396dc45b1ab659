"""Conditions of automations: an update runs, an update waits, the last update failed.

They ask the engine, which knows every device, whatever entities it has.
"""

import abc
from typing import TYPE_CHECKING, Any, Final, Unpack, cast, override

from homeassistant.const import CONF_OPTIONS, CONF_TARGET
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.condition import (
    ATTR_BEHAVIOR,
    BEHAVIOR_ALL,
    BEHAVIOR_ANY,
    Condition,
    ConditionCheckParams,
    ConditionConfig,
)
from homeassistant.helpers.target import TargetSelection
from homeassistant.helpers.typing import ConfigType

from .engine.view import DeviceView
from .ota.phase import Phase
from .targets import views_of

# Home Assistant puts the one in the place of the other, and names the one in its types.
if TYPE_CHECKING:
    import probatio as vol
else:
    import voluptuous as vol

BEHAVIORS: Final = (BEHAVIOR_ANY, BEHAVIOR_ALL)
OPTIONS_SCHEMA: Final[dict[Any, Any]] = {
    vol.Required(ATTR_BEHAVIOR, default=BEHAVIOR_ANY): vol.In(BEHAVIORS)
}
# Without a target every device is meant, as with our triggers.
CONDITION_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(CONF_TARGET): cv.TARGET_FIELDS,
        vol.Required(CONF_OPTIONS, default={}): OPTIONS_SCHEMA,
    }
)


class UpdateCondition(Condition):
    """Holds for any, or for all, of the devices it is aimed at."""

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Return the configuration, with the behavior; raise for what it does not know."""
        return cast("ConfigType", CONDITION_SCHEMA(config))

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Belong to an automation."""
        super().__init__(hass, config)
        self._selection = TargetSelection(config.target or {})
        self._is_for_all = (config.options or {}).get(ATTR_BEHAVIOR) == BEHAVIOR_ALL

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        # Looked up anew each time: areas and labels change. Of a device that nothing is known of
        # nothing holds, and of no devices at all neither: an automation had better do nothing.
        views = views_of(self._hass, self._selection)
        held = (view is not None and self.holds(view) for view in views)
        return (next(held, False) and all(held)) if self._is_for_all else any(held)

    @abc.abstractmethod
    def holds(self, view: DeviceView) -> bool:
        """Tell whether it is so with one device."""


class UpdateIsRunningCondition(UpdateCondition):
    """A device has been told where its image is, and its update has not ended."""

    @override
    def holds(self, view: DeviceView) -> bool:
        """Tell whether the update has left the queue; one that is held keeps its phase."""
        return view.is_session_active and view.phase is not Phase.WAITING


class UpdateIsWaitingCondition(UpdateCondition):
    """An update has been asked for, and waits: for its turn, its time, its device."""

    @override
    def holds(self, view: DeviceView) -> bool:
        """Tell whether the update has yet to start, or to start again."""
        return view.phase is Phase.WAITING


class LastUpdateFailedCondition(UpdateCondition):
    """The last update of a device has failed, and no other was asked for since."""

    @override
    def holds(self, view: DeviceView) -> bool:
        """Tell whether it failed; final phases never change, also when it arrives late."""
        return view.phase is Phase.FAILED


CONDITIONS: Final[dict[str, type[Condition]]] = {
    "update_is_running": UpdateIsRunningCondition,
    "update_is_waiting": UpdateIsWaitingCondition,
    "last_update_failed": LastUpdateFailedCondition,
}


async def async_get_conditions(_: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions, by the names that conditions.yaml describes."""
    return CONDITIONS
