from functools import cmp_to_key
from itertools import permutations

import pytest
from hypothesis import given, strategies as st

from custom_components.flownexus_ota.ota.version import (
    is_comparable,
    is_newer,
    is_same_version,
    normal_version,
    rank,
)

LADDER = (
    "",
    "issue-7",
    "latest",
    "0x20",
    "app-1.0.0",
    "fw_1.2",
    "fw_1.10",
    "0.9",
    "1.0.0-rc1",
    "1.0.0-rc2",
    "1.0.0",
    "1.0.0-dirty",
    "1.0.0+7",
    "1.0.0+8",
    "1.0.0+10",
    "v1.0.1",
    "1.0.1-4-gdeadbee",
    "1.0.1-12-gcafe",
    "1.2",
    "1.10.0",
    "2026.11.0",
)

plausible_versions = st.from_regex(
    r"(fw_|app-v|v|0x)?[0-9]{1,3}(\.[0-9]{1,3}){0,3}(-rc[0-9]|-[0-9]{1,2}-gabcd|\+[0-9]{1,2}|b[0-9])?(-dirty)?",
    fullmatch=True,
)
any_text = st.text(max_size=300) | plausible_versions


@pytest.mark.parametrize(
    ("candidate", "installed"),
    [
        ("1.4.2", "1.4.1"),
        ("1.10.0", "1.9.0"),
        ("v1.4.2", "1.4.1"),
        ("1.4.2", "v1.4.1"),
        (" 1.4.2\n", "1.4.1\0"),
        ("1.0.0+8", "1.0.0+7"),
        ("1.0.0+10", "1.0.0+9"),
        ("1.0.1+1", "1.0.0+7"),
        ("1.0.0-12-gcafe", "1.0.0-4-gdeadbee"),
        ("1.2.4", "1.2.3-4-gdeadbee"),
        ("1.2.3-4-gdeadbee", "1.2.2"),
        ("1.0.0", "1.0.0-rc1"),
        ("1.2.3.4", "1.2.3.3"),
        ("0x20", "0x1f"),
        ("fw_1.10", "fw_1.9"),
        ("app-v2.1.0", "app-v2.0.9"),
        ("app-v2.1.0", "app-2.0.0"),
        ("FW1.2.3", "FW1.2.2"),
        ("nrf9160_1.2.0", "nrf9160_1.1.0"),
        ("release/1.3", "release/1.2"),
        ("Thingy 91 v1.3.0", "Thingy 91 v1.2.0"),
        ("fw_1.0.0+8", "fw_1.0.0+7"),
        ("app-v1.0.0-12-gcafe", "app-v1.0.0-4-gdeadbee"),
        ("1.2.3-5-gdeadbee-dirty", "1.2.3-4-gcafe"),
        ("1.2.4", "1.2.3-4-gdeadbee-dirty"),
        ("1.2.4-dirty", "1.2.3"),
        ("1.0.0+8-dirty", "1.0.0+7"),
    ],
)
def test_a_higher_version_is_newer_and_the_lower_one_is_not(candidate: str, installed: str) -> None:
    assert is_newer(candidate, installed)
    assert not is_newer(installed, candidate)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("1.4.2", "v1.4.2"),
        ("1.0", "1.0.0"),
        ("1.0.0+8", "1.0.0+8"),
        # A device that does not tell its build number cannot be seen to lack one.
        ("1.0.0+8", "1.0.0"),
        ("1.2.3-4-gdeadbee", "1.2.3"),
        ("1.2.3-4-gdeadbee", "1.2.3+7"),
        ("1.2.3-4-gdeadbee", "1.2.3-4-gcafe"),
        ("1.2.3+build5", "1.2.3"),
        ("fw_1.2", "1.1"),
        ("fw_1.2", "app_1.1"),
        ("fw_1.2", "fw-1.1"),
        ("fw_1.2", "FW_1.1"),
        ("fw_1.2", "fw_1.2+7"),
        ("issue-8", "issue-7"),
        ("deadbee2", "deadbee1"),
        ("latest", "1.0.0"),
        ("dev", "1.0.0"),
        ("beta", "dev"),
        ("0x20", "1.0"),
        ("0x20", "0.9"),
        ("1.2.3-dirty", "1.2.3"),
        ("1.2.3-4-gdeadbee-dirty", "1.2.3"),
        ("1.2.3-4-gdeadbee-dirty", "1.2.3-4-gdeadbee"),
        ("1.0", "unknown"),
        ("1.0", ""),
        ("9" * 5000, "1"),
        ("1." + "9" * 5000, "1.1"),
    ],
)
def test_what_cannot_be_told_apart_is_newer_in_neither_direction(left: str, right: str) -> None:
    assert not is_newer(left, right)
    assert not is_newer(right, left)


@pytest.mark.parametrize(
    ("left", "right"),
    [("1.4.2", "v1.4.2"), ("V1.4.2", "1.4.2 "), ("1.4.2\0", "1.4.2"), ("", " "), ("abc", "abc")],
)
def test_versions_are_the_same_but_for_blanks_and_a_leading_v(left: str, right: str) -> None:
    assert is_same_version(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("1.4.2", "1.4.2+7"),
        ("1.4", "1.4.0"),
        ("1.1", "1.10"),
        ("vega", "ega"),
        ("v", ""),
        ("vv1", "1"),
        ("a", "A"),
    ],
)
def test_nothing_else_makes_versions_the_same(left: str, right: str) -> None:
    assert not is_same_version(left, right)


@pytest.mark.parametrize(
    "version",
    ["1", "1.2", "v1.2.3+4", "1.2.3-4-gdeadbee", "0x10", "2026.11", "fw_1.2", "1.2.3-dirty"],
)
def test_a_version_with_numbers_can_be_compared(version: str) -> None:
    assert is_comparable(version)


@pytest.mark.parametrize(
    "version",
    ["", "abc", "fw_x", "issue-7", "1.2.3_hash", "unknown", "latest", "stable", "1" * 256],
)
def test_a_version_without_an_order_cannot_be_compared(version: str) -> None:
    assert not is_comparable(version)


def test_ranking_puts_every_version_in_its_place() -> None:
    assert sorted(set(LADDER), key=cmp_to_key(rank)) == list(LADDER)


@pytest.mark.parametrize(
    ("lower", "higher"), [*permutations(("1.0.0+7", "1.0.0", "1.0.0-2-gcafe"), 2)]
)
def test_ranking_knows_no_ties_among_different_versions(lower: str, higher: str) -> None:
    assert rank(lower, higher) == -rank(higher, lower) != 0


def test_ranking_takes_the_same_version_for_a_tie() -> None:
    assert rank("v1.4.2", "1.4.2 ") == 0


@given(any_text, any_text)
def test_no_two_versions_are_newer_than_each_other(left: str, right: str) -> None:
    assert not (is_newer(left, right) and is_newer(right, left))


@given(any_text)
def test_no_version_is_newer_than_itself(version: str) -> None:
    assert not is_newer(version, version)
    assert not is_newer(f" v{version}", version)
    assert is_same_version(version, version)


@given(any_text, any_text)
def test_ranking_turned_round_is_ranking_reversed(left: str, right: str) -> None:
    assert rank(left, right) == -rank(right, left)


@given(any_text, any_text)
def test_a_newer_version_ranks_higher(left: str, right: str) -> None:
    assert not is_newer(left, right) or rank(left, right) == 1


@given(st.lists(plausible_versions, min_size=1, max_size=12))
def test_nothing_is_newer_than_what_ranks_first(versions: list[str]) -> None:
    best = max(versions, key=cmp_to_key(rank))
    assert not [version for version in versions if is_newer(version, best)]


@given(any_text)
def test_a_normal_version_is_the_same_version(version: str) -> None:
    assert is_same_version(normal_version(version), version)
