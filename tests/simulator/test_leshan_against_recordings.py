"""The simulated Leshan answers and tells what the recorded real ones did.

The devices behind it answer as the recorded ones did, so whole documents are compared, but for what
no two runs share.
"""

import json
import re
from collections.abc import AsyncIterator
from typing import Any, Final

import aiohttp
import pytest

from simulator.leshan import SimulatedLeshan
from simulator.leshan_generation import Generation, LeshanSettings

from .recorded import Answer, Event, Exchange, steps_of
from .replay import Replay

RECORDINGS: Final = {
    "leshan-2.0.0-M4.jsonl": Generation.M4,
    "leshan-2.0.0-M15.jsonl": Generation.M15,
    "leshan-2.0.0-M18.jsonl": Generation.M18,
    "leshan-2.0.0-M18-queue-update.jsonl": Generation.M18,
    "leshan-2.0.0-M18-queue-register.jsonl": Generation.M18,
}
# Members that differ from run to run; only the type of their value is compared.
VOLATILE: Final = {
    "registrationId": "drawn at random",
    "registrationDate": "the clock",
    "lastUpdate": "the clock",
    "address": "the device's port",
    "requestId": "drawn at random",
}
# Targets whose documents only have to have the same members and value types.
SHAPE_ONLY: Final = {
    r"/api/objectspecs/.+": "only objects 1, 3 and 5 are modelled, without the registry's prose",
    r"/api/server/endpoint": "the simulated server listens on no CoAP port",
}
NOT_COMPARED: Final = {
    r"/api/server/security": "there is no key and no certificate to show",
}
# Texts that name what no two programs share.
TEXT_MASKS: Final = {
    r"coap://[0-9.:]+": "the device's address",
    r"(?<=unable to parse json to tlv:)(?s:.+)": "each JSON parser has its own words",
    r"(?<=ObserveCompositeRequest \[paths=\[/5/0/3, /5/0/5\]).*(?=\] from)": "Java's toString",
}


@pytest.fixture
async def session(socket_enabled: None) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.mark.parametrize("name", RECORDINGS)
async def test_a_recording_can_be_repeated(session: aiohttp.ClientSession, name: str) -> None:
    settings = LeshanSettings(generation=RECORDINGS[name], timeout_scale=0.1)
    server = SimulatedLeshan(settings)
    await server.start()
    steps = steps_of(name)
    replay = Replay(server, session)

    told = await replay.run(steps)
    await server.stop()

    assert replay.unused_answers == []
    compared = [pair for pair in replay.answers if not matches(pair[0], NOT_COMPARED)]
    answered = [described(exchange, answer) for exchange, answer in compared]
    assert answered == [described(exchange, exchange.answer) for exchange, _ in compared]
    recorded = [step for step in steps if isinstance(step, Event)]
    assert [(event.name, masked(event.data)) for event in told] == [
        (event.name, masked(event.data)) for event in recorded
    ]


def described(exchange: Exchange, answer: Answer) -> tuple[object, ...]:
    """Everything of an answer that has to be the same."""
    asked = (exchange.method, exchange.target, exchange.body)
    if answer.error is not None:
        return (*asked, answer.status, answer.error)
    head = (*asked, answer.status, answer.content_type, answer.is_chunked)
    return (*head, described_body(exchange, answer))


def described_body(exchange: Exchange, answer: Answer) -> object:
    """A body without what may differ."""
    content_type = answer.content_type or ""
    if content_type.startswith("text/html"):
        return re.findall("<title>(.*)</title>", answer.text)
    if content_type != "application/json":
        return masked_text(answer.text)
    document = json.loads(answer.text)
    if matches(exchange, SHAPE_ONLY):
        return shape(document)
    return masked(in_order(document))


def matches(exchange: Exchange, patterns: dict[str, str]) -> bool:
    """Whether a request is one of those."""
    return any(re.fullmatch(pattern, exchange.path) for pattern in patterns)


def masked(document: Any) -> Any:
    """A document whose volatile values are replaced by their types."""
    if isinstance(document, list):
        return [masked(each) for each in document]
    if not isinstance(document, dict):
        return document
    return {
        name: type(value).__name__ if name in VOLATILE else masked(value)
        for name, value in document.items()
    }


def shape(document: Any) -> Any:
    """Members and value types; a list is what its elements are."""
    if isinstance(document, list):
        return sorted({repr(shape(each)) for each in document})
    if isinstance(document, dict):
        return {name: shape(value) for name, value in sorted(document.items())}
    return type(document).__name__


def in_order(document: Any) -> Any:
    """A list of registrations by endpoint: Leshan's order is that of a hash table."""
    if isinstance(document, list):
        return sorted(document, key=lambda each: str(each["endpoint"]))
    return document


def masked_text(text: str) -> str:
    """A text without what no two programs share."""
    for pattern in TEXT_MASKS:
        text = re.sub(pattern, "…", text)
    return text
