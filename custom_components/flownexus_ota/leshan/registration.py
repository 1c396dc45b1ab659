"""Registrations: the JSON of one, as listed and as told by events."""

import re
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from ..lwm2m.events import Endpoint, Registration, SupportedObject
from ..lwm2m.path import InvalidPathError, ResourcePath
from .jsontext import Json, member
from .nodes import whole_id
from .text import shown
from .values import time_of, whole

# Names are URNs of some 50 characters; the limit keeps a hostile one out of keys, URLs and logs.
MAX_ENDPOINT_CHARS: Final = 1024
_SURROGATE: Final = re.compile("[\ud800-\udfff]")

# What is remembered of parsing, since ten thousand devices say the same; long texts are not kept.
_MAX_LINK_CHARS: Final = 32
_MAX_SHARED_INSTANCES: Final = 4


class NotARegistrationError(ValueError):
    """A JSON value is not the registration of a device."""


def endpoint_of(value: Json) -> Endpoint:
    """Return the endpoint name exactly as the server keeps it; raise NotARegistrationError."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ENDPOINT_CHARS:
        raise NotARegistrationError("no endpoint name of 1 to 1024 characters")
    if _SURROGATE.search(value):
        raise NotARegistrationError("an endpoint name that is no Unicode text")
    return Endpoint(value)


def registration_id_of(data: Json) -> str:
    """Return the id of a registration's JSON object; raise NotARegistrationError."""
    identifier = member(data, "registrationId")
    if not isinstance(identifier, str) or not (identifier := shown(identifier)):
        raise NotARegistrationError("no registration id")
    return identifier


def registration_of(data: Json) -> Registration:
    """Return a registration from its JSON object; raise NotARegistrationError.

    Only the endpoint and the registration's id are required; unknown members are read over.
    """
    registration_id = registration_id_of(data)
    return Registration(
        endpoint=endpoint_of(member(data, "endpoint")),
        id=registration_id,
        lifetime_seconds=whole(member(data, "lifetime")),
        last_update=time_of(member(data, "lastUpdate")),
        address=(address := _text(member(data, "address"))),
        is_local=_is_local(address),
        lwm2m_version=_text(member(data, "lwM2mVersion")),
        is_queue_mode=_is_queue_mode(data),
        is_sleeping=member(data, "sleeping") is True,
        objects=_objects(data),
    )


def _text(value: Json) -> str | None:
    return shown(value) if isinstance(value, str) else None


def _is_local(address: str | None) -> bool:
    """Tell whether `host:port`, the host of IPv6 without brackets, is a loopback address."""
    if address is None:
        return False
    try:
        return ip_address(address.rpartition(":")[0].strip("/[]")).is_loopback
    except ValueError:
        return False


def _is_queue_mode(data: Json) -> bool:
    # Before 2.0.0-M4 only the binding tells, and in LwM2M 1.0 a Q in it.
    queue_mode = member(data, "queuemode")
    return queue_mode if isinstance(queue_mode, bool) else "Q" in str(member(data, "bindingMode"))


def _objects(data: Json) -> dict[int, SupportedObject]:
    """Return every object that the links name, with the instances the server made of them."""
    versions: dict[int, str | None] = {}
    instances: dict[int, set[int]] = {}
    for object_id, instance_id, version in _links(data):
        versions[object_id] = version or versions.get(object_id)
        if instance_id is not None:
            instances.setdefault(object_id, set()).add(instance_id)
    instances |= _available_instances(member(data, "availableInstances"))
    return {
        object_id: _supported(versions.get(object_id), sorted(instances.get(object_id, ())))
        for object_id in sorted(versions.keys() | instances.keys())
    }


def _supported(version: str | None, instance_ids: list[int]) -> SupportedObject:
    if len(instance_ids) <= _MAX_SHARED_INSTANCES:
        return _shared(version, tuple(instance_ids))
    return SupportedObject(version=version, instance_ids=tuple(instance_ids))


@lru_cache(maxsize=1024)
def _shared(version: str | None, instance_ids: tuple[int, ...]) -> SupportedObject:
    """Return one object for all devices that support it alike."""
    return SupportedObject(version=version, instance_ids=instance_ids)


def _available_instances(data: Json) -> dict[int, set[int]]:
    """Return what M6 and later list, free of the root path."""
    members = data if isinstance(data, dict) else {}
    return {
        object_id: {each for each in map(whole_id, ids) if each is not None}
        for name, ids in members.items()
        if (object_id := whole_id(name)) is not None and isinstance(ids, list)
    }


def _links(data: Json) -> Iterator[tuple[int, int | None, str | None]]:
    """Yield object, instance and version of the links below the root path."""
    root = member(data, "rootPath")
    prefix = "/" + root.strip("/") + "/" if isinstance(root, str) and root.strip("/") else "/"
    links = member(data, "objectLinks")
    for link in links if isinstance(links, list) else ():
        url = member(link, "url")
        if not isinstance(url, str) or not url.startswith(prefix):
            continue
        text = url[len(prefix) :]
        path = _link_path(text) if len(text) <= _MAX_LINK_CHARS else None
        if path is not None:
            yield path.object_id, path.instance_id, _version(member(link, "attributes"))


@lru_cache(maxsize=4096)
def _link_path(text: str) -> ResourcePath | None:
    """Return a path, None for the root path itself and for what is no object."""
    try:
        return ResourcePath.parse(text)
    except InvalidPathError:
        return None


def _version(attributes: Json) -> str | None:
    version = member(attributes, "ver")
    return shown(version.strip('"')) if isinstance(version, str) else None
