"""The action that hands out the certificate which devices are made to trust."""

import base64
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.setup import async_setup_component

from custom_components.flownexus_ota.const import DOMAIN
from custom_components.flownexus_ota.serving.pki import parse_identity


@dataclass(frozen=True)
class AuthorityFile:
    """Where the authority is kept."""

    path: Path

    @property
    def text(self) -> str | None:
        return self.path.read_text() if self.path.exists() else None

    @property
    def mode(self) -> int:
        return stat.S_IMODE(self.path.stat().st_mode)

    def damage(self) -> None:
        self.path.write_text("damaged")


@pytest.fixture
def file(hass: HomeAssistant) -> AuthorityFile:
    storage = Path(hass.config.path(".storage"))
    storage.mkdir(exist_ok=True)
    return AuthorityFile(storage / "flownexus_ota.ca.pem")


@pytest.fixture(autouse=True)
async def integration_without_a_server(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, DOMAIN, {})


async def ask(hass: HomeAssistant, context: Context | None = None) -> Any:
    return await hass.services.async_call(
        DOMAIN, "get_ca_certificate", blocking=True, context=context, return_response=True
    )


async def test_the_certificate_comes_in_both_forms_with_what_people_compare(
    hass: HomeAssistant, file: AuthorityFile
) -> None:
    hass.config.location_name = "Greenhouse"
    answer = await ask(hass)
    certificate = x509.load_pem_x509_certificate(answer["pem"].encode())
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex(":").upper()
    assert x509.load_der_x509_certificate(base64.b64decode(answer["der_base64"])) == certificate
    assert answer["fingerprint_sha256"] == fingerprint
    assert answer["not_after"] == certificate.not_valid_after_utc.isoformat()
    assert "O=Greenhouse" in answer["subject"]
    assert file.text is not None
    assert parse_identity(file.text).certificate == certificate


async def test_the_key_stays_where_it_is(hass: HomeAssistant, file: AuthorityFile) -> None:
    answer = await ask(hass)
    assert "PRIVATE" not in str(answer)
    assert file.mode == 0o600


async def test_every_call_returns_the_same_certificate(
    hass: HomeAssistant, file: AuthorityFile
) -> None:
    assert await ask(hass) == await ask(hass)


async def test_only_an_administrator_may_ask(
    hass: HomeAssistant, file: AuthorityFile, hass_read_only_user: User
) -> None:
    with pytest.raises(Unauthorized):
        await ask(hass, Context(user_id=hass_read_only_user.id))
    assert file.text is None


async def test_a_damaged_authority_is_told_and_left_alone(
    hass: HomeAssistant, file: AuthorityFile
) -> None:
    file.damage()
    with pytest.raises(HomeAssistantError) as raised:
        await ask(hass)
    assert raised.value.translation_key == "authority_unreadable"
    assert str(file.path) in str(raised.value)
    assert file.text == "damaged"
