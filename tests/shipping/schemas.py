"""What hassfest and the Marketplace accept, as far as it can be told without them.

Written from home-assistant/core `script/hassfest/{manifest,services,icons,translations}.py`, and
from hacs/integration `utils/validate.py`. Unknown keys are refused, as they do.
"""

import re
from string import Formatter
from typing import Any, Final
from urllib.parse import urlsplit

import voluptuous as vol
from awesomeversion import AwesomeVersion, AwesomeVersionStrategy
from homeassistant.helpers import config_validation as cv, selector

_IOT_CLASSES: Final = (
    *("assumed_state", "calculated", "cloud_polling", "cloud_push", "local_polling", "local_push"),
)
_INTEGRATION_TYPES: Final = ("device", "entity", "hardware", "helper", "hub", "service", "system")
_VERSIONS: Final = [
    AwesomeVersionStrategy.CALVER,
    AwesomeVersionStrategy.SEMVER,
    AwesomeVersionStrategy.SIMPLEVER,
    AwesomeVersionStrategy.BUILDVER,
    AwesomeVersionStrategy.PEP440,
]
_KEY: Final = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
# A reference to another text is put in before a core release is made, and never in ours; a
# placeholder in single quotes is shown as it stands.
_ODD_TEXT: Final = re.compile(r"\[%|%\]|'\{\w+\}'|://|www\.")


def version(value: str) -> str:
    """Accept a version that Home Assistant can order."""
    AwesomeVersion(value, ensure_strategy=_VERSIONS)
    return value


def https_page(value: str) -> str:
    """Accept the address of a page that is ours to write."""
    parts = urlsplit(value)
    if parts.scheme != "https" or parts.hostname in {None, "www.home-assistant.io"}:
        raise vol.Invalid(f"{value} is no https address of a page of ours")
    return value


def key(value: object) -> str:
    """Accept a translation key."""
    found = cv.string(value)
    if not _KEY.fullmatch(found):
        raise vol.Invalid(f"{found} is no translation key")
    return found


def text(value: object) -> str:
    """Accept a text of a translation."""
    found = cv.string_with_no_html(value)
    if _ODD_TEXT.search(found) or not found or found != found.strip():
        raise vol.Invalid(f"not to be translated like this: {found}")
    # A brace that is left alone is a ValueError of its own.
    named = [name for _, name, _, _ in Formatter().parse(found) if name is not None]
    if not all(map(str.isidentifier, named)):
        raise vol.Invalid(f"a placeholder that is not to be translated like this: {found}")
    return found


def icon(value: object) -> str:
    """Accept one of Material Design's icons."""
    found = cv.string(value)
    if not re.fullmatch(r"mdi:[a-z0-9]+(?:-[a-z0-9]+)*", found):
        raise vol.Invalid(f"{found} is no mdi: icon")
    return found


def target(value: Any) -> Any:
    """Accept what an action is aimed at; of devices, hassfest lets nobody choose some."""
    found = selector.TargetSelector.CONFIG_SCHEMA(value)
    if found.get("device"):
        raise vol.Invalid("a target that filters devices: its filter of entities says it already")
    return found


def something(value: object) -> object:
    """Accept anything that is there."""
    if value is None:
        raise vol.Invalid("nothing after the colon")
    return value


def by(what: Any, of: Any = str) -> dict[Any, Any]:
    """Return the schema of a mapping with keys of a kind."""
    return {of: what}


def optional(**members: Any) -> dict[Any, Any]:
    """Return the schema of a mapping whose members may be absent."""
    return {vol.Optional(name): member for name, member in members.items()}


def required(**members: Any) -> dict[Any, Any]:
    """Return the schema of a mapping whose members have to be there."""
    return {vol.Required(name): member for name, member in members.items()}


HACS: Final = vol.Schema(
    required(name=str)
    | optional(
        content_in_root=bool,
        country=[str],
        filename=str,
        hacs=version,
        hide_default_branch=bool,
        homeassistant=version,
        persistent_directory=str,
        render_readme=bool,
        zip_release=bool,
    )
)
# The Marketplace asks for more than hassfest does, and lets unknown keys pass.
HACS_MANIFEST: Final = vol.Schema(
    required(
        codeowners=[str],
        documentation=https_page,
        domain=str,
        issue_tracker=https_page,
        name=str,
        version=version,
    ),
    extra=vol.ALLOW_EXTRA,
)
MANIFEST: Final = vol.Schema(
    required(domain=str, name=str, documentation=https_page, codeowners=[str], version=version)
    | required(iot_class=vol.In(_IOT_CLASSES))
    | optional(
        after_dependencies=[str],
        config_flow=bool,
        dependencies=[str],
        import_executor=bool,
        integration_type=vol.In(_INTEGRATION_TYPES),
        issue_tracker=https_page,
        loggers=[str],
        requirements=[str],
        single_config_entry=bool,
    )
)

_FIELD: Final = required(selector=selector.validate_selector) | optional(
    advanced=bool, default=something, example=something, required=bool, filter=dict
)
_SECTION: Final = required(fields=by(_FIELD)) | optional(collapsed=bool)
SERVICES: Final = vol.Schema(
    by(
        vol.Any(
            None,
            optional(
                target=vol.Any(None, target),
                fields=by(vol.Any(_FIELD, _SECTION)),
            ),
        ),
        cv.slug,
    )
)
_ICONS: Final = optional(default=icon, state=by(icon, key))
_FLOW_ICONS: Final = required(step=by(required(section=by(icon))))
_ACTION_ICONS: Final = vol.Any(icon, required(service=icon) | optional(sections=by(icon)))
ICONS: Final = vol.Schema(
    optional(
        conditions=by(required(condition=icon), key),
        config=_FLOW_ICONS,
        entity=by(by(_ICONS | optional(state_attributes=by(_ICONS, key)), key), cv.slug),
        issues=by(required(fix_flow=_FLOW_ICONS)),
        options=_FLOW_ICONS,
        services=by(_ACTION_ICONS, key),
        triggers=by(required(trigger=icon), key),
    )
)

_FORM: Final = optional(data=by(text), data_description=by(text), description=text)
_STEP: Final = _FORM | optional(
    menu_option_descriptions=by(text),
    menu_options=by(text),
    sections=by(_FORM | optional(name=text)),
    submit=text,
    title=text,
)
_FLOW: Final = required(step=by(_STEP)) | optional(
    abort=by(text), create_entry=by(text), error=by(text), flow_title=text, progress=by(text)
)
_NAMED: Final = optional(name=text, state=by(text, key))
_DESCRIBED: Final = required(name=text, description=text)
_CALLED: Final = _DESCRIBED | optional(
    fields=by(_DESCRIBED | optional(example=text), key),
    sections=by(required(name=text) | optional(description=text), key),
)
TRANSLATIONS: Final = vol.Schema(
    optional(
        common=by(text, cv.slug),
        conditions=by(_CALLED, key),
        config=_FLOW,
        config_subentries=by(_FLOW | required(entry_type=text, initiate_flow=by(text)), cv.slug),
        device=by(optional(name=text), key),
        entity=by(
            by(_NAMED | optional(state_attributes=by(_NAMED, key), unit_of_measurement=text), key),
            cv.slug,
        ),
        exceptions=by(required(message=text), cv.slug),
        issues=by(
            vol.Any(required(title=text, description=text), required(title=text, fix_flow=_FLOW))
        ),
        options=_FLOW,
        selector=by(required(options=by(text, key)), cv.slug),
        services=by(_CALLED, key),
        system_health=required(info=by(text, key)),
        title=text,
        triggers=by(_CALLED, key),
    )
)
