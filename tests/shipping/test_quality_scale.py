"""Every rule of the quality scale is answered, and what shows it is there."""

import ast
import re
from pathlib import Path
from typing import Any, Final

import homeassistant.components
import pytest
from homeassistant.util.yaml import load_yaml_dict

from custom_components.flownexus_ota import PLATFORMS
from scripts.releasing.archive import PACKAGE

from ..documents import anchors, text_of
from ..source_code import REPOSITORY

# A file, one test of it, or one section of it.
SHOWN_BY: Final = re.compile(r"([\w./-]+\.(?:md|py|toml|typed))(?:::(\w+)|#([\w-]+))?")
NUMBER_OF_RULES: Final = 54


def rules(component: Path) -> dict[str, dict[str, str]]:
    """Return the rules, as a component judges itself; a word alone is a status."""
    found: dict[str, Any] = load_yaml_dict(component / "quality_scale.yaml")["rules"]
    return {
        name: rule if isinstance(rule, dict) else {"status": rule} for name, rule in found.items()
    }


RULES: Final = rules(PACKAGE)


def shown_by(rule: str) -> list[tuple[str, str, str]]:
    """Return what a rule's comment names: file, test and section."""
    return SHOWN_BY.findall(RULES[rule]["comment"])


def names_of_tests(file: str) -> set[str]:
    tree = ast.parse((REPOSITORY / file).read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in tree.body if isinstance(node, functions)}


def test_every_rule_is_answered_and_none_is_open() -> None:
    peblar = Path(homeassistant.components.__path__[0]) / "peblar"
    assert set(RULES) == set(rules(peblar))
    assert len(RULES) == NUMBER_OF_RULES
    assert {rule["status"] for rule in RULES.values()} == {"done", "exempt"}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_shown_by_something_or_its_exemption_is_explained(rule: str) -> None:
    assert RULES[rule]["comment"].strip()
    assert RULES[rule]["status"] == "exempt" or shown_by(rule)


@pytest.mark.parametrize("rule", RULES)
def test_what_a_rule_is_shown_by_is_there(rule: str) -> None:
    named = shown_by(rule)
    assert [file for file, _, _ in named if not (REPOSITORY / file).is_file()] == []
    assert [test for file, test, _ in named if test and test not in names_of_tests(file)] == []
    lost = [part for file, _, part in named if part and part not in anchors(text_of(file))]
    assert lost == []


@pytest.mark.parametrize("kind", ["triggers", "conditions"])
def test_triggers_and_conditions_are_documented_as_soon_as_there_are_any(kind: str) -> None:
    there_are_some = (PACKAGE / f"{kind}.yaml").exists()
    assert (RULES[f"docs-{kind}"]["status"] == "done") == there_are_some


def test_whether_anything_is_disabled_by_default_is_what_the_code_says() -> None:
    sources = [(PACKAGE / f"{platform}.py").read_text(encoding="utf-8") for platform in PLATFORMS]
    is_any = any("entity_registry_enabled_default=False" in source for source in sources)
    assert (RULES["entity-disabled-by-default"]["status"] == "done") == is_any
