"""Offers of one server's sessions: from the image store to the URL that a device is given."""

import asyncio
from collections.abc import Callable
from typing import final

from ..ota.image_error import ImageUnavailableError
from ..ota.preflight import Offerable
from ..ota.profile import Profile
from ..ota.session_state import Session
from ..storage.image_store import ImageStore
from .offers import Offer, OfferBook
from .package_uri import PackageUriTooLongError, package_uri
from .tokens import TokenMint, token_sha256


@final
class StoredImageOffering:
    """Opens and closes the URLs of sessions; what is served is always the store's file (D15)."""

    def __init__(
        self,
        store: ImageStore,
        book: OfferBook,
        mint: TokenMint,
        *,
        base_url: Callable[[], str | None],
    ) -> None:
        """Take the store, the open offers, and what tells the firmware base URL as it is now."""
        self._store = store
        self._book = book
        self._mint = mint
        self._base_url = base_url

    def token_sha256(self, session: Session) -> str:
        """Return the fingerprint of the session's token."""
        return token_sha256(self._token(session))

    async def offerable(self, session: Session, profile: Profile) -> Offerable:
        """Return what there is to offer, without opening anything."""
        target, base_url = session.target, self._base_url()
        if base_url is None:
            return Offerable(scheme=None)
        try:
            uri = package_uri(base_url, self._token(session), target.file_name, profile.uri_style)
            uri_length = len(uri)
        except PackageUriTooLongError as err:
            uri_length = err.length
        has = await asyncio.to_thread(self._store.has, target.sha256, size_bytes=target.size_bytes)
        return Offerable(
            scheme=base_url.partition(":")[0], uri_length=uri_length, is_image_stored=has
        )

    async def offer(self, session: Session, profile: Profile) -> str:
        """Open the session's URL and return it; the same one each time, so that devices resume.

        Raise ImageUnavailableError when the image, or a URL for it, is missing.
        """
        target = session.target
        base_url = self._base_url()
        if base_url is None:
            raise ImageUnavailableError("no firmware base URL is set")
        has = await asyncio.to_thread(self._store.has, target.sha256, size_bytes=target.size_bytes)
        if not has:
            raise ImageUnavailableError(f"image {target.sha256} is not in the store")
        token = self._token(session)
        try:
            uri = package_uri(base_url, token, target.file_name, profile.uri_style)
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
            ),
        )
        return uri

    def revoke(self, session_id: str) -> None:
        """Close the session's URL; safe to repeat."""
        self._book.revoke(session_id)

    def _token(self, session: Session) -> str:
        return self._mint.token(session.id, session.offer_number)
