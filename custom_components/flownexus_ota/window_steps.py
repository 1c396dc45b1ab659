"""The option about time: when the devices of a server may be updated."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult

from .option_steps import OptionSteps
from .windows import CONF_WINDOW, WINDOW_SCHEMA, stored_window


class WindowSteps(OptionSteps):
    """The maintenance window of a server; profiles may have others."""

    async def async_step_maintenance(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show and store the window."""
        if user_input is not None:
            return self._stored(**{CONF_WINDOW: stored_window(user_input)})
        known = self.config_entry.options.get(CONF_WINDOW, {})
        return self.async_show_form(
            step_id="maintenance",
            data_schema=self.add_suggested_values_to_schema(WINDOW_SCHEMA, known),
        )
