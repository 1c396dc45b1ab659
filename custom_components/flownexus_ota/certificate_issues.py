"""Repair issues of a certificate: one that cannot be used, or that devices will not accept."""

import logging
from collections.abc import Iterable
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .serving.certificate_file import CertificateFileError, CertificateProblem

_LOGGER: Final = logging.getLogger(__name__)

CERTIFICATE_ISSUE_PREFIX: Final = "certificate_"


@callback
def show_certificate_problems(
    hass: HomeAssistant, entry: ConfigEntry, problems: Iterable[CertificateFileError]
) -> None:
    """Say what is wrong with the certificate of a server's listener, and nothing else any more."""
    told = {each.problem: each for each in problems}
    for problem in CertificateProblem:
        if problem not in told:
            ir.async_delete_issue(hass, DOMAIN, _issue_id(entry, problem))
    for problem, each in told.items():
        if ir.async_get(hass).async_get_issue(DOMAIN, _issue_id(entry, problem)) is None:
            _LOGGER.warning("The certificate of %s: %s", entry.title, each)
        ir.async_create_issue(
            hass,
            DOMAIN,
            _issue_id(entry, problem),
            is_fixable=False,
            severity=_severity(problem),
            translation_key=f"{CERTIFICATE_ISSUE_PREFIX}{problem}",
            translation_placeholders={"server": entry.title, **each.placeholders},
        )


@callback
def clear_certificate_problems(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Say nothing more: nobody looks at the certificate."""
    show_certificate_problems(hass, entry, ())


def _severity(problem: CertificateProblem) -> ir.IssueSeverity:
    if problem in (CertificateProblem.EXPIRES_SOON, CertificateProblem.AUTHORITY_EXPIRES_SOON):
        return ir.IssueSeverity.WARNING
    return ir.IssueSeverity.ERROR


def _issue_id(entry: ConfigEntry, problem: CertificateProblem) -> str:
    return f"{CERTIFICATE_ISSUE_PREFIX}{entry.entry_id}_{problem}"
