"""The self-test through Home Assistant: when it runs, and what a person hears of it."""

import logging
import tempfile
from collections.abc import AsyncIterator
from typing import Any

import pytest
from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.flownexus_ota.const import CONF_FIRMWARE_BASE_URL, DOMAIN
from tests.serving.lying_server import LyingServer, answering, whole_image

from .fleet import NEW, World
from .texts import TEXTS

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
async def repairs(hass: HomeAssistant) -> None:
    """Have repairs, whose routes have to be there before the server starts."""
    assert await async_setup_component(hass, "http", {})
    assert await async_setup_component(hass, "repairs", {})


@pytest.fixture
async def proxy(repairs: None, world: World) -> AsyncIterator[LyingServer]:
    """Set up with a device behind a server that knows no ranges."""
    await world.add_device("sensor-1")
    world.add_image()
    await world.set_up()
    await world.ready("sensor-1")
    async with LyingServer(world.runtime.shared.book, whole_image) as server:
        move(world, server.url)
        yield server


def move(world: World, url: str) -> None:
    """Give devices another address, as the options do."""
    assert world.entry is not None
    options = dict(world.entry.options) | {CONF_FIRMWARE_BASE_URL: url}
    world.hass.config_entries.async_update_entry(world.entry, options=options)


def issues(world: World) -> list[ir.IssueEntry]:
    """Return what is said of addresses."""
    return [
        issue
        for (domain, issue_id), issue in ir.async_get(world.hass).issues.items()
        if domain == DOMAIN and issue_id.startswith("firmware_url_")
    ]


def problems(world: World) -> set[str]:
    return {str(issue.translation_key).removeprefix("firmware_url_") for issue in issues(world)}


async def install(world: World) -> None:
    await world.install(await world.ready("sensor-1"))


async def run_action(world: World, context: Context | None = None, **data: Any) -> Any:
    """Test on demand; return what is told of the URLs."""
    assert world.entry is not None
    answer = await world.hass.services.async_call(
        DOMAIN,
        "test_firmware_url",
        {"config_entry_id": world.entry.entry_id} | data,
        blocking=True,
        context=context,
        return_response=True,
    )
    assert answer is not None
    return answer["urls"]


async def test_the_first_update_tests_the_address_and_is_not_held_up_by_what_is_found(
    proxy: LyingServer, world: World
) -> None:
    assert proxy.requests == []
    await install(world)
    await world.until(lambda: bool(issues(world)))
    [issue] = issues(world)
    assert world.devices["sensor-1"].record.running_version == NEW
    assert issue.translation_key == "firmware_url_range_ignored"
    assert issue.severity is ir.IssueSeverity.WARNING
    assert issue.is_fixable


async def test_every_text_can_be_put_together(proxy: LyingServer, world: World) -> None:
    await run_action(world)
    [issue] = issues(world)
    texts = [text for key, text in TEXTS["issues"].items() if key.startswith("firmware_url_")]
    told = [text["title"] + text["fix_flow"]["step"]["confirm"]["description"] for text in texts]
    filled = [text.format(**(issue.translation_placeholders or {})) for text in told]
    assert len(filled) == 19
    assert all(proxy.url in text and "{" not in text for text in filled)


async def test_the_second_update_does_not_test_again(proxy: LyingServer, world: World) -> None:
    await install(world)
    await world.until(lambda: bool(issues(world)))
    tests = [request for request in proxy.requests if "self-test" in request]
    await world.add_device("sensor-2")
    await world.install(await world.ready("sensor-2"))
    assert [request for request in proxy.requests if "self-test" in request] == tests
    assert len(tests) == 1


async def test_an_update_that_waits_tests_nothing_yet(proxy: LyingServer, world: World) -> None:
    await world.add_sleeping_device("sensor-2")
    await world.install(await world.ready("sensor-2"))
    assert world.phase("sensor-2").state == "waiting"
    assert proxy.requests == []


async def test_another_address_is_tested_at_once_and_clears_the_issue(
    proxy: LyingServer, world: World
) -> None:
    await install(world)
    await world.until(lambda: bool(issues(world)))
    move(world, world.firmware_url)
    await world.until(lambda: not issues(world))
    move(world, NOWHERE)
    await world.until(lambda: problems(world) == {"refused"})


async def test_other_options_do_not_test_again(proxy: LyingServer, world: World) -> None:
    await run_action(world)
    asked = len(proxy.requests)
    assert world.entry is not None
    options = dict(world.entry.options) | {"max_parallel_updates": 3}
    world.hass.config_entries.async_update_entry(world.entry, options=options)
    await world.hass.async_block_till_done(wait_background_tasks=False)
    assert len(proxy.requests) == asked


async def test_the_action_tells_what_is_wrong_and_raises_the_issue(
    proxy: LyingServer, world: World
) -> None:
    told = await run_action(world)
    assert told == [{"url": proxy.url, "ok": False, "problem": "range_ignored", "detail": "200 OK"}]
    assert problems(world) == {"range_ignored"}
    proxy.answer = answering()
    told = await run_action(world)
    assert told == [{"url": proxy.url, "ok": True, "problem": None, "detail": None}]
    assert issues(world) == []


async def test_our_own_server_passes(world: World) -> None:
    await world.add_device("sensor-1")
    world.add_image()
    await world.set_up()
    await install(world)
    [told] = await run_action(world)
    assert told["ok"]
    assert issues(world) == []


async def test_a_loopback_address_is_only_good_for_devices_on_this_machine(world: World) -> None:
    await world.set_up()
    [told] = await run_action(world)
    assert told["problem"] == "loopback"
    await world.add_device("sensor-1")
    await world.ready("sensor-1")
    [told] = await run_action(world)
    assert told["ok"]


async def test_without_an_address_there_is_nothing_to_test(world: World) -> None:
    world.hass.config.api = None
    await world.set_up(**{CONF_FIRMWARE_BASE_URL: None})
    assert await run_action(world) == []


async def test_only_an_administrator_may_test(world: World, hass_read_only_user: User) -> None:
    await world.set_up()
    with pytest.raises(Unauthorized):
        await run_action(world, Context(user_id=hass_read_only_user.id))


async def test_a_server_that_is_none_of_ours_is_refused(world: World) -> None:
    await world.set_up()
    with pytest.raises(ServiceValidationError) as raised:
        await run_action(world, config_entry_id="somebody")
    assert raised.value.translation_key == "server_not_loaded"


async def test_a_full_disk_is_told_and_says_nothing_of_the_address(
    proxy: LyingServer, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")
    with pytest.raises(HomeAssistantError) as raised:
        await run_action(world)
    assert raised.value.translation_key == "self_test_failed"
    assert issues(world) == []


async def test_a_full_disk_does_not_keep_an_update(
    proxy: LyingServer,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "custom_components.flownexus_ota")
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")
    await install(world)
    await world.until(lambda: "The firmware base URL was not tested" in caplog.text)
    assert world.devices["sensor-1"].record.running_version == NEW
    assert issues(world) == []


async def fix(hass_client: ClientSessionGenerator, issue: ir.IssueEntry) -> dict[str, Any]:
    """Open the repair, test again, and return how it ended."""
    client = await hass_client()
    begun = await client.post(
        "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue.issue_id}
    )
    form = await begun.json()
    assert form["step_id"] == "confirm"
    assert form["description_placeholders"] == issue.translation_placeholders
    ended = await client.post(f"/api/repairs/issues/fix/{form['flow_id']}", json={})
    outcome: dict[str, Any] = await ended.json()
    return outcome


async def test_the_repair_tests_again_and_closes_the_issue_when_all_is_well(
    proxy: LyingServer, world: World, hass_client: ClientSessionGenerator
) -> None:
    await run_action(world)
    proxy.answer = answering()
    [issue] = issues(world)
    outcome = await fix(hass_client, issue)
    assert outcome["type"] == "create_entry"
    assert issues(world) == []


async def test_the_repair_leaves_what_is_still_wrong(
    proxy: LyingServer, world: World, hass_client: ClientSessionGenerator
) -> None:
    await run_action(world)
    proxy.answer = answering(etag=None)
    [issue] = issues(world)
    outcome = await fix(hass_client, issue)
    assert (outcome["type"], outcome["reason"]) == ("abort", "still_wrong")
    assert problems(world) == {"no_etag"}


async def test_the_repair_says_when_it_could_not_test(
    proxy: LyingServer,
    world: World,
    hass_client: ClientSessionGenerator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await run_action(world)
    [issue] = issues(world)
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")
    outcome = await fix(hass_client, issue)
    assert (outcome["type"], outcome["reason"]) == ("abort", "not_tested")
    assert problems(world) == {"range_ignored"}


async def test_unloading_the_server_closes_the_issue_and_ends_a_test(
    proxy: LyingServer, world: World
) -> None:
    await run_action(world)
    assert world.entry is not None
    self_test = world.runtime.self_test
    assert await world.hass.config_entries.async_unload(world.entry.entry_id)
    assert issues(world) == []
    self_test.async_settings_changed()
    await self_test.async_run()
    assert issues(world) == []


async def test_a_problem_is_logged_once_and_without_the_token(
    proxy: LyingServer, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "custom_components.flownexus_ota")
    await run_action(world)
    await run_action(world)
    warnings = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    tokens = {request.split("/")[2] for request in proxy.requests}
    expected = f"Devices may not get firmware from {proxy.url}: range_ignored (200 OK)"
    assert warnings.count(expected) == 1
    assert len(tokens) == 2
    assert not any(token in caplog.text for token in tokens)
