"""Where a Leshan server is, and how to log in at a proxy before it."""

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from yarl import URL

from ..lwm2m.events import Endpoint
from ..lwm2m.exchange import EndpointUnaddressableError, NotAuthorisedError
from ..lwm2m.path import ResourcePath


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerAddress:
    """A server's base URL as `normalise_url` returns it, and credentials that no log shows."""

    base_url: str
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    verify_ssl: bool = True


def normalise_url(text: str) -> str:
    """Return a base URL in the one spelling by which servers are told apart.

    Scheme and host in lower case, no default port, no slash at the end, the path prefix kept, the
    page that the web interface shows (`#/clients`) dropped. Raises ValueError with the name of
    what is wrong: empty, scheme, host, credentials, query or invalid.
    """
    text = text.strip()
    if not text:
        raise ValueError("empty")
    try:
        url = URL(text if "://" in text else f"http://{text}")
        problem = _problem(url)
        if problem is None:
            return str(url.with_fragment(None).with_path(url.raw_path, encoded=True)).rstrip("/")
    except (ValueError, IndexError) as err:  # yarl 1.25 raises the other by `http://[::1]@`
        raise ValueError("invalid") from err
    raise ValueError(problem)


def _problem(url: URL) -> str | None:
    if url.scheme not in ("http", "https"):
        return "scheme"
    if not url.host:
        return "host"
    if url.user is not None or url.password is not None:
        return "credentials"
    return "query" if url.raw_query_string else None


_UNADDRESSABLE_NAMES: Final = (".", "..")


def clients_url(address: ServerAddress) -> URL:
    """Return the URL of the list of registrations."""
    return URL(f"{address.base_url}/api/clients", encoded=True)


def events_url(address: ServerAddress) -> URL:
    """Return the URL of the event stream."""
    return URL(f"{address.base_url}/api/event", encoded=True)


def resource_url(
    address: ServerAddress, endpoint: Endpoint, path: ResourcePath, *, action: str = ""
) -> URL:
    """Return the URL of a device's resource; `action` is empty or `/observe`.

    Raises EndpointUnaddressableError: M4 and M15 cut a name at its slash, M18 refuses it.
    """
    if "/" in endpoint or endpoint in _UNADDRESSABLE_NAMES:
        raise EndpointUnaddressableError(f"{endpoint!r} cannot be a part of a URL's path")
    return URL(f"{clients_url(address)}/{quote(endpoint, safe='')}{path}{action}", encoded=True)


def authorisation(address: ServerAddress) -> dict[str, str]:
    """Return the header that logs in, if any; raise NotAuthorisedError where none can be made."""
    if address.token:
        if not (address.token.isascii() and address.token.isprintable()):
            raise NotAuthorisedError("the token has characters that no HTTP header can hold")
        return {"Authorization": f"Bearer {address.token}"}
    if address.username:
        pair = f"{address.username}:{address.password or ''}"
        return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
    return {}
