"""What a server of releases tells, also one that is not GitHub's own."""

from typing import Any

import pytest

from custom_components.flownexus_ota.sources.releases import Release, releases_of

ADDRESS = "https://github.example/a.bin"


def released(**changes: object) -> Release:
    """Return what is read of a release with one asset, of which the server says something else."""
    asset: dict[str, Any] = {
        "name": "a.bin",
        "size": 8,
        "state": "uploaded",
        "url": ADDRESS,
        "browser_download_url": ADDRESS,
        "id": 1,
        "updated_at": "2026-02-27T19:35:32Z",
    }
    release = {"tag_name": "v1.4.2", "html_url": ADDRESS, "assets": [asset | changes]}
    releases = releases_of([release])
    assert releases is not None
    return releases[0]


@pytest.mark.parametrize("name", ["a\ud800.bin", "a\n.bin", "\x1b[31ma.bin"])
def test_an_asset_whose_name_cannot_be_shown_is_passed_over(name: str) -> None:
    assert released(name=name).assets == {}


@pytest.mark.parametrize("address", ["https://[", "https://[::1]@", "https://"])
def test_an_asset_without_a_usable_address_is_passed_over(address: str) -> None:
    assert released(url=address).assets == {}
    assert released(browser_download_url=address).assets == {}


@pytest.mark.parametrize("strange", [["?"], {}, None, 1.5])
def test_whatever_tells_one_asset_from_another_can_be_looked_up(strange: object) -> None:
    asset = released(id=strange, updated_at=strange).assets["a.bin"]
    other = released(id=strange, updated_at="later").assets["a.bin"]
    assert {asset.stamp: asset}[asset.stamp] == asset
    assert asset.stamp != other.stamp


@pytest.mark.parametrize("address", [None, 7, ["?"]])
def test_a_release_may_have_no_page(address: object) -> None:
    releases = releases_of([{"tag_name": "v1", "html_url": address, "assets": []}])
    assert releases is not None
    assert releases[0].page_url is None
