"""The action that tests a server's firmware base URLs on demand."""

from typing import Final

import voluptuous as vol
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service

from .const import DOMAIN
from .exceptions import self_test_failed_error
from .targets import ATTR_CONFIG_ENTRY_ID, loaded_server

SERVICE_TEST_FIRMWARE_URL: Final = "test_firmware_url"

SELF_TEST_SCHEMA: Final = vol.Schema({vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string})


@callback
def async_register_self_test(hass: HomeAssistant) -> None:
    """Register the action, once; only administrators may use it."""

    async def test(call: ServiceCall) -> ServiceResponse:
        return await _async_test_firmware_url(hass, call)

    async_register_admin_service(
        hass,
        DOMAIN,
        SERVICE_TEST_FIRMWARE_URL,
        test,
        SELF_TEST_SCHEMA,  # type: ignore[arg-type] # at run time, voluptuous is probatio
        SupportsResponse.OPTIONAL,
    )


async def _async_test_firmware_url(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Test the URLs of a server now, and return what that told of each."""
    server = loaded_server(hass, call.data[ATTR_CONFIG_ENTRY_ID])
    try:
        reports = await server.self_test.async_run()
    except OSError as err:
        raise self_test_failed_error(err.strerror or str(err)) from err
    return {
        "urls": [
            {
                "url": report.url,
                "ok": report.verdict.problem is None,
                "problem": report.verdict.problem,
                "detail": report.verdict.detail or None,
            }
            for report in reports
        ]
    }
