"""The forms for sources of firmware, as a person meets them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from homeassistant.config_entries import ConfigEntry, ConfigSubentry, SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.flownexus_ota.source_flow import GITHUB_SCHEMA
from tests.sources.authority import Authority
from tests.sources.file_server import FileServer
from tests.sources.github_server import REPOSITORY, GithubServer, message

from .firmware_sources import IndexServer
from .fleet import World
from .forms import known_entry, suggestions
from .web_server import ServerThread

PRIVATE = {"allow_private_networks": True}


@pytest.fixture
async def server(world: World, tmp_path: Path) -> AsyncIterator[FileServer]:
    """Return a server of the internet, which is 127.0.0.1 for once, and is trusted."""
    await world.set_up()
    authority = Authority(tmp_path)
    world.runtime.shared.tls = authority.trusting()
    with ServerThread(FileServer(authority.serving())) as running:
        yield running
        await world.hass.config_entries.async_unload(world.runtime.entry.entry_id)


async def sent(
    hass: HomeAssistant, entry: ConfigEntry, kind: str, form: dict[str, Any]
) -> SubentryFlowResult:
    """Open the form for a new source and send it."""
    manager = hass.config_entries.subentries
    opened = await manager.async_init((entry.entry_id, kind), context={"source": "user"})
    assert opened["type"] is FlowResultType.FORM
    return await manager.async_configure(opened["flow_id"], form)


def sources_of(entry: ConfigEntry, kind: str) -> list[ConfigSubentry]:
    return [each for each in entry.subentries.values() if each.subentry_type == kind]


def repository(api_url: str, **changes: object) -> dict[str, Any]:
    """Return a filled form."""
    form: dict[str, Any] = {
        "name": "Hello",
        "repository": REPOSITORY,
        "advanced": {"api_url": api_url, **PRIVATE},
    }
    return form | changes


async def test_an_index_that_answers_is_added(world: World, server: FileServer) -> None:
    entry = world.runtime.entry
    index = IndexServer(server)
    form = {"name": " Example ", "url": f" {index.url} ", **PRIVATE}
    result = await sent(world.hass, entry, "index", form)
    assert (result["type"], result["title"]) == (FlowResultType.CREATE_ENTRY, "Example")
    (subentry,) = sources_of(entry, "index")
    assert subentry.data == {"url": index.url, **PRIVATE}


@pytest.mark.parametrize(
    ("form", "errors"),
    [
        ({"name": " "}, {"name": "name_missing"}),
        ({"url": "http://firmware.example/i.json"}, {"url": "invalid_https_url"}),
        ({"url": "https://u:p@firmware.example/"}, {"url": "invalid_https_url"}),
        ({"url": "https://["}, {"url": "invalid_https_url"}),
        ({"url": "https://[::1]@"}, {"url": "invalid_https_url"}),
        ({"allow_private_networks": False}, {"base": "source_private"}),
        ({"url": "/nothing.json"}, {"base": "source_not_fetched"}),
        ({"url": "/other.json"}, {"base": "index_unusable"}),
    ],
)
async def test_an_index_that_cannot_be_used_is_told_and_can_be_corrected(
    world: World, server: FileServer, form: dict[str, Any], errors: dict[str, str]
) -> None:
    entry = world.runtime.entry
    index = IndexServer(server)
    server.put("/other.json", b"[]")
    good: dict[str, Any] = {"name": "Example", "url": index.url, **PRIVATE}
    bad = good | form
    bad["url"] = server.url(bad["url"]) if bad["url"].startswith("/") else bad["url"]
    result = await sent(world.hass, entry, "index", bad)
    assert result["errors"] == errors
    assert suggestions(result)["url"] == bad["url"]  # type: ignore[arg-type] # of a subentry
    manager = world.hass.config_entries.subentries
    again = await manager.async_configure(result["flow_id"], good)
    assert again["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("models", "told", "placeholders"),
    [
        ((), "nothing", {"images": "0", "unusable": "0"}),
        (("Thingy",), "default", {"images": "1", "unusable": "0"}),
        (("Thingy", ""), "partly", {"images": "1", "unusable": "1"}),
    ],
)
async def test_who_adds_an_index_reads_what_it_has(
    world: World,
    server: FileServer,
    models: tuple[str, ...],
    told: str,
    placeholders: dict[str, str],
) -> None:
    index = IndexServer(server)
    for number, model in enumerate(models):
        index.add(f"{number}.0.0", model=model)
    form = {"name": "Example", "url": index.url, **PRIVATE}
    result = await sent(world.hass, world.runtime.entry, "index", form)
    assert (result["description"], result["description_placeholders"]) == (told, placeholders)


async def test_a_token_that_is_refused_is_told_beside_it(world: World, server: FileServer) -> None:
    github = GithubServer(server)
    github.answer = message(401, "Bad credentials")
    form = repository(github.base_url, access_token="old")
    result = await sent(world.hass, world.runtime.entry, "github", form)
    assert result["errors"] == {"access_token": "token_refused"}


async def test_an_address_that_is_never_asked_is_named(world: World) -> None:
    await world.set_up()
    form = {"name": "Example", "url": "https://169.254.169.254/index.json", **PRIVATE}
    result = await sent(world.hass, world.runtime.entry, "index", form)
    assert result["errors"] == {"base": "source_not_fetched"}


async def test_a_server_that_does_not_listen_is_told_in_words(hass: HomeAssistant) -> None:
    entry = known_entry(hass, "http://127.0.0.1:2")
    form = {"name": "Example", "url": "https://127.0.0.1:2/index.json", **PRIVATE}
    result = await sent(hass, entry, "index", form)
    told = "127.0.0.1 cannot be reached (Connection refused)"
    assert result["description_placeholders"] == {"detail": told}


async def test_two_indexes_have_different_names(world: World, server: FileServer) -> None:
    entry = world.runtime.entry
    form = {"name": "Example", "url": IndexServer(server).url, **PRIVATE}
    await sent(world.hass, entry, "index", form)
    result = await sent(world.hass, entry, "index", form)
    assert result["errors"] == {"name": "name_taken"}


async def test_an_index_can_be_changed(world: World, server: FileServer) -> None:
    entry = world.runtime.entry
    index = IndexServer(server)
    form = {"name": "Example", "url": index.url, **PRIVATE}
    await sent(world.hass, entry, "index", form)
    (subentry,) = sources_of(entry, "index")
    opened = await entry.start_subentry_reconfigure_flow(world.hass, subentry.subentry_id)  # type: ignore[attr-defined] # of a MockConfigEntry
    assert suggestions(opened) == form
    manager = world.hass.config_entries.subentries
    wrong = await manager.async_configure(opened["flow_id"], form | {"name": ""})
    assert wrong["errors"] == {"name": "name_missing"}
    done = await manager.async_configure(opened["flow_id"], form | {"name": "Ours"})
    assert done["reason"] == "reconfigure_successful"
    assert [each.title for each in sources_of(entry, "index")] == ["Ours"]


@pytest.mark.parametrize(
    "typed",
    [REPOSITORY, f"https://github.com/{REPOSITORY}", f" https://github.com/{REPOSITORY}.git/ "],
)
async def test_a_repository_that_answers_is_added(
    world: World, server: FileServer, typed: str
) -> None:
    entry = world.runtime.entry
    github = GithubServer(server)
    form = repository(github.base_url + "/", repository=typed, model=" Thingy* ", endpoint=" ")
    result = await sent(world.hass, entry, "github", form)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (subentry,) = sources_of(entry, "github")
    assert subentry.data == {
        "repository": REPOSITORY,
        "asset_pattern": "*.bin",
        "prerelease_channel": "beta",
        "model": "Thingy*",
        "api_url": github.base_url,
        **PRIVATE,
    }


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"repository": "octocat"}, {"repository": "invalid_repository"}),
        ({"repository": "../../etc/passwd"}, {"repository": "invalid_repository"}),
        ({"repository": "octocat/nothing"}, {"repository": "repository_not_there"}),
        ({"advanced": {"api_url": "http://api.example"}}, {"base": "invalid_https_url"}),
    ],
)
async def test_a_repository_that_cannot_be_used_is_told(
    world: World, server: FileServer, changes: dict[str, Any], errors: dict[str, str]
) -> None:
    github = GithubServer(server)
    form = repository(github.base_url, **changes)
    result = await sent(world.hass, world.runtime.entry, "github", form)
    assert result["errors"] == errors


async def test_a_repository_can_be_changed_and_keeps_its_token(
    world: World, server: FileServer
) -> None:
    entry = world.runtime.entry
    github = GithubServer(server)
    await sent(world.hass, entry, "github", repository(github.base_url, access_token="secret"))
    (subentry,) = sources_of(entry, "github")
    opened = await entry.start_subentry_reconfigure_flow(world.hass, subentry.subentry_id)  # type: ignore[attr-defined] # of a MockConfigEntry
    shown = suggestions(opened)
    assert shown["access_token"] == "secret"
    form: dict[str, Any] = GITHUB_SCHEMA(
        {**shown, "advanced": {"api_url": github.base_url, "prerelease_channel": " ", **PRIVATE}}
    )
    manager = world.hass.config_entries.subentries
    await manager.async_configure(opened["flow_id"], form)
    (subentry,) = sources_of(entry, "github")
    assert subentry.data["access_token"] == "secret"
    assert subentry.data["prerelease_channel"] == "beta"


async def test_a_source_can_be_tried_while_its_server_is_not_set_up(hass: HomeAssistant) -> None:
    entry = known_entry(hass, "http://127.0.0.1:2")
    form = {"name": "Example", "url": "https://127.0.0.1:2/index.json"}
    result = await sent(hass, entry, "index", form)
    assert result["errors"] == {"base": "source_private"}
    assert result["description_placeholders"] == {"detail": "127.0.0.1"}
