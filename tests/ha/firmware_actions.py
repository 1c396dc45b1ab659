"""The actions about firmware, used as an automation would."""

from typing import Any

import pytest
from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError

from custom_components.flownexus_ota.const import DOMAIN

from .fleet import World


async def act(world: World, action: str, context: Context | None = None, **data: Any) -> Any:
    """Use an action, and return its answer if it has one."""
    return await world.hass.services.async_call(
        DOMAIN,
        action,
        data,
        blocking=True,
        context=context,
        return_response=action != "remove_firmware",
    )


async def refusal(world: World, action: str, **data: Any) -> str:
    """Use an action that fails; return what a person reads."""
    with pytest.raises(HomeAssistantError) as caught:
        await act(world, action, **data)
    return str(caught.value)
