"""Every form and every end of a repair has a text, and no text is left over."""

import ast

import pytest

from custom_components.flownexus_ota import repairs
from custom_components.flownexus_ota.download_issues import FIRMWARE_URL_PREFIX
from custom_components.flownexus_ota.issues import FOREIGN_UPDATE
from custom_components.flownexus_ota.serving.self_test_rules import UrlProblem
from custom_components.flownexus_ota.stale_issues import STALE_DEVICES

from .texts import TEXTS, called_with, error_keys, keyword_texts, source


@pytest.mark.parametrize(
    ("flow", "issues"),
    [
        ("ForeignUpdateFlow", [FOREIGN_UPDATE]),
        ("FirmwareUrlFlow", [f"{FIRMWARE_URL_PREFIX}{problem}" for problem in UrlProblem]),
    ],
)
def test_a_repair_has_a_text_for_each_way_it_can_end(flow: str, issues: list[str]) -> None:
    [mending] = [
        node
        for node in ast.walk(source("repairs.py"))
        if isinstance(node, ast.ClassDef) and node.name == flow
    ]
    endings = {
        node.value.value
        for node in ast.walk(mending)
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Constant)
    } - {None} | {"server_not_loaded"}

    texts = [TEXTS["issues"][issue]["fix_flow"] for issue in issues]

    assert [set(text["step"]) for text in texts] == [{"confirm"}] * len(issues)
    assert [set(text["abort"]) for text in texts] == [endings] * len(issues)


def test_the_repair_of_stale_devices_has_a_text_for_each_form_error_and_end() -> None:
    texts = TEXTS["issues"][STALE_DEVICES]["fix_flow"]
    tree = source("repairs.py")

    assert set(texts["step"]) == keyword_texts(tree, "step_id")
    assert set(texts["abort"]) == called_with(tree, "self._ended")
    assert set(texts["error"]) == error_keys("errors", "repairs.py")
    assert set(texts["step"]["choose"]["data"]) == {repairs.CONF_DEVICES}
