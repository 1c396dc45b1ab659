"""The options about https: whose certificate the listener shows, and the one that devices trust."""

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.helpers.selector import TextSelector

from .certificate_authority import async_authority
from .certificates import hosts_of_listener, own_files
from .const import CONF_CERTIFICATE_FILE, CONF_CERTIFICATE_KEY_FILE
from .option_steps import OptionSteps
from .serving.certificate_file import CertificateFileError, CertificateProblem, read_certificate
from .serving.pki import certificate_der, certificate_pem, fingerprint, hosts_of

# Home Assistant puts the one in the place of the other, and names the one in its types.
if TYPE_CHECKING:
    import probatio as vol
else:
    import voluptuous as vol

CERTIFICATE_TOPICS: Final = ("certificate_files", "ca_certificate")

FILES_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(CONF_CERTIFICATE_FILE): TextSelector(),
        vol.Optional(CONF_CERTIFICATE_KEY_FILE): TextSelector(),
    }
)

FILE_ERRORS: Final[Mapping[CertificateProblem, tuple[str, str]]] = {
    CertificateProblem.UNREADABLE: ("base", "certificate_unreadable"),
    CertificateProblem.NO_CERTIFICATE: (CONF_CERTIFICATE_FILE, "no_certificate"),
    CertificateProblem.NO_KEY: (CONF_CERTIFICATE_KEY_FILE, "no_key"),
    CertificateProblem.KEY_ENCRYPTED: (CONF_CERTIFICATE_KEY_FILE, "key_encrypted"),
    CertificateProblem.KEY_MISMATCH: (CONF_CERTIFICATE_KEY_FILE, "key_mismatch"),
}
"""What reading the files may raise: the field that it is told at, and the key of its text."""

NOTHING: Final = "–"
"""Stands in a text for what there is not."""


class CertificateSteps(OptionSteps):
    """Choose the files of a certificate, and get hold of the authority's."""

    async def async_step_certificates(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Look at the certificate, show what the listener shows, and what there is to choose."""
        runtime = self._runtime()
        await runtime.certificates.async_refresh()
        await runtime.downloads.async_apply()
        shown = runtime.certificates.shown.certificate
        if shown is None:
            return self.async_show_menu(
                step_id="no_certificate", menu_options=list(CERTIFICATE_TOPICS)
            )
        hosts = sorted(hosts_of_listener(self.hass, self.config_entry))
        return self.async_show_menu(
            step_id="certificates",
            menu_options=list(CERTIFICATE_TOPICS),
            description_placeholders={
                "wanted_hosts": ", ".join(hosts) or NOTHING,
                **_facts(shown),
            },
        )

    async def async_step_no_certificate(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Look again: the same menu with another text, for which Home Assistant wants a step."""
        return await self.async_step_certificates(user_input)

    async def async_step_certificate_files(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show and store where a person keeps a certificate and its key."""
        errors: dict[str, str] = {}
        placeholders = {"file": NOTHING, "error": NOTHING, "key_file": NOTHING}
        if user_input is not None:
            changes = _parsed(user_input)
            files = own_files(self.hass, changes)
            try:
                if files is not None:
                    await self.hass.async_add_executor_job(read_certificate, files)
            except CertificateFileError as err:
                field, key = FILE_ERRORS[err.problem]
                errors[field] = key
                placeholders |= err.placeholders
            if files is None and changes[CONF_CERTIFICATE_KEY_FILE] is not None:
                errors[CONF_CERTIFICATE_FILE] = "certificate_file_missing"
            if not errors:
                return self._stored(**changes)
        return self.async_show_form(
            step_id="certificate_files",
            data_schema=self.add_suggested_values_to_schema(
                FILES_SCHEMA, user_input or self.config_entry.options
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def async_step_ca_certificate(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the certificate that devices have to trust, made if there is none."""
        if user_input is not None:
            return await self.async_step_certificates()
        try:
            authority = await async_authority(self.hass)
        except CertificateFileError as err:
            return self.async_abort(
                reason="authority_unreadable", description_placeholders=dict(err.placeholders)
            )
        certificate = authority.certificate
        der = base64.b64encode(certificate_der(certificate)).decode("ascii")
        return self.async_show_form(
            step_id="ca_certificate",
            data_schema=vol.Schema({}),
            description_placeholders={
                **_facts(certificate),
                "pem": certificate_pem(certificate).strip(),
                "der": der,
            },
            last_step=False,
        )


def _parsed(user_input: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the options to store; a field that was left empty is none."""
    return {
        name: user_input.get(name, "").strip() or None
        for name in (CONF_CERTIFICATE_FILE, CONF_CERTIFICATE_KEY_FILE)
    }


def _facts(certificate: x509.Certificate) -> dict[str, str]:
    """Return what people compare of a certificate."""
    return {
        "subject": certificate.subject.rfc4514_string(),
        "hosts": ", ".join(hosts_of(certificate)) or NOTHING,
        "fingerprint": fingerprint(certificate),
        "begin": f"{certificate.not_valid_before_utc:%Y-%m-%d}",
        "end": f"{certificate.not_valid_after_utc:%Y-%m-%d}",
    }
