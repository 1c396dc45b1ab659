"""Which certificates the downloaders are told to trust."""

from pathlib import Path

import pytest

from scripts.setup.certificates import VARIABLES, certificate_environ


def test_every_downloader_is_shown_the_bundle_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    bundle = tmp_path / "bundle.crt"
    bundle.touch()
    assert certificate_environ(bundle) == dict.fromkeys(VARIABLES, str(bundle))


def test_what_a_person_has_set_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/etc/own.crt")
    bundle = tmp_path / "bundle.crt"
    bundle.touch()
    assert "SSL_CERT_FILE" not in certificate_environ(bundle)


def test_a_system_without_a_bundle_leaves_each_its_own(tmp_path: Path) -> None:
    assert certificate_environ(tmp_path / "none.crt") == {}
