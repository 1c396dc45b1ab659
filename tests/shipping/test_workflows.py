"""What runs on GitHub is pinned, may do little, and knows no secret."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
from homeassistant.util.yaml import load_yaml_dict

from scripts.releasing.archive import ARCHIVE_NAME
from scripts.releasing.main import main

from ..source_code import REPOSITORY

WORKFLOWS: Final = sorted((REPOSITORY / ".github/workflows").iterdir())
# A commit in full, and beside it the name that it had when somebody looked.
PINNED: Final = re.compile(r"[\w-]+(?:/[\w-]+)+@[0-9a-f]{40} # [\w.]+")
# A workflow of this repository is as good as the commit that it is called from.
OWN: Final = re.compile(r"\./\.github/workflows/[a-z]+\.yml")
RIGHTS: Final = {
    "check.yml": {"test": {"contents": "read"}},
    "validate.yml": {"marketplace": {"contents": "read"}, "hassfest": {"contents": "read"}},
    "release.yml": {"check": {"contents": "read"}, "publish": {"contents": "write"}},
}

each_workflow = pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)


def workflow(name: str) -> dict[str, Any]:
    return load_yaml_dict(REPOSITORY / ".github/workflows" / name)


def steps(name: str) -> list[dict[str, Any]]:
    return [step for job in workflow(name)["jobs"].values() for step in job.get("steps", ())]


@each_workflow
def test_every_action_is_pinned_by_its_commit(file: Path) -> None:
    used = re.findall(r"\buses: (.+)", file.read_text(encoding="utf-8"))
    assert used
    assert [name for name in used if not PINNED.fullmatch(name) and not OWN.fullmatch(name)] == []


def test_an_action_is_pinned_by_the_same_commit_everywhere() -> None:
    used = {
        tuple(step["uses"].split("@"))
        for file in WORKFLOWS
        for step in steps(file.name)
        if "uses" in step
    }
    assert len({action for action, _ in used}) == len(used)


def test_every_job_has_the_least_rights() -> None:
    assert {file.name: workflow(file.name)["permissions"] for file in WORKFLOWS} == {
        name: {} for name in RIGHTS
    }
    assert {
        file.name: {name: job["permissions"] for name, job in workflow(file.name)["jobs"].items()}
        for file in WORKFLOWS
    } == RIGHTS


@each_workflow
def test_nothing_of_a_strangers_runs_with_our_rights(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    events = set(workflow(file.name)["on"])
    assert events <= {
        "push",
        "pull_request",
        "schedule",
        "workflow_call",
        "workflow_dispatch",
    }
    assert "secrets" not in text
    assert [step["run"] for step in steps(file.name) if "${{" in step.get("run", "")] == []


@each_workflow
def test_no_job_runs_for_ever_or_keeps_the_token(file: Path) -> None:
    jobs = workflow(file.name)["jobs"].values()
    endless = [job for job in jobs if "timeout-minutes" not in job and "uses" not in job]
    checkouts = [
        step for step in steps(file.name) if step.get("uses", "").startswith("actions/checkout@")
    ]
    assert endless == []
    assert [step for step in checkouts if step["with"]["persist-credentials"]] == []


def test_the_checks_are_those_that_a_person_runs() -> None:
    assert [step["run"] for step in steps("check.yml") if "run" in step] == [".ci/run"]
    assert "exec python3 scripts/test" in (REPOSITORY / ".ci/run").read_text(encoding="utf-8")


def test_both_validators_run_without_ignoring_anything() -> None:
    used = {step["uses"].partition("@")[0]: step.get("with", {}) for step in steps("validate.yml")}
    assert {"hacs/action", "home-assistant/actions/hassfest"} <= set(used)
    assert used["hacs/action"] == {"category": "integration", "comment": False}


def test_a_release_is_made_of_a_tag_that_passes_every_check() -> None:
    release = workflow("release.yml")
    assert release["on"] == {"push": {"tags": ["v*"]}}
    assert release["jobs"]["check"]["uses"] == "./.github/workflows/check.yml"
    assert release["jobs"]["publish"]["needs"] == "check"


def test_a_release_takes_what_the_script_makes(tmp_path: Path) -> None:
    make, publish = (step["run"] for step in steps("release.yml") if "run" in step)
    assert make == 'scripts/release --tag "$GITHUB_REF_NAME" release'
    assert main([str(tmp_path / "release")]) == 0
    taken = re.findall(r"\brelease/(\S+)", publish)
    assert {each.name for each in (tmp_path / "release").iterdir()} == {*taken}
    assert ARCHIVE_NAME in taken
    assert "--verify-tag" in publish
