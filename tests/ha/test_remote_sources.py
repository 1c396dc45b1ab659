"""Firmware from an index and from GitHub releases, as a person meets it."""

import hashlib
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import issue_registry as ir

from custom_components.flownexus_ota import remote_sources
from custom_components.flownexus_ota.const import CONF_PUBLIC_KEYS, DOMAIN
from custom_components.flownexus_ota.devices import device_of
from custom_components.flownexus_ota.diagnostics import (
    async_get_config_entry_diagnostics,
    async_get_device_diagnostics,
)
from custom_components.flownexus_ota.firmware_words import async_listing_words
from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.remote_sources import pause_after
from simulator.image import make_image
from tests.ota.mcuboot_images import mcuboot_image, signing_key
from tests.sources.authority import Authority
from tests.sources.file_server import FileServer
from tests.sources.github_server import GithubServer

from .firmware_actions import act, refusal as refused
from .firmware_sources import IndexServer, add_index, add_repository, simulated
from .fleet import NEW, OLD, World
from .test_windows import closed_now
from .web_server import ServerThread

GITHUB_API = f"{remote_sources.__package__}.sources.github_api"
PATTERNS = ("manufacturer", "model", "hardware_version", "endpoint")
TOKEN = "github-token-of-a-test"


@pytest.fixture
async def server(world: World, tmp_path: Path) -> AsyncIterator[FileServer]:
    """Return a server of the internet, which is 127.0.0.1 for once, and is trusted."""
    await world.add_device("thing")
    await world.set_up()
    await world.ready("thing")
    authority = Authority(tmp_path)
    world.runtime.shared.tls = authority.trusting()
    with ServerThread(FileServer(authority.serving())) as running:
        yield running
        await world.hass.config_entries.async_unload(world.runtime.entry.entry_id)


@pytest.fixture
def index(server: FileServer) -> IndexServer:
    return IndexServer(server)


@pytest.fixture
def may_ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_sources, "ASK_AT_MOST_EVERY_SECONDS", 0.0)


def latest(world: World) -> object:
    return world.firmware("thing").attributes["latest_version"]


def stored(world: World, digest: str) -> bool:
    return Path(world.hass.config.path(DOMAIN, "images", digest)).exists()


def put_damaged(world: World, digest: str) -> None:
    """Let the store have other bytes than it should."""
    folder = Path(world.hass.config.path(DOMAIN, "images"))
    folder.mkdir(exist_ok=True)
    (folder / digest).write_bytes(b"?" * len(simulated()))


def issues(world: World) -> dict[str, str | None]:
    """Return the keys of the texts, by what they are about."""
    registry = ir.async_get(world.hass)
    return {
        issue_id.removeprefix("catalogue_"): issue.translation_key
        for (domain, issue_id), issue in registry.issues.items()
        if domain == DOMAIN and issue_id.startswith("catalogue_")
    }


async def update_entity(world: World) -> None:
    """Ask the update entity to update itself."""
    data = {"entity_id": world.entity_id("thing", "firmware", "update")}
    await world.hass.services.async_call("homeassistant", "update_entity", data, blocking=True)


async def install(world: World) -> None:
    entity_id = world.entity_id("thing", "firmware", "update")
    assert entity_id is not None
    await world.install(entity_id)


async def refusal(world: World) -> ServiceValidationError:
    with pytest.raises(ServiceValidationError) as raised:
        await install(world)
    return raised.value


async def test_an_image_of_an_index_is_offered_at_once_and_fetched_when_it_is_needed(
    world: World, index: IndexServer
) -> None:
    digest = index.add()
    add_index(world, index.url)
    await world.until(lambda: latest(world) == NEW)
    assert not stored(world, digest)
    assert index.server.paths == ["/index.json"]
    await install(world)
    assert world.devices["thing"].record.running_version == NEW
    assert stored(world, digest)
    assert issues(world) == {}


async def test_an_image_that_cannot_be_fetched_is_refused_with_the_reason(
    world: World, index: IndexServer
) -> None:
    index.add()
    del index.server.answers[f"/thingy-{NEW}.bin"]
    add_index(world, index.url)
    await world.until(lambda: latest(world) == NEW)
    error = await refusal(world)
    assert error.translation_key == "refused_image_not_fetched"
    assert error.translation_placeholders is not None
    assert error.translation_placeholders["detail"] == "127.0.0.1 answered with status 404"
    assert world.view("thing").session is None


async def test_an_index_is_asked_again_when_the_entity_is_asked_to_update_itself(
    world: World, index: IndexServer, may_ask_at_once: None
) -> None:
    index.add()
    add_index(world, index.url)
    await world.until(lambda: latest(world) == NEW)
    index.add("2.0.0")
    await update_entity(world)
    await world.until(lambda: latest(world) == "2.0.0")


async def test_an_index_is_not_asked_again_within_a_minute(
    world: World, index: IndexServer
) -> None:
    index.add()
    add_index(world, index.url)
    await world.until(lambda: latest(world) == NEW)
    await update_entity(world)
    assert index.server.paths == ["/index.json"]


async def test_what_an_index_had_stays_on_offer_while_it_does_not_answer(
    world: World, index: IndexServer, may_ask_at_once: None
) -> None:
    index.add()
    add_index(world, index.url)
    await world.until(lambda: latest(world) == NEW)
    index.status = 503
    await update_entity(world)
    assert issues(world) == {"Example": "catalogue_source_not_fetched"}
    assert latest(world) == NEW
    index.status = 200
    await update_entity(world)
    assert issues(world) == {}


async def test_a_bad_entry_of_an_index_is_named_and_costs_itself_only(
    world: World, index: IndexServer
) -> None:
    index.add("2.0.0", modle="Thingy")
    index.add()
    add_index(world, index.url)
    await world.until(lambda: latest(world) == NEW)
    assert issues(world) == {"Example: thingy-2.0.0.bin (#1)": "catalogue_unknown_member"}


async def test_a_source_that_is_removed_takes_its_images_along(
    world: World, index: IndexServer
) -> None:
    index.add()
    index.add("2.0.0", modle="Thingy")
    subentry = add_index(world, index.url)
    await world.until(lambda: latest(world) == NEW)
    assert world.entry is not None
    world.hass.config_entries.async_remove_subentry(world.entry, subentry.subentry_id)
    await world.until(lambda: latest(world) == OLD)
    assert issues(world) == {}


async def test_a_source_that_is_changed_is_asked_anew(world: World, index: IndexServer) -> None:
    index.add()
    subentry = add_index(world, index.server.url("/nothing.json"))
    await world.until(lambda: "Example" in issues(world))
    assert world.entry is not None
    data = {**subentry.data, "url": index.url}
    world.hass.config_entries.async_update_subentry(world.entry, subentry, data=data)
    await world.until(lambda: latest(world) == NEW)
    await world.until(lambda: issues(world) == {})


async def test_the_folder_and_an_index_that_contradict_each_other_are_both_not_used(
    world: World, index: IndexServer
) -> None:
    world.add_image(size_bytes=40_000)
    index.add()
    add_index(world, index.url)
    name = f"Example: thingy-{NEW}.bin (#1)"
    await world.until(lambda: name in issues(world))
    assert issues(world) == {
        name: "catalogue_duplicate_version",
        f"sensor-{NEW}.bin": "catalogue_duplicate_version",
    }
    await world.until(lambda: latest(world) == OLD)


async def test_an_image_of_an_index_is_listed_and_nothing_is_added_that_contradicts_it(
    world: World, index: IndexServer, tmp_path: Path
) -> None:
    index.add()
    add_index(world, index.url)
    await world.until(lambda: latest(world) == NEW)
    [listed] = (await act(world, "list_firmware"))["images"]
    built = tmp_path / "built.bin"
    built.write_bytes(b"another build")
    world.hass.config.allowlist_external_dirs = {str(tmp_path)}

    said = await refused(
        world,
        "add_firmware",
        path=str(built),
        version=NEW,
        **{name: listed[name] for name in PATTERNS if listed[name]},
    )

    assert (listed["version"], listed["is_in_folder"], listed["fits_count"]) == (NEW, False, 1)
    keeper = world.runtime.shared.keeper
    shown = (await async_listing_words(world.hass, world.runtime.shared))["images"]
    assert keeper.names() == {listed["sha256"]: f"Example: thingy-{NEW}.bin (#1)"}
    assert shown.startswith(r"| Example: thingy\-1\.1\.0\.bin \(\#1\) | 1\.1\.0 |")
    assert f"has version {NEW} too, for the same devices" in said


async def test_the_same_image_in_the_folder_and_in_an_index_is_one(
    world: World, index: IndexServer
) -> None:
    world.add_image()
    index.add()
    index.add()
    add_index(world, index.url)
    await world.until(lambda: latest(world) == NEW)
    await world.until(lambda: "/index.json" in index.server.paths)
    await world.runtime.shared.keeper.refresh()
    catalogue = world.runtime.shared.keeper.catalogue
    assert catalogue is not None
    assert len(catalogue.images) == 1
    assert issues(world) == {}


async def test_a_damaged_image_is_fetched_anew_from_its_index(
    world: World, index: IndexServer
) -> None:
    digest = index.add()
    add_index(world, index.url)
    await world.until(lambda: latest(world) == NEW)
    put_damaged(world, digest)
    await install(world)
    assert world.devices["thing"].record.running_version == NEW


async def test_what_an_image_tells_of_itself_is_known_once_it_is_fetched(
    world: World, index: IndexServer
) -> None:
    content = mcuboot_image(
        "--security-counter", "9", key=signing_key("ecdsa-p256"), version="2.0.0"
    )
    digest = index.add("2.0.0", content)
    add_index(world, index.url)
    await world.until(lambda: latest(world) == "2.0.0")
    # The simulated device takes no MCUboot image; that it has been looked at is what counts.
    entity_id = world.entity_id("thing", "firmware", "update")
    installing = world.hass.async_create_task(world.install(str(entity_id)))
    await world.until(lambda: world.view("thing").session is not None)
    catalogue = world.runtime.shared.keeper.catalogue
    image = None if catalogue is None else catalogue.by_sha256(digest)
    assert image is not None
    assert (image.kind, image.security_counter) == ("mcuboot", 9)
    with pytest.raises(HomeAssistantError, match="does not accept the image"):
        await installing


async def test_an_image_that_no_key_of_the_server_verifies_is_refused_once_it_is_fetched(
    world: World, index: IndexServer
) -> None:
    assert world.entry is not None
    ours, theirs = signing_key("ecdsa-p256"), signing_key("ecdsa-p256", 2)
    options = {**world.entry.options, CONF_PUBLIC_KEYS: ours.public_pem.decode()}
    world.hass.config_entries.async_update_entry(world.entry, options=options)
    index.add("2.0.0", mcuboot_image(key=theirs, version="2.0.0"))
    add_index(world, index.url)
    await world.until(lambda: latest(world) == "2.0.0")
    assert (await refusal(world)).translation_key == "refused_image_untrusted"
    await world.until(lambda: latest(world) == OLD)


async def test_something_else_than_an_image_is_refused_once_it_is_fetched(
    world: World, index: IndexServer
) -> None:
    digest = index.add("2.0.0", b"PK\x03\x04" + bytes(100))
    add_index(world, index.url)
    await world.until(lambda: latest(world) == "2.0.0")
    assert (await refusal(world)).translation_key == "refused_image_not_fetched"
    assert not stored(world, digest)


async def test_an_update_of_a_github_release(
    world: World, server: FileServer, caplog: pytest.LogCaptureFixture
) -> None:
    github = GithubServer(server)
    content = simulated()
    github.upload(github.release(f"v{NEW}"), "thingy.bin", content)
    github.upload(
        github.release("v2.0.0", prerelease=True), "thingy.bin", make_image("2.0.0", 9000)
    )
    add_repository(world, github.base_url, access_token=TOKEN)
    await world.until(lambda: latest(world) == NEW)
    await install(world)
    assert world.devices["thing"].record.running_version == NEW
    assert stored(world, hashlib.sha256(content).hexdigest())
    assert world.firmware("thing").attributes["release_url"].endswith(f"/v{NEW}")
    found: Any = await async_get_config_entry_diagnostics(world.hass, world.runtime.entry)
    (source,) = found["entry"]["sources"]
    assert source["access_token"] == "**REDACTED**"
    assert source["api_url"] == f"https://**REDACTED**:{server.port}"
    # The repository is in the address of the image, and in that of the page about it.
    text = json.dumps(found, default=str)
    assert [name for name in (TOKEN, "octocat", "github.example") if name in text] == []
    assert TOKEN not in caplog.text


async def test_diagnostics_of_an_image_that_could_not_be_fetched_do_not_name_its_server(
    world: World, index: IndexServer
) -> None:
    digest = index.add()
    add_index(world, index.url)
    await world.until(lambda: latest(world) == NEW)
    update_entry, entry = world.hass.config_entries.async_update_entry, world.runtime.entry
    options = {**entry.options}
    update_entry(entry, options=options | {"window": closed_now()})
    await install(world)
    put_damaged(world, digest)
    index.server.answers.clear()
    update_entry(entry, options=options)
    await world.until(lambda: world.phase("thing").state == "failed")
    device: Any = device_of(world.hass, entry, Endpoint("thing"))
    of_entry: Any = await async_get_config_entry_diagnostics(world.hass, entry)
    found: Any = await async_get_device_diagnostics(world.hass, entry, device)
    told = found["updates"][0]["events"][-1], of_entry["devices"][0]["session"]
    assert {each["evidence"] for each in told} == {"image_not_fetched detail=**REDACTED**"}
    assert "127.0.0.1" not in json.dumps([of_entry, found], default=str)


async def test_a_repository_that_is_not_there_is_named(world: World, server: FileServer) -> None:
    add_repository(world, server.url(""))
    await world.until(lambda: issues(world) == {"Hello": "catalogue_source_not_fetched"})


async def test_a_source_of_another_server_goes_with_it(world: World, index: IndexServer) -> None:
    index.add()
    first = world.runtime.entry
    first_entities = world.entity_id("thing", "firmware", "update")
    second = world.add_entry()
    assert await world.hass.config_entries.async_setup(second.entry_id)
    add_index(world, index.url)
    world.entry = first
    await world.until(lambda: latest(world) == NEW)
    assert await world.hass.config_entries.async_unload(second.entry_id)
    await world.until(lambda: latest(world) == OLD)
    assert first_entities is not None


def test_a_source_that_fails_is_asked_again_soon_and_then_less_often() -> None:
    hours = [pause_after(count).total_seconds() / 3600 for count in (0, 1, 2, 5, 1000)]
    expected = [6, 1 / 12, 1 / 4, 6, 6]
    assert hours == pytest.approx(expected, rel=0.11)


async def test_without_the_library_a_repository_is_named_and_all_else_works(
    world: World, index: IndexServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, GITHUB_API, raising=False)
    monkeypatch.setitem(sys.modules, "aiogithubapi", None)
    add_repository(world, index.server.url(""))
    index.add()
    add_index(world, index.url)
    await world.until(lambda: latest(world) == NEW)
    await world.until(lambda: issues(world) == {"Hello": "catalogue_source_library_missing"})
