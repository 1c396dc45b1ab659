"""The repository's blueprints, as somebody has them who imported them."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from homeassistant.components.automation.helpers import async_get_blueprints
from homeassistant.components.blueprint.models import Blueprint
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import async_mock_service

from tests.source_code import REPOSITORY

FOLDER: Final = REPOSITORY / "blueprints/automation/flownexus_ota"
NAMES: Final = sorted(file.name for file in FOLDER.iterdir())
TELL: Final = {
    "action": "notify.notify",
    "data": {"title": "{{ title }}", "message": "{{ message }}"},
}


def put_in_place(hass: HomeAssistant) -> None:
    """Copy the blueprints to where Home Assistant looks for them."""
    target = Path(hass.config.path("blueprints/automation/flownexus_ota"))
    shutil.copytree(FOLDER, target, dirs_exist_ok=True)


async def blueprint(hass: HomeAssistant, name: str) -> Blueprint:
    """Return a blueprint as Home Assistant has read it; it raises for what it does not accept."""
    put_in_place(hass)
    assert await async_setup_component(hass, "automation", {})
    found: Blueprint = await async_get_blueprints(hass).async_get_blueprint(f"flownexus_ota/{name}")
    return found


@asynccontextmanager
async def automation(hass: HomeAssistant, name: str, **inputs: Any) -> AsyncIterator[str]:
    """Switch on an automation made of a blueprint, give its entity's id, switch it off again."""
    put_in_place(hass)
    use = {"path": f"flownexus_ota/{name}", "input": inputs}
    config = {"id": "made", "alias": "made", "use_blueprint": use}
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "automation", {"automation": [config]})
    [state] = hass.states.async_all("automation")
    assert state.state == "on"  # one that Home Assistant does not accept is unavailable
    yield state.entity_id
    await hass.services.async_call(
        "automation", "turn_off", {"entity_id": state.entity_id}, blocking=True
    )


async def run(hass: HomeAssistant, entity_id: str) -> None:
    """Run an automation as if its time had come; return when it is done."""
    data = {"entity_id": entity_id, "skip_condition": False}
    await hass.services.async_call("automation", "trigger", data, blocking=True)


def notifications(hass: HomeAssistant) -> list[ServiceCall]:
    """Return the notifications that `TELL` will send."""
    calls: list[ServiceCall] = async_mock_service(hass, "notify", "notify")
    return calls


def said(call: ServiceCall) -> tuple[str, list[str]]:
    """Return a notification's title, and the lines of its text that are not empty."""
    lines = [line.strip() for line in call.data["message"].splitlines()]
    return call.data["title"], [line for line in lines if line]
