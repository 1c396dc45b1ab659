"""Repairs, as a person works through them in the browser."""

from http import HTTPStatus
from typing import Any

from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.flownexus_ota.const import DOMAIN


class Repair:
    """A person who opens the repair in the browser."""

    def __init__(self, client_of: ClientSessionGenerator) -> None:
        self.client_of = client_of
        self._url = "/api/repairs/issues/fix"

    async def open(self, issue_id: str) -> dict[str, Any]:
        """Return the first form."""
        form = await self.post({"handler": DOMAIN, "issue_id": issue_id})
        self._url = f"{self._url}/{form['flow_id']}"
        return form

    async def post(self, filled: dict[str, Any]) -> dict[str, Any]:
        """Fill a form; return what comes next."""
        client = await self.client_of()
        answer = await client.post(self._url, json=filled)
        assert answer.status == HTTPStatus.OK
        shown: dict[str, Any] = await answer.json()
        return shown
