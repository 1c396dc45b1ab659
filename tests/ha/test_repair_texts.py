"""Every form and every end of a repair has a text, and no text is left over."""

import ast

import pytest

from custom_components.flownexus_ota import repairs
from custom_components.flownexus_ota.download_issues import FIRMWARE_URL_PREFIX
from custom_components.flownexus_ota.issues import (
    CATALOGUE_ISSUE_PREFIX,
    FOREIGN_UPDATE,
    HISTORY_DAMAGED,
)
from custom_components.flownexus_ota.serving.self_test_rules import UrlProblem
from custom_components.flownexus_ota.stale_issues import STALE_DEVICES

from .texts import TEXTS, called_with, error_keys, keyword_texts, source


def class_of_repairs(name: str) -> ast.ClassDef:
    """Return the source of a flow."""
    [found] = [
        node
        for node in ast.walk(source("repairs.py"))
        if isinstance(node, ast.ClassDef) and node.name == name
    ]
    return found


@pytest.mark.parametrize(
    ("flow", "issues"),
    [
        ("ForeignUpdateFlow", [FOREIGN_UPDATE]),
        ("FirmwareUrlFlow", [f"{FIRMWARE_URL_PREFIX}{problem}" for problem in UrlProblem]),
    ],
)
def test_a_repair_has_a_text_for_each_way_it_can_end(flow: str, issues: list[str]) -> None:
    mending = class_of_repairs(flow)
    endings = {
        node.value.value
        for node in ast.walk(mending)
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Constant)
    } - {None} | {"server_not_loaded"}

    texts = [TEXTS["issues"][issue]["fix_flow"] for issue in issues]

    assert [set(text["step"]) for text in texts] == [{"confirm"}] * len(issues)
    assert [set(text["abort"]) for text in texts] == [endings] * len(issues)


def test_every_problem_with_firmware_has_a_text_for_each_way_its_repair_can_end() -> None:
    texts = [
        text["fix_flow"]
        for key, text in TEXTS["issues"].items()
        if key.startswith(CATALOGUE_ISSUE_PREFIX)
    ]
    endings = keyword_texts(class_of_repairs("CatalogueFlow"), "reason")

    assert len(texts) > 50
    assert {frozenset(text["step"]) for text in texts} == {frozenset({"confirm"})}
    assert {frozenset(text["abort"]) for text in texts} == {frozenset(endings)}
    # The page shows the title of the form in the place of the message's, and has one line for it.
    assert {text["step"]["confirm"]["title"] for text in texts} == {
        "{file}",
        TEXTS["issues"][f"{CATALOGUE_ISSUE_PREFIX}folder_unreadable"]["title"],
    }
    assert set(TEXTS["issues"][HISTORY_DAMAGED]["fix_flow"]["step"]) == {"confirm"}


def test_the_repair_of_stale_devices_has_a_text_for_each_form_error_and_end() -> None:
    texts = TEXTS["issues"][STALE_DEVICES]["fix_flow"]
    tree = class_of_repairs("StaleDevicesFlow")

    assert set(texts["step"]) == keyword_texts(tree, "step_id")
    assert set(texts["abort"]) == called_with(tree, "self._ended")
    assert set(texts["error"]) == error_keys("errors", "repairs.py")
    assert set(texts["step"]["choose"]["data"]) == {repairs.CONF_DEVICES}


def test_every_button_of_a_repair_says_what_it_does() -> None:
    flows = [text["fix_flow"] for text in TEXTS["issues"].values() if "fix_flow" in text]
    buttons = [step.get("submit") for flow in flows for step in flow["step"].values()]
    assert len(buttons) > 70
    assert None not in buttons
