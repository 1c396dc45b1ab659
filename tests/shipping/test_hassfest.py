"""What Home Assistant's hassfest checks of a custom integration, and some that it asks of core."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import homeassistant.components
import pytest
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict

from scripts.releasing.archive import DOMAIN, PACKAGE

from ..source_code import INTEGRATION, imports_in, source_files, tree
from . import schemas

# What an integration may use without naming it (script/hassfest/dependencies.py), of what we
# could come to use.
ALWAYS_THERE: Final = {
    *(platform.value for platform in Platform),
    *("frontend", "group", "homeassistant", "media_source", "persistent_notification"),
    *("system_health", "webhook", "websocket_api"),
}
DESCRIBED: Final = ("services", "triggers", "conditions")


def load_json(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((PACKAGE / name).read_text(encoding="utf-8"))
    return content


MANIFEST: Final = load_json("manifest.json")
TEXTS: Final = load_json("translations/en.json")
ICONS: Final = load_json("icons.json")


def described(kind: str) -> dict[str, Any]:
    """Return what services.yaml and its like describe; there may be nothing of a kind."""
    file = PACKAGE / f"{kind}.yaml"
    return load_yaml_dict(file) if file.exists() else {}


def fields(action: dict[str, Any] | None) -> dict[str, Any]:
    """Return the fields of an action, those in sections too."""
    found: dict[str, Any] = {}
    for name, field in ((action or {}).get("fields") or {}).items():
        found |= field.get("fields", {name: field})
    return found


def used_components() -> Iterator[tuple[Path, str]]:
    """Yield each of Home Assistant's components that a file imports, except for types alone."""
    for file in source_files(str(INTEGRATION)):
        for each in imports_in(without_types(tree(file)), file):
            if each.module.startswith("homeassistant.components."):
                yield file, each.module.split(".")[2]


def without_types(module: ast.Module) -> ast.Module:
    """Return a module without what is imported for the type checker."""
    kept = [
        node
        for node in module.body
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    ]
    return ast.Module(body=kept, type_ignores=[])


def selectors(kind: str) -> Iterator[dict[str, Any]]:
    for action in described(kind).values():
        for field in fields(action).values():
            yield field["selector"]


def test_the_manifest_has_known_members_of_the_right_kind() -> None:
    assert schemas.MANIFEST(MANIFEST) == MANIFEST
    assert MANIFEST["config_flow"] == (PACKAGE / "config_flow.py").is_file()


def test_no_component_of_home_assistants_own_has_this_name() -> None:
    own = Path(homeassistant.components.__path__[0])
    assert not (own / DOMAIN).exists()
    named = [*MANIFEST.get("dependencies", ()), *MANIFEST.get("after_dependencies", ())]
    assert [name for name in named if not (own / name / "manifest.json").is_file()] == []
    assert len({*named}) == len(named)


def test_every_component_that_is_imported_is_a_dependency_or_always_there() -> None:
    allowed = ALWAYS_THERE | {*MANIFEST["dependencies"], *MANIFEST.get("after_dependencies", ())}
    # A file `logbook.py` is loaded by the logbook, if there is one.
    platforms = {file.stem for file in PACKAGE.glob("*.py")}
    used = list(used_components())
    assert ("update.py", "update") in {(file.name, name) for file, name in used}
    assert [(str(file), name) for file, name in used if name not in allowed | platforms] == []


def test_yaml_is_told_that_there_is_nothing_to_configure_there() -> None:
    names = {
        target.id
        for node in tree(INTEGRATION / "__init__.py").body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert "CONFIG_SCHEMA" in names


@pytest.mark.parametrize("kind", DESCRIBED)
def test_every_field_has_a_selector_that_home_assistant_knows(kind: str) -> None:
    # Triggers and conditions are described like actions.
    schemas.SERVICES(described(kind))


@pytest.mark.parametrize("kind", DESCRIBED)
def test_every_choice_of_a_selector_is_translated(kind: str) -> None:
    keyed = [
        select
        for select in (each.get("select") for each in selectors(kind))
        if select is not None and "translation_key" in select
    ]
    translated = {name: set(each["options"]) for name, each in TEXTS["selector"].items()}
    assert [
        select
        for select in keyed
        if translated.get(select["translation_key"]) != set(select["options"])
    ] == []


@pytest.mark.parametrize("kind", DESCRIBED)
def test_everything_described_has_words_an_icon_and_examples(kind: str) -> None:
    names = set(described(kind))
    assert set(TEXTS.get(kind, {})) == set(ICONS.get(kind, {})) == names
    assert {name: set(TEXTS[kind][name].get("fields", {})) for name in names} == {
        name: set(fields(action)) for name, action in described(kind).items()
    }


def taken_by(schema: object) -> set[str]:
    """Return the names of the fields that an action takes, by its schema."""
    parts = (taken_by(part) for part in getattr(schema, "validators", ()))
    members = getattr(schema, "schema", {})
    return {str(key) for key in members} | {name for part in parts for name in part}


async def test_every_action_that_is_registered_is_described_and_takes_what_is_described(
    hass: HomeAssistant, enable_custom_integrations: None
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    registered = hass.services.async_services_for_domain(DOMAIN)
    told = {name: set(fields(action)) for name, action in described("services").items()}
    taken = {name: taken_by(action.schema) for name, action in registered.items()}
    assert set(told) == set(registered)
    assert {name: names - taken[name] for name, names in told.items() if names - taken[name]} == {}


def test_the_icons_have_the_form_that_home_assistant_reads() -> None:
    schemas.ICONS(ICONS)
    same_as_default = [
        f"{platform}.{name}.{state}"
        for platform, entities in ICONS["entity"].items()
        for name, icons in entities.items()
        for state, icon in icons.get("state", {}).items()
        if icon == icons.get("default")
    ]
    assert same_as_default == []


def test_the_texts_have_the_form_that_home_assistant_reads() -> None:
    schemas.TRANSLATIONS(TEXTS)


def test_no_form_describes_a_field_that_it_does_not_name() -> None:
    flows = [TEXTS["config"], TEXTS["options"], *TEXTS["config_subentries"].values()]
    flows += [issue["fix_flow"] for issue in TEXTS["issues"].values() if "fix_flow" in issue]
    forms = [form for flow in flows for form in flow["step"].values()]
    forms += [part for form in forms for part in form.get("sections", {}).values()]
    lost = [set(form.get("data_description", {})) - set(form.get("data", {})) for form in forms]
    assert [names for names in lost if names] == []


@pytest.mark.parametrize(
    "broken",
    ["<b>{name}</b>", " x", "x%]", "see https://example.com", "'{x}'", "{0}", "{a.b}", "{}"],
)
def test_a_text_that_hassfest_refuses_is_noticed(broken: str) -> None:
    with pytest.raises(Exception, match=r"HTML|not to be translated"):
        schemas.TRANSLATIONS({"title": broken})
