"""`/api/clients` of a simulated Leshan: registrations and the operations on their devices."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from aiohttp import web

from simulator.leshan_bodies import check_arguments, parse_composite, parse_path, parse_write
from simulator.leshan_errors import (
    NULL_PATH,
    AnswerError,
    PageError,
    ServletError,
    invalid_request,
    unexpected_exception,
)
from simulator.leshan_events import registration_text
from simulator.leshan_exchange import Exchanges
from simulator.leshan_generation import Generation, LeshanSettings
from simulator.leshan_nodes import path_text
from simulator.leshan_operations import Operations
from simulator.leshan_registry import (
    Registration,
    Registry,
    RequestCancelledError,
    RequestTimeoutError,
)
from simulator.leshan_shapes import Json, dump
from simulator.link import Ids

NULL_FORMAT: Final = (
    'Cannot invoke "org.eclipse.leshan.core.request.ContentFormat.getCode()" '
    "because the return value is null"
)
SLEEPING_TEXT: Final = "The destination client is sleeping, request cannot be sent."
PATH_ERROR: Final = "org.eclipse.leshan.core.node.InvalidLwM2mPathException"
EXECUTE_SEGMENTS: Final = 4
WRITE_SEGMENTS: Final = 3


def json_response(document: object) -> web.Response:
    """JSON as the servlets send it."""
    return _json_text_response(dump(document))


def _json_text_response(text: str) -> web.Response:
    return web.Response(body=text.encode(), headers={"Content-Type": "application/json"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientsServlet:
    """Answers requests below `/api/clients`."""

    settings: LeshanSettings
    registry: Registry
    exchanges: Exchanges
    operations: Operations

    async def serve(self, request: web.Request, rest: Sequence[str] | None) -> web.Response:
        """Answer; `rest` are the decoded segments after `/api/clients`, `None` without a slash.

        Raise AnswerError, ServletError or PageError for everything that is no success.
        """
        if request.method == "OPTIONS":
            return web.Response(headers={"Allow": "GET, HEAD, POST, PUT, DELETE, TRACE, OPTIONS"})
        if rest is None:
            return self._list(request)
        segments = [segment for segment in rest if segment]
        method = "GET" if request.method == "HEAD" else request.method
        match method, segments:
            case _, []:
                raise ServletError("Invalid path", is_page_before_m18=True)
            case "GET", [endpoint]:
                return _json_text_response(self._registration_text(endpoint))
            case "GET", [endpoint, *path]:
                return await self._get(request, self._registered(endpoint), path)
            case "PUT", [endpoint, *path]:
                return await self._put(request, self._registered(endpoint), path)
            case "POST", [endpoint, *path]:
                return await self._post(request, self._registered(endpoint), path)
            case "DELETE", [endpoint, *path]:
                return await self._delete(request, self._registered(endpoint), path)
            case _:
                raise PageError(501, "Method is not defined in RFC 2068 and is not supported")

    def _list(self, request: web.Request) -> web.Response:
        if request.method not in ("GET", "HEAD"):
            raise PageError(500, NULL_PATH)
        texts = [registration_text(each, self.settings.generation) for each in self.registry.all()]
        return _json_text_response(f"[{','.join(texts)}]")

    def _registration_text(self, endpoint: str) -> str:
        registration = self.registry.find(endpoint)
        if registration is None:
            first = "No" if self.settings.traits.has_plain_servlet_errors else "no"
            raise ServletError(
                f"{first} registered client with id '{endpoint}'", is_page_before_m18=False
            )
        return registration_text(registration, self.settings.generation)

    def _registered(self, endpoint: str) -> Registration:
        registration = self.registry.find(endpoint)
        if registration is None:
            raise ServletError(
                f"No registered client with id '{endpoint}'", is_page_before_m18=False
            )
        return registration

    async def _get(
        self, request: web.Request, registration: Registration, path: list[str]
    ) -> web.Response:
        timeout_seconds = self._timeout_seconds(request)
        operations = self.operations
        match path:
            case ["composite"] if self.settings.traits.has_composite:
                paths = _composite_paths(request)
                perform = partial(operations.read_composite, registration, paths, timeout_seconds)
                return await self._perform(registration, None, perform)
            case [_, *_, "discover"]:
                above = path[:-1]
                ids = self._path(above)
                return await self._perform(
                    registration,
                    ids,
                    partial(operations.discover, registration, ids, timeout_seconds),
                )
            case _:
                ids = self._path(path)
                return await self._perform(
                    registration, ids, partial(operations.read, registration, ids, timeout_seconds)
                )

    async def _put(
        self, request: web.Request, registration: Registration, path: list[str]
    ) -> web.Response:
        generation = self.settings.generation
        timeout_seconds = self._timeout_seconds(request)
        text = await request.text()
        match path:
            case ["composite"] if self.settings.traits.has_composite:
                _require_format(request, "nodeformat")
                writes = parse_composite(text)
                perform = partial(self.operations.write, registration, writes, timeout_seconds)
                return await self._perform(registration, None, perform)
            case [_, *_, "attributes"]:
                return await self._perform(
                    registration, self._path(path[:-1]), self.operations.accept
                )
            case _ if len(path) + 1 < WRITE_SEGMENTS:
                raise ServletError("Invalid path", is_page_before_m18=True)
            case _:
                ids = self._path(path)
                writes = parse_write(ids, request.headers.get("Content-Type"), text, generation)
                perform = partial(self.operations.write, registration, writes, timeout_seconds)
                return await self._perform(registration, ids, perform)

    async def _post(
        self, request: web.Request, registration: Registration, path: list[str]
    ) -> web.Response:
        timeout_seconds = self._timeout_seconds(request)
        match path:
            case ["composite", "observe"] if self.settings.traits.has_composite:
                return await self._observe_composite(request, registration, timeout_seconds)
            case [_, *_, "observe"]:
                ids = self._path(path[:-1], is_observed=True)
                perform = partial(self.operations.observe, registration, ids, timeout_seconds)
                return await self._perform(registration, ids, perform)
            case _ if len(path) + 1 == EXECUTE_SEGMENTS:
                ids = self._path(path)
                if self.settings.generation is not Generation.M4:
                    check_arguments(await request.text())
                perform = partial(self.operations.execute, registration, ids, timeout_seconds)
                return await self._perform(registration, ids, perform)
            case [_] | [_, _]:
                return await self._perform(registration, self._path(path), self.operations.refuse)
            case _ if self.settings.generation is Generation.M4:
                return web.Response()  # nothing in M4 answers this
            case _:
                raise ServletError("Invalid path", is_page_before_m18=True)

    async def _delete(
        self, request: web.Request, registration: Registration, path: list[str]
    ) -> web.Response:
        is_active = "active" in request.query and self.settings.traits.has_active_cancel
        match path:
            case ["composite", "observe"] if self.settings.traits.has_composite:
                registration.composite_observations.discard(_composite_paths(request))
                return web.Response()
            case [_, *_, "observe"] if is_active:
                ids = self._path(path[:-1])
                return await self._cancel(registration, ids, self._timeout_seconds(request))
            case [_, *_, "observe"]:
                registration.observations.discard(self._path(path[:-1]))
                return web.Response()
            case []:
                raise invalid_request("Delete request cannot target root path")
            case [_, _]:
                return await self._perform(registration, self._path(path), self.operations.refuse)
            case _:
                shown = path_text(self._path(path))
                raise invalid_request(f"Invalid path {shown} : Only object instances can be delete")

    async def _cancel(
        self, registration: Registration, ids: Ids, timeout_seconds: float
    ) -> web.Response:
        if ids not in registration.observations:
            text = f"no observation for path {path_text(ids)} for  client '{registration.endpoint}'"
            raise AnswerError(404, text)
        perform = partial(self.operations.cancel_observation, registration, ids, timeout_seconds)
        return await self._perform(registration, ids, perform)

    async def _observe_composite(
        self, request: web.Request, registration: Registration, timeout_seconds: float
    ) -> web.Response:
        paths = _composite_paths(request)
        operations = self.operations
        if self.settings.traits.decodes_composite_observations:
            return await self._perform(
                registration,
                None,
                partial(operations.observe_composite, registration, paths, timeout_seconds),
            )
        await self._perform(
            registration,
            None,
            partial(operations.read_composite, registration, paths, timeout_seconds),
        )
        shown = ", ".join(path_text(path) for path in paths)
        raise AnswerError(
            500,
            "Invalid Response",
            "Unable to decode response payload of request "
            f"[ObserveCompositeRequest [paths=[{shown}]]] "
            f"from client [{registration.endpoint}]",
        )

    async def _perform(
        self, registration: Registration, path: Ids | None, perform: Callable[[], Awaitable[Json]]
    ) -> web.Response:
        if registration.is_asleep:
            return self._delay(registration, path, perform)
        try:
            return json_response(await perform())
        except RequestTimeoutError as error:
            raise AnswerError(504, "Request timeout") from error
        except RequestCancelledError as error:
            shown = "" if path is None else path_text(path)
            text = f"Request coap://{registration.line.address}{shown} canceled"
            raise AnswerError(500, "Request cancelled", text) from error

    def _delay(
        self, registration: Registration, path: Ids | None, perform: Callable[[], Awaitable[Json]]
    ) -> web.Response:
        if not self.settings.traits.delays_requests:
            raise invalid_request(SLEEPING_TEXT)
        request_id = self.exchanges.delay(registration, path, perform)
        shown: Json = {} if path is None else {"path": path_text(path)}
        return json_response(
            {"ep": registration.endpoint, **shown, "requestId": request_id, "delayed": True}
        )

    def _path(self, segments: Sequence[str], *, is_observed: bool = False) -> Ids:
        text = "/".join(segments)
        try:
            return parse_path(text)
        except ValueError as error:
            if self.settings.generation is not Generation.M4:
                raise invalid_request(f"{PATH_ERROR}: {_since_m14(error)}") from error
            if is_observed:
                raise invalid_request("null") from error
            raise unexpected_exception(str(error)) from error

    def _timeout_seconds(self, request: web.Request) -> float:
        """The time limit in whole seconds; what is no whole number counts as absent."""
        text = request.query.get("timeout", "")
        if not re.fullmatch(r"-?\d+", text):
            return self.settings.default_timeout_seconds
        return int(text)


def _composite_paths(request: web.Request) -> tuple[Ids, ...]:
    if "paths" not in request.query:
        raise unexpected_exception('Cannot invoke "String.split(String)" because "paths" is null')
    _require_format(request, "pathformat")
    try:
        return tuple(parse_path(path) for path in request.query["paths"].split(","))
    except ValueError as error:
        raise invalid_request(f"{PATH_ERROR}: {_since_m14(error)}") from error


def _since_m14(error: ValueError) -> str:
    return str(error).replace("path:", "path")


def _require_format(request: web.Request, name: str) -> None:
    if name not in request.query:
        raise unexpected_exception(NULL_FORMAT)
