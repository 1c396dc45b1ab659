"""Repair issues: one per bad file, named, and gone when the file is mended."""

from pathlib import Path
from typing import Final

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from custom_components.flownexus_ota import issues
from custom_components.flownexus_ota.const import DOMAIN
from custom_components.flownexus_ota.ota.image_problem import ImageProblem
from custom_components.flownexus_ota.ota.sidecar import SidecarProblem
from custom_components.flownexus_ota.sources.folder import scan_folder
from custom_components.flownexus_ota.sources.problem import FolderProblem, Problem, RemoteProblem
from custom_components.flownexus_ota.storage.image_store import ImageStore

from .texts import TEXTS

BAD_SIDECARS: Final[dict[str, bytes]] = {
    SidecarProblem.NOT_UTF8: b"\xff\xfe",
    SidecarProblem.NOT_JSON: b"{version: 1}",
    SidecarProblem.NOT_AN_OBJECT: b"[]",
    SidecarProblem.UNKNOWN_MEMBER: b'{"versoin": "1.0.0"}',
    SidecarProblem.REPEATED_MEMBER: b'{"model": "a", "model": "b"}',
    SidecarProblem.WRONG_TYPE: b'{"version": 1}',
    SidecarProblem.BLANK_MEMBER: b'{"version": " "}',
    SidecarProblem.TOO_LONG: b'{"version": "' + 256 * b"1" + b'"}',
    SidecarProblem.UNPRINTABLE: rb'{"version": "1\u0007"}',
    SidecarProblem.NO_PATTERN: b'{"version": "1.0.0"}',
    SidecarProblem.MATCHES_EVERYTHING: b'{"version": "1.0.0", "model": "*"}',
    SidecarProblem.UNREACHABLE_ENDPOINT: b'{"version": "1.0.0", "endpoint": "a/b"}',
    SidecarProblem.VERSION_MISSING: b'{"model": "Thingy"}',
    SidecarProblem.BOUND_NOT_COMPARABLE: (
        b'{"version": "1.0.0", "model": "Thingy", "min_installed_version": "new"}'
    ),
    SidecarProblem.BOUNDS_REVERSED: (
        b'{"version": "1.0.0", "model": "Thingy",'
        b' "min_installed_version": "2.0.0", "max_installed_version": "1.0.0"}'
    ),
    SidecarProblem.INVALID_SHA256: b'{"version": "1.0.0", "model": "Thingy", "sha256": "12"}',
    SidecarProblem.INVALID_URL: b'{"version": "1.0.0", "model": "Thingy", "release_url": "x"}',
    SidecarProblem.NOT_A_FLAG: b'{"version": "1.0.0", "allow_unsigned": "yes"}',
}
OTHER_PROBLEMS: Final[dict[str, dict[str, str]]] = {
    FolderProblem.FOLDER_UNREADABLE: {"error": "Permission denied"},
    FolderProblem.NO_SIDECAR: {},
    FolderProblem.IMAGE_MISSING: {},
    FolderProblem.LINK_LEAVES_FOLDER: {},
    FolderProblem.NOT_A_FILE: {},
    FolderProblem.UNREADABLE: {"error": "Permission denied"},
    FolderProblem.EMPTY: {},
    FolderProblem.TOO_LARGE: {"limit_bytes": "268435456"},
    FolderProblem.STILL_CHANGING: {},
    FolderProblem.SHA256_MISMATCH: {"expected": "00", "actual": "ff"},
    FolderProblem.DUPLICATE_VERSION: {"version": "1.0.0", "other": "b.bin"},
    FolderProblem.STORE_FAILED: {"error": "No space left on device"},
    SidecarProblem.VERSION_CONTRADICTION: {"version": "1.0.0", "header_version": "1.4.2"},
    SidecarProblem.UNSIGNED: {},
    ImageProblem.TRUNCATED: {"needed_bytes": "1000", "size_bytes": "999"},
    ImageProblem.MALFORMED: {"part": "TLV area"},
    ImageProblem.DAMAGED: {"hash": "sha256"},
    ImageProblem.NO_HASH: {},
    ImageProblem.ZIGBEE_OTA: {},
    ImageProblem.ZIP: {},
    ImageProblem.ELF: {},
    ImageProblem.INTEL_HEX: {},
    ImageProblem.GZIP: {},
    RemoteProblem.NOT_FETCHED: {"error": "firmware.example took longer than 30 s"},
    RemoteProblem.LIBRARY_MISSING: {"library": "aiogithubapi"},
    RemoteProblem.INDEX_NO_JSON: {},
    RemoteProblem.INDEX_UNKNOWN_FORMAT: {"format": "2"},
    RemoteProblem.INDEX_MALFORMED: {"member": "images"},
    RemoteProblem.INDEX_EXPIRED: {"expires_at": "2027-01-01T00:00:00+00:00"},
    RemoteProblem.TOO_MANY_IMAGES: {"limit": "1000"},
    RemoteProblem.ENTRY_NOT_AN_OBJECT: {},
    RemoteProblem.URL_UNUSABLE: {},
    RemoteProblem.SIZE_UNUSABLE: {"limit_bytes": "268435456"},
    RemoteProblem.DIGEST_MISSING: {},
    RemoteProblem.ASSET_WITHOUT_DIGEST: {},
}


def shown(hass: HomeAssistant) -> dict[str, str]:
    """Return what a person reads in each issue, by its id; a missing word raises `KeyError`."""
    texts = {}
    for (domain, issue_id), issue in ir.async_get(hass).issues.items():
        text = TEXTS["issues"][issue.translation_key]
        words = issue.translation_placeholders or {}
        assert domain == DOMAIN
        told = text["fix_flow"]["step"]["confirm"] if issue.is_fixable else text
        texts[issue_id] = "\n".join((text["title"], told["description"])).format(**words)
    return texts


def test_every_problem_is_tried_here() -> None:
    tried = {*BAD_SIDECARS, *OTHER_PROBLEMS}
    assert tried == {*SidecarProblem, *FolderProblem, *ImageProblem, *RemoteProblem}


@pytest.mark.parametrize("key", BAD_SIDECARS)
async def test_a_bad_sidecar_is_named_and_forgotten_when_it_is_gone(
    hass: HomeAssistant, tmp_path: Path, key: str
) -> None:
    folder = tmp_path / "firmware"
    folder.mkdir()
    (folder / "thingy.bin").write_bytes(b"image")
    sidecar = folder / "thingy.bin.json"
    sidecar.write_bytes(BAD_SIDECARS[key])
    store = ImageStore(tmp_path / "images")

    issues.show_catalogue_problems(hass, scan_folder(folder, store, {}).problems)
    told = shown(hass)
    sidecar.write_bytes(b'{"version": "1.0.0", "model": "Thingy"}')
    issues.show_catalogue_problems(hass, scan_folder(folder, store, {}).problems)

    assert len(told) == 1
    assert "thingy.bin" in next(iter(told.values()))
    assert shown(hass) == {}


@pytest.mark.parametrize("key", OTHER_PROBLEMS)
async def test_what_else_is_wrong_with_a_file_is_told(hass: HomeAssistant, key: str) -> None:
    problem = Problem(file_name="a.bin", key=key, placeholders=OTHER_PROBLEMS[key])

    issues.show_catalogue_problems(hass, [problem])

    assert list(shown(hass)) == ["catalogue_a.bin"]
    assert "a.bin" in shown(hass)["catalogue_a.bin"]


async def test_a_bad_file_is_logged_once_not_at_each_reading(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    problem = Problem(file_name="a\nb.bin", key=FolderProblem.EMPTY)

    issues.show_catalogue_problems(hass, [problem])
    issues.show_catalogue_problems(hass, [problem])

    warnings = [record for record in caplog.records if record.name == issues.__name__]
    assert len(warnings) == 1
    assert r"'a\nb.bin'" in warnings[0].getMessage()


async def test_a_file_that_is_bad_in_another_way_now_is_told_anew(hass: HomeAssistant) -> None:
    issues.show_catalogue_problems(hass, [Problem(file_name="a.bin", key=FolderProblem.EMPTY)])
    issues.show_catalogue_problems(hass, [Problem(file_name="a.bin", key=FolderProblem.NO_SIDECAR)])

    assert len(shown(hass)) == 1
    assert "It has no sidecar" in shown(hass)["catalogue_a.bin"]


async def test_issues_about_files_go_and_others_stay(hass: HomeAssistant) -> None:
    issues.show_history_damaged(hass, "flownexus_ota.db.damaged")
    issues.show_catalogue_problems(hass, [Problem(file_name="a.bin", key=FolderProblem.EMPTY)])

    issues.clear_catalogue_problems(hass)

    assert list(shown(hass)) == [issues.HISTORY_DAMAGED]
    assert "flownexus_ota.db.damaged" in shown(hass)[issues.HISTORY_DAMAGED]


async def test_a_history_that_can_be_written_again_needs_no_repair(hass: HomeAssistant) -> None:
    issues.show_history_not_writable(hass, "/config/flownexus_ota")
    told = shown(hass)
    issues.clear_history_not_writable(hass)

    assert "/config/flownexus_ota" in told[issues.HISTORY_NOT_WRITABLE]
    assert shown(hass) == {}
