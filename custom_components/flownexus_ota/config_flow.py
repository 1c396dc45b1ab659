"""The forms: add a Leshan server, change it, log in there again."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, override
from urllib.parse import urlsplit

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
)
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    BooleanSelector,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from .connection import leshan_client
from .const import (
    CONF_PASSWORD,
    CONF_TOKEN,
    CONF_URL,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
    DOMAIN,
)
from .leshan.address import normalise_url
from .lwm2m.exchange import (
    Lwm2mError,
    NotAuthorisedError,
    NotThisServerError,
    ServerUnreachableError,
    TlsFailedError,
)
from .options_flow import FlownexusOptionsFlow
from .profile_flow import ProfileFlow
from .profiles import SUBENTRY_PROFILE
from .remote_sources import SUBENTRY_GITHUB, SUBENTRY_INDEX
from .source_flow import GithubFlow, IndexFlow

# Home Assistant puts the one in the place of the other, and names the one in its types.
if TYPE_CHECKING:
    import probatio as vol
else:
    import voluptuous as vol

ERROR_KEYS: Final[tuple[tuple[type[Lwm2mError], str], ...]] = (
    (TlsFailedError, "tls_failed"),  # a ServerUnreachableError too, therefore first
    (ServerUnreachableError, "cannot_connect"),
    (NotAuthorisedError, "invalid_auth"),
    (NotThisServerError, "not_leshan"),
    (Lwm2mError, "server_error"),
)

EXAMPLE_SERVER_URL: Final = "http://192.168.1.20:8080"

_URL: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.URL, autocomplete="url"))
_PLAIN: Final = TextSelector(TextSelectorConfig(autocomplete="off"))
_SECRET: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
)

CREDENTIALS: Final[dict[vol.Marker, TextSelector]] = {
    vol.Optional(CONF_USERNAME): _PLAIN,
    vol.Optional(CONF_PASSWORD): _SECRET,
    vol.Optional(CONF_TOKEN): _SECRET,
}
CREDENTIALS_SCHEMA: Final = vol.Schema(CREDENTIALS)
SERVER_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_URL): _URL,
        **CREDENTIALS,
        vol.Required(CONF_VERIFY_SSL, default=True): BooleanSelector(),
    }
)


class FlownexusConfigFlow(ConfigFlow, domain=DOMAIN):
    """Add a Leshan server, move it to another address, or log in there again."""

    VERSION = 1

    def __init__(self) -> None:
        """Start with a form without errors."""
        self._errors: dict[str, str] = {}
        self._detail = ""

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> FlownexusOptionsFlow:
        """Return the menu of the options."""
        return FlownexusOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the forms for profiles and for sources of firmware."""
        return {
            SUBENTRY_PROFILE: ProfileFlow,
            SUBENTRY_INDEX: IndexFlow,
            SUBENTRY_GITHUB: GithubFlow,
        }

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Add a server."""
        if user_input is not None:
            data = self._parsed(user_input)
            if not self._errors:
                await self.async_set_unique_id(data[CONF_URL], raise_on_progress=False)
                self._abort_if_unique_id_configured()
            if await self._is_answering(data):
                return self.async_create_entry(title=_title(data), data=data)
        return self._server_form("user", user_input or {})

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change address or credentials of a server that was added before."""
        entry = self._get_reconfigure_entry()
        if user_input is not None:
            data = self._parsed(user_input)
            # The same server at another address is a new unique id, unless that is another entry's.
            if not self._errors and data[CONF_URL] != entry.unique_id:
                await self.async_set_unique_id(data[CONF_URL], raise_on_progress=False)
                self._abort_if_unique_id_configured()
            if await self._is_answering(data):
                return self._update_and_finish(entry, data)
        return self._server_form("reconfigure", user_input or entry.data)

    async def async_step_reauth(self, _entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Begin to ask for credentials; the server refused those that we have."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for new credentials; they replace all that were stored."""
        entry = self._get_reauth_entry()
        if user_input is not None:
            kept = {key: entry.data[key] for key in (CONF_URL, CONF_VERIFY_SSL)}
            data = self._parsed(user_input | kept)
            if await self._is_answering(data):
                return self._update_and_finish(entry, data)
        known = {CONF_USERNAME: entry.data.get(CONF_USERNAME)}
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=self.add_suggested_values_to_schema(
                CREDENTIALS_SCHEMA, user_input or known
            ),
            errors=self._errors,
            description_placeholders=self._placeholders() | {"url": entry.data[CONF_URL]},
        )

    def _parsed(self, user_input: Mapping[str, Any]) -> dict[str, Any]:
        """Return the entry's data, without empty fields; what is wrong goes to the form."""
        self._errors, self._detail = {}, ""
        data = {key: value for key, value in user_input.items() if value != ""}
        try:
            data[CONF_URL] = normalise_url(data.get(CONF_URL, ""))
        except ValueError as error:
            in_url = str(error) == "credentials"
            self._errors[CONF_URL] = "credentials_in_url" if in_url else "invalid_url"
        if CONF_PASSWORD in data and CONF_USERNAME not in data:
            self._errors[CONF_USERNAME] = "username_missing"
        if CONF_TOKEN in data and CONF_USERNAME in data:
            self._errors[CONF_TOKEN] = "token_and_username"
        return data

    async def _is_answering(self, data: Mapping[str, Any]) -> bool:
        """Tell whether the server lists its registrations; if not, why goes to the form."""
        if self._errors:
            return False
        try:
            await leshan_client(self.hass, data).check()
        except Lwm2mError as error:
            self._errors["base"] = next(key for kind, key in ERROR_KEYS if isinstance(error, kind))
            self._detail = str(error)
        return not self._errors

    def _server_form(self, step_id: str, values: Mapping[str, Any]) -> ConfigFlowResult:
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(SERVER_SCHEMA, values),
            errors=self._errors,
            description_placeholders=self._placeholders(),
        )

    def _placeholders(self) -> dict[str, str]:
        """Return what the texts of all forms may need."""
        return {"example_url": EXAMPLE_SERVER_URL, "detail": self._detail}

    def _update_and_finish(self, entry: ConfigEntry, data: Mapping[str, Any]) -> ConfigFlowResult:
        """Store `data`, and make sure that the entry is set up with it.

        A loaded entry has an update listener, which hears of changes and of nothing else: an entry
        that is not loaded, and one whose data turned out to be right, are reloaded here.
        """
        is_listener_called = bool(entry.update_listeners) and dict(entry.data) != data
        result = self.async_update_and_abort(
            entry, unique_id=data[CONF_URL], title=_new_title(entry, data), data=data
        )
        if not is_listener_called:
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return result


def _title(data: Mapping[str, Any]) -> str:
    """Return what an entry is called until somebody renames it; entity ids begin with it."""
    parts = urlsplit(str(data[CONF_URL]))
    return f"Leshan {parts.netloc}{parts.path}"


def _new_title(entry: ConfigEntry, data: Mapping[str, Any]) -> str:
    """Return the title after a move; a name that a person chose stays."""
    title: str = entry.title
    return _title(data) if title == _title(entry.data) else title
