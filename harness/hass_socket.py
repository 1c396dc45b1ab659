"""Home Assistant's WebSocket API, as its own frontend speaks it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import aiohttp

from harness.waiting import Changes, StageError

_ANSWER_LIMIT_SECONDS: Final = 60.0
_MESSAGE_LIMIT_BYTES: Final = 16 << 20

type State = dict[str, Any]
"""A state as the API tells it: `entity_id`, `state`, `attributes`, …"""
type StateListener = Callable[[str, State | None], None]


class CommandError(Exception):
    """Home Assistant refused a command; `message` is the translated text."""

    def __init__(self, error: dict[str, Any]) -> None:
        """Take the error as the API tells it."""
        super().__init__(f"{error.get('code')}: {error.get('message')}")
        self.message: str = error.get("message", "")
        self.translation_key: str | None = error.get("translation_key")


class HassSocket:
    """One connection that follows all states; see `connect`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Take over an open socket."""
        self.states: dict[str, State] = {}
        self.changes = Changes()
        self._socket = socket
        self._next_id = 1
        self._questions: dict[int, asyncio.Future[Any]] = {}
        self._listeners: list[StateListener] = []
        self._reading: asyncio.Task[None] | None = None

    @classmethod
    async def connect(cls, session: aiohttp.ClientSession, base_url: str, token: str) -> HassSocket:
        """Log in by a token and follow the states; raise StageError."""
        socket = await session.ws_connect(
            f"{base_url}/api/websocket",
            heartbeat=2 * _ANSWER_LIMIT_SECONDS,
            max_msg_size=_MESSAGE_LIMIT_BYTES,
        )
        await socket.receive_json(timeout=_ANSWER_LIMIT_SECONDS)
        await socket.send_json({"type": "auth", "access_token": token})
        answer = await socket.receive_json(timeout=_ANSWER_LIMIT_SECONDS)
        if answer["type"] != "auth_ok":
            await socket.close()
            raise StageError(f"Home Assistant does not let us in: {answer}")
        client = cls(socket)
        client._reading = asyncio.create_task(client._read(), name="websocket of Home Assistant")
        await client.command("subscribe_events", event_type="state_changed")
        for state in await client.command("get_states"):
            client.states.setdefault(state["entity_id"], state)
        return client

    async def close(self) -> None:
        """Leave; commands under way get an error."""
        await self._socket.close()
        if self._reading is not None:
            await asyncio.wait((self._reading,))

    def listen(self, listener: StateListener) -> Callable[[], None]:
        """Call `listener` with every state that changes; `None` is a removed entity."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def command(
        self, kind: str, *, limit_seconds: float = _ANSWER_LIMIT_SECONDS, **members: Any
    ) -> Any:
        """Send a command and return its result; raise CommandError or StageError."""
        number, self._next_id = self._next_id, self._next_id + 1
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._questions[number] = answer
        try:
            await self._socket.send_json({"id": number, "type": kind, **members})
            async with asyncio.timeout(limit_seconds):
                return await answer
        except TimeoutError as err:
            raise StageError(f"no answer to {kind} within {limit_seconds:.0f} s") from err
        finally:
            self._questions.pop(number, None)

    async def call(
        self, action: str, data: dict[str, Any], *, limit_seconds: float = _ANSWER_LIMIT_SECONDS
    ) -> None:
        """Perform an action such as "update.install" and wait for its end."""
        domain, _, service = action.partition(".")
        await self.command(
            "call_service",
            domain=domain,
            service=service,
            service_data=data,
            limit_seconds=limit_seconds,
        )

    async def ask(self, action: str, data: dict[str, Any]) -> dict[str, Any]:
        """Perform an action that answers, and return its answer."""
        domain, _, service = action.partition(".")
        result = await self.command(
            "call_service", domain=domain, service=service, service_data=data, return_response=True
        )
        answer: dict[str, Any] = result["response"]
        return answer

    async def until(
        self, condition: Callable[[], bool], what: str, *, limit_seconds: float
    ) -> None:
        """Return once `condition` holds, looked at after each state; raise StageError."""
        await self.changes.until(condition, what, limit_seconds=limit_seconds)

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._take(message.json())
        finally:
            for question in self._questions.values():
                with suppress(asyncio.InvalidStateError):
                    question.set_exception(StageError("Home Assistant hung up"))

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "event":
            self._note_state(message["event"]["data"])
            return
        question = self._questions.get(message["id"])
        if question is None or question.done() or message["type"] != "result":
            return
        if message["success"]:
            question.set_result(message["result"])
        else:
            question.set_exception(CommandError(message["error"]))

    def _note_state(self, change: dict[str, Any]) -> None:
        entity_id, state = change["entity_id"], change["new_state"]
        if state is None:
            self.states.pop(entity_id, None)
        else:
            self.states[entity_id] = state
        for listener in tuple(self._listeners):
            listener(entity_id, state)
        self.changes.tell()
