"""Repair issues that a person can have mended here: somebody else's update on a device."""

from typing import Any

import voluptuous as vol
from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .engine.refusal import DeviceUnknownError, ResetFailedError, UpdateActiveError
from .lwm2m.events import Endpoint
from .runtime import FlownexusConfigEntry


class ForeignUpdateFlow(RepairsFlow):
    """Makes a device drop an image that was not offered here."""

    def __init__(self, entry_id: str, endpoint: Endpoint, placeholders: dict[str, str]) -> None:
        """Know which device."""
        super().__init__()
        self._entry_id = entry_id
        self._endpoint = endpoint
        self._placeholders = placeholders

    async def async_step_init(self, _: dict[str, str] | None = None) -> RepairsFlowResult:
        """Begin with the question."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Ask whether to reset the device, and do so."""
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                data_schema=vol.Schema({}),  # type: ignore[arg-type] # at run time, voluptuous is probatio
                description_placeholders=self._placeholders,
            )
        if problem := await self._async_reset():
            return self.async_abort(reason=problem, description_placeholders=self._placeholders)
        return self.async_create_entry(data={})

    async def _async_reset(self) -> str | None:
        """Return why the device was not reset, or `None`."""
        entry: FlownexusConfigEntry | None = self.hass.config_entries.async_get_entry(
            self._entry_id
        )
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return "server_not_loaded"
        try:
            await entry.runtime_data.engine.reset_device(self._endpoint)
        except DeviceUnknownError:
            return "device_gone"
        except UpdateActiveError:
            return "update_active"
        except ResetFailedError:
            return "reset_failed"
        return None


async def async_create_fix_flow(
    _: HomeAssistant, issue_id: str, data: dict[str, Any] | None
) -> RepairsFlow:
    """Return the flow for an issue of ours that is fixable: there is one kind."""
    if data is None:
        message = f"{DOMAIN} has no fix for {issue_id}"
        raise ValueError(message)
    return ForeignUpdateFlow(
        data["entry_id"], Endpoint(data["endpoint"]), {"device": data["device"]}
    )
