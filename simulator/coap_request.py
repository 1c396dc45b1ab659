"""What an incoming CoAP message asks of a device (TS Transport 1.1, 6.4)."""

from typing import Final

from aiocoap.numbers.codes import Code as CoapCode

from simulator.coap_context import CoapMessage
from simulator.content import ContentError, Format, FormatError, decode_write
from simulator.link import Ids, Operation, Request
from simulator.resources import resource_at
from simulator.states import Code

_OBSERVE: Final = 0
_CANCEL_OBSERVATION: Final = 1
_PATH_LIMIT: Final = 4
_RESOURCE_DEPTH: Final = 3


class UnusableRequestError(Exception):
    """The message asks for nothing that a device can do; `code` is its answer."""

    def __init__(self, code: Code, reason: str) -> None:
        """Remember the answer."""
        super().__init__(reason)
        self.code = code


def path_of(segments: tuple[str, ...]) -> Ids:
    """Return the ids of a Uri-Path; raise UnusableRequestError for anything else."""
    if not 0 < len(segments) <= _PATH_LIMIT or not all(
        segment.isascii() and segment.isdecimal() for segment in segments
    ):
        raise UnusableRequestError(Code.NOT_FOUND, "no such path")
    return tuple(int(segment) for segment in segments)


def request_of(message: CoapMessage) -> Request | None:
    """Return what a whole message asks for; `None` for attributes, which are taken and not used."""
    path = path_of(message.opt.uri_path)
    match message.code:
        case CoapCode.GET:
            return Request(operation=_reading(message), path=path)
        case CoapCode.PUT if message.opt.uri_query and not message.payload:
            return None
        case CoapCode.PUT:
            return _write(path, message)
        case CoapCode.POST:
            resource = resource_at(path)
            if resource is not None and resource.is_executable:
                return Request(operation=Operation.EXECUTE, path=path)
            return _write(path, message)
        case _:
            raise UnusableRequestError(Code.NOT_ALLOWED, "no such operation")


def _reading(message: CoapMessage) -> Operation:
    if message.opt.accept == Format.LINK:
        return Operation.DISCOVER
    operations = {_OBSERVE: Operation.OBSERVE, _CANCEL_OBSERVATION: Operation.CANCEL_OBSERVATION}
    return operations.get(message.opt.observe, Operation.READ)


def _write(path: Ids, message: CoapMessage) -> Request:
    if len(path) < _RESOURCE_DEPTH:
        raise UnusableRequestError(Code.NOT_ALLOWED, "only single resources can be written")
    try:
        value = decode_write(path, message.payload, message.opt.content_format)
    except ContentError as err:
        raise UnusableRequestError(Code.BAD_REQUEST, str(err)) from err
    except FormatError as err:
        raise UnusableRequestError(Code.UNSUPPORTED_FORMAT, str(err)) from err
    return Request(operation=Operation.WRITE, path=path, value=value)
