"""The forms, as a person meets them: real web servers on 127.0.0.1, no pretended answers."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_USER, ConfigEntry, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.flownexus_ota.const import DOMAIN

from .forms import known_entry, suggestions
from .web_server import LOOPBACK, WebAnswer, WebServer

pytestmark = pytest.mark.usefixtures("unload_entries")

RECORDINGS: Final = Path(__file__).parents[1] / "recordings"
GOOD: Final = WebAnswer()
NOT_LEARNT: Final = "http://127.0.0.1:1"  # a port on which nothing ever listens

NO_LESHAN: Final = {
    "a page": WebAnswer(body="<!doctype html><html></html>", content_type="text/html"),
    "an object": WebAnswer(body='{"result": "ok"}'),
    "a list of something else": WebAnswer(body='[{"name": "lamp"}]'),
    "a list of numbers": WebAnswer(body="[1, 2]"),
    "a page that is missing": WebAnswer(status=404, body="Not Found", content_type="text/plain"),
}


def recorded_listings() -> list[Any]:
    """Return the longest answer to `GET /api/clients` of every recorded server."""
    listings = []
    for recording in sorted(RECORDINGS.glob("*.jsonl")):
        with recording.open(encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        bodies = [
            row["response_body"]
            for row in rows
            if (row["kind"], row.get("path"), row.get("status")) == ("http", "/api/clients", 200)
        ]
        listings.append(pytest.param(max(bodies, key=len, default="[]"), id=recording.stem))
    return listings


async def begin(hass: HomeAssistant) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})


async def submit(hass: HomeAssistant, form: ConfigFlowResult, **fields: object) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_configure(form["flow_id"], fields)


async def add(hass: HomeAssistant, **fields: object) -> ConfigFlowResult:
    return await submit(hass, await begin(hass), **fields)


async def test_a_leshan_server_is_added_by_its_address_alone(
    hass: HomeAssistant, web_server: WebServer
) -> None:
    form = await begin(hass)
    assert (form["type"], form["step_id"], form["errors"]) == (FlowResultType.FORM, "user", {})

    result = await submit(hass, form, url=web_server.url)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == f"Leshan {LOOPBACK}:{web_server.port}"
    assert result["data"] == {"url": web_server.url, "verify_ssl": True}
    assert result["result"].unique_id == web_server.url


@pytest.mark.parametrize("listing", recorded_listings())
async def test_every_recorded_server_is_recognised(
    hass: HomeAssistant, web_server: WebServer, listing: str
) -> None:
    web_server.answer = WebAnswer(body=listing)

    result = await add(hass, url=web_server.url)

    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_path_in_front_of_the_server_is_kept(
    hass: HomeAssistant,
) -> None:
    server = WebServer(prefix="/lwm2m")
    await server.start()

    result = await add(hass, url=f"{server.url}/")

    assert result["data"]["url"] == server.url
    assert result["title"] == f"Leshan {LOOPBACK}:{server.port}/lwm2m"
    await server.stop()


async def test_one_server_is_added_once_however_it_is_spelt(
    hass: HomeAssistant, web_server: WebServer
) -> None:
    known_entry(hass, web_server.url)

    result = await add(hass, url=f" HTTP://{LOOPBACK}:{web_server.port}/ ")

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_two_servers_live_side_by_side(hass: HomeAssistant, web_server: WebServer) -> None:
    known_entry(hass, "http://127.0.0.1:2")

    result = await add(hass, url=web_server.url)

    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize("answer", NO_LESHAN.values(), ids=NO_LESHAN.keys())
async def test_what_is_no_leshan_is_told_and_can_be_corrected(
    hass: HomeAssistant, web_server: WebServer, answer: WebAnswer
) -> None:
    web_server.answer = answer
    form = await add(hass, url=web_server.url)
    assert (form["type"], form["errors"]) == (FlowResultType.FORM, {"base": "not_leshan"})

    web_server.answer = GOOD
    result = await submit(hass, form, url=web_server.url)

    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_an_error_of_the_server_itself_is_told_and_can_be_retried(
    hass: HomeAssistant, web_server: WebServer
) -> None:
    web_server.answer = WebAnswer(status=500, body="Oops", content_type="text/html")
    form = await add(hass, url=web_server.url)
    assert form["errors"] == {"base": "server_error"}

    web_server.answer = GOOD
    result = await submit(hass, form, url=web_server.url)

    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_an_address_where_nothing_listens_can_be_corrected(
    hass: HomeAssistant, web_server: WebServer
) -> None:
    form = await add(hass, url=NOT_LEARNT)
    assert form["errors"] == {"base": "cannot_connect"}
    assert (form["description_placeholders"] or {})["detail"] == "Connection refused"

    result = await submit(hass, form, url=web_server.url)

    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_certificate_of_nobody_is_accepted_only_when_asked(
    hass: HomeAssistant, tls_server: WebServer
) -> None:
    form = await add(hass, url=tls_server.url)
    assert form["errors"] == {"base": "tls_failed"}

    result = await submit(hass, form, url=tls_server.url, verify_ssl=False)

    assert result["data"] == {"url": tls_server.url, "verify_ssl": False}


async def test_https_at_a_server_without_it_is_a_failure_of_tls(
    hass: HomeAssistant, web_server: WebServer
) -> None:
    form = await add(hass, url=f"https://{LOOPBACK}:{web_server.port}")
    assert form["errors"] == {"base": "tls_failed"}

    result = await submit(hass, form, url=web_server.url)

    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("header", "credentials"),
    [
        ("Basic YWxpY2U6c2VjcmV0", {"username": "alice", "password": "secret"}),
        ("Bearer t0ken", {"token": "t0ken"}),
    ],
    ids=["user name and password", "token"],
)
async def test_a_server_that_wants_credentials_gets_them(
    hass: HomeAssistant, web_server: WebServer, header: str, credentials: dict[str, str]
) -> None:
    web_server.authorization = header
    form = await add(hass, url=web_server.url)
    assert form["errors"] == {"base": "invalid_auth"}

    result = await submit(hass, form, url=web_server.url, **credentials)

    assert result["data"] == {"url": web_server.url, "verify_ssl": True, **credentials}


@pytest.mark.parametrize(
    "text",
    ["", "ftp://leshan", "http://", "http://leshan:99999", "http://[::1", "http://leshan/?a=b"],
)
async def test_an_address_that_is_none_is_told_and_can_be_corrected(
    hass: HomeAssistant, web_server: WebServer, text: str
) -> None:
    form = await add(hass, url=text)
    assert form["errors"] == {"url": "invalid_url"}

    result = await submit(hass, form, url=web_server.url)

    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"password": "secret"}, {"username": "username_missing"}),
        ({"username": "alice", "token": "t0ken"}, {"token": "token_and_username"}),
        ({"url": "http://alice:secret@127.0.0.1"}, {"url": "credentials_in_url"}),
    ],
)
async def test_credentials_that_do_not_belong_together_are_told(
    hass: HomeAssistant, web_server: WebServer, fields: dict[str, str], errors: dict[str, str]
) -> None:
    form = await add(hass, **{"url": web_server.url, **fields})
    assert form["errors"] == errors

    result = await submit(hass, form, url=web_server.url, username="", password="", token="")

    assert result["data"] == {"url": web_server.url, "verify_ssl": True}


async def test_the_form_comes_back_with_what_was_entered(
    hass: HomeAssistant,
) -> None:
    form = await add(hass, url=NOT_LEARNT, username="alice")

    assert suggestions(form) == {"url": NOT_LEARNT, "username": "alice", "verify_ssl": True}


async def test_a_server_that_moved_keeps_its_entry(
    hass: HomeAssistant, web_server: WebServer
) -> None:
    entry = known_entry(hass, "http://127.0.0.1:2", username="alice", password="secret")
    form = await entry.start_reconfigure_flow(hass)
    assert suggestions(form) == dict(entry.data)

    result = await submit(hass, form, url=web_server.url)

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert dict(entry.data) == {"url": web_server.url, "verify_ssl": True}
    assert entry.unique_id == web_server.url
    assert entry.title == f"Leshan {LOOPBACK}:{web_server.port}"


async def test_a_name_that_a_person_chose_outlives_a_move(
    hass: HomeAssistant, web_server: WebServer
) -> None:
    entry = known_entry(hass, "http://127.0.0.1:2")
    hass.config_entries.async_update_entry(entry, title="Greenhouse")
    form = await entry.start_reconfigure_flow(hass)

    await submit(hass, form, url=web_server.url)

    assert entry.title == "Greenhouse"


async def test_a_server_does_not_move_to_where_another_one_is(
    hass: HomeAssistant, web_server: WebServer
) -> None:
    known_entry(hass, web_server.url)
    entry = known_entry(hass, "http://127.0.0.1:2")
    form = await entry.start_reconfigure_flow(hass)

    result = await submit(hass, form, url=web_server.url)

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert entry.data["url"] == "http://127.0.0.1:2"


async def test_a_move_to_where_nothing_is_can_be_corrected(
    hass: HomeAssistant, web_server: WebServer
) -> None:
    entry = known_entry(hass, web_server.url)
    form = await entry.start_reconfigure_flow(hass)
    form = await submit(hass, form, url=NOT_LEARNT)
    assert (form["step_id"], form["errors"]) == ("reconfigure", {"base": "cannot_connect"})
    assert entry.data["url"] == web_server.url

    result = await submit(hass, form, url=web_server.url)

    assert result["reason"] == "reconfigure_successful"


async def test_new_credentials_replace_the_stored_ones(
    hass: HomeAssistant, web_server: WebServer
) -> None:
    web_server.authorization = "Bearer new"
    entry = known_entry(hass, web_server.url, username="alice", password="old")
    form = await entry.start_reauth_flow(hass)
    assert form["step_id"] == "reauth_confirm"
    assert (form["description_placeholders"] or {})["url"] == web_server.url
    assert suggestions(form) == {"username": "alice"}

    form = await submit(hass, form, username="alice", password="wrong")
    assert form["errors"] == {"base": "invalid_auth"}
    assert entry.data["password"] == "old"
    result = await submit(hass, form, token="new")

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    assert dict(entry.data) == {"url": web_server.url, "verify_ssl": True, "token": "new"}
    assert not hass.config_entries.flow.async_progress_by_handler(
        DOMAIN, match_context={"source": SOURCE_REAUTH}
    )


async def test_a_listening_entry_hears_of_new_data_and_is_not_reloaded_behind_its_back(
    hass: HomeAssistant, web_server: WebServer, caplog: pytest.LogCaptureFixture
) -> None:
    entry = known_entry(hass, web_server.url)
    heard: list[str] = []

    async def listen(_: HomeAssistant, changed: ConfigEntry) -> None:
        heard.append(changed.data["token"])

    entry.add_update_listener(listen)
    state = entry.state

    form = await entry.start_reauth_flow(hass)
    await submit(hass, form, token="new")
    await hass.async_block_till_done()

    assert heard == ["new"]
    assert entry.state is state
    assert "has an update listener" not in caplog.text
