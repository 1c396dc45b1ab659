"""Which profile a device gets."""

import pytest

from custom_components.flownexus_ota.ota.profile import (
    DEFAULT_PROFILE,
    Confirm,
    Profile,
    ResetWay,
    UriStyle,
    VersionResource,
)
from custom_components.flownexus_ota.ota.profile_match import (
    FLOWNEXUS_SAMPLE,
    ProfileRule,
    in_order,
    profile_for,
    version_of,
)

from .images import a_device

SAMPLE = a_device(manufacturer="Zephyr", model="OMA-LWM2M Sample Client")


def rule(name: str, **patterns: str) -> ProfileRule:
    """Return a rule whose profile can be told from others."""
    return ProfileRule(name=name, profile=Profile(max_offers=len(name)), **patterns)


def test_a_device_that_no_rule_fits_gets_the_default() -> None:
    rules = in_order([rule("other", manufacturer="Somebody else")])
    assert profile_for(rules, a_device()) is DEFAULT_PROFILE


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ({"manufacturer": "nordic*"}, True),
        ({"model": "THINGY:9?"}, True),
        ({"endpoint": "urn:imei:*"}, True),
        ({"manufacturer": "Nordic", "model": "Thingy:91", "endpoint": "urn:imei:1"}, True),
        ({"manufacturer": "Nordic", "model": "other"}, False),
        ({"endpoint": "urn:dev:*"}, False),
        ({}, True),
    ],
)
def test_a_rule_fits_when_all_its_patterns_do(pattern: dict[str, str], *, fits: bool) -> None:
    device = a_device(endpoint="urn:imei:1", manufacturer="Nordic", model="Thingy:91")
    assert rule("rule", **pattern).is_for(device) is fits


def test_a_device_that_does_not_tell_its_maker_fits_no_makers_rule() -> None:
    assert not rule("rule", manufacturer="Nordic").is_for(a_device(manufacturer=None))


def test_the_most_specific_rule_comes_first_whatever_the_order() -> None:
    wide, maker = rule("wide", manufacturer="N*"), rule("maker", manufacturer="Nordic")
    model, endpoint = rule("model", model="Thingy*"), rule("endpoint", endpoint="urn:*")
    ordered = in_order([wide, model, maker, endpoint])
    assert [each.name for each in ordered if each is not FLOWNEXUS_SAMPLE] == [
        "endpoint",
        "model",
        "maker",
        "wide",
    ]


def test_of_two_equally_specific_rules_the_earlier_wins() -> None:
    first, second = rule("first", model="A"), rule("2", model="B")
    assert [each.name for each in in_order([first, second])][-2:] == ["first", "2"]


def test_the_flownexus_sample_is_known_without_a_rule_of_a_person() -> None:
    profile = profile_for(in_order([]), SAMPLE)
    assert (profile.uri_style, profile.confirm, profile.reset, profile.assume_http) == (
        UriStyle.PATH,
        Confirm.RESULT,
        ResetWay.TOKEN_ONLY,
        True,
    )


def test_a_person_overrides_the_built_in_rule_by_the_same_patterns() -> None:
    mine = rule("mine", manufacturer="Zephyr", model="OMA-LwM2M Sample Client")
    assert profile_for(in_order([mine]), SAMPLE) is mine.profile


def test_a_wide_rule_of_a_person_leaves_the_built_in_one_in_force() -> None:
    wide = rule("wide", manufacturer="*")
    assert profile_for(in_order([wide]), SAMPLE) is FLOWNEXUS_SAMPLE.profile


@pytest.mark.parametrize(
    ("resource", "version"),
    [(VersionResource.FIRMWARE_VERSION, "1.0"), (VersionResource.PACKAGE_VERSION, "2.0")],
)
def test_the_profile_names_where_the_version_is(resource: VersionResource, version: str) -> None:
    facts = a_device(firmware_version="1.0", package_version="2.0")
    assert version_of(facts, Profile(version_resource=resource)) == version
