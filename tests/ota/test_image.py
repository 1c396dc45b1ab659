import re

import pytest
from hypothesis import example, given, strategies as st

from custom_components.flownexus_ota.ota.image import Mismatch, clean_file_name
from custom_components.flownexus_ota.ota.pattern import fits_everything

from .images import a_device, an_image

ANY = {"model": "*"}


def test_an_image_is_expected_to_report_its_own_version() -> None:
    assert an_image("1.4.2").expected_version == "1.4.2"


def test_an_image_may_report_another_version_than_it_has() -> None:
    image = an_image("1.4.2", reported_version="v1.4.2-release")
    assert image.expected_version == "v1.4.2-release"


@pytest.mark.parametrize(
    "members",
    [
        {"model": "Thingy:91"},
        {"model": "thingy:91"},
        {"model": "Thingy:9?"},
        {"model": "Thingy*", "manufacturer": "nordic"},
        {"model": "*", "hardware_version": "1.*"},
        {"model": None, "endpoint": "urn:imei:*"},
        {"model": None, "endpoint": "urn:imei:35045779000000[1-3]"},
        {"min_installed_version": "1.2.0"},
        {"min_installed_version": "1.3.0", "max_installed_version": "v1.3.0"},
        {"max_installed_version": "1.4.1"},
    ],
)
def test_an_image_fits_a_device_that_its_patterns_describe(members: dict[str, str | None]) -> None:
    image = an_image(**members)
    assert image.refusal(a_device()) is None
    assert image.is_applicable_to(a_device())


@pytest.mark.parametrize(
    ("members", "mismatch"),
    [
        ({"manufacturer": "Nordi"}, Mismatch.MANUFACTURER),
        ({"model": "Thingy"}, Mismatch.MODEL),
        ({"model": "Thingy:91 X"}, Mismatch.MODEL),
        ({"hardware_version": "2.*"}, Mismatch.HARDWARE_VERSION),
        ({"endpoint": "urn:imei:9*"}, Mismatch.ENDPOINT),
        ({"min_installed_version": "1.3.1"}, Mismatch.INSTALLED_TOO_OLD),
        ({"max_installed_version": "1.2.9"}, Mismatch.INSTALLED_TOO_NEW),
        ({"channel": "beta"}, Mismatch.CHANNEL),
    ],
)
def test_an_image_says_why_it_does_not_fit(members: dict[str, str], mismatch: Mismatch) -> None:
    image = an_image(**members)
    assert image.refusal(a_device()) is mismatch
    assert not image.is_applicable_to(a_device())


@pytest.mark.parametrize("pattern", ["Nordic", "?*x"])
def test_a_pattern_needs_something_to_match(pattern: str) -> None:
    image = an_image(manufacturer=pattern)
    assert image.refusal(a_device(manufacturer=None)) is Mismatch.MANUFACTURER


def test_a_pattern_of_wildcards_needs_nothing_to_match() -> None:
    assert an_image(manufacturer="*").is_applicable_to(a_device(manufacturer=None))


@pytest.mark.parametrize("installed", [None, "", "factory build"])
def test_a_range_of_versions_needs_a_version_to_compare(installed: str | None) -> None:
    image = an_image(min_installed_version="1.2.0")
    device = a_device(firmware_version=installed)
    assert image.refusal(device) is Mismatch.INSTALLED_UNKNOWN


def test_without_a_range_any_installed_version_will_do() -> None:
    assert an_image().is_applicable_to(a_device(firmware_version=None))


@pytest.mark.parametrize(
    ("of_image", "of_profile", "mismatch"),
    [
        (None, None, None),
        (None, "beta", None),
        ("stable", None, None),
        ("Stable", "beta", None),
        ("beta", "beta", None),
        ("Beta", "bETA", None),
        ("beta", None, Mismatch.CHANNEL),
        ("beta", "stable", Mismatch.CHANNEL),
        ("beta", "alpha", Mismatch.CHANNEL),
    ],
)
def test_a_device_gets_what_is_stable_and_what_is_of_its_channel(
    of_image: str | None, of_profile: str | None, mismatch: Mismatch | None
) -> None:
    assert an_image(channel=of_image).refusal(a_device(), of_profile) is mismatch


@pytest.mark.parametrize(
    ("of_image", "of_device", "mismatch"),
    [
        (None, None, None),
        (None, 5, None),
        (0, None, None),
        (5, 5, None),
        (6, 5, None),
        (4, 5, Mismatch.SECURITY_COUNTER),
        (0, 1, Mismatch.SECURITY_COUNTER),
    ],
)
def test_an_image_needs_the_security_counter_that_the_device_has_had(
    of_image: int | None, of_device: int | None, mismatch: Mismatch | None
) -> None:
    image = an_image(security_counter=of_image)
    assert image.refusal(a_device(security_counter=of_device)) is mismatch


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ({"endpoint": "urn:imei:1"}, {"endpoint": "urn:imei:*"}),
        ({"endpoint": "urn:imei:*"}, {"hardware_version": "1.4", "manufacturer": "Nordic"}),
        ({"hardware_version": "1.4"}, {"hardware_version": "1.[45]"}),
        ({"model": "Thingy:91"}, {"model": "Thingy*"}),
        ({"model": "Thingy:9*"}, {"model": "Thingy*"}),
        ({"model": "Thingy*"}, {"manufacturer": "Nordic"}),
        ({"manufacturer": "Nordic"}, {"manufacturer": "*"}),
        ({"min_installed_version": "1.0"}, {}),
        ({"min_installed_version": "1.0", "max_installed_version": "2.0"}, {"channel": "beta"}),
    ],
)
def test_the_image_for_fewer_devices_is_the_more_specific(
    narrow: dict[str, str], wide: dict[str, str]
) -> None:
    narrow_image, wide_image = an_image(**ANY | narrow), an_image(**ANY | wide)
    assert narrow_image.specificity > wide_image.specificity


@pytest.mark.parametrize("pattern", [None, "*", "**", "?*"])
def test_wildcards_alone_fit_everything(pattern: str | None) -> None:
    assert fits_everything(pattern)


@pytest.mark.parametrize("pattern", ["a", "a*", "[a-z]*"])
def test_a_pattern_with_a_letter_does_not_fit_everything(pattern: str) -> None:
    assert not fits_everything(pattern)


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("thingy-1.4.2.bin", "thingy-1.4.2.bin"),
        ("Thingy 91 (signed).bin", "Thingy-91-signed.bin"),
        ("固件.bin", "firmware.bin"),
        ("固件", "firmware"),
        ("../../etc/passwd", "etc-passwd"),
        ("..", "firmware"),
        ("", "firmware"),
        (".hidden", "firmware.hidden"),
        ("a..b.bin", "a.b.bin"),
        ("app.signed-for-production-use", "app.signed-for-production-use"),
        ("a" * 40 + ".bin", "a" * 28 + ".bin"),
        ("a" * 40, "a" * 32),
        ("a" * 27 + ".-bc.bin", "a" * 27 + ".bin"),
        ("x.tar.gz", "x.tar.gz"),
        ("\udcff.bin", "firmware.bin"),
    ],
)
def test_a_served_name_keeps_what_a_url_can_carry(name: str, cleaned: str) -> None:
    assert clean_file_name(name) == cleaned


@given(st.text(max_size=80))
@example("0:.0:")
def test_every_served_name_is_short_and_plain(name: str) -> None:
    cleaned = clean_file_name(name)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,31}", cleaned)
    assert ".." not in cleaned
    assert clean_file_name(cleaned) == cleaned


@pytest.mark.filterwarnings("error")
@given(st.text(alphabet="[]!-^*?&~|a\\(", min_size=1, max_size=12))
def test_no_pattern_breaks_the_matching(pattern: str) -> None:
    image = an_image(model=pattern)
    assert image.refusal(a_device(model="a")) in {None, Mismatch.MODEL}
