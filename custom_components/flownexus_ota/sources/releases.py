"""Releases as GitHub's API tells them, read with care: what is none of them is passed over.

The members are those of "List releases" (docs.github.com/en/rest/releases), version 2022-11-28.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from ..ota.sidecar import clean_notes
from ..storage.image_store import IMAGE_SIZE_LIMIT_BYTES
from .addresses import parsed_url

_DIGEST: Final = re.compile(r"sha256:([0-9a-fA-F]{64})")

type Stamp = tuple[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asset:
    """A file of a release."""

    name: str
    size_bytes: int
    sha256: str | None
    api_url: str
    download_url: str
    stamp: Stamp
    """What changes when the file does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A release that is out."""

    tag: str
    page_url: str | None
    notes: str
    is_prerelease: bool
    assets: Mapping[str, Asset]


def releases_of(answer: object) -> tuple[Release, ...] | None:
    """Return the releases that are out, or `None` if the answer is no list."""
    if not isinstance(answer, list):
        return None
    releases = map(_release, cast("list[object]", answer))
    return tuple(release for release in releases if release is not None)


def _release(value: object) -> Release | None:
    """Return a release that is out, as far as it is one."""
    if not isinstance(value, dict):
        return None
    members = cast("dict[str, object]", value)
    tag, notes, assets = members.get("tag_name"), members.get("body"), members.get("assets")
    page_url = members.get("html_url")
    if members.get("draft") or not isinstance(tag, str) or not isinstance(assets, list):
        return None
    found = [asset for each in assets if (asset := _asset(each)) is not None]
    return Release(
        tag=tag,
        page_url=page_url if isinstance(page_url, str) else None,
        notes=clean_notes(notes) if isinstance(notes, str) else "",
        is_prerelease=bool(members.get("prerelease")),
        assets={asset.name: asset for asset in found},
    )


def _asset(value: object) -> Asset | None:
    """Return an asset that has been uploaded, as far as it is one."""
    if not isinstance(value, dict):
        return None
    members = cast("dict[str, object]", value)
    name, size = members.get("name"), members.get("size")
    api_url, download_url = members.get("url"), members.get("browser_download_url")
    if (
        members.get("state") != "uploaded"
        or not isinstance(name, str)
        or not name.isprintable()
        or not isinstance(size, int)
        or not 0 < size <= IMAGE_SIZE_LIMIT_BYTES
        or not _is_https(api_url)
        or not _is_https(download_url)
    ):
        return None
    digest = members.get("digest")
    match = _DIGEST.fullmatch(digest) if isinstance(digest, str) else None
    return Asset(
        name=name,
        size_bytes=size,
        sha256=None if match is None else match[1].lower(),
        api_url=str(api_url),
        download_url=str(download_url),
        stamp=(str(members.get("id")), str(members.get("updated_at"))),
    )


def _is_https(url: object) -> bool:
    """Tell whether something is an address with a host; more is looked at before it is asked."""
    try:
        parsed = parsed_url(url if isinstance(url, str) else "")
        return parsed.scheme == "https" and bool(parsed.host) and parsed.port is not None
    except ValueError:
        return False
