"""Versions: the same, newer, or not to be compared.

As Home Assistant's update platform compares them, which is by AwesomeVersion; but build numbers and
commits count, vendors' prefixes are known, and nothing is newer by accident.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from awesomeversion import (
    AwesomeVersion,
    AwesomeVersionCompareException,
    AwesomeVersionStrategy,
)

# 5/0/7 may have 255 characters, 3/0/3 rarely a tenth; beyond that it is no version, and long digits
# make `int()` raise.
LENGTH_LIMIT: Final = 255

# Some clients count the C string's end as a part of the text.
_BLANKS: Final = " \t\r\n\v\f\0"
_LEADING_V: Final = re.compile(r"\A[vV](?=\d)")

# `fw_1.2`, `app-v2.1.0`, `nrf9160_1.2`. Not before a single number: `issue-7` is a branch, and a
# commit's hash may end in digits.
_PREFIX: Final = re.compile(
    r"(?P<prefix>[A-Za-z][A-Za-z0-9_/ -]*?)(?:(?<=[_/ -])[vV])?(?=\d+\.\d)", re.ASCII
)

# `1.4.2+7` of MCUboot, `1.4.2-7-gdeadbee` of git describe: AwesomeVersion ignores both counters. It
# takes `-dirty`, by which git says that there is more than in the tag, for less than the version.
_COUNTED: Final = re.compile(
    r"(?P<base>[^+]+?)(?:\+(?P<build>\d{1,18})|-(?P<commits>\d{1,18})-g[0-9a-f]{4,40})?(?:-dirty)?",
    re.ASCII,
)

type _Counter = tuple[str, int] | None
"""What is counted, and how far."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Parts:
    """A version, taken apart."""

    prefix: str
    """A vendor's, with what parts it from the number; mostly empty."""
    base: str
    counter: _Counter

    @property
    def may_have_order(self) -> bool:
        """Tell whether it may be compared: `latest` is no version, but a wish."""
        return (
            len(self.base) <= LENGTH_LIMIT
            and _parsed(self.base).strategy != AwesomeVersionStrategy.SPECIALCONTAINER
        )

    @property
    def family(self) -> tuple[bool, str]:
        """Return what two versions need in common; without any prefix is the greatest."""
        is_hexadecimal = _parsed(self.base).strategy == AwesomeVersionStrategy.HEXVER
        kind = "0x" if is_hexadecimal else self.prefix
        return not kind, kind


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
    new, old = _parts(candidate), _parts(installed)
    if new.family != old.family:
        return False
    if new.base != old.base:
        return _is_above(new, old)
    if new.counter is None or old.counter is None:
        return False
    return new.counter[0] == old.counter[0] and new.counter > old.counter


def is_comparable(version: str) -> bool:
    """Tell whether `version` has an order at all."""
    parts = _parts(version)
    return len(version) <= LENGTH_LIMIT and parts.may_have_order and _parsed(parts.base).valid


def rank(left: str, right: str) -> int:
    """Order any two versions, for sorting: -1, 0 or 1.

    Unlike `is_newer` it never declines: versions without an order come below all others, those with
    a prefix below those without, and a missing counter below a present one. 0 only for versions
    that are the same.
    """
    if is_same_version(left, right):
        return 0
    if is_comparable(left) != is_comparable(right):
        return 1 if is_comparable(left) else -1
    one, other = _parts(left), _parts(right)
    if one.family != other.family:
        return 1 if one.family > other.family else -1
    if one.base != other.base:
        if _is_above(one, other):
            return 1
        if _is_above(other, one):
            return -1
    one_key = (one.counter is not None, one.counter or (), normal_version(left))
    other_key = (other.counter is not None, other.counter or (), normal_version(right))
    return 1 if one_key > other_key else -1


def _parts(version: str) -> _Parts:
    text = normal_version(version)
    if len(text) > LENGTH_LIMIT:
        return _Parts(prefix="", base=text, counter=None)
    prefixed = _PREFIX.match(text)
    prefix, rest = ("", text) if prefixed is None else (prefixed["prefix"], text[prefixed.end() :])
    counted = _COUNTED.fullmatch(rest)
    if counted is None:
        return _Parts(prefix=prefix, base=rest, counter=None)
    kind = next((each for each in ("build", "commits") if counted[each] is not None), None)
    counter = None if kind is None else (kind, int(counted[kind]))
    return _Parts(prefix=prefix, base=counted["base"], counter=counter)


def _is_above(left: _Parts, right: _Parts) -> bool:
    if not left.may_have_order or not right.may_have_order:
        return False
    one, other = _parsed(left.base), _parsed(right.base)
    try:
        # Asked both ways, because AwesomeVersion finds some pairs newer in both directions.
        return one > other and not other > one
    except AwesomeVersionCompareException, ValueError:
        return False


@lru_cache(maxsize=4096)
def _parsed(version: str) -> AwesomeVersion:
    # An `AwesomeVersion` keeps what it finds out about itself.
    return AwesomeVersion(version)
