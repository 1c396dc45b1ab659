"""What the documents say is true: pages are fresh, links lead somewhere, names exist."""

import ast
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from itertools import chain
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import pytest
from homeassistant.util.yaml import load_yaml_dict, parse_yaml

from custom_components.flownexus_ota import services
from custom_components.flownexus_ota.binary_sensor import CONNECTED
from custom_components.flownexus_ota.button import CANCEL_UPDATE
from custom_components.flownexus_ota.certificate_steps import FILES_SCHEMA
from custom_components.flownexus_ota.condition import CONDITIONS
from custom_components.flownexus_ota.config_flow import SERVER_SCHEMA
from custom_components.flownexus_ota.const import DEFAULT_MAX_PARALLEL_UPDATES, DOMAIN
from custom_components.flownexus_ota.download_options import DEFAULT_MAX_PARALLEL_DOWNLOADS
from custom_components.flownexus_ota.download_steps import DOWNLOADS_SCHEMA
from custom_components.flownexus_ota.event import FIRMWARE_UPDATE
from custom_components.flownexus_ota.lwm2m.firmware_update import UpdateResult, result_key
from custom_components.flownexus_ota.options_flow import SETTINGS_SCHEMA
from custom_components.flownexus_ota.ota.happening import Happening
from custom_components.flownexus_ota.ota.phase import Phase, WaitingReason
from custom_components.flownexus_ota.ota.profile import DEFAULT_PROFILE
from custom_components.flownexus_ota.ota.sidecar import Sidecar, parse_sidecar
from custom_components.flownexus_ota.profile_flow import PROFILE_SCHEMA
from custom_components.flownexus_ota.select import FIRMWARE_VERSION
from custom_components.flownexus_ota.sensor import FURTHER, PHASE, SERVER_SENSORS
from custom_components.flownexus_ota.serving.self_test_rules import UrlProblem
from custom_components.flownexus_ota.switch import AUTO_UPDATE
from custom_components.flownexus_ota.trigger import TRIGGERS
from custom_components.flownexus_ota.update import DESCRIPTION
from custom_components.flownexus_ota.windows import WINDOW_SCHEMA
from scripts.demonstration import options as demo_options
from scripts.docs import session as session_page
from scripts.docs.__main__ import PAGES

from .documents import (
    anchors,
    blocks,
    code_in,
    documents,
    first_codes,
    links,
    pictures,
    tables,
    text_of,
)
from .source_code import INTEGRATION, REPOSITORY, functions, source_files, tree

README: Final = text_of("README.md")
GUIDE: Final = "\n".join(
    map(text_of, ("README.md", "docs/firmware.md", "docs/downloads.md", "docs/profiles.md"))
)
GUIDE_TABLES: Final = tables(GUIDE)
TEXTS: Final[dict[str, Any]] = json.loads(
    (REPOSITORY / INTEGRATION / "translations/en.json").read_text(encoding="utf-8")
)
PHASE_TEXTS: Final = TEXTS["entity"]["sensor"]["update_phase"]
IMPORT: Final = "https://my.home-assistant.io/redirect/blueprint_import/?blueprint_url="
# Home Assistant imports what GitHub has on its branch main.
RAW: Final = "https://raw.githubusercontent.com/flownexus-lwm2m/flownexus_ota/main"
LARGEST_PICTURE_BYTES: Final = 150_000
# What the documents call a file of the package, without the way to it.
FILE_NAME: Final = re.compile(r"(?:[a-z_]+/)*[a-z_]+\.(?:py|json|sql)|[a-z_]+/(?:[a-z_]+/)*")
# However it is marked, and however deep it stands.
YAML_FENCE: Final = re.compile(r"^[ >]*(?:```+|~~~+) *ya?ml\b", re.MULTILINE | re.IGNORECASE)
AUTOMATIONS: Final = [
    example for path in documents() for example in blocks(path.read_text(encoding="utf-8"), "yaml")
]
RUN_BY: Final = Path("tests/ha/test_documented_automations.py")


def aliases_that_are_run() -> list[str]:
    """Return the aliases of the automations that tests switch on."""
    calls = [node for node in ast.walk(tree(RUN_BY)) if isinstance(node, ast.Call)]
    switched_on = [call for call in calls if ast.unparse(call.func) == "automation"]
    return sorted({ast.literal_eval(call.args[1]) for call in switched_on})


@pytest.mark.parametrize(
    ("path", "page"), PAGES.items(), ids=lambda each: getattr(each, "name", "")
)
def test_the_pages_made_from_the_code_are_fresh(path: Path, page: Callable[[], str]) -> None:
    assert page() == path.read_text(encoding="utf-8"), "type:  scripts/make_docs"


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.name)
def test_every_link_within_the_repository_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    own = [link for link in links(text) if "://" not in link]
    targets = [(link, *link.partition("#")[::2]) for link in own]
    lost = [
        link
        for link, path, fragment in targets
        if not (document.parent / path).exists()
        or (
            fragment
            and fragment not in anchors((document.parent / path).read_text() if path else text)
        )
    ]
    assert lost == []


def test_the_first_screen_has_the_picture_and_the_two_commands() -> None:
    first_screen = "\n".join(README.splitlines()[:30])
    assert "docs/images/update-dialog.png" in first_screen
    assert "scripts/demo" in first_screen
    assert "scripts/test" in first_screen


def test_every_picture_is_used_and_there_and_says_in_words_what_it_shows() -> None:
    shown = [
        (document.parent / picture["src"], picture)
        for document in documents()
        for picture in pictures(document.read_text(encoding="utf-8"))
    ]
    wordless = [picture for _, picture in shown if len(picture.get("alt", "").split()) < 4]
    assert {file.resolve() for file, _ in shown} == set((REPOSITORY / "docs/images").iterdir())
    assert wordless == []


def test_no_picture_is_slow_to_load() -> None:
    sizes = {file.name: file.stat().st_size for file in (REPOSITORY / "docs/images").iterdir()}
    assert {name: size for name, size in sizes.items() if size > LARGEST_PICTURE_BYTES} == {}


def test_the_parameters_in_the_guide_are_those_of_the_form() -> None:
    rows = GUIDE_TABLES["parameter | form | needed | meaning"]
    names = TEXTS["config"]["step"]["user"]["data"]
    assert first_codes(rows) == [str(key) for key in SERVER_SCHEMA.schema]
    assert [row[1] for row in rows] == [names[key] for key in first_codes(rows)]


def test_the_options_in_the_guide_are_those_of_the_form() -> None:
    rows = GUIDE_TABLES["option | form | default | meaning"]
    names = TEXTS["options"]["step"]["settings"]["data"]
    assert first_codes(rows) == [str(key) for key in SETTINGS_SCHEMA.schema]
    assert [row[1] for row in rows] == [names[key] for key in first_codes(rows)]
    assert rows[1][2] == str(DEFAULT_MAX_PARALLEL_UPDATES)


def test_the_options_of_downloads_in_the_guide_are_those_of_the_form() -> None:
    rows = GUIDE_TABLES["option of downloads | form | default | meaning"]
    names = TEXTS["options"]["step"]["downloads"]["data"]
    assert first_codes(rows) == [str(key) for key in DOWNLOADS_SCHEMA.schema]
    assert [row[1] for row in rows] == [names[key] for key in first_codes(rows)]
    assert rows[4][2] == str(DEFAULT_MAX_PARALLEL_DOWNLOADS)


def test_the_options_of_certificates_in_the_guide_are_those_of_the_form() -> None:
    rows = GUIDE_TABLES["option of certificates | form | default | meaning"]
    names = TEXTS["options"]["step"]["certificate_files"]["data"]
    assert first_codes(rows) == [str(key) for key in FILES_SCHEMA.schema]
    assert [row[1] for row in rows] == [names[key] for key in first_codes(rows)]


def test_the_fields_of_a_profile_in_the_guide_are_those_of_the_form() -> None:
    told = [code for row in GUIDE_TABLES["field | default | meaning"] for code in code_in(row[0])]
    # Its name needs no words. The fields of a window are those of the server's, too.
    there_are = {*map(str, PROFILE_SCHEMA.schema), *map(str, WINDOW_SCHEMA.schema)} - {"name"}
    assert sorted(told) == sorted(there_are)


def test_the_members_in_the_guide_are_those_of_a_sidecar() -> None:
    rows = GUIDE_TABLES["member | meaning"]
    assert first_codes(rows) == [field.name for field in fields(Sidecar)]


def test_the_sidecars_in_the_guide_are_such() -> None:
    examples = [parse_sidecar(example.encode()) for example in blocks(GUIDE, "json")]
    assert [each.version for each in examples] == ["1.2.0", "1.2.0"]


def test_the_entities_in_the_guide_are_those_there_are() -> None:
    rows = GUIDE_TABLES["entity | key | what it shows"]
    descriptions = (
        *(DESCRIPTION, PHASE, FIRMWARE_UPDATE, CANCEL_UPDATE),
        *(FIRMWARE_VERSION, AUTO_UPDATE, *FURTHER),
        *(CONNECTED, *SERVER_SENSORS),
    )
    assert first_codes(rows, 1) == [each.key for each in descriptions]
    assert [set(code_in(rows[1][2]))] == [{phase.value for phase in Phase}]
    assert [set(code_in(rows[2][2]))] == [{happening.value for happening in Happening}]


def test_the_actions_in_the_guide_are_those_there_are() -> None:
    rows = GUIDE_TABLES["action | what it does"]
    assert set(first_codes(rows)) == {f"{DOMAIN}.{action}" for action in TEXTS["services"]}
    assert set(services.OUTCOMES) <= {code for row in rows for code in code_in(row[1])}


@pytest.mark.parametrize(
    ("head", "there_are"),
    [("trigger | fires when", TRIGGERS), ("condition | holds while", CONDITIONS)],
)
def test_the_triggers_and_conditions_in_the_guide_are_those_there_are(
    head: str, there_are: Mapping[str, object]
) -> None:
    assert first_codes(GUIDE_TABLES[head]) == [f"{DOMAIN}.{name}" for name in there_are]


def test_the_attributes_in_the_guide_are_those_of_the_phase_sensor() -> None:
    rows = GUIDE_TABLES["attribute | meaning"]
    assert set(first_codes(rows)) == set(PHASE_TEXTS["state_attributes"])


def test_the_phases_in_the_guide_have_their_names_and_deadlines() -> None:
    rows = GUIDE_TABLES["phase | shown as | the device | without progress for | then"]
    running = [phase for phase in Phase if not phase.is_final]
    assert first_codes(rows) == [phase.value for phase in running]
    assert [row[1] for row in rows] == [PHASE_TEXTS["state"][phase] for phase in running]
    limits = [session_page.in_words(DEFAULT_PROFILE.deadlines.of(phase)) for phase in running]
    assert [row[3] for row in rows] == limits


def test_the_results_in_the_guide_have_their_numbers() -> None:
    rows = GUIDE_TABLES["number | `last_result` | what it means | what helps"]
    numbered = [
        (int(row[0]), code)
        for row, code in zip(rows, first_codes(rows, 1), strict=True)
        if row[0].isdigit()
    ]
    assert [code for _, code in numbered] == [result_key(number) for number, _ in numbered]
    assert {result_key(result) for result in UpdateResult} <= set(code_in(GUIDE))


def test_the_waiting_reasons_in_the_guide_are_words_of_the_sensor() -> None:
    rows = GUIDE_TABLES["`waiting_reason` | what it waits for"]
    assert set(first_codes(rows)) <= {reason.value for reason in WaitingReason}


def test_the_texts_under_troubleshooting_are_those_that_people_see() -> None:
    errors = TEXTS["config"]["error"].values()
    shown = [row[0] for row in GUIDE_TABLES["text | usual cause"]]
    assert [text for text in shown if not any(error.startswith(text) for error in errors)] == []


def test_the_problems_in_the_guide_are_those_that_the_self_test_finds() -> None:
    rows = GUIDE_TABLES["problem | what was seen | usual cause, and what helps"]
    assert first_codes(rows) == [problem.value for problem in UrlProblem]


def test_every_threat_has_a_row_and_tests_that_there_are() -> None:
    rows = tables(text_of("docs/security.md"))["# | threat | what is done | shown by"]
    named = [set(code_in(shown_by)) for _, _, _, shown_by in rows]
    known = {
        f"{file}::{function.name}"
        for file in source_files("tests")
        for function in functions(file)
        if function.name.startswith("test_")
    }
    assert [number for number, *_ in rows] == [str(number) for number in range(1, 21)]
    assert [number for number, tests in enumerate(named, start=1) if not tests] == []
    assert set().union(*named) - known == set()


def test_the_options_of_the_demo_in_the_guide_are_those_it_has() -> None:
    rows = GUIDE_TABLES["option | meaning"]
    told = {code.split()[0] for code in first_codes(rows)}
    known = set(
        re.findall(r'"(--[a-z]+)"', Path(demo_options.__file__).read_text(encoding="utf-8"))
    )
    assert told == known


@pytest.mark.parametrize("name", ["docs/architecture.md", "docs/protocol.md", "CONTRIBUTING.md"])
def test_every_file_that_is_named_is_there(name: str) -> None:
    named = {code for code in code_in(text_of(name)) if FILE_NAME.fullmatch(code)}
    roots = (REPOSITORY, REPOSITORY / INTEGRATION)
    assert named
    assert {each for each in named if not any((root / each).exists() for root in roots)} == set()


def test_every_blueprint_is_imported_by_a_link_to_where_it_says_it_comes_from() -> None:
    files = sorted((REPOSITORY / "blueprints").rglob("*.yaml"))
    said = [load_yaml_dict(file)["blueprint"]["source_url"] for file in files]
    to_import = (link.partition(IMPORT)[2] for link in links(README) if link.startswith(IMPORT))
    assert [unquote(link) for link in to_import] == said
    assert said == [f"{RAW}/{file.relative_to(REPOSITORY)}" for file in files]


@pytest.mark.parametrize("example", AUTOMATIONS)
def test_every_example_is_yaml_with_triggers_and_actions(example: str) -> None:
    automation = parse_yaml(example)
    assert isinstance(automation, dict)
    assert {"alias", "triggers", "actions"} <= set(automation)


def test_every_example_in_yaml_is_run_by_a_test() -> None:
    marked = sum(len(YAML_FENCE.findall(path.read_text(encoding="utf-8"))) for path in documents())
    written = [re.findall(r"^alias: (.+)$", example, re.MULTILINE) for example in AUTOMATIONS]
    # Indented ones, and those with another mark, would be found by nobody.
    assert len(AUTOMATIONS) == marked
    assert sorted(chain.from_iterable(written)) == aliases_that_are_run()
