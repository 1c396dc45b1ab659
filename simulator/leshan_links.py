"""Core links a device registers with: what a server reads out of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

LINK: Final = re.compile(r"^<(?P<url>[^>]*)>(?P<attributes>(;.*)?)$", re.DOTALL)
ATTRIBUTE: Final = re.compile(r';(?P<name>[^=;]+)(?:=(?P<value>"[^"]*"|[^;"]*))?')
ROOT_TYPE: Final = '"oma.lwm2m"'


class LinkParseError(Exception):
    """A link that Leshan refuses, and the registration with it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """One link; attribute values are raw text, quotes included."""

    url: str
    attributes: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class RegisteredLinks:
    """What the links of a registration say together."""

    links: tuple[Link, ...]
    root_path: str
    available_instances: Mapping[int, tuple[int, ...]]
    object_versions: Mapping[int, str | None]
    """Of every object named, with its `ver`, if given."""


def parse_link(text: str) -> Link:
    """Read `</5>;ver=1.1`."""
    found = LINK.match(text.strip())
    if found is None:
        raise LinkParseError(f"not a link: {text!r}")
    attributes = {
        each["name"]: each["value"] or "" for each in ATTRIBUTE.finditer(found["attributes"])
    }
    return Link(url=found["url"], attributes=attributes)


@lru_cache(maxsize=1024)  # a fleet registers with few different link lists
def parse_links(texts: tuple[str, ...]) -> RegisteredLinks:
    """Read the links of a registration."""
    links = tuple(parse_link(text) for text in texts)
    root_path = next((link.url for link in links if link.attributes.get("rt") == ROOT_TYPE), "/")
    root_path = root_path if root_path.endswith("/") else f"{root_path}/"
    instances: dict[int, list[int]] = {}
    versions: dict[int, str | None] = {}
    for link in links:
        ids = _ids(link.url, root_path)
        if ids:
            versions[ids[0]] = versions.get(ids[0]) or link.attributes.get("ver")
        if len(ids) > 1:
            instances.setdefault(ids[0], []).append(ids[1])
    return RegisteredLinks(
        links=links,
        root_path=root_path,
        available_instances={number: tuple(found) for number, found in instances.items()},
        object_versions=versions,
    )


def check_versions(links: RegisteredLinks) -> None:
    """Refuse `ver` where Leshan since M14 cannot parse it: quoted, or on an instance."""
    for link in links.links:
        version = link.attributes.get("ver")
        if version is not None and (
            version.startswith('"') or len(_ids(link.url, links.root_path)) > 1
        ):
            raise LinkParseError(f"ver={version} on {link.url}")


def _ids(url: str, root_path: str) -> tuple[int, ...]:
    parts = url.removeprefix(root_path).split("/")
    return tuple(int(part) for part in parts) if all(part.isdecimal() for part in parts) else ()
