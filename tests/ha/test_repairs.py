"""Repair issues about updates: failures that a person can mend, and somebody else's updates."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.flownexus_ota.const import DOMAIN
from custom_components.flownexus_ota.issues import (
    REASONS_TO_ACT_ON,
    RESULTS_TO_ACT_ON,
    failed_update_key,
)
from custom_components.flownexus_ota.lwm2m.firmware_update import UpdateResult
from custom_components.flownexus_ota.ota.phase import Phase, Reason
from custom_components.flownexus_ota.ota.session_state import Session
from custom_components.flownexus_ota.repairs import async_create_fix_flow
from tests.ota.play import new_session

from .fleet import NEW, World
from .texts import TEXTS


@pytest.fixture
async def elsewhere() -> AsyncIterator[str]:
    """Return the address of an image that somebody else offers, and that never ends."""
    closing = asyncio.Event()

    async def serve(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100000"})
        await response.prepare(request)
        await response.write(b"\0" * 1000)
        await closing.wait()
        return response

    application = web.Application()
    application.router.add_get("/image.bin", serve)
    server = TestServer(application)
    await server.start_server()
    yield str(server.make_url("/image.bin"))
    closing.set()
    await server.close()


async def offer_elsewhere(world: World, endpoint: str, uri: str) -> None:
    """Let another user of the server start an update of a device."""
    body = {"id": 1, "kind": "singleResource", "value": uri, "type": "string"}
    url = f"{world.leshan.base_url}/api/clients/{endpoint}/5/0/1"
    async with aiohttp.ClientSession() as session, session.put(url, json=body) as response:
        assert response.status == HTTPStatus.OK


def issues(world: World) -> dict[str, ir.IssueEntry]:
    """Return our issues by what they are about."""
    return {
        str(issue.translation_key): issue
        for (domain, _), issue in ir.async_get(world.hass).issues.items()
        if domain == DOMAIN and issue.active
    }


def text_of(issue: ir.IssueEntry) -> str:
    """Return what a person reads; a missing word raises `KeyError`."""
    text = TEXTS["issues"][issue.translation_key]
    words = issue.translation_placeholders or {}
    return f"{text['title']}\n{text.get('description', '')}".format(**words)


async def begin_unawaited(world: World, endpoint: str, behaviour: str) -> None:
    """Ask for an update of a sleeping device, which starts when nobody waits any more."""
    device = await world.add_sleeping_device(endpoint, behaviour)
    await world.install(await world.ready(endpoint))
    device.wake()


async def test_a_failure_that_nobody_awaits_and_somebody_can_mend_is_an_issue(
    world: World,
) -> None:
    world.add_image()
    await world.set_up()
    await begin_unawaited(world, "sensor-1", "no_space")
    await world.until(lambda: world.phase("sensor-1").state == "failed")
    (issue,) = issues(world).values()
    assert issue.translation_key == "update_failed_no_storage"
    assert text_of(issue).startswith(f"The update of sensor-1 to version {NEW} failed")
    assert not issue.is_fixable


async def test_a_failure_that_somebody_awaits_is_only_raised(world: World) -> None:
    await world.add_device("sensor-1", "no_space")
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    with pytest.raises(HomeAssistantError):
        await world.install(entity_id)
    assert issues(world) == {}


async def test_the_next_update_of_the_device_closes_the_issue(world: World) -> None:
    world.add_image()
    await world.set_up()
    await begin_unawaited(world, "sensor-1", "no_space")
    await world.until(lambda: bool(issues(world)))
    entity_id = world.entity_id("sensor-1", "firmware", "update")
    await world.hass.services.async_call(
        DOMAIN, "retry_update", {"entity_id": entity_id}, blocking=True
    )
    assert issues(world) == {}


async def test_removing_the_server_closes_its_issues(world: World) -> None:
    world.add_image()
    entry = await world.set_up()
    await begin_unawaited(world, "sensor-1", "no_space")
    await world.until(lambda: bool(issues(world)))
    await world.hass.config_entries.async_remove(entry.entry_id)
    assert issues(world) == {}


@pytest.mark.parametrize("result", RESULTS_TO_ACT_ON)
def test_what_a_device_reports_and_waiting_does_not_cure_is_an_issue(result: int) -> None:
    assert failed_update_key(failed(Reason.DEVICE_REPORTED, result)) == RESULTS_TO_ACT_ON[result]


@pytest.mark.parametrize("reason", REASONS_TO_ACT_ON)
def test_what_somebody_has_to_look_after_is_an_issue(reason: Reason) -> None:
    assert failed_update_key(failed(reason)) == REASONS_TO_ACT_ON[reason]


@pytest.mark.parametrize(
    "session",
    [
        new_session(phase=Phase.FAILED, reason=Reason.TRANSFER_STALLED),
        new_session(
            phase=Phase.FAILED,
            reason=Reason.DEVICE_REPORTED,
            result=UpdateResult.CONNECTION_LOST,
        ),
        new_session(phase=Phase.FAILED),
    ],
)
def test_what_another_try_may_cure_is_no_issue(session: Session) -> None:
    assert failed_update_key(session) is None


def failed(reason: Reason, result: int = UpdateResult.UPDATE_FAILED) -> Session:
    """Return a session that failed."""
    return replace(new_session(), phase=Phase.FAILED, reason=reason, result=result)


async def foreign(world: World, elsewhere: str) -> str:
    """Set up with a device that downloads from elsewhere; return the id of the issue."""
    await world.add_device("sensor-1")
    await offer_elsewhere(world, "sensor-1", elsewhere)
    world.add_image()
    await world.set_up()
    await world.ready("sensor-1")
    await world.until(lambda: bool(issues(world)))
    issue = issues(world)["foreign_update"]
    assert issue.is_fixable
    assert text_of(issue).startswith("sensor-1 is busy with an update that was not started here")
    return issue.issue_id


async def fix(hass_client: ClientSessionGenerator, issue_id: str) -> dict[str, Any]:
    """Open the repair, confirm it, and return how it ended."""
    client = await hass_client()
    begun = await client.post(
        "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue_id}
    )
    form = await begun.json()
    assert form["step_id"] == "confirm"
    assert form["description_placeholders"] == {"device": "sensor-1"}
    ended = await client.post(f"/api/repairs/issues/fix/{form['flow_id']}", json={})
    outcome: dict[str, Any] = await ended.json()
    return outcome


@pytest.fixture
async def repairs(hass: HomeAssistant) -> None:
    """Have repairs, whose routes have to be there before the server starts."""
    assert await async_setup_component(hass, "http", {})
    assert await async_setup_component(hass, "repairs", {})


@pytest.mark.usefixtures("repairs")
async def test_a_device_that_is_updated_from_elsewhere_can_be_reset(
    hass_client: ClientSessionGenerator, elsewhere: str, world: World
) -> None:
    issue_id = await foreign(world, elsewhere)
    assert world.phase("sensor-1").attributes["foreign_update"] is True
    outcome = await fix(hass_client, issue_id)
    assert outcome["type"] == "create_entry"
    assert issues(world) == {}
    assert "foreign_update" not in world.phase("sensor-1").attributes
    await world.install(await world.ready("sensor-1"))
    assert world.devices["sensor-1"].record.running_version == NEW


async def test_an_update_is_refused_while_the_device_is_updated_from_elsewhere(
    elsewhere: str, world: World
) -> None:
    await foreign(world, elsewhere)
    entity_id = await world.ready("sensor-1")
    with pytest.raises(HomeAssistantError) as raised:
        await world.install(entity_id)
    assert raised.value.translation_key == "update_failed_foreign_update"
    assert "foreign_update" in issues(world)


@pytest.mark.usefixtures("repairs")
async def test_a_reset_that_the_device_does_not_hear_leaves_the_issue(
    hass_client: ClientSessionGenerator, elsewhere: str, world: World
) -> None:
    issue_id = await foreign(world, elsewhere)
    await world.devices["sensor-1"].stop()
    outcome = await fix(hass_client, issue_id)
    assert (outcome["type"], outcome["reason"]) == ("abort", "reset_failed")
    assert "foreign_update" in issues(world)


@pytest.mark.usefixtures("repairs")
async def test_a_reset_of_a_device_that_was_deleted_says_so(
    hass_client: ClientSessionGenerator, elsewhere: str, world: World
) -> None:
    issue_id = await foreign(world, elsewhere)
    await world.devices["sensor-1"].stop()
    await world.until(lambda: not world.view("sensor-1").is_registered)
    client = await hass_client()
    begun = await client.post(
        "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue_id}
    )
    assert world.entry is not None
    device = dr.async_get(world.hass).async_get_device_by_identifier(
        (DOMAIN, f"{world.entry.entry_id}_sensor-1"), world.entry.entry_id
    )
    assert device is not None
    assert world.runtime.async_forget(world.view("sensor-1").endpoint)
    flow_id = (await begun.json())["flow_id"]
    ended = await client.post(f"/api/repairs/issues/fix/{flow_id}", json={})
    assert (await ended.json())["reason"] == "device_gone"


async def test_unloading_the_server_closes_what_nobody_looks_at_any_more(
    elsewhere: str, world: World
) -> None:
    await foreign(world, elsewhere)
    assert world.entry is not None
    assert await world.hass.config_entries.async_unload(world.entry.entry_id)
    assert issues(world) == {}


@pytest.mark.parametrize("is_there", [True, False])
async def test_a_repair_without_its_server_says_so(world: World, *, is_there: bool) -> None:
    entry = world.add_entry()
    entry_id = entry.entry_id if is_there else "gone"
    data: dict[str, Any] = {"entry_id": entry_id, "endpoint": "sensor-1", "device": "sensor-1"}
    flow = await async_create_fix_flow(world.hass, "foreign_update", data)
    flow.hass = world.hass
    flow.flow_id = flow.handler = "test"
    ended = await flow.async_step_confirm({})  # type: ignore[attr-defined] # our flow
    assert ended["reason"] == "server_not_loaded"


async def test_a_repair_of_a_device_that_is_updated_by_now_says_so(
    elsewhere: str, world: World
) -> None:
    await foreign(world, elsewhere)
    await offer_elsewhere(world, "sensor-1", "")
    await world.until(lambda: world.devices["sensor-1"].is_registered)
    data: dict[str, Any] = {
        "entry_id": world.runtime.entry.entry_id,
        "endpoint": "sensor-1",
        "device": "sensor-1",
    }
    flow = await async_create_fix_flow(world.hass, "foreign_update", data)
    flow.hass = world.hass
    flow.flow_id = flow.handler = "test"
    await world.leshan.refuse_connections()
    await world.until(lambda: not world.engine.server_view().is_connected)
    await world.install(await world.ready("sensor-1"))
    ended = await flow.async_step_confirm({})  # type: ignore[attr-defined] # our flow
    assert ended["reason"] == "update_active"


async def test_an_issue_that_is_not_fixable_has_no_repair(world: World) -> None:
    with pytest.raises(ValueError, match="no fix for history_not_writable"):
        await async_create_fix_flow(world.hass, "history_not_writable", None)
