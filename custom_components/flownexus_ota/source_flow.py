"""The forms for sources of firmware: an index, and the releases of a GitHub repository."""

import re
from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, override

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.util.ssl import get_default_context

from .firmware_words import async_problem_words
from .remote_sources import (
    AIMS,
    CONF_ACCESS_TOKEN,
    CONF_ALLOW_PRIVATE_NETWORKS,
    CONF_API_URL,
    CONF_ASSET_PATTERN,
    CONF_INDEX_URL,
    CONF_NAME,
    CONF_PRERELEASE_CHANNEL,
    CONF_REPOSITORY,
    DEFAULT_API_URL,
    DEFAULT_ASSET_PATTERN,
    DEFAULT_PRERELEASE_CHANNEL,
    SUBENTRY_GITHUB,
    SUBENTRY_INDEX,
    LibraryMissingError,
    async_source,
)
from .sources.addresses import parsed_url
from .sources.fetch_errors import (
    AddressForbiddenError,
    FetchError,
    NotThereError,
    TokenRefusedError,
)
from .sources.remote import RemoteListing

# Home Assistant puts the one in the place of the other, and names the one in its types.
if TYPE_CHECKING:
    import probatio as vol
else:
    import voluptuous as vol

CONF_ADVANCED: Final = "advanced"
_NAMES: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}"
_REPOSITORY: Final = re.compile(_NAMES)
_PAGE: Final = re.compile(rf"https://github\.com/({_NAMES}?)(?:\.git)?/?")
_URL: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))
_SECRET: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
)

INDEX_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_INDEX_URL): _URL,
        vol.Required(CONF_ALLOW_PRIVATE_NETWORKS, default=False): BooleanSelector(),
    }
)
ADVANCED_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_PRERELEASE_CHANNEL, default=DEFAULT_PRERELEASE_CHANNEL): TextSelector(),
        vol.Required(CONF_API_URL, default=DEFAULT_API_URL): _URL,
        vol.Required(CONF_ALLOW_PRIVATE_NETWORKS, default=False): BooleanSelector(),
    }
)
GITHUB_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_REPOSITORY): TextSelector(),
        vol.Required(CONF_ASSET_PATTERN, default=DEFAULT_ASSET_PATTERN): TextSelector(),
        **{vol.Optional(aim): TextSelector() for aim in AIMS},
        vol.Optional(CONF_ACCESS_TOKEN): _SECRET,
        vol.Required(CONF_ADVANCED): section(ADVANCED_SCHEMA, {"collapsed": True}),
    }
)


class SourceFlow(ConfigSubentryFlow):
    """Add or change a source, once it has answered; the update listener applies it at once."""

    kind: ClassVar[str]
    schema: ClassVar[vol.Schema]

    def __init__(self) -> None:
        """Start with a form without errors."""
        self._errors: dict[str, str] = {}
        self._detail = ""
        self._listing = RemoteListing()

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Add a source."""
        if user_input is not None:
            name, data = await self._async_parsed(user_input, others=self._names())
            if not self._errors:
                return self._created(name, data)
        return self._form("user", user_input or {})

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change a source."""
        subentry = self._get_reconfigure_subentry()
        if user_input is None:
            return self._form("reconfigure", self._shown(subentry.title, subentry.data))
        others = self._names() - {subentry.title}
        name, data = await self._async_parsed(user_input, others=others)
        if self._errors:
            return self._form("reconfigure", user_input)
        return self.async_update_and_abort(self._get_entry(), subentry, title=name, data=data)

    @abstractmethod
    def _data(self, user_input: Mapping[str, Any]) -> dict[str, Any]:
        """Return what to store; what is wrong goes to the form."""

    @abstractmethod
    def _shown(self, name: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is stored as the form shows it."""

    def _created(self, name: str, data: Mapping[str, Any]) -> SubentryFlowResult:
        """Store a source, and say what it has: a mistake in a pattern shows by nothing else."""
        images, unusable = len(self._listing.images), len(self._listing.problems)
        return self.async_create_entry(
            title=name,
            data=data,
            description="partly" if unusable else "default" if images else "nothing",
            description_placeholders={"images": str(images), "unusable": str(unusable)},
        )

    def _names(self) -> set[str]:
        return {
            subentry.title
            for subentry in self._get_entry().subentries.values()
            if subentry.subentry_type == self.kind
        }

    def _form(self, step_id: str, values: Mapping[str, Any]) -> SubentryFlowResult:
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(self.schema, values),
            errors=self._errors,
            description_placeholders={"detail": self._detail},
        )

    async def _async_parsed(
        self, user_input: Mapping[str, Any], *, others: set[str]
    ) -> tuple[str, dict[str, Any]]:
        """Return name and data to store; what is wrong goes to the form."""
        self._errors, self._detail = {}, ""
        name = user_input[CONF_NAME].strip()
        if not name:
            self._errors[CONF_NAME] = "name_missing"
        if name in others:
            self._errors[CONF_NAME] = "name_taken"
        data = self._data(user_input)
        if not self._errors:
            await self._async_try(name, data)
        return name, data

    async def _async_try(self, name: str, data: dict[str, Any]) -> None:
        """Ask the source once: a mistake in its address shows now, and not in six hours."""
        entry = self._get_entry()
        is_loaded = entry.state is ConfigEntryState.LOADED
        tls = entry.runtime_data.shared.tls if is_loaded else get_default_context()
        try:
            source = await async_source(self.hass, tls, self.kind, name, data)
            self._listing = await source.list_images()
        except LibraryMissingError as err:
            self._errors["base"] = "source_library_missing"
            self._detail = str(err)
        except FetchError as err:
            self._tell(err, may_be_private=data[CONF_ALLOW_PRIVATE_NETWORKS])
        else:
            of_all = [each for each in self._listing.problems if each.file_name == name]
            for problem in of_all:
                self._errors["base"] = "index_unusable"
                self._detail = await async_problem_words(self.hass, problem)

    def _tell(self, err: FetchError, *, may_be_private: bool) -> None:
        """Say why a source does not answer, and where that can be mended on the form."""
        self._detail = str(err)
        match err:
            case AddressForbiddenError(details={"host": host, "address": address}) if (
                not may_be_private
            ):
                self._errors["base"] = "source_private"
                self._detail = host if host == address else f"{host} ({address})"
            case NotThereError():
                self._errors[CONF_REPOSITORY] = "repository_not_there"
            case TokenRefusedError():
                self._errors[CONF_ACCESS_TOKEN] = "token_refused"
            case _:
                self._errors["base"] = "source_not_fetched"

    def _is_https(self, field: str, address: str) -> bool:
        """Tell whether an address begins with https and has a host; else say so on the form."""
        try:
            url = parsed_url(address)
            is_usable = url.scheme == "https" and bool(url.host) and url.port is not None
            is_usable = is_usable and url.user is None and url.password is None
        except ValueError:
            is_usable = False
        if not is_usable:
            self._errors[field] = "invalid_https_url"
        return is_usable


class IndexFlow(SourceFlow):
    """Add or change an index."""

    kind = SUBENTRY_INDEX
    schema = INDEX_SCHEMA

    @override
    def _data(self, user_input: Mapping[str, Any]) -> dict[str, Any]:
        url = user_input[CONF_INDEX_URL].strip()
        self._is_https(CONF_INDEX_URL, url)
        return {
            CONF_INDEX_URL: url,
            CONF_ALLOW_PRIVATE_NETWORKS: user_input[CONF_ALLOW_PRIVATE_NETWORKS],
        }

    @override
    def _shown(self, name: str, data: Mapping[str, Any]) -> dict[str, Any]:
        return {**data, CONF_NAME: name}


class GithubFlow(SourceFlow):
    """Add or change a repository."""

    kind = SUBENTRY_GITHUB
    schema = GITHUB_SCHEMA

    @override
    def _data(self, user_input: Mapping[str, Any]) -> dict[str, Any]:
        advanced = user_input[CONF_ADVANCED]
        typed = user_input[CONF_REPOSITORY].strip()
        page = _PAGE.fullmatch(typed)
        repository = typed if page is None else page[1]
        if not _REPOSITORY.fullmatch(repository):
            self._errors[CONF_REPOSITORY] = "invalid_repository"
        api_url = advanced[CONF_API_URL].strip().rstrip("/")
        if not self._is_https(CONF_API_URL, api_url):
            self._errors["base"] = self._errors.pop(CONF_API_URL)  # it is within a section
        optional = {name: user_input.get(name, "").strip() for name in (*AIMS, CONF_ACCESS_TOKEN)}
        return {
            **{name: text for name, text in optional.items() if text},
            CONF_REPOSITORY: repository,
            CONF_ASSET_PATTERN: user_input[CONF_ASSET_PATTERN].strip() or DEFAULT_ASSET_PATTERN,
            # Never none: releases before their time would be for everybody.
            CONF_PRERELEASE_CHANNEL: advanced[CONF_PRERELEASE_CHANNEL].strip()
            or DEFAULT_PRERELEASE_CHANNEL,
            CONF_API_URL: api_url,
            CONF_ALLOW_PRIVATE_NETWORKS: advanced[CONF_ALLOW_PRIVATE_NETWORKS],
        }

    @override
    def _shown(self, name: str, data: Mapping[str, Any]) -> dict[str, Any]:
        inside = (CONF_PRERELEASE_CHANNEL, CONF_API_URL, CONF_ALLOW_PRIVATE_NETWORKS)
        outside = {key: value for key, value in data.items() if key not in inside}
        return {**outside, CONF_NAME: name, CONF_ADVANCED: {key: data[key] for key in inside}}
