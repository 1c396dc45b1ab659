"""A real Chromium before Home Assistant's page, driven as a person would."""

import json
import re
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Error, FilePayload, FloatRect, Locator, Page, async_playwright

from harness.hass import Hass

# For each step: a page has to be drawn without a graphics card, beside all the rest.
_STEP_LIMIT_SECONDS: Final = 90.0
# Nothing that needs a display, a sandbox of its own or the internet.
_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_WIDTH, _HEIGHT = 1100, 680
_PIXELS_PER_POINT: Final = 2
# Of the page around a dialog, in points.
_MARGIN: Final = 8


class HassPage:
    """Home Assistant in a browser; every step has the same limit."""

    def __init__(self, page: Page, hass: Hass) -> None:
        """Take over an empty page; see `open`."""
        self._page = page
        self._hass = hass

    @classmethod
    async def open(cls, ends: AsyncExitStack, executable: Path, hass: Hass) -> HassPage:
        """Start the browser; `ends` gets what ends it."""
        playwright = await ends.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(executable_path=executable, args=[*_FLAGS])
        ends.push_async_callback(browser.close)
        page = await browser.new_page(
            viewport={"width": _WIDTH, "height": _HEIGHT}, device_scale_factor=_PIXELS_PER_POINT
        )
        page.set_default_timeout(1000 * _STEP_LIMIT_SECONDS)
        return cls(page, hass)

    async def log_in(self) -> None:
        """Fill in the login form."""
        await self._page.goto(self._hass.base_url)
        await self._page.locator("input[name=username]").fill(self._hass.login.username)
        await self._page.locator("input[name=password]").fill(self._hass.login.password)
        await self._page.keyboard.press("Enter")
        await self._page.get_by_text(f"Welcome {self._hass.login.name}", exact=True).wait_for()

    async def open_integration(self) -> None:
        """Open the page with the servers, and what belongs to each."""
        await self._open("/config/integrations/integration/flownexus_ota")

    async def open_device(self, endpoint: str) -> None:
        """Open a device's page from the integration's."""
        await self.open_integration()
        await self._page.get_by_text(endpoint, exact=True).first.click()
        await self._firmware_row.wait_for()

    async def open_options(self, *topics: str) -> None:
        """Open the options of the first server, and go from menu to menu."""
        await self.open_integration()
        await self.press_on_page("Configure")
        await self.choose(*topics)

    async def go_to(self, *places: str) -> None:
        """Click one's way from the sidebar, as in "Settings", "System", "Updates"."""
        for place in places:
            await self._page.get_by_text(place, exact=True).first.click()

    async def add_integration(self, name: str) -> None:
        """Look for an integration in the list of all, and open its form."""
        await self.press_on_page("Add integration")
        await self._page.get_by_placeholder("Search for a brand name").fill(name)
        await self._page.get_by_text(name, exact=True).first.click()

    async def press_on_page(self, button: str) -> None:
        """Press a button, or an icon that has this name."""
        await self._page.get_by_role("button", name=button).first.click()

    async def choose(self, *topics: str) -> None:
        """Go from menu to menu of a form."""
        for topic in topics:
            await self._form.get_by_text(topic, exact=True).click()

    async def choose_file(self, name: str, content: bytes) -> None:
        """Give a form the file that it asks for, and wait until it is uploaded."""
        file = FilePayload(name=name, mimeType="application/octet-stream", buffer=content)
        await self._form.locator("input[type=file]").set_input_files(file)
        await self._form.get_by_text(name).wait_for()

    async def open_new(self, kind: str) -> None:
        """Open the form for something that belongs to a server, by the button that names it."""
        await self.open_integration()
        await self._page.locator("ha-button").filter(has_text=kind).click()

    async def open_existing(self, name: str) -> None:
        """Open the form of something that belongs to a server."""
        await self.open_integration()
        row = self._page.locator("ha-config-sub-entry-row").filter(has_text=name)
        await row.get_by_role("button", name="Change").click()

    async def fill_in(self, **fields: str) -> None:
        """Type into fields of a form; each is named by its label, without the star of a must."""
        for label, text in fields.items():
            name = re.compile(rf"^{re.escape(label)}\*?$")
            await self._form.get_by_role("textbox", name=name).fill(text)

    async def unfold(self, section: str) -> None:
        """Show the fields of a section of a form."""
        await self._form.get_by_text(section, exact=True).click()

    async def tick(self, label: str) -> None:
        """Tick a box of a form."""
        await self._form.get_by_text(label, exact=True).click()

    async def is_ticked(self, label: str) -> bool:
        """Tell whether a box of a form is ticked."""
        box = self._form.get_by_role("checkbox", name=label, exact=True)
        return await box.is_checked()

    async def turn_switch(self, label: str) -> None:
        """Turn a switch of a form."""
        field = self._form.locator("ha-selector-boolean").filter(has_text=label)
        await field.locator("ha-switch").click()

    async def press(self, button: str) -> None:
        """Press a button at the end of a form; the cross at its head may have the same name."""
        await self._form.get_by_role("button", name=button, exact=True).last.click()

    async def form_shows(self, text: str) -> None:
        """Wait until a form shows a text."""
        await self._form.get_by_text(text).first.wait_for()

    async def perform_action(self, action: str, data: Mapping[str, Any]) -> None:
        """Type an action among the tools, and perform it."""
        await self._open("/config/tools/action")
        await self._page.get_by_text("YAML mode").click()
        await self._page.locator(".cm-content").click()
        await self._page.keyboard.press("Control+a")
        # JSON is YAML too, and no editor indents it further.
        await self._page.keyboard.insert_text(json.dumps({"action": action, "data": data}))
        await self._page.get_by_text("Perform action").click()

    async def open_update_dialog(self) -> None:
        """Click on the update entity of the device's page."""
        await self._firmware_row.click()
        await self.dialog_shows("Installed version")

    async def press_update(self) -> None:
        """Press the dialog's button."""
        await self._dialog.get_by_role("button", name="Update", exact=True).click()

    async def close_dialog(self) -> None:
        """Close the dialog and wait until it is gone."""
        await self._page.keyboard.press("Escape")
        await self._dialog.get_by_text("Installed version").wait_for(state="hidden")
        await self._page.mouse.move(0, 0)

    async def dialog_shows(self, text: str) -> None:
        """Wait until the dialog shows a text."""
        await self._dialog.get_by_text(text).first.wait_for()

    async def page_shows(self, text: str) -> None:
        """Wait until the page shows a text."""
        await self._page.get_by_text(text).first.wait_for()

    async def progress_percent(self) -> float:
        """Return where the dialog's progress bar stands."""
        value = await self._dialog.get_by_role("progressbar").first.get_attribute("aria-valuenow")
        return float(value or 0)

    async def set_height(self, height: int) -> None:
        """Make the window as high as a page is that is to be seen whole; in points."""
        await self._page.set_viewport_size({"width": _WIDTH, "height": height})

    async def screenshot(self, file: Path, *, is_dialog: bool = False) -> None:
        """Save what is seen, or the dialog in front of it alone; as a PNG, without animations."""
        file.parent.mkdir(parents=True, exist_ok=True)
        await self._page.mouse.move(0, 0)
        clip = await self._around_dialog() if is_dialog else None
        await self._page.screenshot(path=file, clip=clip, animations="disabled")

    async def _around_dialog(self) -> FloatRect:
        dialog = await self._page.get_by_role("dialog").last.element_handle()
        # It grows while it opens.
        await dialog.wait_for_element_state("stable")
        box = await dialog.bounding_box()
        assert box is not None  # noqa: S101  it was waited for
        return {
            "x": box["x"] - _MARGIN,
            "y": box["y"] - _MARGIN,
            "width": box["width"] + 2 * _MARGIN,
            "height": box["height"] + 2 * _MARGIN,
        }

    async def _open(self, path: str) -> None:
        """Open a page; once more if Home Assistant's own went somewhere by itself meanwhile."""
        url = f"{self._hass.base_url}{path}"
        try:
            await self._page.goto(url)
        except Error as err:
            if "ERR_ABORTED" not in err.message:
                raise
            await self._page.goto(url)

    @property
    def _form(self) -> Locator:
        return self._page.locator("dialog-data-entry-flow")

    @property
    def _dialog(self) -> Locator:
        return self._page.locator("ha-more-info-dialog")

    @property
    def _firmware_row(self) -> Locator:
        return self._page.get_by_text("Firmware", exact=True).first
