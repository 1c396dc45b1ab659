"""Rules of size and style that no linter of ours knows."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .source_code import CODE, REPOSITORY, functions, source_files, tree

LONGEST_FILE_LINES = 400
LONGEST_FUNCTION_LINES = 60
# A name of ours in quotes; one in capitals is a limit, which a test may lower.
OUR_CODE = re.compile(r"['\"](custom_components|simulator|harness)\.(?![\w.]+\.[A-Z_]+['\"])")
# Words in two halves, so that this file does not break its own rule.
REGISTRY_HOSTS = [
    "".join(halves)
    for halves in (
        ("pypi.", "org"),
        ("files.python", "hosted.org"),
        ("registry.n", "pmjs.org"),
        ("deb.deb", "ian.org"),
        ("archive.ub", "untu.com"),
        ("ports.ub", "untu.com"),
        ("maven.apa", "che.org"),
        ("repo1.ma", "ven.org"),
    )
]
MACHINE_PATHS = ["".join(halves) for halves in (("/wo", "rk/"), ("/ro", "ot/"), ("bash_", "jobs"))]


def every_file() -> list[Path]:
    return [file for folder in CODE for file in source_files(folder)]


def test_no_file_is_too_long_to_read() -> None:
    lengths = {file: len((REPOSITORY / file).read_bytes().splitlines()) for file in every_file()}
    assert {file: lines for file, lines in lengths.items() if lines > LONGEST_FILE_LINES} == {}


def test_no_function_is_too_long_to_read() -> None:
    long = [
        f"{file}:{function.lineno} {function.name}"
        for file in every_file()
        for function in functions(file)
        if (function.end_lineno or 0) - function.lineno >= LONGEST_FUNCTION_LINES
    ]
    assert long == []


def in_tests() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for file in source_files("tests"):
        for function in functions(file):
            yield file, function


def test_no_test_has_a_branch() -> None:
    branches = [
        f"{file}:{node.lineno} in {function.name}"
        for file, function in in_tests()
        if function.name.startswith("test_")
        for node in ast.walk(function)
        if isinstance(node, ast.If | ast.Try | ast.Match)
    ]
    assert branches == []


def naps(root: ast.AST) -> Iterator[ast.Call]:
    """Yield every call of a sleep; `asyncio.sleep(0)` gives way to the loop and is none."""
    for node in ast.walk(root):
        if (
            isinstance(node, ast.Call)
            and ast.unparse(node.func) in {"sleep", "asyncio.sleep", "time.sleep"}
            and [ast.unparse(argument) for argument in node.args] != ["0"]
        ):
            yield node


def test_no_test_sleeps_but_to_look_again_for_a_condition() -> None:
    # `while not condition(): await asyncio.sleep(…)` waits for something, and is allowed.
    looking_again = {
        (file, nap.lineno)
        for file in source_files("tests")
        for loop in ast.walk(tree(file))
        if isinstance(loop, ast.While) and len(loop.body) == 1
        for nap in naps(loop.body[0])
    }
    sleeping = [
        f"{file}:{nap.lineno}"
        for file in source_files("tests")
        for nap in naps(tree(file))
        if (file, nap.lineno) not in looking_again
    ]
    assert sleeping == []


def test_no_test_is_skipped() -> None:
    skips = [
        f"{file}:{node.lineno}"
        for file in source_files("tests")
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Attribute)
        and node.attr in {"skip", "skipif", "xfail", "importorskip"}
        and ast.unparse(node.value) in {"pytest", "pytest.mark"}
    ]
    assert skips == []


def test_no_test_replaces_our_own_code() -> None:
    mocks = [
        f"{file}:{node.lineno}"
        for file in source_files("tests")
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Call)
        and "patch" in ast.unparse(node.func)
        and OUR_CODE.search(ast.unparse(node))
    ]
    assert mocks == []


@pytest.mark.parametrize("word", REGISTRY_HOSTS + MACHINE_PATHS)
def test_no_committed_file_names_a_registry_or_a_machine(word: str) -> None:
    found = subprocess.run(
        ["git", "grep", "--cached", "-I", "-l", "--fixed-strings", word],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert found.stderr == ""
    assert found.stdout.split() == []
