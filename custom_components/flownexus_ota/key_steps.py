"""The topic *Public keys* of the options: with whose signature images are good for this server."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig

from .const import CONF_PUBLIC_KEYS
from .option_steps import OptionSteps
from .ota.signature import PublicKey, PublicKeyError, parse_public_keys
from .texts import async_texts

# Home Assistant puts the one in the place of the other, and names the one in its types.
if TYPE_CHECKING:
    import probatio as vol
else:
    import voluptuous as vol

KEYS_SCHEMA: Final = vol.Schema(
    {vol.Optional(CONF_PUBLIC_KEYS): TextSelector(TextSelectorConfig(multiline=True))}
)

# What the texts of the errors name.
_NOTHING_NAMED: Final[Mapping[str, str]] = dict.fromkeys(("block", "curve", "bits", "limit"), "-")
_FINGERPRINT_CHARACTERS: Final = 16


class KeySteps(OptionSteps):
    """One form with all keys."""

    async def async_step_keys(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show and store the keys; a blank text removes them."""
        errors: dict[str, str] = {}
        named = _NOTHING_NAMED
        if user_input is not None:
            pem = user_input.get(CONF_PUBLIC_KEYS, "").strip()
            try:
                parse_public_keys(pem)
            except PublicKeyError as err:
                errors[CONF_PUBLIC_KEYS] = err.problem
                named = {**_NOTHING_NAMED, **err.placeholders}
            else:
                return self._stored(**{CONF_PUBLIC_KEYS: pem or None})
        known = self.config_entry.options
        words = _in_words(_stored_keys(known))
        if not words:
            texts = await async_texts(self.hass, "selector", "known_keys.options")
            words = texts["none"]
        return self.async_show_form(
            step_id="keys",
            data_schema=self.add_suggested_values_to_schema(KEYS_SCHEMA, user_input or known),
            errors=errors,
            description_placeholders={**named, "keys": words},
        )


def _stored_keys(options: Mapping[str, Any]) -> Iterable[PublicKey]:
    try:
        return parse_public_keys(options.get(CONF_PUBLIC_KEYS, ""))
    except PublicKeyError:
        return ()


def _in_words(keys: Iterable[PublicKey]) -> str:
    """Return the keys by kind and the beginning of their fingerprints."""
    return ", ".join(f"{key.kind} {key.fingerprint[:_FINGERPRINT_CHARACTERS]}" for key in keys)
