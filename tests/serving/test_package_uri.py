"""What is written to 5/x/1."""

import re

import pytest
from hypothesis import given, strategies as st

from custom_components.flownexus_ota.ota.preflight import MAX_URI_LENGTH
from custom_components.flownexus_ota.ota.profile import UriStyle
from custom_components.flownexus_ota.serving.package_uri import (
    PackageUriTooLongError,
    clean_name,
    package_uri,
)

BASE_URL = "http://192.0.2.7:8123"
TOKEN = "abcdefghijklmnopqrstuv"


def test_a_standard_device_gets_a_whole_url() -> None:
    uri = package_uri(BASE_URL, TOKEN, "thingy-1.4.2.bin", UriStyle.ABSOLUTE)
    assert uri == f"http://192.0.2.7:8123/f/{TOKEN}/thingy-1.4.2.bin"


def test_a_device_with_a_compiled_in_host_gets_the_path() -> None:
    uri = package_uri(BASE_URL, TOKEN, "thingy-1.4.2.bin", UriStyle.PATH)
    assert uri == f"/media/firmware/{TOKEN}/thingy-1.4.2.bin"


def test_a_slash_at_the_end_of_the_base_url_is_not_doubled() -> None:
    uri = package_uri(f"{BASE_URL}/", TOKEN, "a.bin", UriStyle.ABSOLUTE)
    assert uri == f"{BASE_URL}/f/{TOKEN}/a.bin"


@pytest.mark.parametrize(
    ("file_name", "cleaned"),
    [
        ("thingy-1.4.2+7.bin", "thingy-1.4.2_7.bin"),
        ("a b\u00e9/c<script>.bin", "a_b_c_script_.bin"),
        ("../../etc/passwd", "_._etc_passwd"),
        ("..", "firmware.bin"),
        ("", "firmware.bin"),
        (".hidden.", "hidden"),
        ("a...bin", "a.bin"),
    ],
)
def test_a_name_keeps_only_what_every_device_and_proxy_understands(
    file_name: str, cleaned: str
) -> None:
    assert clean_name(file_name) == cleaned


def test_a_long_name_is_cut_before_its_suffix() -> None:
    uri = package_uri(BASE_URL, TOKEN, "n" * 200 + ".bin", UriStyle.ABSOLUTE)
    assert len(uri) == MAX_URI_LENGTH
    assert uri.endswith("nnn.bin")


def test_a_long_suffix_is_cut_too() -> None:
    uri = package_uri(BASE_URL, TOKEN, "a." + "b" * 200, UriStyle.ABSOLUTE)
    assert len(uri) == MAX_URI_LENGTH


def test_a_long_name_without_a_suffix_is_cut() -> None:
    uri = package_uri(BASE_URL, TOKEN, "n" * 200, UriStyle.PATH)
    assert len(uri) == MAX_URI_LENGTH


def test_a_base_url_that_leaves_room_for_one_character_is_the_longest() -> None:
    base_url = "http://" + "h" * (100 - len("http://"))
    assert len(package_uri(base_url, TOKEN, "a.bin", UriStyle.ABSOLUTE)) == MAX_URI_LENGTH
    with pytest.raises(PackageUriTooLongError, match="128") as caught:
        package_uri(f"{base_url}h", TOKEN, "a.bin", UriStyle.ABSOLUTE)
    assert caught.value.length == MAX_URI_LENGTH + 1


@given(file_name=st.text(), host_length=st.integers(1, 90), style=st.sampled_from(UriStyle))
def test_every_uri_fits_and_is_clean(file_name: str, host_length: int, style: UriStyle) -> None:
    uri = package_uri("http://" + "h" * host_length, TOKEN, file_name, style)
    assert len(uri) <= MAX_URI_LENGTH
    assert re.fullmatch(r"(http://h+/f|/media/firmware)/\w{22}/[A-Za-z0-9_-][A-Za-z0-9._-]*", uri)
    assert ".." not in uri
