"""The web server of a simulated Leshan: routes, credentials, and errors as its Jetty shows them."""

import base64
import hmac
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from aiohttp import web

from simulator.leshan_clients import ClientsServlet, json_response
from simulator.leshan_errors import (
    NULL_REGISTRATION,
    AnswerError,
    PageError,
    ServletError,
    broken_answer,
    page,
    servlet_error,
    untyped_text,
)
from simulator.leshan_generation import Generation, LeshanSettings
from simulator.leshan_models import specification
from simulator.leshan_registry import Registry, ServerGoneError
from simulator.leshan_sse import EventStreams, wants_events

MAX_BODY_BYTES: Final = 64 * 1024 * 1024
USER_INTERFACE: Final = (
    "<!DOCTYPE html>\n<html><head><title>Leshan Server Demo</title></head><body></body></html>\n"
)
COAP_PORT: Final = 5683


@dataclass(frozen=True, kw_only=True, slots=True)
class WebServer:
    """Everything that answers HTTP."""

    settings: LeshanSettings
    registry: Registry
    streams: EventStreams
    clients: ClientsServlet

    def application(self) -> web.Application:
        """The aiohttp application; one handler, as Jetty's rules for paths are not aiohttp's."""
        application = web.Application(client_max_size=MAX_BODY_BYTES)
        application.router.add_route("*", "/{path:.*}", self.serve)
        application.on_response_prepare.append(self._set_headers)
        return application

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer any request."""
        raw_path = request.raw_path.partition("?")[0]
        try:
            self._check_credentials(request)
            return await self._dispatch(request, self._segments(raw_path))
        except AnswerError as error:
            return untyped_text(error.status, error.message(self.settings.traits.separator))
        except ServletError as error:
            return servlet_error(error, request, self.settings)
        except PageError as error:
            return page(error, request, self.settings)
        except ServerGoneError:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)

    def _segments(self, raw_path: str) -> list[str]:
        """Cut a path at its slashes: Jetty 12 refuses encoded ones, its forerunners decode them."""
        if "%2f" in raw_path.lower() and self.settings.generation is Generation.M18:
            raise PageError(400, "Ambiguous URI path separator", "/badURI")
        parts = raw_path.replace("%2f", "/").replace("%2F", "/").split("/")
        prefix = [part for part in self.settings.path_prefix.split("/") if part]
        segments = [unquote(part) for part in parts[1:]]
        if segments[: len(prefix)] != prefix:
            raise PageError(404, "Not Found")
        return segments[len(prefix) :]

    async def _dispatch(self, request: web.Request, segments: list[str]) -> web.StreamResponse:
        match segments:
            case ["api", "clients"]:
                return await self.clients.serve(request, None)
            case ["api", "clients", *rest]:
                return await self.clients.serve(request, rest)
            case ["api", "event", *_]:
                return await self._events(request)
            case ["event"] if self.settings.traits.has_legacy_event_path:
                return await self._events(request)
            case ["api", "objectspecs"] | ["api", "objectspecs", ""]:
                raise ServletError("Invalid path", is_page_before_m18=True)
            case ["api", "objectspecs", endpoint]:
                return await self._object_specifications(request, endpoint)
            case ["api", "server", "endpoint"]:
                return json_response(self._endpoints())
            case ["api", "security", "clients"]:
                return json_response([])
            case [""] | ["index.html"]:
                return web.Response(text=USER_INTERFACE, content_type="text/html")
            case _:
                raise PageError(404, "Not Found")

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if request.method != "GET" or not wants_events(request):
            raise PageError(405, f"HTTP method {request.method} is not supported by this URL")
        return await self.streams.serve(request)

    async def _object_specifications(
        self, request: web.Request, endpoint: str
    ) -> web.StreamResponse:
        registration = self.registry.find(endpoint)
        if registration is None:
            if self.settings.traits.has_plain_servlet_errors:
                raise PageError(500, NULL_REGISTRATION)
            return await broken_answer(request, 400, f"no registered client with id '{endpoint}'")
        response = json_response([specification(model) for model in registration.models.values()])
        response.enable_chunked_encoding()
        return response

    def _endpoints(self) -> object:
        if self.settings.generation is Generation.M4:
            return {
                "securedEndpointPort": str(COAP_PORT + 1),
                "unsecuredEndpointPort": str(COAP_PORT),
            }
        uri = {
            "full": f"coap://127.0.0.1:{COAP_PORT}",
            "scheme": "coap",
            "host": "127.0.0.1",
            "port": COAP_PORT,
        }
        return [{"uri": uri, "description": "Simulated devices in the same process"}]

    def _check_credentials(self, request: web.Request) -> None:
        expected = _authorization(self.settings)
        if expected is None or hmac.compare_digest(
            request.headers.get("Authorization", ""), expected
        ):
            return
        challenge = (
            'Bearer realm="leshan"' if self.settings.token is not None else 'Basic realm="leshan"'
        )
        raise web.HTTPUnauthorized(headers={"WWW-Authenticate": challenge})

    async def _set_headers(self, _request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Server"] = f"Jetty({self.settings.traits.jetty})"
        # aiohttp gives a type to what has none; Jetty does not.
        if response.headers.get("Content-Type") == "application/octet-stream":
            del response.headers["Content-Type"]


def _authorization(settings: LeshanSettings) -> str | None:
    if settings.token is not None:
        return f"Bearer {settings.token}"
    if settings.username is None:
        return None
    pair = f"{settings.username}:{settings.password or ''}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"
