import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from custom_components.flownexus_ota.ota.sidecar import (
    Sidecar,
    SidecarError,
    SidecarProblem,
    parse_sidecar,
)

FULL = {
    "version": "1.4.2",
    "reported_version": "v1.4.2-release",
    "title": "Thingy",
    "manufacturer": "Nordic",
    "model": "Thingy:91",
    "hardware_version": "1.*",
    "endpoint": "urn:imei:*",
    "min_installed_version": "1.2.0",
    "max_installed_version": None,
    "channel": "stable",
    "release_notes": "* faster\n* smaller\n",
    "release_url": "https://example.com/notes?id=1#top",
    "sha256": "AB" * 32,
    "severity": "mandatory",
    "allow_unsigned": True,
}


def encoded(members: object) -> bytes:
    return json.dumps(members).encode()


def refusal(content: bytes) -> tuple[SidecarProblem, dict[str, str]]:
    with pytest.raises(SidecarError) as caught:
        parse_sidecar(content)
    return caught.value.problem, dict(caught.value.placeholders)


def test_every_member_of_a_sidecar_is_read() -> None:
    assert parse_sidecar(encoded(FULL)) == Sidecar(
        version="1.4.2",
        reported_version="v1.4.2-release",
        title="Thingy",
        manufacturer="Nordic",
        model="Thingy:91",
        hardware_version="1.*",
        endpoint="urn:imei:*",
        min_installed_version="1.2.0",
        channel="stable",
        release_notes="* faster\n* smaller",
        release_url="https://example.com/notes?id=1#top",
        sha256="ab" * 32,
        severity="mandatory",
        allow_unsigned=True,
    )


def test_a_version_and_one_pattern_are_enough() -> None:
    sidecar = parse_sidecar(b'{"version": " 1.4.2 ", "model": "Thingy*"}')
    assert sidecar == Sidecar(version="1.4.2", model="Thingy*")


def test_a_byte_order_mark_is_no_obstacle() -> None:
    content = b'\xef\xbb\xbf{"version": "1", "model": "T"}'
    assert parse_sidecar(content).version == "1"


@pytest.mark.parametrize(
    ("content", "problem", "placeholders"),
    [
        (b"\xff\xfe{", SidecarProblem.NOT_UTF8, {}),
        (b"", SidecarProblem.NOT_JSON, {"line": "1"}),
        (b'{"version": "1",\n oops}', SidecarProblem.NOT_JSON, {"line": "2"}),
        (b"[" * 100_000, SidecarProblem.NOT_JSON, {"line": "1"}),
        (b"9" * 10_000, SidecarProblem.NOT_JSON, {"line": "1"}),
        (b"[]", SidecarProblem.NOT_AN_OBJECT, {}),
        (b'"1.4.2"', SidecarProblem.NOT_AN_OBJECT, {}),
        (
            b'{"version": "1", "version": "2"}',
            SidecarProblem.REPEATED_MEMBER,
            {"member": "version"},
        ),
    ],
)
def test_a_file_that_is_no_json_object_is_refused(
    content: bytes, problem: SidecarProblem, placeholders: dict[str, str]
) -> None:
    assert refusal(content) == (problem, placeholders)


@pytest.mark.parametrize(
    ("changes", "problem", "placeholders"),
    [
        ({"modell": "T"}, SidecarProblem.UNKNOWN_MEMBER, {"member": "modell"}),
        ({"modell": None}, SidecarProblem.UNKNOWN_MEMBER, {"member": "modell"}),
        ({"\n" + "x" * 99: ""}, SidecarProblem.UNKNOWN_MEMBER, {"member": "\ufffd" + "x" * 63}),
        ({"version": 1.4}, SidecarProblem.WRONG_TYPE, {"member": "version"}),
        ({"endpoint": ["a", "b"]}, SidecarProblem.WRONG_TYPE, {"member": "endpoint"}),
        ({"title": True}, SidecarProblem.WRONG_TYPE, {"member": "title"}),
        ({"endpoint": " "}, SidecarProblem.BLANK_MEMBER, {"member": "endpoint"}),
        ({"version": ""}, SidecarProblem.BLANK_MEMBER, {"member": "version"}),
        ({"model": "m" * 256}, SidecarProblem.TOO_LONG, {"member": "model", "limit": "255"}),
        (
            {"release_notes": "n" * 65_537},
            SidecarProblem.TOO_LONG,
            {"member": "release_notes", "limit": "65536"},
        ),
        ({"title": "a\nb"}, SidecarProblem.UNPRINTABLE, {"member": "title"}),
        ({"title": "\ud800"}, SidecarProblem.UNPRINTABLE, {"member": "title"}),
        ({"release_notes": "a\0b"}, SidecarProblem.UNPRINTABLE, {"member": "release_notes"}),
        ({"allow_unsigned": "true"}, SidecarProblem.NOT_A_FLAG, {"member": "allow_unsigned"}),
        ({"allow_unsigned": 1}, SidecarProblem.NOT_A_FLAG, {"member": "allow_unsigned"}),
        (
            {"endpoint": "a/*"},
            SidecarProblem.UNREACHABLE_ENDPOINT,
            {"pattern": "a/*"},
        ),
        (
            {"min_installed_version": "old"},
            SidecarProblem.BOUND_NOT_COMPARABLE,
            {"member": "min_installed_version", "version": "old"},
        ),
        (
            {"max_installed_version": "new"},
            SidecarProblem.BOUND_NOT_COMPARABLE,
            {"member": "max_installed_version", "version": "new"},
        ),
        (
            {"max_installed_version": "1.1.0"},
            SidecarProblem.BOUNDS_REVERSED,
            {"lowest": "1.2.0", "highest": "1.1.0"},
        ),
        ({"sha256": "ab" * 31}, SidecarProblem.INVALID_SHA256, {}),
        ({"sha256": "xy" * 32}, SidecarProblem.INVALID_SHA256, {}),
        (
            {"release_url": "javascript:alert(1)"},
            SidecarProblem.INVALID_URL,
            {"member": "release_url"},
        ),
        ({"release_url": "https://"}, SidecarProblem.INVALID_URL, {"member": "release_url"}),
        (
            {"release_url": 'https://a/"onclick="'},
            SidecarProblem.INVALID_URL,
            {"member": "release_url"},
        ),
    ],
)
def test_a_bad_member_is_refused_by_its_name(
    changes: dict[str, object], problem: SidecarProblem, placeholders: dict[str, str]
) -> None:
    assert refusal(encoded(FULL | changes)) == (problem, placeholders)


@pytest.mark.parametrize("member", ["file", "file_name", "path", "image", "url", "origin"])
@pytest.mark.parametrize("target", ["../../secrets.yaml", "/etc/passwd", "https://evil.example/x"])
def test_a_sidecar_cannot_point_to_another_file(member: str, target: str) -> None:
    found = refusal(encoded(FULL | {member: target}))
    assert found == (SidecarProblem.UNKNOWN_MEMBER, {"member": member})


def test_a_sidecar_may_leave_everything_to_the_image() -> None:
    assert parse_sidecar(b"{}") == Sidecar()


@pytest.mark.parametrize("value", [True, False, None])
def test_a_flag_may_be_true_false_or_absent(value: object) -> None:
    assert parse_sidecar(encoded({"allow_unsigned": value})).allow_unsigned is bool(value)


@pytest.mark.parametrize(
    "patterns", [{"model": "*"}, {"endpoint": "**", "manufacturer": "?*"}, {"endpoint": "*?"}]
)
def test_a_sidecar_that_fits_every_device_is_refused(patterns: dict[str, str]) -> None:
    content = encoded({"version": "1"} | patterns)
    assert refusal(content) == (SidecarProblem.MATCHES_EVERYTHING, {})


def test_a_refusal_says_what_it_is_in_a_log() -> None:
    assert str(SidecarError(SidecarProblem.NO_PATTERN)) == "no_pattern"
    assert "modell" in str(SidecarError(SidecarProblem.UNKNOWN_MEMBER, member="modell"))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
versions = st.sampled_from(["1.0", "v1.2.3+4", "1-2-gabcd", "²", "fw", "latest", "0x1G", "9" * 200])


def outcome(content: bytes) -> Sidecar | SidecarProblem:
    """Return what parsing comes to; any other error than the parser's own is a test's failure."""
    try:
        return parse_sidecar(content)
    except SidecarError as err:
        return err.problem


@given(st.binary(max_size=200))
def test_no_bytes_make_the_parser_stumble(content: bytes) -> None:
    assert isinstance(outcome(content), Sidecar | SidecarProblem)


@given(st.dictionaries(st.sampled_from(sorted(FULL)), versions | json_values))
def test_no_members_make_the_parser_stumble(members: dict[str, Any]) -> None:
    assert isinstance(outcome(encoded(members)), Sidecar | SidecarProblem)


@given(st.integers(0, len(encoded(FULL)) - 1))
def test_half_a_sidecar_is_no_sidecar(length: int) -> None:
    assert outcome(encoded(FULL)[:length]) is SidecarProblem.NOT_JSON
