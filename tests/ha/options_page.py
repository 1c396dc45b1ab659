"""Who goes through the options with a browser, and what is seen there."""

from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import aiohttp

from .fleet import World
from .texts import TEXTS

FLOWS: Final = "/api/config/config_entries/options/flow"
ERRORS: Final = TEXTS["options"]["error"]


class Person:
    """Who clicks through the options, with a browser's requests."""

    def __init__(self, world: World, session: aiohttp.ClientSession) -> None:
        self._world = world
        self._session = session
        self._flow_id = ""

    async def open(self) -> dict[str, Any]:
        """Open the options and their topic; return the menu."""
        assert self._world.entry is not None
        begun = await self._post(FLOWS, json={"handler": self._world.entry.entry_id})
        self._flow_id = begun["flow_id"]
        return await self.choose("firmware")

    async def choose(self, step_id: str) -> dict[str, Any]:
        """Choose in a menu; return what is shown then."""
        return await self.send(next_step_id=step_id)

    async def send(self, **values: str | bool) -> dict[str, Any]:
        """Send a form; return what is shown then."""
        return await self._post(f"{FLOWS}/{self._flow_id}", json=values)

    async def upload(self, content: bytes, name: str = "built.bin") -> str:
        """Upload a file as the page does; return its id."""
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("file", content, filename=name)
        file_id: str = (await self._post("/api/file_upload", data=form))["file_id"]
        return file_id

    async def describe(self, content: bytes, name: str = "built.bin") -> dict[str, Any]:
        """Go to the form that describes an image."""
        await self.open()
        await self.choose("firmware_add")
        return await self.send(file=await self.upload(content, name))

    async def leave(self) -> None:
        """Close the dialog."""
        url = f"{self._world.firmware_url}{FLOWS}/{self._flow_id}"
        async with self._session.delete(url) as answer:
            assert answer.status == HTTPStatus.OK

    async def _post(self, path: str, **content: Any) -> dict[str, Any]:
        async with self._session.post(f"{self._world.firmware_url}{path}", **content) as answer:
            assert answer.status == HTTPStatus.OK, await answer.text()
            body: dict[str, Any] = await answer.json()
            return body


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def shown(form: dict[str, Any]) -> dict[str, object]:
    """Return what a form is filled in with."""
    described = {field["name"]: field.get("description") or {} for field in form["data_schema"]}
    return {
        name: description["suggested_value"]
        for name, description in described.items()
        if description.get("suggested_value") is not None
    }


def error_text(form: dict[str, Any], field: str = "base") -> str:
    """Return what a person reads at a field."""
    text: str = ERRORS[form["errors"][field]]
    return text.format(**form["description_placeholders"])
