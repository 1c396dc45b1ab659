"""Repair issues that a person can have mended here, or looked at again."""

from abc import abstractmethod
from typing import Any, override

import voluptuous as vol
from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .engine.refusal import DeviceUnknownError, ResetFailedError, UpdateActiveError
from .lwm2m.events import Endpoint
from .runtime import FlownexusConfigEntry, RuntimeData


class ServerFlow(RepairsFlow):
    """Asks, and then does something at one server that may fail."""

    def __init__(self, entry_id: str, placeholders: dict[str, str]) -> None:
        """Know which server, and the words of the texts."""
        super().__init__()
        self._entry_id = entry_id
        self._placeholders = placeholders

    async def async_step_init(self, _: dict[str, str] | None = None) -> RepairsFlowResult:
        """Begin with the question."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Ask, and do it when that is confirmed."""
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                data_schema=vol.Schema({}),  # type: ignore[arg-type] # at run time, voluptuous is probatio
                description_placeholders=self._placeholders,
            )
        entry: FlownexusConfigEntry | None = self.hass.config_entries.async_get_entry(
            self._entry_id
        )
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            problem: str | None = "server_not_loaded"
        else:
            problem = await self._async_mend(entry.runtime_data)
        if problem is not None:
            return self.async_abort(reason=problem, description_placeholders=self._placeholders)
        return self.async_create_entry(data={})

    @abstractmethod
    async def _async_mend(self, runtime: RuntimeData) -> str | None:
        """Return why the issue stays, or `None`."""


class ForeignUpdateFlow(ServerFlow):
    """Makes a device drop an image that was not offered here."""

    def __init__(self, entry_id: str, endpoint: Endpoint, placeholders: dict[str, str]) -> None:
        """Know which device."""
        super().__init__(entry_id, placeholders)
        self._endpoint = endpoint

    @override
    async def _async_mend(self, runtime: RuntimeData) -> str | None:
        """Reset the device."""
        try:
            await runtime.engine.reset_device(self._endpoint)
        except DeviceUnknownError:
            return "device_gone"
        except UpdateActiveError:
            return "update_active"
        except ResetFailedError:
            return "reset_failed"
        return None


class FirmwareUrlFlow(ServerFlow):
    """Tests the firmware base URLs of a server again."""

    @override
    async def _async_mend(self, runtime: RuntimeData) -> str | None:
        """Test; the issues follow what it finds."""
        try:
            reports = await runtime.self_test.async_run()
        except OSError:
            return "not_tested"
        if any(report.verdict.problem for report in reports):
            return "still_wrong"
        return None


async def async_create_fix_flow(
    _: HomeAssistant, issue_id: str, data: dict[str, Any] | None
) -> RepairsFlow:
    """Return the flow for an issue of ours that is fixable; its data tell which kind it is."""
    match data:
        case {"entry_id": entry_id, "endpoint": endpoint, "device": device}:
            return ForeignUpdateFlow(entry_id, Endpoint(endpoint), {"device": device})
        case {"entry_id": entry_id, "server": server, "url": url, "detail": detail}:
            return FirmwareUrlFlow(entry_id, {"server": server, "url": url, "detail": detail})
        case _:
            raise ValueError(f"{DOMAIN} has no fix for {issue_id}")
