"""What every topic of the options has in common: steps of one flow, and one way to store."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlow
from homeassistant.data_entry_flow import AbortFlow

from .runtime import RuntimeData


class OptionSteps(OptionsFlow):
    """The base of each topic's steps; the entry's update listener applies what they store."""

    def _stored(self, **changes: Any) -> ConfigFlowResult:
        """End the flow with these options changed; `None` removes one, all others stay."""
        options = {**self.config_entry.options, **changes}
        return self.async_create_entry(
            data={name: value for name, value in options.items() if value is not None}
        )

    def _runtime(self) -> RuntimeData:
        """Return what the server runs; end the flow if it is not set up."""
        entry = self.config_entry
        if entry.state is not ConfigEntryState.LOADED:
            raise AbortFlow("server_not_loaded")
        runtime: RuntimeData = entry.runtime_data
        return runtime
