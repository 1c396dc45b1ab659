"""The options about downloads: the listener of a server, and what its devices may do together."""

from collections.abc import Mapping
from ipaddress import ip_address
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
)

from .const import (
    CONF_ADVERTISED_HOST,
    CONF_LISTENER,
    CONF_LISTENER_ADDRESS,
    CONF_LISTENER_PORT,
    CONF_MAX_DEVICE_RATE,
    CONF_MAX_PARALLEL_DOWNLOADS,
    CONF_MAX_TOTAL_RATE,
)
from .download_options import (
    DEFAULT_LISTENER_PORT,
    DEFAULT_MAX_PARALLEL_DOWNLOADS,
    EVERY_ADDRESS,
    HIGHEST_MAX_PARALLEL_DOWNLOADS,
    HIGHEST_RATE_KILOBYTES_PER_SECOND,
    ListenerMode,
)
from .option_steps import OptionSteps
from .serving.host_name import normalise_host

# Home Assistant puts the one in the place of the other, and names the one in its types.
if TYPE_CHECKING:
    import probatio as vol
else:
    import voluptuous as vol


def _whole(lowest: int, highest: int, unit: str | None = None) -> NumberSelector:
    config = NumberSelectorConfig(min=lowest, max=highest, step=1, mode=NumberSelectorMode.BOX)
    if unit is not None:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)


DOWNLOADS_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_LISTENER, default=ListenerMode.OFF.value): SelectSelector(
            SelectSelectorConfig(
                options=[mode.value for mode in ListenerMode],
                translation_key=CONF_LISTENER,
                mode=SelectSelectorMode.DROPDOWN,
            )
        ),
        vol.Required(CONF_LISTENER_ADDRESS, default=EVERY_ADDRESS): TextSelector(),
        vol.Required(CONF_LISTENER_PORT, default=DEFAULT_LISTENER_PORT): _whole(1, 65535),
        vol.Optional(CONF_ADVERTISED_HOST): TextSelector(),
        vol.Required(CONF_MAX_PARALLEL_DOWNLOADS, default=DEFAULT_MAX_PARALLEL_DOWNLOADS): _whole(
            1, HIGHEST_MAX_PARALLEL_DOWNLOADS
        ),
        vol.Required(CONF_MAX_DEVICE_RATE, default=0): _whole(
            0, HIGHEST_RATE_KILOBYTES_PER_SECOND, "kB/s"
        ),
        vol.Required(CONF_MAX_TOTAL_RATE, default=0): _whole(
            0, HIGHEST_RATE_KILOBYTES_PER_SECOND, "kB/s"
        ),
    }
)


class DownloadSteps(OptionSteps):
    """How the devices of a server download."""

    async def async_step_downloads(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show and store the listener and the limits."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                ip_address(user_input[CONF_LISTENER_ADDRESS].strip())
            except ValueError:
                errors[CONF_LISTENER_ADDRESS] = "invalid_listener_address"
            try:
                _advertised_host(user_input)
            except ValueError:
                errors[CONF_ADVERTISED_HOST] = "invalid_advertised_host"
            if not errors:
                return self._stored(**_parsed(user_input))
        return self.async_show_form(
            step_id="downloads",
            data_schema=self.add_suggested_values_to_schema(
                DOWNLOADS_SCHEMA, user_input or self.config_entry.options
            ),
            errors=errors,
        )


def _advertised_host(user_input: Mapping[str, Any]) -> str | None:
    """Return what was typed, in one form; raise `ValueError` for what is no host."""
    text = user_input.get(CONF_ADVERTISED_HOST, "").strip()
    return normalise_host(text) if text else None


def _parsed(user_input: Mapping[str, Any]) -> dict[str, Any]:
    numbers = (
        CONF_LISTENER_PORT,
        CONF_MAX_PARALLEL_DOWNLOADS,
        CONF_MAX_DEVICE_RATE,
        CONF_MAX_TOTAL_RATE,
    )
    return {
        CONF_LISTENER: user_input[CONF_LISTENER],
        CONF_LISTENER_ADDRESS: str(ip_address(user_input[CONF_LISTENER_ADDRESS].strip())),
        CONF_ADVERTISED_HOST: _advertised_host(user_input),
        **{name: int(user_input[name]) for name in numbers},
    }
