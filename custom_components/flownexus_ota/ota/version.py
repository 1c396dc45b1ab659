"""Versions: the same, newer, or not to be compared: as Home Assistant does, plus build counters."""

import re
from functools import lru_cache
from typing import Final

from awesomeversion import AwesomeVersion, AwesomeVersionCompareException

# 5/0/7 may have 255 characters, 3/0/3 rarely a tenth; beyond that it is no version, and long digits
# make `int()` raise.
LENGTH_LIMIT: Final = 255

# Some clients count the C string's end as a part of the text.
_BLANKS: Final = " \t\r\n\v\f\0"
_LEADING_V: Final = re.compile(r"\A[vV](?=\d)")

# `1.4.2+7` of MCUboot and `1.4.2-7-gdeadbee` of git describe; AwesomeVersion ignores both counters.
_COUNTED: Final = re.compile(
    r"(?P<base>[^+]+)(?:\+(?P<build>\d{1,18})|-(?P<commits>\d{1,18})-g[0-9a-f]{4,40})", re.ASCII
)

type _Counter = tuple[str, int] | None
"""What is counted, and how far."""


def is_same_version(left: str, right: str) -> bool:
    """Tell whether two versions are written alike, but for blanks around and a leading `v`."""
    return normal_version(left) == normal_version(right)


def normal_version(version: str) -> str:
    """Return `version` without blanks around it and without a leading `v` before a digit."""
    return _LEADING_V.sub("", version.strip(_BLANKS))


@lru_cache(maxsize=4096)
def is_newer(candidate: str, installed: str) -> bool:
    """Tell whether `candidate` is newer than `installed`; what cannot be compared is not.

    Of versions that differ in their counter alone, both must have one: a device that leaves `+8`
    out of what it reports would otherwise be offered the same image for ever.
    """
    candidate_base, candidate_counter = _split(candidate)
    installed_base, installed_counter = _split(installed)
    if candidate_base != installed_base:
        return _is_above(candidate_base, installed_base)
    if candidate_counter is None or installed_counter is None:
        return False
    return candidate_counter[0] == installed_counter[0] and candidate_counter > installed_counter


def is_comparable(version: str) -> bool:
    """Tell whether `version` has an order at all."""
    base, _ = _split(version)
    return len(version) <= LENGTH_LIMIT and _parsed(base).valid


def rank(left: str, right: str) -> int:
    """Order any two versions, for sorting: -1, 0 or 1.

    Unlike `is_newer` it never declines: versions without an order come below all others, and a
    missing counter below a present one. 0 only for versions that are the same.
    """
    if is_same_version(left, right):
        return 0
    if is_comparable(left) != is_comparable(right):
        return 1 if is_comparable(left) else -1
    left_base, left_counter = _split(left)
    right_base, right_counter = _split(right)
    if left_base != right_base:
        if _is_above(left_base, right_base):
            return 1
        if _is_above(right_base, left_base):
            return -1
    left_key = (left_counter is not None, left_counter or (), normal_version(left))
    right_key = (right_counter is not None, right_counter or (), normal_version(right))
    return 1 if left_key > right_key else -1


def _split(version: str) -> tuple[str, _Counter]:
    """Part a version from its counter."""
    text = normal_version(version)
    counted = _COUNTED.fullmatch(text)
    if counted is None:
        return text, None
    kind = "commits" if counted["build"] is None else "build"
    return counted["base"], (kind, int(counted[kind]))


def _is_above(left: str, right: str) -> bool:
    if max(len(left), len(right)) > LENGTH_LIMIT:
        return False
    try:
        # Asked both ways, because AwesomeVersion finds some pairs newer in both directions.
        return _parsed(left) > _parsed(right) and not _parsed(right) > _parsed(left)
    except AwesomeVersionCompareException, ValueError:
        return False


@lru_cache(maxsize=4096)
def _parsed(version: str) -> AwesomeVersion:
    # An `AwesomeVersion` keeps what it finds out about itself.
    return AwesomeVersion(version)
