"""LwM2M operations of a simulated Leshan: from parsed request to the answer's JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from simulator.leshan_bodies import check_kind
from simulator.leshan_errors import AnswerError
from simulator.leshan_events import EventWriter
from simulator.leshan_exchange import Exchanges
from simulator.leshan_generation import Generation
from simulator.leshan_links import parse_link
from simulator.leshan_nodes import UndecodableError, build_node, path_text
from simulator.leshan_registry import Registration
from simulator.leshan_shapes import FIRST_ERROR_CODE, Json, answer_json, node_json
from simulator.leshan_writes import Write
from simulator.link import Content, Ids, Operation, Request, Response

CONTENT: Final = 205
CHANGED: Final = 204
METHOD_NOT_ALLOWED: Final = 405


@dataclass(frozen=True, kw_only=True, slots=True)
class Operations:
    """Each method asks one device and returns the answer's JSON.

    They raise RequestEndedError when no answer comes, AnswerError when the request cannot be sent
    or the answer cannot be read.
    """

    generation: Generation
    exchanges: Exchanges
    events: EventWriter

    async def read(self, registration: Registration, path: Ids, timeout_seconds: float) -> Json:
        """Read an object, an instance, a resource or one of its instances."""
        request = Request(operation=Operation.READ, path=path)
        response = await self._ask(registration, request, CONTENT, timeout_seconds)
        return self._content_json(registration, path, response)

    async def observe(self, registration: Registration, path: Ids, timeout_seconds: float) -> Json:
        """Observe, in place of a former observation of the same path."""
        request = Request(operation=Operation.OBSERVE, path=path)
        response = await self._ask(registration, request, CONTENT, timeout_seconds)
        if response.code == CONTENT:
            registration.observations.add(path)
        return self._content_json(registration, path, response)

    async def cancel_observation(
        self, registration: Registration, path: Ids, timeout_seconds: float
    ) -> Json:
        """Tell the device that its notifications are no longer wanted."""
        request = Request(operation=Operation.CANCEL_OBSERVATION, path=path)
        response = await self._ask(registration, request, CONTENT, timeout_seconds)
        registration.observations.discard(path)
        return self._content_json(registration, path, response)

    async def discover(self, registration: Registration, path: Ids, timeout_seconds: float) -> Json:
        """Ask for the links below a path."""
        request = Request(operation=Operation.DISCOVER, path=path)
        response = await self._ask(registration, request, CONTENT, timeout_seconds)
        if response.code >= FIRST_ERROR_CODE:
            return answer_json(response.code, response.diagnostic)
        links = [parse_link(link) for link in response.links]
        shown = [{"url": link.url, "attributes": dict(link.attributes)} for link in links]
        return answer_json(response.code, response.diagnostic, objectLinks=shown)

    async def execute(self, registration: Registration, path: Ids, timeout_seconds: float) -> Json:
        """Execute a resource."""
        request = Request(operation=Operation.EXECUTE, path=path)
        response = await self._ask(registration, request, CHANGED, timeout_seconds)
        return answer_json(response.code, response.diagnostic)

    async def write(
        self, registration: Registration, writes: Sequence[Write], timeout_seconds: float
    ) -> Json:
        """Write values one after the other; the first refusal ends it."""
        checked = [check_kind(write, registration.models, self.generation) for write in writes]
        response = Response(code=CHANGED)
        for write in checked:
            request = Request(operation=Operation.WRITE, path=write.path, value=write.value)
            response = await self._ask(registration, request, CHANGED, timeout_seconds)
            if response.code != CHANGED:
                break
        return answer_json(response.code, response.diagnostic)

    async def read_composite(
        self, registration: Registration, paths: Sequence[Ids], timeout_seconds: float
    ) -> Json:
        """Read several paths; what cannot be read is absent."""
        contents: dict[Ids, Content] = {}
        for path in paths:
            request = Request(operation=Operation.READ, path=path)
            response = await self._ask(registration, request, CONTENT, timeout_seconds)
            if response.code == CONTENT:
                contents[path] = response.content
        try:
            content = self.events.nodes_by_path(registration, contents)
        except UndecodableError as error:
            raise _undecodable(
                registration, ", ".join(path_text(path) for path in paths)
            ) from error
        return answer_json(CONTENT, "", content=content)

    async def observe_composite(
        self, registration: Registration, paths: Sequence[Ids], timeout_seconds: float
    ) -> Json:
        """Observe several paths as one."""
        answer = await self.read_composite(registration, paths, timeout_seconds)
        registration.composite_observations.add(tuple(paths))
        return answer

    async def refuse(self) -> Json:
        """Create and delete, which no simulated device does."""
        return answer_json(METHOD_NOT_ALLOWED, "")

    async def accept(self) -> Json:
        """Write attributes, which simulated devices take and forget."""
        return answer_json(CHANGED, "")

    async def _ask(
        self,
        registration: Registration,
        request: Request,
        success_code: int,
        timeout_seconds: float,
    ) -> Response:
        response = await self.exchanges.ask(registration, request, timeout_seconds)
        if response.code != success_code and response.code < FIRST_ERROR_CODE:
            raise _undecodable(registration, path_text(request.path))
        return response

    def _content_json(self, registration: Registration, path: Ids, response: Response) -> Json:
        if response.code >= FIRST_ERROR_CODE:
            return answer_json(response.code, response.diagnostic)
        try:
            node = build_node(path, response.content, registration.models)
        except UndecodableError as error:
            raise _undecodable(registration, path_text(path)) from error
        return answer_json(
            response.code, response.diagnostic, content=node_json(node, self.generation)
        )


def _undecodable(registration: Registration, path: str) -> AnswerError:
    return AnswerError(
        500,
        "Invalid Response",
        f"Unable to decode response payload of request [{path}] "
        f"from client [{registration.endpoint}]",
    )
