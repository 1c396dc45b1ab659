"""What Home Assistant finds at its first start."""

import json
import zipfile
from pathlib import Path

import pytest

from harness.hass_folder import has_user, write_hass_folder
from harness.hass_version import NEWEST, OLDEST, HassVersion


@pytest.mark.parametrize(("version", "expected"), [(NEWEST, (3, 1)), (OLDEST, (2, 2))])
def test_the_http_server_is_set_as_confirmed_and_never_in_yaml(
    tmp_path: Path, version: HassVersion, expected: tuple[int, int]
) -> None:
    write_hass_folder(tmp_path, version, 8124)
    assert "http" not in (tmp_path / "configuration.yaml").read_text(encoding="utf-8")
    stored = json.loads((tmp_path / ".storage/http").read_text(encoding="utf-8"))
    assert (stored["version"], stored["minor_version"]) == expected
    assert stored["data"]["pending"] is None
    assert stored["data"]["stable"]["server_host"] == ["127.0.0.1"]
    assert stored["data"]["stable"]["server_port"] == 8124


def test_a_second_start_gets_the_integration_anew_and_keeps_the_rest(tmp_path: Path) -> None:
    write_hass_folder(tmp_path, NEWEST, 8124)
    onboarding = tmp_path / ".storage/onboarding"
    onboarding.write_text("all done", encoding="utf-8")
    stale = tmp_path / "custom_components/flownexus_ota/removed.py"
    stale.touch()
    write_hass_folder(tmp_path, NEWEST, 8125)
    assert onboarding.read_text(encoding="utf-8") == "all done"
    assert not stale.exists()
    assert stale.with_name("manifest.json").is_file()


def test_there_is_a_user_once_home_assistant_has_stored_one(tmp_path: Path) -> None:
    write_hass_folder(tmp_path, NEWEST, 8124)
    assert not has_user(tmp_path)
    (tmp_path / ".storage/auth").touch()
    assert has_user(tmp_path)


def test_a_release_is_unpacked_instead_of_what_lies_in_the_repository(tmp_path: Path) -> None:
    archive = tmp_path / "release.zip"
    with zipfile.ZipFile(archive, "w") as release:
        release.writestr("manifest.json", "{}")
    write_hass_folder(tmp_path / "config", NEWEST, 8124, archive=archive)
    installed = tmp_path / "config/custom_components/flownexus_ota"
    assert {path.name: path.read_text() for path in installed.iterdir()} == {"manifest.json": "{}"}
