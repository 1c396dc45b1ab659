"""Repeats a recording with a simulated Leshan, and keeps what it answers and tells."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

import aiohttp
from yarl import URL

from simulator.leshan import SimulatedLeshan
from simulator.link import Ids, Request, Response, ServerLink

from .recorded import (
    Answer,
    Answered,
    Event,
    Exchange,
    Sent,
    Step,
    content_of,
    ids_of,
    register_parameters,
    response_of,
    split_events,
)

LIMIT_SECONDS: Final = 60.0
EVENT_STREAM: Final = {"Accept": "text/event-stream"}


class ScriptedDevice:
    """Answers as it is told to; what it has no answer for waits until it has one."""

    def __init__(self, link: ServerLink) -> None:
        self.link = link
        self.answers: dict[Ids, Response | None] = {}
        self.was_asked_in_vain = asyncio.Event()
        self._changed = asyncio.Condition()

    async def handle(self, request: Request) -> Response | None:
        """Answer with what is written down for the path, once."""
        async with self._changed:
            await self._changed.wait_for(lambda: request.path in self.answers)
            answer = self.answers.pop(request.path)
        if answer is None:
            self.was_asked_in_vain.set()
        return answer

    async def add(self, answers: Mapping[Ids, Response | None]) -> None:
        """Write answers down; `None` is silence."""
        async with self._changed:
            self.answers.update(answers)
            self._changed.notify_all()


class Replay:
    """One run through a recording."""

    def __init__(self, server: SimulatedLeshan, session: aiohttp.ClientSession) -> None:
        self._server = server
        self._session = session
        self._devices: dict[str, ScriptedDevice] = {}
        self._tasks: dict[int, asyncio.Task[Answer]] = {}
        self._unanswered = 0
        self.answers: list[tuple[Exchange, Answer]] = []
        self.unused_answers: list[tuple[Exchange, Ids]] = []

    async def run(self, steps: list[Step]) -> list[Event]:
        """Take all steps; return the events the server told, once they are as many as recorded."""
        expected = sum(isinstance(step, Event) for step in steps)
        url = f"{self._server.base_url}/api/event"
        async with self._session.get(url, headers=EVENT_STREAM) as stream:
            async with asyncio.TaskGroup() as group:
                told = group.create_task(_collect(stream, expected))
                for step in steps:
                    await self._take(step)
            return told.result()

    async def _take(self, step: Step) -> None:
        match step:
            case Sent():
                await self._send(step.exchange)
            case Answered():
                async with asyncio.timeout(LIMIT_SECONDS):
                    answer = await self._tasks[id(step.exchange)]
                self._unanswered -= 1
                self.answers.append((step.exchange, answer))
            case Event():
                await self._cause(step)

    async def _send(self, exchange: Exchange) -> None:
        """Send a request and wait for its answer, or until the device has heard it in vain."""
        endpoint = exchange.path.removeprefix("/api/clients/").split("/")[0]
        device = self._devices.get(endpoint) or ScriptedDevice(self._server.link())
        device.was_asked_in_vain.clear()
        script = script_of(exchange)
        await device.add(script)
        task = asyncio.create_task(self._exchange(exchange))
        silence = asyncio.create_task(device.was_asked_in_vain.wait())
        self._tasks[id(exchange)] = task
        self._unanswered += 1
        await asyncio.wait(
            (task, silence), timeout=LIMIT_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        silence.cancel()
        self.unused_answers.extend((exchange, path) for path in script if path in device.answers)
        device.answers.clear()

    async def _exchange(self, exchange: Exchange) -> Answer:
        url = URL(self._server.base_url + exchange.target, encoded=True)
        body = None if exchange.body is None else exchange.body.encode()
        async with self._session.request(
            exchange.method,
            url,
            headers=exchange.headers,
            data=body,
            skip_auto_headers=["Content-Type"],
        ) as response:
            text, error = await _read(response)
            return Answer(
                status=response.status,
                content_type=response.headers.get("Content-Type"),
                is_chunked="Transfer-Encoding" in response.headers,
                text=text,
                error=error,
            )

    async def _cause(self, event: Event) -> None:
        """Do what made the real server tell this; what follows from something else is left out."""
        match event.name:
            case "REGISTRATION":
                device = ScriptedDevice(self._server.link())
                self._devices[event.endpoint] = device
                await device.link.register(register_parameters(event.data), device)
            case "UPDATED":
                await self._devices[event.endpoint].link.update()
            case "NOTIFICATION":
                path = ids_of(event.data["res"])
                content = content_of(path, event.data["val"])
                await self._devices[event.endpoint].link.notify(path, content)
            case "SEND":
                nodes = event.data["val"].items()
                content = {
                    ids: value
                    for path, node in nodes
                    for ids, value in content_of(ids_of(path), node).items()
                }
                await self._devices[event.endpoint].link.send(content)
            case "SLEEPING" if not self._unanswered:
                self._server.put_to_sleep(event.endpoint)
            case "DEREGISTRATION" if not event.is_replaced_registration:
                self._server.expire(event.endpoint)
            case "REQUEST_RESPONSE":
                path = ids_of(event.data["path"])
                answer = response_of(path, event.data["response"])
                await self._devices[event.endpoint].add({path: answer})
            case _:
                pass


def script_of(exchange: Exchange) -> dict[Ids, Response | None]:
    """What the device answered, by path: nothing if the server never asked it."""
    text = exchange.answer.text
    path = exchange.lwm2m_path
    if exchange.answer.status == 504 or text.startswith("Request cancelled"):
        return {path: None}
    if "ObserveCompositeRequest" in text:
        return dict.fromkeys(exchange.composite_paths, Response(code=404))
    if exchange.answer.status != 200 or not text.startswith('{"status"'):
        return {}
    answer: Any = json.loads(text)
    if "/composite" in exchange.path:
        nodes = answer["content"].items()
        return {
            ids_of(each): Response(code=205, content=content_of(ids_of(each), node))
            for each, node in nodes
        }
    return {path: response_of(path, answer)}


async def _read(response: aiohttp.ClientResponse) -> tuple[str, str | None]:
    try:
        body = await response.read()
    except aiohttp.ClientPayloadError as error:
        return "", type(error).__name__
    encoding = "iso-8859-1" if "iso-8859-1" in response.headers.get("Content-Type", "") else "utf-8"
    try:
        return body.decode(encoding), None
    except UnicodeDecodeError as error:
        return "", type(error).__name__


async def _collect(stream: aiohttp.ClientResponse, count: int) -> list[Event]:
    text = ""
    async with asyncio.timeout(LIMIT_SECONDS):
        while text.count("event: ") < count or not text.endswith("\r\n\r\n"):
            text += (await stream.content.readany()).decode()
    return split_events(text)
