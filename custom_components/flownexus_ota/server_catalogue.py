"""The catalogue as one server sees it: without the images that its public keys speak against."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, final

from homeassistant.core import HomeAssistant

from .catalogue_keeper import CatalogueKeeper
from .const import CONF_PUBLIC_KEYS
from .ota.catalogue import Catalogue
from .ota.image_header import ImageHeader
from .ota.signature import PublicKey, PublicKeyError, is_signed_by, parse_public_keys
from .ota.trust import Distrust, distrust_of
from .storage.mapped_image import mapped_image
from .storage.stored_trust import StoredTrust

_LOGGER: Final = logging.getLogger(__name__)


@final
class ServerCatalogue:
    """Sorts the shared catalogue by the keys of one server."""

    def __init__(
        self,
        hass: HomeAssistant,
        keeper: CatalogueKeeper,
        trust: StoredTrust,
        options: Mapping[str, Any],
    ) -> None:
        """Nothing is sorted before the first `refresh`."""
        self._hass = hass
        self._keeper = keeper
        self._trust = trust
        self._keys = public_keys(options)
        self.catalogue: Catalogue | None = None
        """`None` until it has been sorted."""
        self.distrusted: Mapping[str, Distrust] = {}
        """Why images, by SHA-256, are missing in it."""

    def take_options(self, options: Mapping[str, Any]) -> bool:
        """Take the keys of new options; tell whether that makes a `refresh` necessary."""
        before, self._keys = self._keys, public_keys(options)
        return self._keys != before

    async def refresh(self) -> None:
        """Sort the catalogue as it is now; without keys, that is done without waiting."""
        keys, known = self._keys, self._keeper.catalogue
        if known is None or keys is None:
            self.catalogue, self.distrusted = known, {}
            return
        catalogue, distrusted = await self._hass.async_add_executor_job(self._sorted, known, keys)
        # Who changed one of them meanwhile asks for a sorting of their own.
        if keys == self._keys and known is self._keeper.catalogue:
            self.catalogue, self.distrusted = catalogue, distrusted

    def distrust(self, sha256: str) -> Distrust | None:
        """Return why an image is not trusted, by the keys as they are now; blocking."""
        keys = self._keys
        return None if keys is None else self._trust.distrust(sha256, keys)

    def distrust_of_file(self, path: Path, header: ImageHeader) -> Distrust | None:
        """Return why a file that is not in the store yet would not be trusted; blocking."""
        keys = self._keys
        if keys is None:
            return None
        try:
            with mapped_image(path) as content:
                is_signed = is_signed_by(content, header, keys)
        except OSError:
            return Distrust.UNREADABLE
        return distrust_of(header.kind, header.signature, is_signed=is_signed)

    def _sorted(
        self, known: Catalogue, keys: tuple[PublicKey, ...]
    ) -> tuple[Catalogue, Mapping[str, Distrust]]:
        distrusted = {
            image.sha256: distrust
            for image in known.images
            if (distrust := self._trust.distrust(image.sha256, keys)) is not None
        }
        trusted = [image for image in known.images if image.sha256 not in distrusted]
        return Catalogue(trusted), distrusted


def public_keys(options: Mapping[str, Any]) -> tuple[PublicKey, ...] | None:
    """Return the keys of a server, `None` when it has none, and nothing has to be signed."""
    pem = options.get(CONF_PUBLIC_KEYS)
    if not pem:
        return None
    try:
        return parse_public_keys(pem)
    except PublicKeyError as err:
        # The form would have refused them. Somebody wanted signatures: no key verifies any.
        _LOGGER.error("The public keys of the server cannot be used: %s", err.problem)  # noqa: TRY400 # the text says all
        return ()
