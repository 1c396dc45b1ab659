"""Offers of one server's sessions: from the image store to the URL that a device is given."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import final

from ..ota.device_facts import DeviceFacts
from ..ota.image_error import ImageUnavailableError
from ..ota.offerable import Offerable, Offered
from ..ota.preflight import Refusal, RefusalKey
from ..ota.profile import Profile
from ..ota.scheme import usable_schemes
from ..ota.session_state import Session
from ..ota.trust import Distrust
from ..storage.image_store import ImageStore, StoredImage
from .gate import DownloadGate
from .offers import Offer, OfferBook
from .package_uri import PackageUriTooLongError, package_uri
from .tokens import TokenMint, token_sha256

type ImageProvider = Callable[[StoredImage], Awaitable[Refusal | None]]
"""Sees that the store has an image, whole; returns why it has not."""


@final
class StoredImageOffering:
    """Opens and closes the URLs of sessions; what is served is always the store's file (D15)."""

    def __init__(
        self,
        store: ImageStore,
        book: OfferBook,
        mint: TokenMint,
        *,
        base_urls: Callable[[], Mapping[str, str]],
        gate: DownloadGate,
        provide: ImageProvider,
        distrust: Callable[[str], Distrust | None] = lambda _: None,
    ) -> None:
        """Take the store, the open offers, and what tells the base URLs as they are now.

        They come by scheme, the preferred first. All devices of the server go through `gate`.
        `provide` sees that the store has an image. `distrust` may block; it tells why an image of
        the store, by its SHA-256, is not trusted.
        """
        self._store = store
        self._book = book
        self._mint = mint
        self._base_urls = base_urls
        self._provide = provide
        self._gate = gate
        self._distrust = distrust

    def token_sha256(self, session: Session) -> str:
        """Return the fingerprint of the session's token."""
        return token_sha256(self._token(session))

    def offerable(self, session: Session, profile: Profile) -> Offerable:
        """Return what there is to offer, without opening anything."""
        lengths = {
            scheme: self._uri_length(base_url, session, profile)
            for scheme, base_url in self._base_urls().items()
        }
        return Offerable(uri_lengths=lengths)

    async def image_refusal(self, session: Session) -> Refusal | None:
        """See that the image is there, whole and trusted, fetch it if need be; or say why not."""
        target = session.target
        image = StoredImage(sha256=target.sha256, size_bytes=target.size_bytes)
        if refusal := await self._provide(image):
            return refusal
        distrust = await asyncio.to_thread(self._distrust, target.sha256)
        if distrust is None:
            return None
        values = {"version": target.version, "cause": distrust.value}
        return Refusal(key=RefusalKey.IMAGE_UNTRUSTED, values=values)

    async def offer(self, session: Session, facts: DeviceFacts, profile: Profile) -> Offered:
        """Open the session's URL and return it; the same one each time, so that devices resume.

        Raise ImageUnavailableError when the image, or a URL for it, is missing.
        """
        target, base_urls = session.target, self._base_urls()
        schemes = usable_schemes(facts, profile, base_urls, refused=session.refused_schemes)
        if not schemes:
            raise ImageUnavailableError("no firmware base URL that the device could use is set")
        if not await self._is_stored(session):
            raise ImageUnavailableError(f"image {target.sha256} is not in the store")
        token = self._token(session)
        try:
            uri = package_uri(base_urls[schemes[0]], token, target.file_name, profile.uri_style)
        except PackageUriTooLongError as err:
            raise ImageUnavailableError(str(err)) from err
        self._book.add(
            token,
            Offer(
                session_id=session.id,
                sha256=target.sha256,
                size_bytes=target.size_bytes,
                file_name=target.file_name,
                path=self._store.path(target.sha256),
                gate=self._gate,
            ),
        )
        return Offered(uri=uri, scheme=schemes[0], other_schemes=schemes[1:])

    def revoke(self, session_id: str) -> None:
        """Close the session's URL; safe to repeat."""
        self._book.revoke(session_id)

    def _token(self, session: Session) -> str:
        return self._mint.token(session.id, session.offer_number)

    def _uri_length(self, base_url: str, session: Session, profile: Profile) -> int:
        name, style = session.target.file_name, profile.uri_style
        try:
            return len(package_uri(base_url, self._token(session), name, style))
        except PackageUriTooLongError as err:
            return err.length

    async def _is_stored(self, session: Session) -> bool:
        target = session.target
        return await asyncio.to_thread(self._store.has, target.sha256, size_bytes=target.size_bytes)
