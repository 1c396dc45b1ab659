"""Whether devices can have images under a firmware base URL: what a test of it tells. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

_LONGEST_DETAIL: Final = 100
_LOCAL_NAMES: Final = ("localhost", "localhost.localdomain")


class UrlProblem(StrEnum):
    """What can be wrong with a firmware base URL; each is a translation key."""

    LOOPBACK = "loopback"
    LOCAL_NAME = "local_name"
    NAME_UNKNOWN = "name_unknown"
    REFUSED = "refused"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    NO_TLS = "no_tls"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_NAME = "certificate_name"
    CERTIFICATE_UNTRUSTED = "certificate_untrusted"
    NOT_HTTP = "not_http"
    REDIRECT = "redirect"
    SERVER_ERROR = "server_error"
    FOREIGN_ANSWER = "foreign_answer"
    COMPRESSED = "compressed"
    RANGE_IGNORED = "range_ignored"
    NO_LENGTH = "no_length"
    WRONG_BYTES = "wrong_bytes"
    NO_ETAG = "no_etag"


@dataclass(frozen=True, kw_only=True, slots=True)
class UrlVerdict:
    """How a test ended; `detail` is for people: short, printable, without the test's token."""

    problem: UrlProblem | None = None
    detail: str = ""


PASSED: Final = UrlVerdict()


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back for a part of the test image."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    """As it came, cut after one byte more than the test image has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """The test image, and the part of it that was asked for: from `start` up to, without, `end`."""

    content: bytes
    etag: str
    start: int
    end: int


def address_problem(base_url: str, *, are_devices_here: bool) -> UrlVerdict | None:
    """Return why no device will get to `base_url`, whatever answers us there; else `None`.

    `are_devices_here`: every device runs on this machine, as simulated ones do.
    """
    host = _host(base_url)
    if are_devices_here:
        return None
    if is_loopback_url(base_url):
        return UrlVerdict(problem=UrlProblem.LOOPBACK, detail=host)
    if host.endswith(".local"):
        return UrlVerdict(problem=UrlProblem.LOCAL_NAME, detail=host)
    return None


def judge(answer: Answer, expected: Expected) -> UrlVerdict:
    """Return what is wrong with an answer: the first thing that a device would stumble over."""
    status, headers = answer.status, answer.headers
    if 300 <= status < 400:
        return UrlVerdict(problem=UrlProblem.REDIRECT, detail=_origin(headers.get("location", "")))
    if status >= 500:
        return UrlVerdict(problem=UrlProblem.SERVER_ERROR, detail=_status(status))
    if status not in (200, 206) or headers.get("content-type", "").startswith("text/html"):
        return UrlVerdict(problem=UrlProblem.FOREIGN_ANSWER, detail=_status(status))
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        return UrlVerdict(problem=UrlProblem.COMPRESSED, detail=shown_detail(encoding))
    if status == 200:
        is_ours = bool(answer.body) and expected.content.startswith(answer.body)
        problem = UrlProblem.RANGE_IGNORED if is_ours else UrlProblem.FOREIGN_ANSWER
        return UrlVerdict(problem=problem, detail=_status(status))
    if "content-length" not in headers:
        return UrlVerdict(problem=UrlProblem.NO_LENGTH, detail=_status(status))
    return _judge_part(answer, expected)


def _judge_part(answer: Answer, expected: Expected) -> UrlVerdict:
    part = f"bytes {expected.start}-{expected.end - 1}/{len(expected.content)}"
    told = answer.headers.get("content-range", "").strip()
    if told != part:
        return UrlVerdict(problem=UrlProblem.WRONG_BYTES, detail=f"{shown_detail(told)} / {part}")
    if answer.body != expected.content[expected.start : expected.end]:
        detail = f"{len(answer.body)} / {expected.end - expected.start}"
        return UrlVerdict(problem=UrlProblem.WRONG_BYTES, detail=detail)
    etag = answer.headers.get("etag", "").strip()
    if etag != expected.etag:
        return UrlVerdict(problem=UrlProblem.NO_ETAG, detail=shown_detail(etag))
    return PASSED


def is_loopback_url(url: str) -> bool:
    """Tell whether a URL's host means the machine that uses it, or none at all."""
    host = _host(url)
    try:
        address = ip_address(host)
    except ValueError:
        return host in _LOCAL_NAMES or host.endswith(".localhost")
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback or address.is_unspecified


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").rstrip(".")


def _origin(location: str) -> str:
    """Return scheme, host and port of where a redirect leads; its path may hold the token."""
    try:
        parts = urlsplit(location)
        port = parts.port
    except ValueError:
        return ""
    if not parts.hostname:
        return "/"
    return shown_detail(f"{parts.scheme}://{parts.hostname}{'' if port is None else f':{port}'}")


def _status(status: int) -> str:
    """Return a status as people know it, in our words: those of the answer may be anybody's."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def shown_detail(text: str) -> str:
    """Return what a stranger said, fit to be shown."""
    printable = "".join(each if each.isprintable() else "�" for each in text)
    return printable if len(printable) <= _LONGEST_DETAIL else f"{printable[:_LONGEST_DETAIL]}…"
