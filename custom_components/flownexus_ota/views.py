"""The way for devices to their images, under Home Assistant's own HTTP server."""

from http import HTTPStatus
from typing import Final, override

from aiohttp import web
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.http import HomeAssistantView
from homeassistant.util.hass_dict import HassKey

from .serving.handler import serve_image
from .serving.offers import OfferBook
from .serving.package_uri import ABSOLUTE_PREFIX, PATH_PREFIX

DATA_OFFER_BOOK: Final[HassKey[OfferBook]] = HassKey("flownexus_ota_offer_book")

_END_OF_PATH: Final = "{token}/{name}"


@callback
def async_register_views(hass: HomeAssistant, book: OfferBook) -> None:
    """Let devices fetch what `book` offers; again, with the same book or another, is safe.

    A view cannot be taken away, so there is one for all times, which looks the book up.
    """
    is_registered = DATA_OFFER_BOOK in hass.data
    hass.data[DATA_OFFER_BOOK] = book
    if not is_registered:
        hass.http.register_view(FirmwareView())


class FirmwareView(HomeAssistantView):
    """Serves images to whoever has a token. The name at the end of the URL is for people only."""

    name = "flownexus_ota:firmware"
    url = f"{ABSOLUTE_PREFIX}{_END_OF_PATH}"
    requires_auth = False

    @override
    def register(
        self, hass: HomeAssistant, app: web.Application, router: web.UrlDispatcher
    ) -> None:
        """Add the routes for GET and HEAD.

        Not by the base class: its wrapper writes the path, and so the token, into the debug log.
        """

        async def handle(request: web.Request) -> web.StreamResponse:
            book, token = hass.data[DATA_OFFER_BOOK], request.match_info["token"]
            # A download that our restart broke off: its offer may be on its way back, and a device
            # that hears 404 gives the URL up for good.
            is_early = not hass.is_running and book.find(token) is None
            if hass.is_stopping or is_early:
                return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
            return await serve_image(request, book, token)

        for prefix in (ABSOLUTE_PREFIX, PATH_PREFIX):
            # Devices that put a host and a path together easily double the slash between them.
            for slash in ("", "/"):
                router.add_get(f"{slash}{prefix}{_END_OF_PATH}", handle)
