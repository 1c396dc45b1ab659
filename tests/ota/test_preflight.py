"""What is looked at before anything is written."""

from dataclasses import replace

import pytest

from custom_components.flownexus_ota.ota.device_facts import DeviceFacts
from custom_components.flownexus_ota.ota.offerable import Offerable
from custom_components.flownexus_ota.ota.preflight import (
    Refusal,
    RefusalKey,
    Wish,
    preflight,
)
from custom_components.flownexus_ota.ota.profile import (
    DEFAULT_PROFILE,
    Profile,
    ProtocolChoice,
    UriStyle,
    VersionResource,
)

from .images import a_device

READY = replace(a_device(), update_instance_id=0, firmware_version="1.4.1", delivery_method=0)
NEWER = Wish(version="1.4.2")
OFFERABLE = Offerable(uri_lengths={"http": 60})
COAP_ONLY, HTTP, HTTPS, BOTH = (0,), (0, 2), (3,), (2, 3)


def key_of(
    facts: DeviceFacts = READY,
    wish: Wish = NEWER,
    offerable: Offerable = OFFERABLE,
    profile: Profile = DEFAULT_PROFILE,
) -> str | None:
    """Return why an update is refused, if it is."""
    refusal = preflight(facts, wish, offerable, profile)
    return None if refusal is None else refusal.key


def test_an_ordinary_update_is_not_refused() -> None:
    assert key_of() is None


def test_a_device_without_object_5_is_refused() -> None:
    assert key_of(replace(READY, update_instance_id=None)) == RefusalKey.NO_OBJECT_5


@pytest.mark.parametrize(
    ("delivery_method", "key"), [(None, None), (0, None), (1, RefusalKey.PUSH_ONLY), (2, None)]
)
def test_a_device_that_only_takes_pushes_is_refused(
    delivery_method: int | None, key: str | None
) -> None:
    assert key_of(replace(READY, delivery_method=delivery_method)) == key


@pytest.mark.parametrize(
    ("installed", "version", "may_downgrade", "key"),
    [
        ("1.4.2", "1.4.2", False, RefusalKey.ALREADY_INSTALLED),
        ("v1.4.2", "1.4.2", True, RefusalKey.ALREADY_INSTALLED),
        ("1.5.0", "1.4.2", False, RefusalKey.DOWNGRADE),
        ("1.5.0", "1.4.2", True, None),
        ("1.0.0+7", "1.0.0+8", False, None),
        ("1.0.0+8", "1.0.0+7", False, RefusalKey.DOWNGRADE),
        ("odd", "1.4.2", False, None),
        (None, "1.4.2", False, None),
    ],
)
def test_only_another_version_is_installed_and_an_older_one_only_by_name(
    installed: str | None, version: str, key: str | None, *, may_downgrade: bool
) -> None:
    wish = Wish(version=version, may_downgrade=may_downgrade)
    assert key_of(replace(READY, firmware_version=installed), wish) == key


@pytest.mark.parametrize(
    ("counter", "known", "key"),
    [
        (None, 5, None),
        (5, None, None),
        (5, 5, None),
        (4, 5, RefusalKey.SECURITY_COUNTER_LOW),
    ],
)
def test_an_image_that_the_bootloader_would_refuse_is_refused(
    counter: int | None, known: int | None, key: str | None
) -> None:
    wish = Wish(version="1.4.2", security_counter=counter)
    assert key_of(replace(READY, security_counter=known), wish) == key


def test_a_refused_security_counter_is_told_beside_the_known_one() -> None:
    wish = Wish(version="1.4.2", security_counter=4)
    refusal = preflight(replace(READY, security_counter=5), wish, OFFERABLE, DEFAULT_PROFILE)
    assert str(refusal) == "security_counter_low counter=4 known=5"


def test_the_version_is_the_one_that_the_profile_names() -> None:
    facts = replace(READY, package_version="1.4.2")
    profile = Profile(version_resource=VersionResource.PACKAGE_VERSION)
    assert key_of(facts, profile=profile) == RefusalKey.ALREADY_INSTALLED


def test_a_refused_version_is_told_with_the_installed_one() -> None:
    refusal = preflight(replace(READY, firmware_version="1.5.0"), NEWER, OFFERABLE, DEFAULT_PROFILE)
    assert refusal == Refusal(
        key=RefusalKey.DOWNGRADE, values={"version": "1.4.2", "installed_version": "1.5.0"}
    )
    assert str(refusal) == "downgrade version=1.4.2 installed_version=1.5.0"


@pytest.mark.parametrize(
    ("protocols", "choice", "scheme", "is_refused"),
    [
        (None, ProtocolChoice.AUTO, "http", False),
        (None, ProtocolChoice.AUTO, "https", False),
        (COAP_ONLY, ProtocolChoice.AUTO, "http", True),
        (HTTP, ProtocolChoice.AUTO, "http", False),
        (HTTP, ProtocolChoice.AUTO, "https", True),
        (HTTPS, ProtocolChoice.AUTO, "http", True),
        (HTTPS, ProtocolChoice.AUTO, "https", False),
        (BOTH, ProtocolChoice.AUTO, "https", False),
        ((), ProtocolChoice.AUTO, "http", True),
        (COAP_ONLY, ProtocolChoice.HTTP, "http", False),
        (BOTH, ProtocolChoice.HTTPS, "http", True),
        (None, ProtocolChoice.HTTPS, "https", False),
    ],
)
def test_the_scheme_has_to_be_one_that_the_device_takes(
    protocols: tuple[int, ...] | None, choice: ProtocolChoice, scheme: str, *, is_refused: bool
) -> None:
    key = key_of(
        replace(READY, protocols=protocols),
        offerable=Offerable(uri_lengths={scheme: 60}),
        profile=Profile(protocol=choice),
    )
    assert (key == RefusalKey.PROTOCOL_UNSUPPORTED) is is_refused


def test_a_device_that_lists_nothing_is_taken_for_coap_only_where_the_profile_says_so() -> None:
    assert key_of(profile=Profile(assume_http=False)) == RefusalKey.PROTOCOL_UNSUPPORTED


@pytest.mark.parametrize(("protocols", "is_refused"), [(HTTPS, False), (COAP_ONLY, True)])
def test_a_device_that_is_given_a_path_chooses_its_scheme_itself(
    protocols: tuple[int, ...], *, is_refused: bool
) -> None:
    key = key_of(replace(READY, protocols=protocols), profile=Profile(uri_style=UriStyle.PATH))
    assert (key == RefusalKey.PROTOCOL_UNSUPPORTED) is is_refused


@pytest.mark.parametrize(
    ("protocols", "profile", "words"),
    [
        ((0, 1, 99), DEFAULT_PROFILE, "coap, coaps, 99"),
        ((), DEFAULT_PROFILE, "-"),
        (None, Profile(assume_http=False), "coap"),
        ((2,), Profile(protocol=ProtocolChoice.HTTPS), "https"),
    ],
)
def test_what_a_device_takes_instead_is_told(
    protocols: tuple[int, ...] | None, profile: Profile, words: str
) -> None:
    refusal = preflight(replace(READY, protocols=protocols), NEWER, OFFERABLE, profile)
    assert refusal == Refusal(
        key=RefusalKey.PROTOCOL_UNSUPPORTED, values={"scheme": "http", "protocols": words}
    )


def test_without_a_base_url_there_is_nothing_to_offer() -> None:
    assert key_of(offerable=Offerable()) == RefusalKey.NO_BASE_URL


@pytest.mark.parametrize(("length", "key"), [(127, None), (128, RefusalKey.URI_TOO_LONG)])
def test_a_uri_that_devices_may_choke_on_is_not_written(length: int, key: str | None) -> None:
    assert key_of(offerable=Offerable(uri_lengths={"http": length})) == key


@pytest.mark.parametrize(
    ("level", "minimum", "key"),
    [
        (None, 50, None),
        (49, 50, RefusalKey.BATTERY_LOW),
        (50, 50, None),
        (0, 0, None),
    ],
)
def test_a_battery_has_to_last(level: int | None, minimum: int, key: str | None) -> None:
    wish = replace(NEWER, min_battery_percent=minimum)
    assert key_of(replace(READY, battery_percent=level), wish) == key


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal(key=RefusalKey.NO_OBJECT_5),
        Refusal(key=RefusalKey.BATTERY_LOW, values={"battery": "12", "minimum": "30"}),
        Refusal(key=RefusalKey.IMAGE_NOT_FETCHED, values={"detail": "it took 60 s, or so"}),
        Refusal(key=RefusalKey.ALREADY_INSTALLED, values={"installed_version": ""}),
    ],
)
def test_a_refusal_is_known_again_by_its_words(refusal: Refusal) -> None:
    assert Refusal.told_by(str(refusal)) == refusal


@pytest.mark.parametrize("words", ["", "asked for", "battery", "battery_low battery"])
def test_other_words_are_no_refusal(words: str) -> None:
    assert Refusal.told_by(words) is None
