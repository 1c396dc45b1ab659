"""The sidecar: the JSON beside an image that says what it is and which devices it fits."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Final, cast

from .pattern import fits_everything
from .version import is_comparable, is_newer

# What a device can report in a string resource; Home Assistant's states end there, too.
_LENGTH_LIMIT: Final = 255
_LENGTH_LIMITS: Final = {"release_notes": 64 * 1024, "release_url": 2048}

_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")
# The address becomes a link in Home Assistant's page; `javascript:` must not.
_WEB_ADDRESS: Final = re.compile(r"https?://[^\s/?#\"'<>\\]+[^\s\"'<>\\]*", re.IGNORECASE)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_CONTROL_IN_NOTES: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class SidecarProblem(StrEnum):
    """What can be wrong with a sidecar, alone or beside its image; each is a translation key.

    Placeholders in the comments.
    """

    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"  # line
    NOT_AN_OBJECT = "not_an_object"
    UNKNOWN_MEMBER = "unknown_member"  # member
    REPEATED_MEMBER = "repeated_member"  # member
    WRONG_TYPE = "wrong_type"  # member
    BLANK_MEMBER = "blank_member"  # member
    TOO_LONG = "too_long"  # member, limit
    UNPRINTABLE = "unprintable"  # member
    NO_PATTERN = "no_pattern"
    MATCHES_EVERYTHING = "matches_everything"
    UNREACHABLE_ENDPOINT = "unreachable_endpoint"  # pattern
    VERSION_MISSING = "version_missing"
    BOUND_NOT_COMPARABLE = "bound_not_comparable"  # member, version
    BOUNDS_REVERSED = "bounds_reversed"  # lowest, highest
    INVALID_SHA256 = "invalid_sha256"
    INVALID_URL = "invalid_url"  # member
    NOT_A_FLAG = "not_a_flag"  # member
    VERSION_CONTRADICTION = "version_contradiction"  # version, header_version
    UNSIGNED = "unsigned"


class SidecarError(Exception):
    """A sidecar cannot be used."""

    def __init__(self, problem: SidecarProblem, **placeholders: str) -> None:
        """Keep the problem and what its text needs."""
        super().__init__(f"{problem}: {placeholders}" if placeholders else problem)
        self.problem: Final = problem
        self.placeholders: Final[Mapping[str, str]] = placeholders


@dataclass(frozen=True, kw_only=True, slots=True)
class Sidecar:
    """What a sidecar says; the members' names are the JSON's, `None` is "not said"."""

    version: str | None = None
    reported_version: str | None = None
    title: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    hardware_version: str | None = None
    endpoint: str | None = None
    min_installed_version: str | None = None
    max_installed_version: str | None = None
    channel: str | None = None
    release_notes: str | None = None
    release_url: str | None = None
    sha256: str | None = None
    """In lower case."""
    severity: str | None = None
    allow_unsigned: bool = False
    """Whether an MCUboot image may be without a signature."""


_MEMBERS: Final = frozenset(member.name for member in fields(Sidecar))


def parse_sidecar(content: bytes) -> Sidecar:
    """Return what a sidecar says; raise `SidecarError`, and nothing else, at its first problem.

    Whether it says enough depends on what the image tells itself: see `description.py`.
    """
    return sidecar_of(json_object(json_document(content)))


def sidecar_of(members: Mapping[str, object]) -> Sidecar:
    """Return what the members of a JSON object say; raise `SidecarError` as `parse_sidecar`."""
    others = dict(members)
    allow_unsigned = _flag("allow_unsigned", others.pop("allow_unsigned", None))
    texts = {name: _text(name, value) for name, value in others.items()}
    sidecar = Sidecar(allow_unsigned=allow_unsigned, **texts)
    _check_patterns(sidecar)
    _check_bounds(sidecar)
    _check_forms(sidecar)
    sha256 = sidecar.sha256
    return sidecar if sha256 is None else replace(sidecar, sha256=sha256.lower())


def json_document(content: bytes) -> object:
    """Return a document, whose objects are for `json_object`; raise `SidecarError`."""
    try:
        # Windows' editors begin a file with a byte order mark.
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise SidecarError(SidecarProblem.NOT_UTF8) from err
    try:
        return cast("object", json.loads(text, object_pairs_hook=_Members))
    except json.JSONDecodeError as err:
        raise SidecarError(SidecarProblem.NOT_JSON, line=str(err.lineno)) from err
    except (ValueError, RecursionError) as err:
        # A number with thousands of digits, or thousands of brackets.
        raise SidecarError(SidecarProblem.NOT_JSON, line="1") from err


def json_object(value: object) -> Mapping[str, object]:
    """Return the members of an object of a document; raise `SidecarError` if it has one twice."""
    if not isinstance(value, _Members):
        raise SidecarError(SidecarProblem.NOT_AN_OBJECT)
    if value.repeated is not None:
        raise SidecarError(SidecarProblem.REPEATED_MEMBER, member=shown_member(value.repeated))
    return value


class _Members(dict[str, object]):
    """An object of a document, that knows whether a member came twice."""

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        counts = Counter(name for name, _ in pairs)
        self.repeated = next((name for name, count in counts.items() if count > 1), None)


def _text(name: str, value: object) -> str | None:
    if name not in _MEMBERS:
        raise SidecarError(SidecarProblem.UNKNOWN_MEMBER, member=shown_member(name))
    if value is None:
        return None
    if not isinstance(value, str):
        raise SidecarError(SidecarProblem.WRONG_TYPE, member=name)
    text = value.strip()
    if not text:
        raise SidecarError(SidecarProblem.BLANK_MEMBER, member=name)
    limit = _LENGTH_LIMITS.get(name, _LENGTH_LIMIT)
    if len(text) > limit:
        raise SidecarError(SidecarProblem.TOO_LONG, member=name, limit=str(limit))
    control = _CONTROL_IN_NOTES if name == "release_notes" else _CONTROL
    if control.search(text):
        raise SidecarError(SidecarProblem.UNPRINTABLE, member=name)
    return text


def _flag(name: str, value: object) -> bool:
    if value is not None and not isinstance(value, bool):
        raise SidecarError(SidecarProblem.NOT_A_FLAG, member=name)
    return bool(value)


def clean_notes(text: str) -> str:
    """Return a stranger's notes as a sidecar may have them."""
    return _CONTROL_IN_NOTES.sub("", text)[: _LENGTH_LIMITS["release_notes"]].strip()


def shown_member(name: str) -> str:
    """Return a stranger's name as it can stand in a message."""
    return _CONTROL.sub("�", name)[:64]


def _check_patterns(sidecar: Sidecar) -> None:
    patterns = (sidecar.manufacturer, sidecar.model, sidecar.hardware_version, sidecar.endpoint)
    some = [pattern for pattern in patterns if pattern is not None]
    if some and all(fits_everything(pattern) for pattern in some):
        raise SidecarError(SidecarProblem.MATCHES_EVERYTHING)
    # Leshan cannot address an endpoint with a slash, so none of them ever asks for an image.
    if sidecar.endpoint is not None and "/" in sidecar.endpoint:
        raise SidecarError(SidecarProblem.UNREACHABLE_ENDPOINT, pattern=sidecar.endpoint)


def _check_bounds(sidecar: Sidecar) -> None:
    lowest, highest = sidecar.min_installed_version, sidecar.max_installed_version
    for name, version in (("min_installed_version", lowest), ("max_installed_version", highest)):
        if version is not None and not is_comparable(version):
            raise SidecarError(SidecarProblem.BOUND_NOT_COMPARABLE, member=name, version=version)
    if lowest is not None and highest is not None and is_newer(lowest, highest):
        raise SidecarError(SidecarProblem.BOUNDS_REVERSED, lowest=lowest, highest=highest)


def _check_forms(sidecar: Sidecar) -> None:
    if sidecar.sha256 is not None and not _SHA256.fullmatch(sidecar.sha256):
        raise SidecarError(SidecarProblem.INVALID_SHA256)
    if sidecar.release_url is not None and not _WEB_ADDRESS.fullmatch(sidecar.release_url):
        raise SidecarError(SidecarProblem.INVALID_URL, member="release_url")
