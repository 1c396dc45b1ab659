"""Versions, from what programs print."""

import pytest

from scripts.setup.versions import java_major, python_version


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ("Python 3.14.8\n", (3, 14, 8)),
        ("Python 3.9.25+", (3, 9, 25)),
        ("Python 3.15.0a2", None),
        ("Python 2.7", None),
        ("pyenv: python3.14: command not found", None),
        ("", None),
    ],
)
def test_the_version_of_a_python(printed: str, version: tuple[int, ...] | None) -> None:
    assert python_version(printed) == version


@pytest.mark.parametrize(
    ("printed", "major"),
    [
        ('openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment', 17),
        ('openjdk version "25" 2025-09-16', 25),
        ('java version "1.8.0_402"', 8),
        ('openjdk version "26-ea" 2026-03-17', 26),
        ("Unable to locate a Java Runtime.", None),
    ],
)
def test_the_major_version_of_a_java(printed: str, major: int | None) -> None:
    assert java_major(printed) == major
