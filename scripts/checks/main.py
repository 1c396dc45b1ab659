"""Set up what is missing, run every check, and end with pytest's own closing line."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from scripts.setup import browser, java, leshan, python314, system_packages
from scripts.setup.console import SetupError, say
from scripts.setup.environments import environment
from scripts.setup.places import REPOSITORY, cache_lock

from .selection import END_TO_END, NoSuchPathError, Selection, select
from .stage import NO_TESTS_COLLECTED, Ended, run_stage

CODE: Final = ("custom_components", "simulator", "harness", "tests", "scripts")
CONCISE: Final = ("--output-format", "concise")
# Several times as long as two cores need that do nothing else: they end only what hangs.
STATIC_LIMIT_S: Final = 1200.0
FAST_LIMIT_S: Final = 1800.0
END_TO_END_LIMIT_S: Final = 3600.0
END_TO_END_TEST_LIMIT_S: Final = 600
# Two processes, as the smallest machines have two cores; a file's tests stay together.
WORKERS: Final = ("-n", "2", "--dist", "loadfile")
INTEGRATION: Final = "custom_components/flownexus_ota"
# Every OTA rule lives here, so no branch of it goes untested.
FULLY_COVERED: Final = f"{INTEGRATION}/lwm2m/*,{INTEGRATION}/ota/*"


def main(arguments: Sequence[str]) -> int:
    """Run the checks; return the exit status for the shell."""
    try:
        selection = select(arguments, REPOSITORY)
        python = _set_up(selection)
    except (NoSuchPathError, SetupError) as err:
        say(f"scripts/test: {err}")
        return 1
    ended = [*_static(python), *_tests(python, selection)]
    failed = [stage.title for stage in ended if stage.status not in (0, NO_TESTS_COLLECTED)]
    passed = [stage for stage in ended if stage.is_pytest and stage.status == 0]
    if not failed and not passed:
        failed.append("nothing was tested; no test matches what was typed")
    if failed:
        say(f"\nscripts/test: FAILED: {', '.join(failed)}")
        return 1
    if passed[-1] is not ended[-1]:
        say(passed[-1].closing_line)
    return 0


def _set_up(selection: Selection) -> Path:
    """Have everything that the selected runs need; return the tests' Python."""
    started_s = time.monotonic()
    with cache_lock():
        python = environment("test")
        if selection.fast_paths is not None:
            say(f"curl: {system_packages.curl()}")
        if selection.end_to_end_paths is not None:
            say(f"java: {java.java()}")
            environment("hass")
            jar = leshan.leshan_jar()
            say(f"leshan: {jar.version} ({jar.why})")
            say(f"browser: {browser.chromium()}")
    say(f"set-up: ready after {time.monotonic() - started_s:.1f} s")
    return python


def _static(python: Path) -> list[Ended]:
    """Run the checks that need no test."""
    tools = python.parent
    paths = [name for name in CODE if any((REPOSITORY / name).rglob("*.py"))]
    stages: dict[str, list[str | Path]] = {
        "ruff check": [tools / "ruff", "check", "--quiet", *CONCISE, "."],
        "ruff format": [tools / "ruff", "format", "--check", "--quiet", *CONCISE, "."],
        "mypy --strict": [tools / "mypy", "--strict", *paths],
    }
    return [run_stage(title, line, limit_s=STATIC_LIMIT_S) for title, line in stages.items()]


def _tests(python: Path, selection: Selection) -> list[Ended]:
    """Run pytest twice: by Home Assistant's harness, and without it on real processes."""
    pytest: list[str | Path] = [python, "-m", "pytest", "--color=no", *selection.options]
    ended: list[Ended] = []
    workers = WORKERS if selection.is_everything else ()
    if selection.fast_paths is not None:
        # The limits are held below, by stages that show what is missing.
        coverage = ["--cov", "--cov-report=", "--cov-fail-under=0"]
        coverage = coverage if selection.is_everything else []
        line = [*pytest, *workers, *coverage, f"--ignore={END_TO_END}", *selection.fast_paths]
        if not selection.is_everything:
            say("\ncoverage: not held to its limits, for this is a selection of the tests")
        fast = run_stage("unit and component tests", line, limit_s=FAST_LIMIT_S, is_pytest=True)
        ended.append(fast)
        if selection.is_everything and fast.status == 0:
            ended.extend(_coverage(python))
    if selection.end_to_end_paths is not None:
        # The harness forbids sockets and replaces parts of asyncio; here all is real.
        own = ["-p", "no:homeassistant", f"--timeout={END_TO_END_TEST_LIMIT_S}"]
        line = [*pytest, *workers, *own, *selection.end_to_end_paths]
        env = python314.build_environ(python)
        limit_s = END_TO_END_LIMIT_S
        ended.append(run_stage("end-to-end tests", line, limit_s=limit_s, env=env, is_pytest=True))
    return ended


def _coverage(python: Path) -> list[Ended]:
    """Hold the run before to the limits: the one in pyproject.toml, and all of the OTA rules."""
    report: list[str | Path] = [python, "-m", "coverage", "report"]
    full = [*report, f"--include={FULLY_COVERED}", "--fail-under=100"]
    stages = {"coverage": report, "coverage of lwm2m and ota": full}
    return [run_stage(title, line, limit_s=STATIC_LIMIT_S) for title, line in stages.items()]
