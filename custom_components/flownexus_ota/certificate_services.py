"""The action that hands out the certificate which devices are made to trust."""

import base64
from typing import Final

import voluptuous as vol
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers.service import async_register_admin_service

from .certificate_authority import async_authority
from .const import DOMAIN
from .exceptions import authority_unreadable_error
from .serving.certificate_file import CertificateFileError
from .serving.pki import certificate_der, certificate_pem, fingerprint

SERVICE_GET_CA_CERTIFICATE: Final = "get_ca_certificate"
CA_CERTIFICATE_SCHEMA: Final = vol.Schema({})


@callback
def async_register_certificate_services(hass: HomeAssistant) -> None:
    """Register the action, once; only administrators may use it."""

    async def get_ca_certificate(_: ServiceCall) -> ServiceResponse:
        return await _async_get_ca_certificate(hass)

    async_register_admin_service(
        hass,
        DOMAIN,
        SERVICE_GET_CA_CERTIFICATE,
        get_ca_certificate,
        CA_CERTIFICATE_SCHEMA,  # type: ignore[arg-type] # at run time, voluptuous is probatio
        SupportsResponse.ONLY,
    )


async def _async_get_ca_certificate(hass: HomeAssistant) -> ServiceResponse:
    """Return the authority's certificate, which is made if there is none; never its key."""
    try:
        authority = await async_authority(hass)
    except CertificateFileError as err:
        raise authority_unreadable_error(err.placeholders) from err
    certificate = authority.certificate
    return {
        "subject": certificate.subject.rfc4514_string(),
        "fingerprint_sha256": fingerprint(certificate),
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "pem": certificate_pem(certificate),
        "der_base64": base64.b64encode(certificate_der(certificate)).decode("ascii"),
    }
