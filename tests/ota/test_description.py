from typing import Any

import pytest

from custom_components.flownexus_ota.ota.description import described_image
from custom_components.flownexus_ota.ota.image import FirmwareImage
from custom_components.flownexus_ota.ota.image_header import ImageHeader, inspect_image
from custom_components.flownexus_ota.ota.image_problem import ImageKind
from custom_components.flownexus_ota.ota.sidecar import Sidecar, SidecarError, SidecarProblem

from .esp_images import esp_image
from .images import a_device
from .mcuboot_images import mcuboot_image, signing_key

PLAIN = ImageHeader(kind=ImageKind.PLAIN)
SIGNED = inspect_image(mcuboot_image("-s", "9", "--pad", key=signing_key("ecdsa-p256")))
UNSIGNED = inspect_image(mcuboot_image(version="2.0.0"))
ESP = inspect_image(esp_image(b"v2.1.0", b"blinky", security_counter=3))


def described(header: ImageHeader, /, **members: Any) -> FirmwareImage:
    return described_image(
        Sidecar(**members), header, sha256="ab" * 32, size_bytes=1000, file_name="Thingy 1.4.2.bin"
    )


def refusal(header: ImageHeader, /, **members: Any) -> tuple[SidecarProblem, dict[str, str]]:
    with pytest.raises(SidecarError) as caught:
        described(header, **members)
    return caught.value.problem, dict(caught.value.placeholders)


def test_a_sidecar_describes_an_image_that_tells_nothing() -> None:
    members: dict[str, Any] = {
        "version": "1.4.2",
        "reported_version": "v1.4.2-release",
        "title": "Thingy",
        "manufacturer": "Nordic",
        "model": "Thingy:91",
        "hardware_version": "1.*",
        "endpoint": "urn:imei:*",
        "min_installed_version": "1.2.0",
        "max_installed_version": "1.4.1",
        "channel": "stable",
        "release_notes": "* faster",
        "release_url": "https://example.com/",
        "severity": "mandatory",
    }
    assert described(PLAIN, **members) == FirmwareImage(
        sha256="ab" * 32, size_bytes=1000, file_name="Thingy-1.4.2.bin", **members
    )


def test_what_an_mcuboot_image_tells_needs_no_sidecar() -> None:
    image = described(SIGNED, model="Thingy")
    assert image.version == "1.4.2+7"
    assert image.kind is ImageKind.MCUBOOT
    assert image.security_counter == 9
    assert image.signature == "ecdsa-p256"
    assert image.is_padded


def test_an_esp_image_tells_everything_itself() -> None:
    image = described(ESP)
    assert image.version == "v2.1.0"
    assert image.kind is ImageKind.ESP
    assert image.security_counter == 3
    assert image.signature is None
    assert (image.title, image.model) == ("blinky", "blinky")


def test_what_a_sidecar_says_goes_before_the_project_name() -> None:
    image = described(ESP, title="Blinky lamp", endpoint="lamp-*")
    assert (image.title, image.model, image.endpoint) == ("Blinky lamp", None, "lamp-*")


@pytest.mark.parametrize("name", ["a*", "[ab]", "what?"])
def test_a_project_name_is_no_pattern(name: str) -> None:
    image = described(inspect_image(esp_image(project_name=name.encode())))
    assert image.is_applicable_to(a_device(model=name))
    assert not image.is_applicable_to(a_device(model="a"))
    assert not image.is_applicable_to(a_device(model="whats"))


@pytest.mark.parametrize(
    ("header", "version"), [(SIGNED, "v1.4.2+7"), (UNSIGNED, "2.0.0+0"), (ESP, "2.1.0")]
)
def test_a_sidecar_may_repeat_the_version(header: ImageHeader, version: str) -> None:
    image = described(header, version=version, model="T", allow_unsigned=True)
    assert image.version == version


@pytest.mark.parametrize(
    ("header", "version", "own_version"),
    [(SIGNED, "1.4.2", "1.4.2+7"), (UNSIGNED, "2.0.1", "2.0.0"), (ESP, "2.1", "v2.1.0")],
)
def test_a_sidecar_must_not_say_another_version(
    header: ImageHeader, version: str, own_version: str
) -> None:
    assert refusal(header, version=version, model="T", allow_unsigned=True) == (
        SidecarProblem.VERSION_CONTRADICTION,
        {"version": version, "header_version": own_version},
    )


def test_a_sidecar_may_say_what_the_device_reports() -> None:
    image = described(SIGNED, reported_version="1.4.2", model="T")
    assert (image.version, image.expected_version) == ("1.4.2+7", "1.4.2")


def test_a_version_that_nobody_chose_is_the_sidecars_to_say() -> None:
    header = inspect_image(mcuboot_image(version="0.0.0", key=signing_key("ecdsa-p256")))
    assert refusal(header, model="T") == (SidecarProblem.VERSION_MISSING, {})
    assert described(header, model="T", version="1.0.0").version == "1.0.0"


def test_somebody_has_to_say_the_version() -> None:
    assert refusal(PLAIN, model="T") == (SidecarProblem.VERSION_MISSING, {})


@pytest.mark.parametrize("header", [PLAIN, SIGNED, inspect_image(esp_image(project_name=b""))])
def test_somebody_has_to_say_which_devices_it_fits(header: ImageHeader) -> None:
    assert refusal(header, version=header.version or "1") == (SidecarProblem.NO_PATTERN, {})


def test_an_image_without_a_signature_has_to_be_wanted() -> None:
    assert refusal(UNSIGNED, model="T") == (SidecarProblem.UNSIGNED, {})
    assert described(UNSIGNED, model="T", allow_unsigned=True).signature == "none"
