"""A real Chromium before Home Assistant's page, driven as a person would."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from playwright.async_api import FilePayload, Locator, Page, async_playwright

from harness.hass import Hass

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


class HassPage:
    """Home Assistant in a browser; Playwright's own limit of 30 s holds for every step."""

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
        return cls(page, hass)

    async def log_in(self) -> None:
        """Fill in the login form."""
        await self._page.goto(self._hass.base_url)
        await self._page.locator("input[name=username]").fill(self._hass.login.username)
        await self._page.locator("input[name=password]").fill(self._hass.login.password)
        await self._page.keyboard.press("Enter")
        await self._page.get_by_text(f"Welcome {self._hass.login.name}", exact=True).wait_for()

    async def open_device(self, endpoint: str) -> None:
        """Open a device's page from the integration's."""
        await self._open_integration()
        await self._page.get_by_text(endpoint, exact=True).first.click()
        await self._firmware_row.wait_for()

    async def open_options(self, *topics: str) -> None:
        """Open the options of the first server, and go from menu to menu."""
        await self._open_integration()
        await self._page.get_by_role("button", name="Configure").first.click()
        for topic in topics:
            await self._form.get_by_text(topic, exact=True).click()

    async def choose_file(self, name: str, content: bytes) -> None:
        """Give a form the file that it asks for, and wait until it is uploaded."""
        file = FilePayload(name=name, mimeType="application/octet-stream", buffer=content)
        await self._form.locator("input[type=file]").set_input_files(file)
        await self._form.get_by_text(name).wait_for()

    async def fill_in(self, **fields: str) -> None:
        """Type into fields of a form; each is named by its label."""
        for label, text in fields.items():
            await self._form.get_by_role("textbox", name=label, exact=True).fill(text)

    async def press(self, button: str) -> None:
        """Press a button of a form."""
        await self._form.get_by_role("button", name=button, exact=True).click()

    async def form_shows(self, text: str) -> None:
        """Wait until a form shows a text."""
        await self._form.get_by_text(text).first.wait_for()

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

    async def screenshot(self, file: Path) -> None:
        """Save what is seen, without animations."""
        file.parent.mkdir(parents=True, exist_ok=True)
        await self._page.screenshot(path=file)

    async def _open_integration(self) -> None:
        await self._page.goto(
            f"{self._hass.base_url}/config/integrations/integration/flownexus_ota"
        )

    @property
    def _form(self) -> Locator:
        return self._page.locator("dialog-data-entry-flow")

    @property
    def _dialog(self) -> Locator:
        return self._page.locator("ha-more-info-dialog")

    @property
    def _firmware_row(self) -> Locator:
        return self._page.get_by_text("Firmware", exact=True).first
