"""Repair issues about downloads: addresses under which devices do not get their images."""

import logging
from collections.abc import Collection
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .serving.self_test_rules import UrlVerdict

_LOGGER: Final = logging.getLogger(__name__)

FIRMWARE_URL_PREFIX: Final = "firmware_url_"


@callback
def show_url_problem(
    hass: HomeAssistant,
    entry: ConfigEntry,
    *,
    scheme: str,
    url: str,
    verdict: UrlVerdict,
) -> None:
    """Say what the self-test found wrong with a firmware base URL, and offer to test again."""
    issue_id = _issue_id(entry, scheme)
    key = f"{FIRMWARE_URL_PREFIX}{verdict.problem}"
    placeholders = {"server": entry.title, "url": url, "detail": verdict.detail or "-"}
    raised = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    if raised is None or raised.translation_key != key:
        _LOGGER.warning(
            "Devices may not get firmware from %s: %s (%s)", url, verdict.problem, verdict.detail
        )
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data={"entry_id": entry.entry_id, **placeholders},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=key,
        translation_placeholders=placeholders,
    )


@callback
def clear_url_problems(
    hass: HomeAssistant, entry: ConfigEntry, *, but: Collection[str] = ()
) -> None:
    """Say no more that a server's URLs are wrong, except for those of the schemes in `but`."""
    kept = {_issue_id(entry, scheme) for scheme in but}
    prefix = _issue_id(entry, "")
    for domain, issue_id in tuple(ir.async_get(hass).issues):
        if domain == DOMAIN and issue_id.startswith(prefix) and issue_id not in kept:
            ir.async_delete_issue(hass, DOMAIN, issue_id)


def _issue_id(entry: ConfigEntry, scheme: str) -> str:
    return f"{FIRMWARE_URL_PREFIX}{entry.entry_id}_{scheme}"
