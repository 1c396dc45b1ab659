"""Adding a firmware by the page: upload a file, say what it is, see whom it fits, confirm."""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, override

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.selector import (
    BooleanSelector,
    FileSelector,
    FileSelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from .firmware import (
    FIRMWARE_ERRORS,
    FirmwareError,
    async_add,
    async_distrusting,
    async_fitting,
    problem_of,
    sidecar_of,
)
from .firmware_words import async_fitting_words, size_in_words
from .option_steps import OptionSteps
from .ota.description import described_image
from .ota.image import FirmwareImage
from .ota.image_header import ImageHeaderError
from .ota.sidecar import SidecarError, parse_sidecar
from .sources.folder_writer import writable_name
from .sources.inspection import InspectedFile, inspect_file
from .storage.source_file import SourceError
from .texts import async_texts

# Home Assistant puts the one in the place of the other, and names the one in its types.
if TYPE_CHECKING:
    import probatio as vol
else:
    import voluptuous as vol

CONF_FILE: Final = "file"
CONF_FILE_NAME: Final = "file_name"

_LINE: Final = TextSelector()
_TEXT: Final = TextSelector(TextSelectorConfig(multiline=True))
_URL: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))

UPLOAD_SCHEMA: Final = vol.Schema(
    {vol.Required(CONF_FILE): FileSelector(FileSelectorConfig(accept="*/*"))}
)
DESCRIPTION_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_FILE_NAME): _LINE,
        vol.Optional("version"): _LINE,
        vol.Optional("title"): _LINE,
        vol.Optional("manufacturer"): _LINE,
        vol.Optional("model"): _LINE,
        vol.Optional("hardware_version"): _LINE,
        vol.Optional("endpoint"): _LINE,
        vol.Optional("release_notes"): _TEXT,
        vol.Optional("channel"): _LINE,
        vol.Optional("min_installed_version"): _LINE,
        vol.Optional("max_installed_version"): _LINE,
        vol.Optional("reported_version"): _LINE,
        vol.Optional("release_url"): _URL,
        vol.Optional("severity"): _LINE,
        vol.Required("allow_unsigned", default=False): BooleanSelector(),
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A file that was uploaded, and is there until `until_closed` is closed."""

    until_closed: ExitStack
    path: Path
    facts: InspectedFile

    def suggestions(self) -> dict[str, Any]:
        """Return what the form can be filled with before anybody types."""
        header = self.facts.header
        model = None if header.project_name is None else escape(header.project_name)
        said = {"version": header.version, "title": header.project_name, "model": model}
        return {CONF_FILE_NAME: writable_name(self.path.name), **said}


class UploadSteps(OptionSteps):
    """Steps from a file to a firmware of the folder that all servers share."""

    _upload: Upload | None = None
    _description: Mapping[str, Any] | None = None
    _closing: asyncio.Future[None] | None = None

    async def async_step_firmware_add(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Take a file, unless it cannot be an image."""
        if user_input is None:
            return self._upload_form()
        self._discard_upload()
        try:
            self._upload = await self.hass.async_add_executor_job(
                _taken, self.hass, user_input[CONF_FILE]
            )
        except ValueError:
            return self._upload_form({CONF_FILE: "upload_gone"})
        except (SourceError, ImageHeaderError) as err:
            key, placeholders = problem_of(self.hass, err)
            return self._upload_form({CONF_FILE: key}, placeholders)
        return await self.async_step_firmware_describe()

    async def async_step_firmware_describe(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what the image is, and which devices it is for."""
        if user_input is None:
            return await self._description_form()
        self._description = user_input
        try:
            self._image()
        except SidecarError as err:
            return await self._description_form(err)
        return await self.async_step_firmware_confirm()

    async def async_step_firmware_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show whom the image fits, and add it."""
        upload, image, name = self._known_upload(), self._image(), self._file_name()
        if user_input is None:
            distrusting = await async_distrusting(self.hass, upload.path, upload.facts.header)
            fitting = await async_fitting(self.hass, image, distrusting)
            words = await async_fitting_words(self.hass, image, fitting)
            return self.async_show_form(
                step_id="firmware_confirm",
                data_schema=vol.Schema({}),
                description_placeholders={"file": name, **words},
                last_step=True,
            )
        try:
            await async_add(
                self._runtime().shared, upload.path, file_name=name, sidecar=self._sidecar()
            )
        except FIRMWARE_ERRORS as err:
            return await self._description_form(err)
        placeholders = {"file": name, "version": image.version}
        return self.async_abort(reason="firmware_added", description_placeholders=placeholders)

    @callback
    @override
    def async_remove(self) -> None:
        """Forget the file of a flow that ends, or that somebody leaves."""
        self._discard_upload()
        super().async_remove()

    def _known_upload(self) -> Upload:
        assert self._upload is not None  # noqa: S101  no step comes before the upload
        return self._upload

    def _discard_upload(self) -> None:
        upload, self._upload = self._upload, None
        if upload is not None:
            self._closing = self.hass.async_add_executor_job(_close, upload.until_closed)

    def _upload_form(
        self, errors: dict[str, str] | None = None, placeholders: dict[str, str] | None = None
    ) -> ConfigFlowResult:
        return self.async_show_form(
            step_id="firmware_add",
            data_schema=UPLOAD_SCHEMA,
            errors=errors,
            description_placeholders=placeholders,
            last_step=False,
        )

    async def _description_form(self, err: FirmwareError | None = None) -> ConfigFlowResult:
        upload = self._known_upload()
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if err is not None:
            key, placeholders = problem_of(self.hass, err)
            field = CONF_FILE_NAME if "file" in placeholders else placeholders.get("member", "base")
            errors[field] = key
        kinds = await async_texts(self.hass, "selector", "image_kind.options")
        kind, size = kinds[upload.facts.header.kind], size_in_words(upload.facts.size_bytes)
        shown = upload.suggestions() if self._description is None else self._description
        return self.async_show_form(
            step_id="firmware_describe",
            data_schema=self.add_suggested_values_to_schema(DESCRIPTION_SCHEMA, shown),
            errors=errors,
            description_placeholders={"kind": kind, "size": size, **placeholders},
            last_step=False,
        )

    def _sidecar(self) -> bytes:
        typed = dict(self._description or {})
        typed.pop(CONF_FILE_NAME, None)
        return sidecar_of(typed)

    def _file_name(self) -> str:
        return writable_name((self._description or {}).get(CONF_FILE_NAME, ""))

    def _image(self) -> FirmwareImage:
        """Return the image as it would be in the catalogue; raise `SidecarError`."""
        facts = self._known_upload().facts
        return described_image(
            parse_sidecar(self._sidecar()),
            facts.header,
            sha256=facts.sha256,
            size_bytes=facts.size_bytes,
            file_name=self._file_name(),
        )


def _taken(hass: HomeAssistant, file_id: str) -> Upload:
    """Return an uploaded file, not yet removed; blocking. Raise `ValueError` if it is gone."""
    with ExitStack() as until_closed:
        path = until_closed.enter_context(process_uploaded_file(hass, file_id))
        facts = inspect_file(path)
        return Upload(until_closed=until_closed.pop_all(), path=path, facts=facts)


def _close(until_closed: ExitStack) -> None:
    """Remove an uploaded file; a page that was left may have done so already."""
    with suppress(OSError, KeyError):
        until_closed.close()
