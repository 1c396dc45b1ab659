"""A firmware index: a JSON document that says what images there are, and where.

Its form is `docs/firmware-index.md` and `docs/firmware-index.schema.json`. An entry is a sidecar
with an address, a size and a digest.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, cast

from ..ota.image import clean_file_name
from ..ota.sidecar import (
    Sidecar,
    SidecarError,
    SidecarProblem,
    json_document,
    json_object,
    shown_member,
    sidecar_of,
)
from ..storage.image_store import IMAGE_SIZE_LIMIT_BYTES, StoredImage
from .addresses import parsed_url
from .problem import Problem, RemoteProblem
from .remote import RemoteImage, RemoteListing, named

INDEX_SIZE_LIMIT_BYTES: Final = 4 * 1024 * 1024
INDEX_IMAGE_LIMIT: Final = 1000
INDEX_FORMAT: Final = 1
URL_LENGTH_LIMIT: Final = 2048
INDEX_MEMBERS: Final = frozenset({"format", "expires_at", "images"})
ENTRY_MEMBERS: Final = frozenset({"url", "size_bytes"})
"""What an entry has besides the members of a sidecar."""

_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+")


class _IndexError(Exception):
    """The index, or an entry of it, cannot be used."""

    def __init__(self, problem: RemoteProblem, **placeholders: str) -> None:
        super().__init__(problem)
        self.problem: Final = problem
        self.placeholders: Final[Mapping[str, str]] = placeholders


def parse_index(content: bytes, *, url: str, source: str, now: datetime) -> RemoteListing:
    """Return what an index at `url` says; raises nothing.

    One bad entry costs itself only. `source` is the name of the source in texts.
    """
    try:
        entries = _entries(content, now)
    except _IndexError as err:
        return RemoteListing(problems=(_problem(source, err),))
    images: list[RemoteImage] = []
    problems: list[Problem] = []
    for number, entry in enumerate(entries[:INDEX_IMAGE_LIMIT], start=1):
        name = named(source, f"{_label(entry)} (#{number})")
        try:
            images.append(_image(entry, url=url, name=name))
        except (SidecarError, _IndexError) as err:
            problems.append(_problem(name, err))
    if len(entries) > INDEX_IMAGE_LIMIT:
        limit = {"limit": str(INDEX_IMAGE_LIMIT)}
        key = RemoteProblem.TOO_MANY_IMAGES
        problems.append(Problem(file_name=source, key=key, placeholders=limit))
    return RemoteListing(images=tuple(images), problems=tuple(problems))


def _entries(content: bytes, now: datetime) -> list[object]:
    members = _document(content)
    # The form first: one of later years may have members that this one does not know.
    if members.get("format") != INDEX_FORMAT or isinstance(members["format"], bool):
        shown = shown_member(str(members.get("format", "–")))
        raise _IndexError(RemoteProblem.INDEX_UNKNOWN_FORMAT, format=shown)
    for member in members.keys() - INDEX_MEMBERS:
        raise _IndexError(RemoteProblem.INDEX_MALFORMED, member=shown_member(member))
    expires_at = _time(members.get("expires_at"))
    if expires_at is not None and expires_at <= now:
        raise _IndexError(RemoteProblem.INDEX_EXPIRED, expires_at=expires_at.isoformat())
    entries = members.get("images")
    if not isinstance(entries, list):
        raise _IndexError(RemoteProblem.INDEX_MALFORMED, member="images")
    return cast("list[object]", entries)


def _document(content: bytes) -> Mapping[str, object]:
    """Return the members of the index; it is no sidecar, so its mistakes have other texts."""
    try:
        return json_object(json_document(content))
    except SidecarError as err:
        if err.problem is SidecarProblem.REPEATED_MEMBER:
            raise _IndexError(RemoteProblem.INDEX_MALFORMED, **err.placeholders) from err
        raise _IndexError(RemoteProblem.INDEX_NO_JSON) from err


def _time(value: object) -> datetime | None:
    """Return a time with its zone."""
    if value is None:
        return None
    malformed = _IndexError(RemoteProblem.INDEX_MALFORMED, member="expires_at")
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError as err:
        raise malformed from err
    if time is None or time.tzinfo is None:
        raise malformed
    try:
        return time.astimezone(UTC)
    except OverflowError as err:
        raise malformed from err


def _label(entry: object) -> str:
    """Return the file's name as far as an entry tells it."""
    url = entry.get("url") if isinstance(entry, Mapping) else None
    return _file_name(url) if isinstance(url, str) else "?"


def _file_name(url: str) -> str:
    return clean_file_name(url.partition("?")[0].rpartition("/")[2])


def _image(entry: object, *, url: str, name: str) -> RemoteImage:
    try:
        members = dict(json_object(entry))
    except SidecarError as err:
        if err.problem is SidecarProblem.NOT_AN_OBJECT:
            raise _IndexError(RemoteProblem.ENTRY_NOT_AN_OBJECT) from err
        raise
    address, size = members.pop("url", None), members.pop("size_bytes", None)
    sidecar = sidecar_of(members)
    size_bytes, sha256 = _size_bytes(size), _sha256(sidecar)
    image = RemoteImage(
        name=name,
        url=_resolved(address, url),
        file_name=_file_name(str(address)),
        stored=StoredImage(sha256=sha256, size_bytes=size_bytes),
        sidecar=replace(sidecar, sha256=None),
    )
    image.described()  # an entry has to say enough without its image
    return image


def _size_bytes(value: object) -> int:
    # `True` is a number to Python.
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if not is_number or not 0 < cast("int", value) <= IMAGE_SIZE_LIMIT_BYTES:
        limit = str(IMAGE_SIZE_LIMIT_BYTES)
        raise _IndexError(RemoteProblem.SIZE_UNUSABLE, limit_bytes=limit)
    return cast("int", value)


def _sha256(sidecar: Sidecar) -> str:
    if sidecar.sha256 is None:
        raise _IndexError(RemoteProblem.DIGEST_MISSING)
    return sidecar.sha256


def _resolved(address: object, base: str) -> str:
    """Return an address as a whole one; `https` or nothing."""
    unusable = _IndexError(RemoteProblem.URL_UNUSABLE)
    if not isinstance(address, str) or not _PRINTABLE.fullmatch(address):
        raise unusable
    try:
        resolved = parsed_url(base).join(parsed_url(address))
        is_usable = (
            resolved.scheme == "https"
            and bool(resolved.host)
            and resolved.user is None
            and resolved.password is None
            and resolved.port is not None
        )
    except ValueError as err:
        raise unusable from err
    if not is_usable or len(str(resolved)) > URL_LENGTH_LIMIT:
        raise unusable
    return str(resolved.with_fragment(None))


def _problem(name: str, err: SidecarError | _IndexError) -> Problem:
    return Problem(file_name=name, key=str(err.problem), placeholders=err.placeholders)
