"""Every text that the code asks for exists, and every text that exists is asked for."""

import ast
import re
from collections.abc import Mapping
from dataclasses import fields
from types import ModuleType
from typing import Any, Final

import pytest
from homeassistant.const import WEEKDAYS
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util.yaml import load_yaml_dict

from custom_components.flownexus_ota import (
    binary_sensor,
    button,
    certificate_services,
    certificate_steps,
    config_flow,
    event,
    firmware_services,
    firmware_steps,
    key_steps,
    options_flow,
    profile_flow,
    schedule_services,
    select,
    self_test_services,
    sensor,
    services,
    switch,
    update,
    upload_steps,
)
from custom_components.flownexus_ota.certificate_issues import CERTIFICATE_ISSUE_PREFIX
from custom_components.flownexus_ota.condition import CONDITIONS
from custom_components.flownexus_ota.const import DOMAIN
from custom_components.flownexus_ota.download_issues import FIRMWARE_URL_PREFIX
from custom_components.flownexus_ota.download_steps import DOWNLOADS_SCHEMA
from custom_components.flownexus_ota.exceptions import EXCHANGE_KEYS, FAILURE_REASONS
from custom_components.flownexus_ota.firmware import Unoffered
from custom_components.flownexus_ota.issues import (
    CATALOGUE_ISSUE_PREFIX,
    FOREIGN_UPDATE,
    HISTORY_DAMAGED,
    HISTORY_NOT_WRITABLE,
    REASONS_TO_ACT_ON,
    RESULTS_TO_ACT_ON,
)
from custom_components.flownexus_ota.listener_issues import LISTENER_FAILED, LISTENER_KEYS
from custom_components.flownexus_ota.lwm2m.firmware_update import UpdateResult, result_key
from custom_components.flownexus_ota.ota.happening import Details, Happening
from custom_components.flownexus_ota.ota.image import Mismatch
from custom_components.flownexus_ota.ota.image_problem import ImageKind, ImageProblem
from custom_components.flownexus_ota.ota.phase import Phase, Reason, WaitingReason
from custom_components.flownexus_ota.ota.preflight import RefusalKey
from custom_components.flownexus_ota.ota.sidecar import SidecarProblem
from custom_components.flownexus_ota.ota.signature import PublicKeyProblem
from custom_components.flownexus_ota.ota.window import WindowGate
from custom_components.flownexus_ota.profiles import CHOICES, CONF_TIMES
from custom_components.flownexus_ota.serving.certificate_file import CertificateProblem
from custom_components.flownexus_ota.serving.self_test_rules import UrlProblem
from custom_components.flownexus_ota.sources.fetch_errors import FetchError
from custom_components.flownexus_ota.sources.problem import FolderProblem, RemoteProblem
from custom_components.flownexus_ota.stale_issues import STALE_DEVICES
from custom_components.flownexus_ota.trigger import TRIGGERS
from custom_components.flownexus_ota.windows import (
    CONF_GATE,
    CONF_WEEKDAYS,
    CONF_WINDOW,
    WINDOW_SCHEMA,
)

from .texts import (
    ICONS,
    PACKAGE,
    TEXTS,
    called_with,
    error_keys,
    keyword_texts,
    leaves,
    placeholders,
    source,
)

ALL_TEXTS: Final = dict(leaves(TEXTS))
SENTENCES: Final = ("message", "description")
# Addresses, HTML, names in single quotes, references to other texts.
FORBIDDEN: Final = re.compile(r"://|www\.|<[a-z/]|'\{\w+\}'|%\]")
UNKNOWN_RESULT: Final = 99
RESULT_KEYS: Final = {result_key(number) for number in [*UpdateResult, UNKNOWN_RESULT]}
PLATFORMS: Final = {
    "binary_sensor": binary_sensor,
    "button": button,
    "event": event,
    "select": select,
    "sensor": sensor,
    "switch": switch,
    "update": update,
}
SCHEMAS: Final = {
    certificate_services.SERVICE_GET_CA_CERTIFICATE: certificate_services.CA_CERTIFICATE_SCHEMA,
    schedule_services.SERVICE_SCHEDULE_UPDATE: schedule_services.SCHEDULE_SCHEMA,
    services.SERVICE_CANCEL_UPDATE: services.AIMED_SCHEMA,
    services.SERVICE_RETRY_UPDATE: services.AIMED_SCHEMA,
    services.SERVICE_GET_HISTORY: services.HISTORY_SCHEMA,
    self_test_services.SERVICE_TEST_FIRMWARE_URL: self_test_services.SELF_TEST_SCHEMA,
    firmware_services.SERVICE_ADD_FIRMWARE: firmware_services.ADD_SCHEMA,
    firmware_services.SERVICE_REMOVE_FIRMWARE: firmware_services.REMOVE_SCHEMA,
    firmware_services.SERVICE_LIST_FIRMWARE: firmware_services.LIST_SCHEMA,
}
# What is wrong with a sidecar that no form or action of ours writes.
MADE_BY_HAND: Final = {
    SidecarProblem.NOT_UTF8,
    SidecarProblem.NOT_JSON,
    SidecarProblem.NOT_AN_OBJECT,
    SidecarProblem.UNKNOWN_MEMBER,
    SidecarProblem.REPEATED_MEMBER,
    SidecarProblem.WRONG_TYPE,
    SidecarProblem.BLANK_MEMBER,
    SidecarProblem.NOT_A_FLAG,
}
OF_SOURCE: Final = {
    FolderProblem.NOT_A_FILE,
    FolderProblem.UNREADABLE,
    FolderProblem.EMPTY,
    FolderProblem.TOO_LARGE,
    FolderProblem.STILL_CHANGING,
    FolderProblem.SHA256_MISMATCH,
}
FORMS: Final = {
    ("config", "user"): config_flow.SERVER_SCHEMA,
    ("config", "reconfigure"): config_flow.SERVER_SCHEMA,
    ("config", "reauth_confirm"): config_flow.CREDENTIALS_SCHEMA,
    ("options", "keys"): key_steps.KEYS_SCHEMA,
    ("options", "settings"): options_flow.SETTINGS_SCHEMA,
    ("options", "certificate_files"): certificate_steps.FILES_SCHEMA,
    ("options", "firmware_add"): upload_steps.UPLOAD_SCHEMA,
    ("options", "firmware_describe"): upload_steps.DESCRIPTION_SCHEMA,
    ("options", "firmware_remove"): firmware_steps.choice_schema([]),
    ("options", "downloads"): DOWNLOADS_SCHEMA,
    ("options", "maintenance"): WINDOW_SCHEMA,
}


def descriptions(platform: ModuleType) -> list[EntityDescription]:
    """Return the entity descriptions of a platform, alone or in tuples."""
    values = [
        each
        for value in vars(platform).values()
        for each in (value if isinstance(value, tuple) else (value,))
    ]
    # Home Assistant makes the classes of descriptions anew: isinstance does not know them.
    return [each for each in values if hasattr(each, "translation_key") and hasattr(each, "key")]


def entity_keys() -> dict[str, set[str | None]]:
    return {
        name: {description.translation_key for description in descriptions(platform)}
        for name, platform in PLATFORMS.items()
    }


def firmware_problems() -> set[str]:
    """Return what can be wrong with a firmware that somebody adds or removes."""
    own = {
        node.value.elts[0].value
        for node in ast.walk(source("firmware.py"))
        if isinstance(node, ast.Return)
        and isinstance(node.value, ast.Tuple)
        and isinstance(node.value.elts[0], ast.Constant)
        and isinstance(node.value.elts[0].value, str)
    }
    return own | {*ImageProblem, *SidecarProblem, *OF_SOURCE} - MADE_BY_HAND


def test_every_entity_has_a_name_and_no_name_is_left_over() -> None:
    assert {name: set(keys) for name, keys in TEXTS["entity"].items()} == entity_keys()


def test_every_entity_has_an_icon_and_no_icon_is_left_over() -> None:
    assert {name: set(keys) for name, keys in ICONS["entity"].items()} == entity_keys()


def test_every_icon_is_one_of_material_design() -> None:
    odd = {path for path, icon in leaves(ICONS) if not re.fullmatch(r"mdi:[a-z0-9-]+", icon)}
    assert odd == set()


def test_every_phase_has_a_name_and_an_icon() -> None:
    phases = {phase.value for phase in Phase}
    assert set(TEXTS["entity"]["sensor"]["update_phase"]["state"]) == phases
    assert set(ICONS["entity"]["sensor"]["update_phase"]["state"]) == phases


def test_every_attribute_of_the_phase_has_a_name_and_so_have_its_values() -> None:
    attributes = TEXTS["entity"]["sensor"]["update_phase"]["state_attributes"]
    shown = [
        node
        for node in ast.walk(source("sensor.py"))
        if isinstance(node, ast.FunctionDef) and node.name == "extra_state_attributes"
    ]
    keys = {key for node in ast.walk(shown[0]) if isinstance(node, ast.Dict) for key in node.keys}

    assert {key.value for key in keys if isinstance(key, ast.Constant)} == set(attributes)
    assert set(attributes["waiting_reason"]["state"]) == {each.value for each in WaitingReason}
    assert set(attributes["reason"]["state"]) == {each.value for each in Reason}
    assert set(attributes["last_result"]["state"]) == RESULT_KEYS


def test_every_exception_has_a_text_and_no_text_is_left_over() -> None:
    tree = source("exceptions.py")
    used = called_with(tree, "_failure") | called_with(tree, "_user_mistake")
    used |= called_with(tree, "_misuse")
    used |= keyword_texts(tree, "translation_key")
    used |= {key for _, key in EXCHANGE_KEYS}
    used |= {f"update_failed_{key}" for key in RESULT_KEYS | {*FAILURE_REASONS}} | {"update_failed"}
    used |= {f"refused_{key}" for key in RefusalKey}
    used |= called_with(source("firmware_services.py"), "firmware_not_named_error")
    used |= {kind.key for kind in FetchError.__subclasses__()}

    assert set(TEXTS["exceptions"]) == used


def test_only_one_file_raises_what_home_assistant_shows() -> None:
    files = {
        file.name
        for file in PACKAGE.glob("*.py")
        if keyword_texts(source(file.name), "translation_domain")
        or "translation_domain=" in file.read_text(encoding="utf-8")
    }
    assert files == {"exceptions.py"}


def test_every_issue_has_a_text_and_no_text_is_left_over() -> None:
    problems = {*FolderProblem, *SidecarProblem, *ImageProblem, *RemoteProblem}
    used = {f"{CATALOGUE_ISSUE_PREFIX}{problem}" for problem in problems}

    used |= {LISTENER_FAILED, *LISTENER_KEYS.values()}
    used |= {HISTORY_DAMAGED, HISTORY_NOT_WRITABLE, FOREIGN_UPDATE, STALE_DEVICES}
    used |= {*RESULTS_TO_ACT_ON.values(), *REASONS_TO_ACT_ON.values()}
    used |= {f"{FIRMWARE_URL_PREFIX}{problem}" for problem in UrlProblem}

    used |= {f"{CERTIFICATE_ISSUE_PREFIX}{problem}" for problem in CertificateProblem}

    assert set(TEXTS["issues"]) == used


def test_every_action_is_described_with_all_its_fields_and_has_an_icon() -> None:
    described: dict[str, Any] = load_yaml_dict(PACKAGE / "services.yaml")
    aims = {str(key) for key in cv.ENTITY_SERVICE_FIELDS}
    own = {name: {str(key) for key in schema.schema} - aims for name, schema in SCHEMAS.items()}

    assert {name: set(action["fields"]) for name, action in described.items()} == own
    assert {name: set(text["fields"]) for name, text in TEXTS["services"].items()} == own
    assert set(ICONS["services"]) == set(own)
    options = described["get_history"]["fields"]["outcome"]["selector"]["select"]["options"]
    assert set(options) == set(services.OUTCOMES) == set(TEXTS["selector"]["outcome"]["options"])


@pytest.mark.parametrize(
    ("kind", "there_are"), [("triggers", TRIGGERS), ("conditions", CONDITIONS)]
)
def test_every_trigger_and_condition_is_described_and_has_a_name_and_an_icon(
    kind: str, there_are: Mapping[str, object]
) -> None:
    described = set(load_yaml_dict(PACKAGE / f"{kind}.yaml"))

    assert described == set(there_are) == set(TEXTS[kind]) == set(ICONS[kind])


def test_every_happening_and_what_is_told_with_it_has_a_name() -> None:
    attributes = TEXTS["entity"]["event"]["firmware_update"]["state_attributes"]

    assert set(attributes) == {"event_type", *(each.name for each in fields(Details))}
    assert set(attributes["event_type"]["state"]) == {each.value for each in Happening}
    assert set(attributes["result"]["state"]) == RESULT_KEYS
    assert set(attributes["reason"]["state"]) == {each.value for each in Reason}


def test_every_error_on_a_form_has_a_text_and_no_text_is_left_over() -> None:
    of_server = {key for _, key in config_flow.ERROR_KEYS}

    assert set(TEXTS["config"]["error"]) == of_server | error_keys("self._errors")
    files = ["options_flow.py", *(file.name for file in PACKAGE.glob("*_steps.py"))]
    of_options = {key for file in files for key in error_keys("errors", file)}
    of_options |= {key for _, key in certificate_steps.FILE_ERRORS.values()}
    of_options |= firmware_problems() | {"upload_gone"} | {*PublicKeyProblem}
    assert set(TEXTS["options"]["error"]) == of_options


def test_every_topic_of_the_options_is_named() -> None:
    steps = TEXTS["options"]["step"]
    assert set(steps["init"]["menu_options"]) == set(options_flow.TOPICS)
    assert set(steps["init"]["menu_option_descriptions"]) == set(options_flow.TOPICS)
    certificates = set(certificate_steps.CERTIFICATE_TOPICS)
    assert set(steps["certificates"]["menu_options"]) == certificates
    assert set(steps["no_certificate"]["menu_options"]) == certificates
    assert set(steps["firmware"]["menu_options"]) == set(firmware_steps.FIRMWARE_TOPICS)


def test_every_reason_why_an_image_does_not_fit_has_a_name() -> None:
    assert set(TEXTS["selector"]["misfit"]["options"]) == {*Mismatch, *Unoffered}
    assert set(TEXTS["selector"]["image_kind"]["options"]) == set(ImageKind)


def test_every_field_on_a_form_has_a_name_and_a_description() -> None:
    steps = {
        (flow, step): text
        for flow in ("config", "options")
        for step, text in TEXTS[flow]["step"].items()
        if "data" in text
    }
    fields = {form: {key.schema for key in schema.schema} for form, schema in FORMS.items()}

    assert {form: set(text["data"]) for form, text in steps.items()} == fields
    assert {form: set(text["data_description"]) for form, text in steps.items()} == fields


def test_every_field_of_a_profile_has_a_name_and_a_description() -> None:
    fields = {key.schema for key in profile_flow.PROFILE_SCHEMA.schema}
    sections = {CONF_TIMES: profile_flow.TIMES_SCHEMA, CONF_WINDOW: WINDOW_SCHEMA}
    in_sections = {name: {key.schema for key in schema.schema} for name, schema in sections.items()}
    steps = TEXTS["config_subentries"]["profile"]["step"].values()

    for kind in ("data", "data_description"):
        assert [set(step[kind]) for step in steps] == [fields - sections.keys()] * 2
        assert [
            {name: set(text[kind]) for name, text in step["sections"].items()} for step in steps
        ] == [in_sections] * 2


def test_every_day_and_everything_that_waits_for_a_window_has_a_name() -> None:
    assert set(TEXTS["selector"][CONF_WEEKDAYS]["options"]) == set(WEEKDAYS)
    assert set(TEXTS["selector"][CONF_GATE]["options"]) == set(WindowGate)


def test_every_error_of_a_profile_has_a_text_and_no_text_is_left_over() -> None:
    errors = error_keys("self._errors", "profile_flow.py")
    assert set(TEXTS["config_subentries"]["profile"]["error"]) == errors


def test_every_choice_of_a_profile_has_a_name() -> None:
    named = {name: set(TEXTS["selector"][name]["options"]) for name in CHOICES}
    assert named == {name: set(words) for name, words in CHOICES.items()}


def test_every_text_keeps_the_rules_of_home_assistant() -> None:
    blank = {path for path, text in ALL_TEXTS.items() if not text or text != text.strip()}
    odd = {path for path, text in ALL_TEXTS.items() if FORBIDDEN.search(text)}
    names = {name for text in ALL_TEXTS.values() for name in placeholders(text)}
    keys = {key for path in ALL_TEXTS for key in path.split(".")}

    assert blank | odd == set()
    assert {name for name in names if not name.isidentifier()} == set()
    assert {key for key in keys if not re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", key)} == set()


def test_what_is_told_in_sentences_ends_like_one() -> None:
    told = {path: text for path, text in ALL_TEXTS.items() if path.endswith(SENTENCES)}

    assert {path for path, text in told.items() if text[-1] not in ".)"} == set()


async def test_home_assistant_finds_the_texts(hass: HomeAssistant) -> None:
    loaded = await async_get_translations(hass, "en", "exceptions", {DOMAIN})

    name = f"component.{DOMAIN}.exceptions.update_in_progress.message"
    assert loaded[name] == TEXTS["exceptions"]["update_in_progress"]["message"]
