"""How a request to a device can end: a delivery, or one of these errors."""

from enum import Enum


class Delivery(Enum):
    """How far a request came."""

    DONE = "done"
    """The device answered with success."""
    QUEUED = "queued"
    """The device sleeps; the server may or may not deliver it later. Verify by reading."""


class Lwm2mError(Exception):
    """A request did not succeed."""


class ServerUnreachableError(Lwm2mError):
    """The server does not answer, or not in time; nothing is known about the device."""


class NotAuthorisedError(Lwm2mError):
    """The server, or a proxy before it, refuses our credentials."""


class NotThisServerError(Lwm2mError):
    """Something answers, but it is no LwM2M server of a kind we know."""


class TlsFailedError(ServerUnreachableError):
    """The server's certificate cannot be trusted, or no common TLS version exists."""


class UnreadableReplyError(Lwm2mError):
    """The server answered with something we cannot read, or with an error of its own."""


class EndpointUnknownError(Lwm2mError):
    """The endpoint is not registered at the server."""


class EndpointUnaddressableError(Lwm2mError):
    """The endpoint's name cannot be put into the server's URLs (it contains a slash)."""


class DeviceTimeoutError(Lwm2mError):
    """The device did not answer in time; it may have acted all the same."""


class DeviceAsleepError(Lwm2mError):
    """The device sleeps and the server keeps no requests for it."""


class RequestCancelledError(Lwm2mError):
    """The device registered anew during the request; it may have acted all the same."""


class DeviceRefusedError(Lwm2mError):
    """The device answered with a CoAP error, e.g. code 405 for 4.05."""

    def __init__(self, code: int, message: str = "") -> None:
        """Keep the CoAP code as a whole number (4.05 is 405) and the device's diagnostic text."""
        super().__init__(f"{code // 100}.{code % 100:02d} {message}".rstrip())
        self.code = code
        self.message = message
