"""The topic *Firmware* of the options: add an image, see what there is, remove one."""

from typing import TYPE_CHECKING, Any, Final

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from .firmware import FIRMWARE_ERRORS, async_remove, listed_files, problem_of
from .firmware_words import async_listing_words
from .storage.errors import HistoryError
from .upload_steps import CONF_FILE_NAME, UploadSteps

# Home Assistant puts the one in the place of the other, and names the one in its types.
if TYPE_CHECKING:
    import probatio as vol
else:
    import voluptuous as vol

FIRMWARE_TOPICS: Final = ("firmware_add", "firmware_list", "firmware_remove")


class FirmwareSteps(UploadSteps):
    """Steps about the folder that all servers share; no option is stored."""

    async def async_step_firmware(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what can be done."""
        self._runtime()
        return self.async_show_menu(step_id="firmware", menu_options=list(FIRMWARE_TOPICS))

    async def async_step_firmware_list(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what the folder has; then the menu again."""
        if user_input is not None:
            return await self.async_step_firmware()
        return self.async_show_form(
            step_id="firmware_list",
            data_schema=vol.Schema({}),
            description_placeholders=await async_listing_words(self.hass, self._runtime().shared),
            last_step=False,
        )

    async def async_step_firmware_remove(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Remove an image and its sidecar."""
        shared = self._runtime().shared
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None and CONF_FILE_NAME not in user_input:
            errors[CONF_FILE_NAME] = "firmware_not_chosen"
        elif user_input is not None:
            name = user_input[CONF_FILE_NAME]
            try:
                await async_remove(shared, name)
            except FIRMWARE_ERRORS as err:
                errors[CONF_FILE_NAME], placeholders = problem_of(self.hass, err)
            except HistoryError as err:
                raise AbortFlow("history_not_readable", {"detail": str(err)}) from err
            else:
                return self.async_abort(
                    reason="firmware_removed", description_placeholders={"file": name}
                )
        names = listed_files(shared.keeper.scan)
        if not names:
            return self.async_abort(reason="firmware_none")
        return self.async_show_form(
            step_id="firmware_remove",
            data_schema=choice_schema(names),
            errors=errors,
            description_placeholders=placeholders,
        )


def choice_schema(names: list[str]) -> vol.Schema:
    """Return the form in which one of several firmware files is chosen; none is so beforehand."""
    options = [SelectOptionDict(value=name, label=name) for name in names]
    config = SelectSelectorConfig(options=options, mode=SelectSelectorMode.LIST)
    return vol.Schema({vol.Optional(CONF_FILE_NAME): SelectSelector(config)})
