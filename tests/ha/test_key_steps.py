"""The public keys of a server, as a person enters them."""

import pytest
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from ..ota.mcuboot_images import signing_key
from .forms import known_entry, open_topic, suggestions
from .texts import TEXTS

PUBLIC_PEM = signing_key("ecdsa-p256").public_pem.decode()
PRIVATE_PEM = signing_key("ecdsa-p256").private_pem.decode()


async def sent(hass: HomeAssistant, entry: MockConfigEntry, pem: str) -> ConfigFlowResult:
    form = await open_topic(hass, entry, "keys")
    return await hass.config_entries.options.async_configure(form["flow_id"], {"public_keys": pem})


def placeholders_of(form: ConfigFlowResult) -> dict[str, str]:
    return dict(form["description_placeholders"] or {})


async def test_keys_are_stored_and_shown_again_with_their_fingerprints(
    hass: HomeAssistant,
) -> None:
    entry = known_entry(hass, "http://127.0.0.1:2")
    assert placeholders_of(await open_topic(hass, entry, "keys"))["keys"] == "none"

    result = await sent(hass, entry, f"\n{PUBLIC_PEM}\n")

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["public_keys"] == PUBLIC_PEM.strip()
    again = await open_topic(hass, entry, "keys")
    assert suggestions(again) == {"public_keys": PUBLIC_PEM.strip()}
    assert placeholders_of(again)["keys"].startswith("ecdsa-p256 ")


async def test_a_blank_text_removes_the_keys(hass: HomeAssistant) -> None:
    entry = known_entry(hass, "http://127.0.0.1:2")
    await sent(hass, entry, PUBLIC_PEM)
    await sent(hass, entry, " ")
    assert "public_keys" not in entry.options


@pytest.mark.parametrize(
    ("pem", "error"),
    [("my key", "key_not_pem"), (PRIVATE_PEM, "key_private")],
    ids=["not_pem", "private"],  # the key is another one in each process
)
async def test_what_is_no_public_key_is_told_and_not_stored(
    hass: HomeAssistant, pem: str, error: str
) -> None:
    entry = known_entry(hass, "http://127.0.0.1:2")
    form = await sent(hass, entry, pem)
    assert form["errors"] == {"public_keys": error}
    assert "public_keys" not in entry.options


@pytest.mark.parametrize("error", ["key_unsupported_curve", "key_unsupported_size"])
async def test_every_word_that_an_error_needs_is_given(hass: HomeAssistant, error: str) -> None:
    entry = known_entry(hass, "http://127.0.0.1:2")
    words = placeholders_of(await sent(hass, entry, "x"))
    assert "{" not in TEXTS["options"]["error"][error].format(**words)


async def test_stored_keys_that_cannot_be_used_can_be_corrected(hass: HomeAssistant) -> None:
    entry = known_entry(hass, "http://127.0.0.1:2")
    hass.config_entries.async_update_entry(entry, options={"public_keys": "odd"})
    assert placeholders_of(await open_topic(hass, entry, "keys"))["keys"] == "none"
