"""Which part of an image a request gets (RFC 9110, sections 13 and 14). Pure."""

import re
from dataclasses import dataclass
from typing import Final

# A number of more digits is beyond any file, and `int` refuses more than 4,300 of them.
_BYTES_RANGE: Final = re.compile(r"(?ai:bytes)=[ \t]*([0-9]{0,1000})-([0-9]{0,1000})")
_ENTITY_TAG: Final = re.compile(r'(?:W/)?("[^"]*")')


@dataclass(frozen=True, slots=True)
class Full:
    """200: the whole image."""


@dataclass(frozen=True, slots=True)
class Partial:
    """206: the bytes from `start` up to, without, `end`; never empty."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class NotSatisfiable:
    """416: the range begins beyond the end of the image."""


@dataclass(frozen=True, slots=True)
class NotModified:
    """304: the client holds this image already."""


type Selection = Full | Partial | NotSatisfiable | NotModified


def select(
    *,
    size_bytes: int,
    etag: str,
    range_header: str | None = None,
    if_range: str | None = None,
    if_none_match: str | None = None,
) -> Selection:
    """Choose what a GET gets, from its headers as they came and the image's strong, quoted `etag`.

    Several ranges, malformed ones and other units than bytes get everything, and so does an
    If-Range that names anything but `etag`: a device that resumes another image must start anew.
    """
    if if_none_match is not None and _names(if_none_match, etag):
        return NotModified()
    if range_header is None or (if_range is not None and if_range.strip() != etag):
        return Full()
    match = _BYTES_RANGE.fullmatch(range_header.strip())
    if match is None:
        return Full()
    first, last = match.groups()
    if not first:
        return _suffix(last, size_bytes)
    return _from(int(first), int(last) if last else None, size_bytes)


def _suffix(length: str, size_bytes: int) -> Selection:
    if not length:
        return Full()
    count = min(int(length), size_bytes)
    return Partial(size_bytes - count, size_bytes) if count else NotSatisfiable()


def _from(first: int, last: int | None, size_bytes: int) -> Selection:
    if last is not None and last < first:
        return Full()
    if first >= size_bytes:
        return NotSatisfiable()
    return Partial(first, size_bytes if last is None else min(last + 1, size_bytes))


def _names(if_none_match: str, etag: str) -> bool:
    """Tell whether the header names `etag`; weak comparison, as the RFC wants for this header."""
    return if_none_match.strip() == "*" or etag in _ENTITY_TAG.findall(if_none_match)
