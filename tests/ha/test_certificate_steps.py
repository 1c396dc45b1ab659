"""The options about certificates, as a person meets them."""

import base64
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.flownexus_ota.serving.pki import issue
from harness.ports import free_tcp_port
from tests.serving.pki_parts import NOW, an_authority, write_identity, write_key, write_rsa_pair

from .fleet import World
from .forms import open_topic, suggestions
from .test_downloads import listening_on

NAME = "fw.example.org"


@pytest.fixture
def storage(world: World) -> Path:
    """Return where Home Assistant keeps what is its own."""
    folder = Path(world.hass.config.path(".storage"))
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
async def entry(world: World) -> MockConfigEntry:
    return await world.set_up()


async def choose(world: World, entry: MockConfigEntry, topic: str) -> ConfigFlowResult:
    """Choose a topic below *Certificates*."""
    menu = await open_topic(world.hass, entry, "certificates")
    assert menu["type"] is FlowResultType.MENU
    options = world.hass.config_entries.options
    return await options.async_configure(menu["flow_id"], {"next_step_id": topic})


async def send(world: World, form: ConfigFlowResult, **typed: str) -> ConfigFlowResult:
    return await world.hass.config_entries.options.async_configure(form["flow_id"], typed)


def words(form: ConfigFlowResult) -> dict[str, str]:
    """Return what the text of a form is filled in with."""
    return {**(form["description_placeholders"] or {})}


async def test_without_https_the_menu_says_that_no_certificate_is_shown(
    world: World, entry: MockConfigEntry
) -> None:
    menu = await open_topic(world.hass, entry, "certificates")
    assert (menu["step_id"], words(menu)) == ("no_certificate", {})


async def test_the_menu_shows_what_the_listener_shows(world: World, storage: Path) -> None:
    entry = await world.set_up(**listening_on(free_tcp_port(), "https"), advertised_host=NAME)
    shown = world.runtime.certificates.shown.certificate
    assert shown is not None
    told = words(await open_topic(world.hass, entry, "certificates"))
    assert (told["wanted_hosts"], told["subject"]) == (NAME, f"CN={NAME}")
    assert NAME in told["hosts"]
    assert told["end"] == f"{shown.not_valid_after_utc:%Y-%m-%d}"


async def test_what_was_mended_is_taken_up_when_the_menu_is_opened(
    world: World, tmp_path: Path
) -> None:
    file = tmp_path / "own.pem"
    options = listening_on(free_tcp_port(), "https") | {"advertised_host": NAME}
    entry = await world.set_up(**options, certificate_file=str(file))
    assert not world.runtime.downloads.is_listening
    write_identity(file, issue(an_authority(), [NAME], now=NOW))
    told = words(await open_topic(world.hass, entry, "certificates"))
    assert (told["hosts"], told["subject"]) == (NAME, f"CN={NAME}")
    assert world.runtime.downloads.is_listening


async def test_the_certificate_to_trust_is_shown_in_both_forms_and_then_the_menu_again(
    world: World, storage: Path, entry: MockConfigEntry
) -> None:
    form = await choose(world, entry, "ca_certificate")
    told = words(form)
    certificate = x509.load_pem_x509_certificate(told["pem"].encode())
    assert x509.load_der_x509_certificate(base64.b64decode(told["der"])) == certificate
    assert told["end"] == f"{certificate.not_valid_after_utc:%Y-%m-%d}"
    assert len(told["fingerprint"].split(":")) == 32
    assert (await send(world, form))["step_id"] == "no_certificate"


async def test_a_damaged_authority_ends_the_flow_with_words(
    world: World, storage: Path, entry: MockConfigEntry
) -> None:
    file = storage / "flownexus_ota.ca.pem"
    file.write_text("damaged")
    end = await choose(world, entry, "ca_certificate")
    assert (end["type"], end["reason"]) == (FlowResultType.ABORT, "authority_unreadable")
    assert words(end)["file"] == str(file)


async def test_files_of_ones_own_are_stored_and_can_be_taken_back(
    world: World, entry: MockConfigEntry, tmp_path: Path
) -> None:
    write_rsa_pair(tmp_path / "own.crt", tmp_path / "own.key", NAME)
    before = dict(entry.options)
    form = await choose(world, entry, "certificate_files")
    assert suggestions(form) == {}
    typed = {"certificate_file": "own.crt", "certificate_key_file": str(tmp_path / "own.key")}
    await send(world, form, **typed)
    assert entry.options == {**before, **typed}

    form = await choose(world, entry, "certificate_files")
    assert suggestions(form) == typed
    await send(world, form, certificate_file=" ")
    assert entry.options == before


async def test_the_key_may_be_in_the_file_of_the_certificate(
    world: World, entry: MockConfigEntry, tmp_path: Path
) -> None:
    file = write_identity(tmp_path / "both.pem", an_authority())
    form = await choose(world, entry, "certificate_files")
    result = await send(world, form, certificate_file=str(file))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert "certificate_key_file" not in entry.options


async def test_what_is_wrong_with_the_files_is_told_where_it_is(
    world: World, entry: MockConfigEntry, tmp_path: Path
) -> None:
    crt, key, other = tmp_path / "own.crt", tmp_path / "own.key", tmp_path / "other.key"
    form = await choose(world, entry, "certificate_files")

    form = await send(world, form, certificate_file=str(crt))
    assert form["errors"] == {"base": "certificate_unreadable"}
    assert words(form)["file"] == str(crt)

    write_rsa_pair(crt, key, NAME)
    form = await send(world, form, certificate_file=str(key), certificate_key_file=str(key))
    assert form["errors"] == {"certificate_file": "no_certificate"}
    form = await send(world, form, certificate_file=str(crt))
    assert form["errors"] == {"certificate_key_file": "no_key"}

    write_key(other, ec.generate_private_key(ec.SECP256R1()), password="secret")
    form = await send(world, form, certificate_file=str(crt), certificate_key_file=str(other))
    assert form["errors"] == {"certificate_key_file": "key_encrypted"}
    write_key(other, ec.generate_private_key(ec.SECP256R1()))
    form = await send(world, form, certificate_file=str(crt), certificate_key_file=str(other))
    assert form["errors"] == {"certificate_key_file": "key_mismatch"}
    assert words(form)["key_file"] == str(other)

    form = await send(world, form, certificate_key_file=str(key))
    assert form["errors"] == {"certificate_file": "certificate_file_missing"}
    assert suggestions(form) == {"certificate_key_file": str(key)}
    assert "certificate_file" not in entry.options
