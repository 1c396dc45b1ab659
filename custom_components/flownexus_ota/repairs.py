"""Repair issues that a person can have mended here, or looked at again."""

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from .const import DOMAIN
from .engine.refusal import DeviceUnknownError, ResetFailedError, UpdateActiveError
from .lwm2m.events import Endpoint
from .runtime import FlownexusConfigEntry, RuntimeData
from .stale_issues import names_in_line
from .update_options import stale_days

# Home Assistant puts the one in the place of the other, and names the one in its types.
if TYPE_CHECKING:
    import probatio as vol
else:
    import voluptuous as vol

CONF_DEVICES: Final = "devices"
DEVICES_TO_CHOOSE_FROM: Final = 100
# A source elsewhere may be slow, and a backup holds the reading.
READ_LIMIT_SECONDS: Final = 60.0


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
                data_schema=vol.Schema({}),
                description_placeholders=self._placeholders,
            )
        runtime = loaded_runtime(self.hass, self._entry_id)
        problem = "server_not_loaded" if runtime is None else await self._async_mend(runtime)
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


class CatalogueFlow(ConfirmRepairFlow):
    """Reads the firmware of all sources again, once a person has mended something."""

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Say what is wrong; read when that is confirmed."""
        if user_input is None:
            return await super().async_step_confirm()
        loaded = self.hass.config_entries.async_loaded_entries(DOMAIN)
        if not loaded:
            return self.async_abort(reason="server_not_loaded")
        keeper = loaded[0].runtime_data.shared.keeper
        try:
            async with asyncio.timeout(READ_LIMIT_SECONDS):
                await keeper.refresh()
        except TimeoutError:
            return self.async_abort(reason="not_read")
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        if issue is not None:
            return self.async_abort(
                reason="still_wrong", description_placeholders=issue.translation_placeholders
            )
        return self.async_create_entry(data={})


class StaleDevicesFlow(RepairsFlow):
    """Lets a person choose devices that have not been seen for long, and deletes them."""

    def __init__(self, entry_id: str, server: str) -> None:
        """Know which server."""
        super().__init__()
        self._entry_id = entry_id
        self._server = server
        self._chosen: dict[Endpoint, str] = {}
        """Names by endpoint."""

    async def async_step_init(self, _: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin with the choice."""
        return await self.async_step_choose()

    async def async_step_choose(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Have devices chosen; all are, unless a person takes some out."""
        runtime = loaded_runtime(self.hass, self._entry_id)
        if runtime is None:
            return self._ended("server_not_loaded")
        offered = runtime.stale_devices.offered[:DEVICES_TO_CHOOSE_FROM]
        if not offered:
            return self._ended("all_came_back")
        errors: dict[str, str] = {}
        if user_input is not None:
            names = {endpoint: name for endpoint, name, _ in offered}
            self._chosen = {
                Endpoint(each): names[Endpoint(each)]
                for each in user_input[CONF_DEVICES]
                if each in names
            }
            if self._chosen:
                return await self.async_step_confirm()
            errors[CONF_DEVICES] = "none_chosen"
        return self.async_show_form(
            step_id="choose",
            data_schema=_choice_of(offered),
            errors=errors,
            description_placeholders={
                "server": self._server,
                "days": str(stale_days(runtime.entry.options)),
            },
        )

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Say what will be gone, and delete it when that is confirmed."""
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                data_schema=vol.Schema({}),
                description_placeholders={
                    "devices": names_in_line([*self._chosen.values()], len(self._chosen))
                },
            )
        runtime = loaded_runtime(self.hass, self._entry_id)
        if runtime is None:
            return self._ended("server_not_loaded")
        deleted = await runtime.stale_devices.async_delete(self._chosen)
        left = len(runtime.stale_devices.offered)
        if left:
            # An end that leaves the issue, which tells of the others now.
            return self._ended("some_left", deleted=str(deleted), left=str(left))
        return self.async_create_entry(data={})

    def _ended(self, reason: str, **placeholders: str) -> RepairsFlowResult:
        words = {"server": self._server, **placeholders}
        return self.async_abort(reason=reason, description_placeholders=words)


def _choice_of(offered: Sequence[tuple[Endpoint, str, datetime]]) -> vol.Schema:
    options = [
        SelectOptionDict(value=endpoint, label=f"{name} ({last_seen.date().isoformat()})")
        for endpoint, name, last_seen in offered
    ]
    chosen = [endpoint for endpoint, _, _ in offered]
    selector = SelectSelector(
        SelectSelectorConfig(options=options, multiple=True, mode=SelectSelectorMode.LIST)
    )
    return vol.Schema({vol.Required(CONF_DEVICES, default=chosen): selector})


def loaded_runtime(hass: HomeAssistant, entry_id: str) -> RuntimeData | None:
    """Return what a server runs, or `None` if it is not set up now."""
    entry: FlownexusConfigEntry | None = hass.config_entries.async_get_entry(entry_id)
    if entry is None or entry.state is not ConfigEntryState.LOADED:
        return None
    return entry.runtime_data


async def async_create_fix_flow(
    _: HomeAssistant, issue_id: str, data: dict[str, Any] | None
) -> RepairsFlow:
    """Return the flow for an issue of ours that is fixable; its data tell which kind it is."""
    match data:
        case {"entry_id": entry_id, "endpoint": endpoint, "device": device}:
            return ForeignUpdateFlow(entry_id, Endpoint(endpoint), {"device": device})
        case {"entry_id": entry_id, "server": server, "url": url, "detail": detail}:
            return FirmwareUrlFlow(entry_id, {"server": server, "url": url, "detail": detail})
        case {"entry_id": entry_id, "server": server, "days": _}:
            return StaleDevicesFlow(entry_id, server)
        case {"firmware_file": _}:
            return CatalogueFlow()
        case {"kept_as": _}:
            return ConfirmRepairFlow()
        case _:
            raise ValueError(f"{DOMAIN} has no fix for {issue_id}")
