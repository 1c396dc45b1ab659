"""That the benchmark runs and says what it found; how fast anything is, is not tested."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmark.figures import Bound, Figure, Result, number
from benchmark.table import document

from ..source_code import REPOSITORY

# Half a minute of a whole processor; on a machine that does much else, many times as long.
LIMIT_SECONDS = 840
TIMEOUT = pytest.mark.timeout(LIMIT_SECONDS + 60)


def run(*arguments: str | Path) -> str:
    found = subprocess.run(
        [sys.executable, "-m", "benchmark", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    return found.stdout


@TIMEOUT
def test_a_quick_run_writes_every_number_and_a_table(tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    printed = run("--quick", "--only", "history", "notification", "--json", file)
    found: dict[str, Any] = json.loads(file.read_text())
    assert found["machine"]["cores"] > 0
    assert [each["name"] for each in found["results"]] == ["history", "notification"]
    figures = [figure for each in found["results"] for figure in each["figures"]]
    assert all(figure["value"] > 0 for figure in figures)
    assert {figure["verdict"] for figure in figures} <= {"met", "missed", ""}
    assert all(figure["what"] in printed for figure in figures)


@TIMEOUT
def test_a_quick_comparison_of_servers_serves_by_each_that_is_there(tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    run("--quick", "--only", "serving", "--json", file)
    [found] = json.loads(file.read_text())["results"]
    assert len(found["figures"]) == 8
    rounds = [each for of_size in found["raw"].values() for each in of_size]
    assert all(each["ours"]["mib_per_s"] > 0 for each in rounds)
    assert all(each["file_response"]["mib_per_s"] > 0 for each in rounds)


@pytest.mark.parametrize(
    ("bound", "value", "verdict"),
    [
        (Bound.AT_MOST, 2.0, "met"),
        (Bound.AT_MOST, 2.1, "missed"),
        (Bound.AT_LEAST, 1.9, "missed"),
        (Bound.EXACTLY, 2.0, "met"),
        (Bound.AT_MOST, None, "not measured"),
    ],
)
def test_a_verdict_follows_from_value_and_limit(
    bound: Bound, value: float | None, verdict: str
) -> None:
    figure = Figure(what="cost", value=value, unit="ms", limit=2, bound=bound)
    assert figure.verdict == verdict


def a_result(name: str, what: str) -> Result:
    return Result(name=name, figures=(Figure(what=what, value=1.0, unit=""),))


def test_what_was_not_measured_stays_in_the_document() -> None:
    results = [a_result("setup", "old set-up"), a_result("memory", "old memory")]
    before = document(results, {"cores": 2})
    after = document([a_result("memory", "new"), a_result("serving", "added")], {}, before=before)
    headings = [line for line in after.splitlines() if line.startswith("## ")]
    assert headings == ["## setup", "## memory", "## serving"]
    assert ("old set-up" in after, "old memory" in after) == (True, False)
    assert after.count("cores 2") == 1
    assert document([], {}, before=after) == after


def test_numbers_are_short_to_read() -> None:
    assert [number(each) for each in (0.98765, 20_066.2, 3.0)] == ["0.988", "20,066", "3"]
