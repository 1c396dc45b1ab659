"""Every recorded answer, given by a real server to the real client."""

import asyncio

import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.flownexus_ota.leshan.client import LeshanClient
from custom_components.flownexus_ota.lwm2m.exchange import Lwm2mError

from .recordings import NAMES, Exchange, ask, described, exchanges
from .scripted_server import ScriptedServer


async def outcome_of(client: LeshanClient, exchange: Exchange) -> str:
    """Return what the client made of an answer: a value or the name of an error."""
    try:
        async with asyncio.timeout(60):
            return described(await ask(client, exchange))
    except Lwm2mError as err:
        return f"{type(err).__name__}: {err}"


@pytest.mark.parametrize("name", NAMES)
async def test_every_recorded_answer_has_an_outcome(
    name: str, server: ScriptedServer, client: LeshanClient, snapshot: SnapshotAssertion
) -> None:
    outcomes = []
    for exchange in exchanges(name):
        server.will_answer(exchange.answer)
        outcomes.append(f"{exchange.title} -> {await outcome_of(client, exchange)}")
    assert outcomes == snapshot
