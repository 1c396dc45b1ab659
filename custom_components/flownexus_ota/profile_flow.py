"""The form for a profile: how one kind of device wants to be treated."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from homeassistant.config_entries import ConfigSubentryFlow, SubentryFlowResult
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    DurationSelector,
    DurationSelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
)

from .ota.pattern import fits_everything
from .ota.profile import DEFAULT_PROFILE
from .profiles import (
    CHOICES,
    CONF_ASSUME_HTTP,
    CONF_CHANNEL,
    CONF_COMPILED_IN_HOSTS,
    CONF_MAX_ATTEMPTS,
    CONF_NAME,
    CONF_TIMES,
    PATTERNS,
    SUBENTRY_PROFILE,
    TIMES,
    default_times,
)
from .serving.host_name import normalise_host
from .windows import CONF_WINDOW, WINDOW_SCHEMA, stored_window

# Home Assistant puts the one in the place of the other, and names the one in its types.
if TYPE_CHECKING:
    import probatio as vol
else:
    import voluptuous as vol

HIGHEST_MAX_ATTEMPTS: Final = 10
SHORTEST: Final = timedelta(milliseconds=1)
LONGEST: Final = timedelta(days=365)

_DURATION: Final = DurationSelector(
    DurationSelectorConfig(enable_day=True, enable_millisecond=True, allow_negative=False)
)


def duration_of(seconds: float) -> dict[str, int]:
    """Return a duration as the form shows it."""
    time = timedelta(seconds=seconds)
    minutes, rest = divmod(time.seconds, 60)
    shown = {"days": time.days, "hours": minutes // 60, "minutes": minutes % 60, "seconds": rest}
    return shown | {"milliseconds": time.microseconds // 1000}


def _choice(name: str) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=list(CHOICES[name]),
            translation_key=name,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )


def _default(name: str) -> str:
    return next(
        key for key, word in CHOICES[name].items() if word == getattr(DEFAULT_PROFILE, name)
    )


TIMES_SCHEMA: Final = vol.Schema(
    {
        vol.Required(name, default=duration_of(seconds)): _DURATION
        for name, seconds in default_times().items()
    }
)
PROFILE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        **{vol.Optional(name): TextSelector() for name in PATTERNS},
        vol.Optional(CONF_CHANNEL): TextSelector(),
        **{vol.Required(name, default=_default(name)): _choice(name) for name in CHOICES},
        vol.Optional(CONF_COMPILED_IN_HOSTS, default=list): TextSelector(
            TextSelectorConfig(multiple=True)
        ),
        vol.Required(CONF_ASSUME_HTTP, default=DEFAULT_PROFILE.assume_http): BooleanSelector(),
        vol.Required(CONF_MAX_ATTEMPTS, default=DEFAULT_PROFILE.max_attempts): NumberSelector(
            NumberSelectorConfig(
                min=1, max=HIGHEST_MAX_ATTEMPTS, step=1, mode=NumberSelectorMode.BOX
            )
        ),
        # A default of a section would hide the defaults, and what is stored, of its fields.
        vol.Required(CONF_WINDOW): section(WINDOW_SCHEMA, {"collapsed": True}),
        vol.Required(CONF_TIMES): section(TIMES_SCHEMA, {"collapsed": True}),
    }
)


class ProfileFlow(ConfigSubentryFlow):
    """Add or change a profile; the entry's update listener applies it at once."""

    def __init__(self) -> None:
        """Start with a form without errors."""
        self._errors: dict[str, str] = {}

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Add a profile."""
        if user_input is not None:
            name, data = self._parsed(user_input, others=self._names())
            if not self._errors:
                return self.async_create_entry(title=name, data=data)
        return self._form("user", user_input or {})

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change a profile."""
        subentry = self._get_reconfigure_subentry()
        if user_input is None:
            return self._form("reconfigure", _shown(subentry.title, subentry.data))
        name, data = self._parsed(user_input, others=self._names() - {subentry.title})
        if self._errors:
            return self._form("reconfigure", user_input)
        return self.async_update_and_abort(self._get_entry(), subentry, title=name, data=data)

    def _names(self) -> set[str]:
        return {
            subentry.title
            for subentry in self._get_entry().subentries.values()
            if subentry.subentry_type == SUBENTRY_PROFILE
        }

    def _form(self, step_id: str, values: Mapping[str, Any]) -> SubentryFlowResult:
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(PROFILE_SCHEMA, values),
            errors=self._errors,
        )

    def _parsed(
        self, user_input: Mapping[str, Any], *, others: set[str]
    ) -> tuple[str, dict[str, Any]]:
        """Return name and data to store; what is wrong goes to the form."""
        self._errors = {}
        name = user_input[CONF_NAME].strip()
        patterns = {each: user_input.get(each, "").strip() for each in PATTERNS}
        hosts = self._hosts(user_input[CONF_COMPILED_IN_HOSTS])
        times = {each: timedelta(**user_input[CONF_TIMES][each]) for each in TIMES}
        if not name:
            self._errors[CONF_NAME] = "name_missing"
        if name in others:
            self._errors[CONF_NAME] = "name_taken"
        if all(fits_everything(pattern or None) for pattern in patterns.values()):
            self._errors["base"] = "no_pattern"
        if not all(SHORTEST <= time <= LONGEST for time in times.values()):
            self._errors["base"] = "time_out_of_range"
        texts = {**patterns, CONF_CHANNEL: user_input.get(CONF_CHANNEL, "").strip()}
        return name, {
            **{each: text for each, text in texts.items() if text},
            **{each: user_input[each] for each in CHOICES},
            CONF_COMPILED_IN_HOSTS: hosts,
            CONF_ASSUME_HTTP: user_input[CONF_ASSUME_HTTP],
            CONF_MAX_ATTEMPTS: int(user_input[CONF_MAX_ATTEMPTS]),
            CONF_WINDOW: stored_window(user_input[CONF_WINDOW]),
            CONF_TIMES: {each: time.total_seconds() for each, time in times.items()},
        }

    def _hosts(self, typed: Iterable[str]) -> list[str]:
        """Return hosts as they are written in certificates; a mistake goes to the form."""
        try:
            return sorted({normalise_host(each) for each in typed})
        except ValueError:
            self._errors[CONF_COMPILED_IN_HOSTS] = "invalid_host"
            return []


def _shown(name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is stored as the form shows it."""
    seconds = default_times() | data.get(CONF_TIMES, {})
    return {
        **data,
        CONF_NAME: name,
        CONF_WINDOW: data.get(CONF_WINDOW) or {},
        CONF_TIMES: {each: duration_of(seconds[each]) for each in TIMES},
    }
