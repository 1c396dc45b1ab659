"""GitHub releases as a source: their assets are images, chosen by a pattern for their names.

An asset `X.json` beside an asset `X` is its sidecar. What neither says comes from the release: the
tag is the version, the text its notes.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Final, Protocol, assert_never, final

from yarl import URL

from ..ota.image import clean_file_name
from ..ota.sidecar import (
    SidecarError,
    json_document,
    json_object,
    shown_member,
    sidecar_of,
)
from ..storage.image_store import ImageDigestError, StoredImage
from .fetch_errors import FetchError, UnreadableError
from .folder import SIDECAR_SIZE_LIMIT_BYTES, SIDECAR_SUFFIX
from .guarded_connection import host_of
from .guarded_fetch import GuardedFetcher
from .problem import FolderProblem, Problem, RemoteProblem
from .releases import Asset, Release, Stamp, releases_of
from .remote import RemoteImage, RemoteListing, RemoteOrigin, named, unique

_BYTES: Final = "application/octet-stream"
_TAG_WITH_V: Final = re.compile(r"[vV](\d.*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class GithubAnswer:
    """Releases as GitHub tells them, and what to show the next time to be told of changes only."""

    releases: object
    etag: str | None


class ReleaseServer(Protocol):
    """Who tells the releases of a repository."""

    @property
    def base_url(self) -> str:
        """Return the beginning of its addresses."""

    async def releases(self, repository: str, *, etag: str | None) -> GithubAnswer | None:
        """Return the newest releases, or `None` if they are still those with `etag`.

        Raise `FetchError`.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """Which images of which repository, and which devices they fit."""

    name: str
    """As `owner/repository`."""
    asset_pattern: str
    patterns: Mapping[str, str]
    """Members of a sidecar, for assets that have none or whose own names no device."""
    prerelease_channel: str
    """The channel of releases that are marked as such before their time."""


@final
class GithubSource:
    """The releases of one repository."""

    def __init__(
        self,
        source: str,
        repository: Repository,
        server: ReleaseServer,
        fetcher: GuardedFetcher,
        *,
        token: str | None,
    ) -> None:
        """`source` is the name of the source in texts."""
        self._source = source
        self._repository = repository
        self._server = server
        self._fetcher = fetcher
        self._token = token
        self._etag: str | None = None
        self._last = RemoteListing()
        self._sidecars: dict[Stamp, bytes] = {}

    async def list_images(self) -> RemoteListing:
        """Ask what there is; raise `FetchError` when nobody tells."""
        answer = await self._server.releases(self._repository.name, etag=self._etag)
        if answer is None:
            return self._last
        releases = releases_of(answer.releases)
        if releases is None:
            host = host_of(self._server.base_url)
            raise UnreadableError(host=host, error="no list of releases")
        chosen = [(release, asset) for release in releases for asset in self._chosen(release)]
        images: list[RemoteImage] = []
        problems: list[Problem] = []
        is_whole = True
        for release, asset in chosen:
            name = named(self._source, f"{asset.name} ({shown_member(release.tag)})")
            try:
                images.append(await self._image(release, asset, name))
            except (FetchError, SidecarError, ImageDigestError, _NoDigestError) as err:
                problems.append(_problem(name, err))
                is_whole = is_whole and not isinstance(err, FetchError)
        self._forget_all_but(releases)
        # What could not be fetched is asked for again although the releases are the same.
        self._etag = answer.etag if is_whole else None
        self._last = RemoteListing(images=unique(images), problems=tuple(problems))
        return self._last

    def origin_of(self, image: RemoteImage) -> RemoteOrigin:
        """Return where to fetch an image."""
        return RemoteOrigin(
            image=image,
            fetcher=self._fetcher,
            accept=_BYTES,
            authorisation=self._authorisation(image.url),
        )

    def _chosen(self, release: Release) -> Iterator[Asset]:
        for name, asset in release.assets.items():
            is_sidecar = name.removesuffix(SIDECAR_SUFFIX) in release.assets.keys() - {name}
            if not is_sidecar and fnmatch(name, self._repository.asset_pattern):
                yield asset

    async def _image(self, release: Release, asset: Asset, name: str) -> RemoteImage:
        beside = release.assets.get(asset.name + SIDECAR_SUFFIX)
        members: dict[str, object] = {}
        if beside is not None:
            members = dict(json_object(json_document(await self._sidecar(beside))))
        sidecar = sidecar_of(self._completed(members, release))
        sha256 = asset.sha256 or sidecar.sha256
        if sha256 is None:
            raise _NoDigestError
        if sidecar.sha256 not in (None, sha256):
            raise ImageDigestError(expected=str(sidecar.sha256), actual=sha256)
        image = RemoteImage(
            name=name,
            url=self._url(asset),
            file_name=clean_file_name(asset.name),
            stored=StoredImage(sha256=sha256, size_bytes=asset.size_bytes),
            sidecar=sidecar,
        )
        image.described()  # release and sidecar have to say enough without the image
        return image

    async def _sidecar(self, asset: Asset) -> bytes:
        """Fetch a sidecar, once."""
        content = self._sidecars.get(asset.stamp)
        if content is None:
            url = self._url(asset)
            document = await self._fetcher.fetch_bytes(
                url,
                limit_bytes=SIDECAR_SIZE_LIMIT_BYTES,
                accept=_BYTES,
                authorisation=self._authorisation(url),
            )
            content = b"" if document is None else document.content
            self._sidecars[asset.stamp] = content
        return content

    def _forget_all_but(self, releases: Iterable[Release]) -> None:
        """Drop the sidecars of releases that are gone."""
        stamps = {asset.stamp for release in releases for asset in release.assets.values()}
        kept = {stamp: content for stamp, content in self._sidecars.items() if stamp in stamps}
        self._sidecars = kept

    def _completed(self, members: dict[str, object], release: Release) -> dict[str, object]:
        """Return the members of a sidecar with what only the release says."""
        told: dict[str, object] = {
            "version": _version(release.tag),
            "release_notes": release.notes or None,
            "release_url": release.page_url,
            "channel": self._repository.prerelease_channel if release.is_prerelease else None,
        }
        aims = ("manufacturer", "model", "hardware_version", "endpoint")
        if not any(members.get(aim) for aim in aims):
            told |= self._repository.patterns
        return told | {name: value for name, value in members.items() if value is not None}

    def _url(self, asset: Asset) -> str:
        """Return where to fetch an asset: by the API with a token, else from the web."""
        return asset.download_url if self._token is None else asset.api_url

    def _authorisation(self, url: str) -> str | None:
        """Return the token for GitHub itself: an answer may name any other host."""
        if self._token is None or URL(url).origin() != URL(self._server.base_url).origin():
            return None
        return f"Bearer {self._token}"


class _NoDigestError(Exception):
    """Nobody tells the SHA-256 of an asset."""


def _problem(
    name: str, err: FetchError | SidecarError | ImageDigestError | _NoDigestError
) -> Problem:
    match err:
        case FetchError():
            details = {"error": str(err)}
            return Problem(file_name=name, key=RemoteProblem.NOT_FETCHED, placeholders=details)
        case SidecarError():
            return Problem(file_name=name, key=err.problem, placeholders=err.placeholders)
        case ImageDigestError():
            key = FolderProblem.SHA256_MISMATCH
            return Problem(file_name=name, key=key, placeholders=err.details)
        case _NoDigestError():
            return Problem(file_name=name, key=RemoteProblem.ASSET_WITHOUT_DIGEST)
        case _:
            assert_never(err)


def _version(tag: str) -> str:
    match = _TAG_WITH_V.fullmatch(tag)
    return tag if match is None else match[1]
