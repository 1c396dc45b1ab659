"""What a person does once in the browser, by HTTP: the first user, and the config flow."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import aiohttp

from harness.hass_folder import DOMAIN
from harness.waiting import StageError

_ANSWER_LIMIT: Final = aiohttp.ClientTimeout(total=60.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """Who logs in, on a page that listens on the loopback alone."""

    name: str = "Demo"
    username: str = "demo"
    password: str = "demo"  # noqa: S105  it is printed for whoever starts the demo


class HassHttp:
    """Home Assistant's HTTP API; an async context manager."""

    def __init__(self, base_url: str) -> None:
        """Open nothing yet."""
        self.base_url = base_url
        self.session = aiohttp.ClientSession(timeout=_ANSWER_LIMIT)

    async def close(self) -> None:
        """Close the connections."""
        await self.session.close()

    async def is_up(self) -> bool:
        """Tell whether it answers as it does when its frontend is there."""
        try:
            async with self.session.get(f"{self.base_url}/manifest.json") as answer:
                return answer.status == HTTPStatus.OK
        except aiohttp.ClientError, TimeoutError:
            return False

    async def create_user(self, login: Login) -> str:
        """Create the first user; return an access token, good for half an hour."""
        user = {
            "client_id": f"{self.base_url}/",
            "name": login.name,
            "username": login.username,
            "password": login.password,
            "language": "en",
        }
        code = (await self._post("/api/onboarding/users", json=user))["auth_code"]
        return await self._token(code)

    async def log_in(self, login: Login) -> str:
        """Log in as the login form does; return an access token, good for half an hour."""
        client_id = f"{self.base_url}/"
        begin = {
            "client_id": client_id,
            "handler": ["homeassistant", None],
            "redirect_uri": client_id,
        }
        flow = await self._post("/auth/login_flow", json=begin)
        answer = {
            "client_id": client_id,
            "username": login.username,
            "password": login.password,
        }
        done = await self._post(f"/auth/login_flow/{flow['flow_id']}", json=answer)
        return await self._token(done["result"])

    async def get(self, token: str, path: str) -> str:
        """Return what an API or a download answers; raise StageError."""
        headers = {"Authorization": f"Bearer {token}"}
        async with self.session.get(f"{self.base_url}{path}", headers=headers) as answer:
            if answer.status != HTTPStatus.OK:
                raise StageError(f"GET {path}: {answer.status}")
            return await answer.text()

    async def add_server(self, token: str, url: str, **credentials: str) -> dict[str, Any]:
        """Go through the config flow for a Leshan server; return its last answer."""
        headers = {"Authorization": f"Bearer {token}"}
        flows = "/api/config/config_entries/flow"
        begun = await self._post(flows, json={"handler": DOMAIN}, headers=headers)
        answer = {"url": url, "verify_ssl": True, **credentials}
        done = await self._post(f"{flows}/{begun['flow_id']}", json=answer, headers=headers)
        if done.get("type") != "create_entry":
            raise StageError(f"the config flow did not end with an entry: {done}")
        return done

    async def set_options(
        self, token: str, entry_id: str, topic: str, options: dict[str, Any]
    ) -> None:
        """Fill in a form of an entry's options, chosen from their menu; raise StageError."""
        await self._fill_in(token, "options", entry_id, {"next_step_id": topic}, options)

    async def remove_entry(self, token: str, entry_id: str) -> None:
        """Delete a config entry; raise StageError."""
        headers = {"Authorization": f"Bearer {token}"}
        path = f"/api/config/config_entries/entry/{entry_id}"
        async with self.session.delete(f"{self.base_url}{path}", headers=headers) as answer:
            if answer.status != HTTPStatus.OK or (await answer.json())["require_restart"]:
                raise StageError(f"DELETE {path}: {answer.status} {await answer.text()}")

    async def add_profile(self, token: str, entry_id: str, profile: dict[str, Any]) -> None:
        """Fill in the form of a new profile of an entry; raise StageError."""
        await self._fill_in(token, "subentries", [entry_id, "profile"], profile)

    async def _fill_in(
        self, token: str, kind: str, handler: str | list[str], *answers: dict[str, Any]
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        flows = f"/api/config/config_entries/{kind}/flow"
        done = await self._post(flows, json={"handler": handler}, headers=headers)
        for answer in answers:
            done = await self._post(f"{flows}/{done['flow_id']}", json=answer, headers=headers)
        if done.get("type") != "create_entry":
            raise StageError(f"the form of the {kind} did not take {answers[-1]}: {done}")

    async def _token(self, code: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": f"{self.base_url}/",
        }
        token: str = (await self._post("/auth/token", data=form))["access_token"]
        return token

    async def _post(self, path: str, **content: Any) -> dict[str, Any]:
        async with self.session.post(f"{self.base_url}{path}", **content) as answer:
            if answer.status not in (HTTPStatus.OK, HTTPStatus.CREATED):
                raise StageError(f"POST {path}: {answer.status} {await answer.text()}")
            body: dict[str, Any] = await answer.json()
            return body
