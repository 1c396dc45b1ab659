"""Replies: how a request ended, from the HTTP status and the text or JSON that came with it."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from ..lwm2m.exchange import (
    DeviceAsleepError,
    DeviceRefusedError,
    DeviceTimeoutError,
    EndpointUnaddressableError,
    EndpointUnknownError,
    Lwm2mError,
    NotAuthorisedError,
    NotThisServerError,
    RequestCancelledError,
    ServerUnreachableError,
    UnreadableReplyError,
)
from .jsontext import Json, decode_json, decode_lenient, member
from .text import shown_without_addresses

_UNAUTHORISED: Final = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
)
_NO_SERVER_BEHIND_PROXY: Final = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A request that succeeded: the content in the server's JSON, or kept for a sleeping device."""

    content: Json = None
    is_queued: bool = False


def read_reply(status: int, body: bytes) -> Reply:
    """Return how a request to a device went; raise an Lwm2mError for every other end."""
    if status != HTTPStatus.OK:
        raise _failure(status, decode_lenient(body))
    if not body.strip():  # a passive cancel is answered with nothing
        return Reply()
    try:
        data = decode_json(decode_lenient(body))
    except ValueError as err:
        raise UnreadableReplyError("the answer is no JSON") from err
    if member(data, "delayed") is True:
        return Reply(is_queued=True)
    match member(data, "success"):
        case True:
            return Reply(content=member(data, "content"))
        case False:
            raise _refusal(data)
        case _:
            raise UnreadableReplyError("the answer is JSON of something else")


def _refusal(data: Json) -> DeviceRefusedError:
    """Return the device's CoAP error; code 0 where the server does not tell it."""
    status = str(member(data, "status"))
    code = re.search(r"\((\d{3})\)$", status)
    message = member(data, "errormessage")
    return DeviceRefusedError(
        int(code[1]) if code is not None else 0,
        shown_without_addresses(message) if isinstance(message, str) else "",
    )


def _failure(status: int, text: str) -> Lwm2mError:
    """Return the error of an HTTP status that is not 200, by the beginnings Leshan's texts have."""
    if status == HTTPStatus.GATEWAY_TIMEOUT:
        return DeviceTimeoutError("no answer in time")
    if (general := _general_failure(status)) is not None:
        return general
    start = text.lstrip()[:400].lower()
    told: Lwm2mError | None = None
    if status == HTTPStatus.BAD_REQUEST:
        told = _bad_request(start)
    elif status == HTTPStatus.INTERNAL_SERVER_ERROR and start.startswith("request cancelled"):
        told = RequestCancelledError("cancelled by a new registration")
    return told or UnreadableReplyError(_told(status, text))


def _bad_request(start: str) -> Lwm2mError | None:
    if start.startswith("no registered client"):
        return EndpointUnknownError("not registered")
    if start.startswith("invalid request") and "is sleeping" in start:
        return DeviceAsleepError("asleep, and this server keeps no requests")
    if "ambiguous uri" in start:  # Jetty 12, e.g. for %25 and %2F
        return EndpointUnaddressableError("the server takes no such name in a URL")
    return None


def list_failure(status: int, text: str) -> Lwm2mError:
    """Return what a list of registrations that is not there says about the server."""
    if (general := _general_failure(status)) is not None:
        return general
    if status == HTTPStatus.GATEWAY_TIMEOUT:
        return ServerUnreachableError(_told(status, ""))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return UnreadableReplyError(_told(status, text))
    return NotThisServerError(_told(status, text))


def _general_failure(status: int) -> Lwm2mError | None:
    if status in _UNAUTHORISED:
        return NotAuthorisedError(f"HTTP status {status}")
    if status in _NO_SERVER_BEHIND_PROXY:
        return ServerUnreachableError(f"HTTP status {status}")
    return None


def _told(status: int, text: str) -> str:
    """Return the status and what plain text says; an HTML page says nothing that helps."""
    is_plain = text and not text.lstrip().startswith("<")
    return (
        f"HTTP status {status}: {shown_without_addresses(text)}"
        if is_plain
        else f"HTTP status {status}"
    )
