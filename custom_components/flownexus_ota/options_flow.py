"""The options of one server: a menu of topics, and the form of those that every server has."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from .base_url import default_firmware_base_url, normalise_base_url
from .certificate_steps import CertificateSteps
from .const import (
    CONF_ENTITIES_PER_DEVICE,
    CONF_FIRMWARE_BASE_URL,
    CONF_HISTORY_DAYS,
    CONF_MAX_PARALLEL_UPDATES,
    CONF_MIN_BATTERY_PERCENT,
    CONF_STALE_DAYS,
    CONF_STORE_QUOTA_MIB,
    DEFAULT_HISTORY_DAYS,
    DEFAULT_MAX_PARALLEL_UPDATES,
    DEFAULT_MIN_BATTERY_PERCENT,
    DEFAULT_STALE_DAYS,
    DEFAULT_STORE_QUOTA_MIB,
    HIGHEST_HISTORY_DAYS,
    HIGHEST_MAX_PARALLEL_UPDATES,
    HIGHEST_STALE_DAYS,
    HIGHEST_STORE_QUOTA_MIB,
    KEEP_FOR_EVER_DAYS,
    LOWEST_MAX_PARALLEL_UPDATES,
    LOWEST_STORE_QUOTA_MIB,
    NEVER_STALE_DAYS,
)
from .download_steps import DownloadSteps
from .entity_choice import EntitiesPerDevice
from .firmware_steps import FirmwareSteps
from .key_steps import KeySteps
from .window_steps import WindowSteps

# Home Assistant puts the one in the place of the other, and names the one in its types.
if TYPE_CHECKING:
    import probatio as vol
else:
    import voluptuous as vol

TOPICS: Final = ("settings", "firmware", "keys", "downloads", "certificates", "maintenance")
"""The menu: one step each, in a class of their own where they are more than one form."""

EXAMPLE_BASE_URL: Final = "http://192.168.1.10:8123"

SETTINGS_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(CONF_FIRMWARE_BASE_URL): TextSelector(
            TextSelectorConfig(type=TextSelectorType.URL, autocomplete="url")
        ),
        vol.Required(
            CONF_MAX_PARALLEL_UPDATES, default=DEFAULT_MAX_PARALLEL_UPDATES
        ): NumberSelector(
            NumberSelectorConfig(
                min=LOWEST_MAX_PARALLEL_UPDATES,
                max=HIGHEST_MAX_PARALLEL_UPDATES,
                step=1,
                mode=NumberSelectorMode.BOX,
            )
        ),
        vol.Required(CONF_HISTORY_DAYS, default=DEFAULT_HISTORY_DAYS): NumberSelector(
            NumberSelectorConfig(
                min=KEEP_FOR_EVER_DAYS,
                max=HIGHEST_HISTORY_DAYS,
                step=1,
                mode=NumberSelectorMode.BOX,
            )
        ),
        vol.Required(CONF_MIN_BATTERY_PERCENT, default=DEFAULT_MIN_BATTERY_PERCENT): NumberSelector(
            NumberSelectorConfig(
                min=0, max=100, step=1, unit_of_measurement="%", mode=NumberSelectorMode.BOX
            )
        ),
        vol.Required(CONF_STORE_QUOTA_MIB, default=DEFAULT_STORE_QUOTA_MIB): NumberSelector(
            NumberSelectorConfig(
                min=LOWEST_STORE_QUOTA_MIB,
                max=HIGHEST_STORE_QUOTA_MIB,
                step=1,
                unit_of_measurement="MiB",
                mode=NumberSelectorMode.BOX,
            )
        ),
        vol.Required(CONF_STALE_DAYS, default=DEFAULT_STALE_DAYS): NumberSelector(
            NumberSelectorConfig(
                min=NEVER_STALE_DAYS, max=HIGHEST_STALE_DAYS, step=1, mode=NumberSelectorMode.BOX
            )
        ),
        vol.Required(
            CONF_ENTITIES_PER_DEVICE, default=EntitiesPerDevice.STANDARD.value
        ): SelectSelector(
            SelectSelectorConfig(
                options=[each.value for each in EntitiesPerDevice],
                translation_key=CONF_ENTITIES_PER_DEVICE,
                mode=SelectSelectorMode.LIST,
            )
        ),
    }
)


class FlownexusOptionsFlow(FirmwareSteps, KeySteps, DownloadSteps, CertificateSteps, WindowSteps):
    """Choose a topic, then how the devices of one server are treated in it."""

    async def async_step_init(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the topics."""
        return self.async_show_menu(step_id="init", menu_options=list(TOPICS))

    async def async_step_settings(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show and store how this server's devices are updated."""
        default_url = default_firmware_base_url(self.hass)
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                return self._stored(**_parsed_settings(user_input))
            except ValueError:
                errors[CONF_FIRMWARE_BASE_URL] = "invalid_base_url"
        known = user_input or self.config_entry.options
        shown = {CONF_FIRMWARE_BASE_URL: default_url, **known}
        return self.async_show_form(
            step_id="settings",
            data_schema=self.add_suggested_values_to_schema(SETTINGS_SCHEMA, shown),
            errors=errors,
            description_placeholders={
                "default_url": default_url or "-",
                "example_url": EXAMPLE_BASE_URL,
            },
        )


def _parsed_settings(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what to store; without a base URL, Home Assistant's own address is used."""
    base_url = user_input.get(CONF_FIRMWARE_BASE_URL, "").strip()
    return {
        CONF_MAX_PARALLEL_UPDATES: int(user_input[CONF_MAX_PARALLEL_UPDATES]),
        CONF_HISTORY_DAYS: int(user_input[CONF_HISTORY_DAYS]),
        CONF_MIN_BATTERY_PERCENT: int(user_input[CONF_MIN_BATTERY_PERCENT]),
        CONF_STORE_QUOTA_MIB: int(user_input[CONF_STORE_QUOTA_MIB]),
        CONF_STALE_DAYS: int(user_input[CONF_STALE_DAYS]),
        CONF_ENTITIES_PER_DEVICE: user_input[CONF_ENTITIES_PER_DEVICE],
        CONF_FIRMWARE_BASE_URL: normalise_base_url(base_url) if base_url else None,
    }
