"""What the self-test makes of addresses and answers, without a network."""

import pytest

from custom_components.flownexus_ota.serving.self_test_rules import (
    PASSED,
    Answer,
    Expected,
    UrlProblem,
    address_problem,
    judge,
)

EXPECTED = Expected(content=bytes(range(100)), etag='"abc"', start=10, end=20)
RIGHT = {
    "content-type": "application/octet-stream",
    "content-length": "10",
    "content-range": "bytes 10-19/100",
    "etag": '"abc"',
}
PART = EXPECTED.content[10:20]


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://127.0.0.1:8123", UrlProblem.LOOPBACK),
        ("http://127.9.9.9", UrlProblem.LOOPBACK),
        ("http://localhost:8123", UrlProblem.LOOPBACK),
        ("http://ha.localhost", UrlProblem.LOOPBACK),
        ("http://[::1]:8123", UrlProblem.LOOPBACK),
        ("http://[::ffff:127.0.0.1]", UrlProblem.LOOPBACK),
        ("http://0.0.0.0:8123", UrlProblem.LOOPBACK),
        ("http://homeassistant.local:8123", UrlProblem.LOCAL_NAME),
        ("http://HomeAssistant.LOCAL.", UrlProblem.LOCAL_NAME),
    ],
)
def test_an_address_that_devices_do_not_reach_needs_no_test(url: str, problem: UrlProblem) -> None:
    verdict = address_problem(url, are_devices_here=False)
    assert verdict is not None
    assert verdict.problem is problem


@pytest.mark.parametrize(
    "url", ["http://192.168.1.10:8123", "https://ota.example.org", "http://[fd00::10]", "http://"]
)
def test_other_addresses_may_be_reached(url: str) -> None:
    assert address_problem(url, are_devices_here=False) is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:8123", "http://here.local"])
def test_devices_on_this_machine_reach_it_by_any_address(url: str) -> None:
    assert address_problem(url, are_devices_here=True) is None


def test_the_right_answer_passes() -> None:
    assert judge(Answer(status=206, headers=RIGHT, body=PART), EXPECTED) == PASSED


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://hass.example/f/token/x", "https://hass.example"),
        ("http://alice:secret@hass.example:99/", "http://hass.example:99"),
        ("/auth/login?from=/f/token", "/"),
        ("", "/"),
        ("http://[broken/f/token", ""),
    ],
)
def test_of_a_redirect_neither_token_nor_credentials_are_shown(location: str, shown: str) -> None:
    verdict = judge(Answer(status=307, headers={"location": location}, body=b""), EXPECTED)
    assert (verdict.problem, verdict.detail) == (UrlProblem.REDIRECT, shown)


def test_what_a_stranger_says_is_cut_and_made_printable() -> None:
    hostile = {"content-encoding": "\x1b[31m" + "x" * 5000}
    verdict = judge(Answer(status=206, headers=RIGHT | hostile, body=PART), EXPECTED)
    assert verdict.problem is UrlProblem.COMPRESSED
    assert verdict.detail == "�[31m" + "x" * 95 + "…"


@pytest.mark.parametrize(
    ("change", "body", "problem"),
    [
        ({"content-range": "bytes 0-9/100"}, PART, UrlProblem.WRONG_BYTES),
        ({"content-range": ""}, PART, UrlProblem.WRONG_BYTES),
        ({}, PART + b"x", UrlProblem.WRONG_BYTES),
        ({}, b"", UrlProblem.WRONG_BYTES),
        ({"etag": '"other"'}, PART, UrlProblem.NO_ETAG),
    ],
)
def test_a_part_that_is_not_the_one_asked_for_is_told(
    change: dict[str, str], body: bytes, problem: UrlProblem
) -> None:
    assert judge(Answer(status=206, headers=RIGHT | change, body=body), EXPECTED).problem is problem


def test_an_empty_200_is_somebody_elses() -> None:
    verdict = judge(Answer(status=200, headers={}, body=b""), EXPECTED)
    assert verdict.problem is UrlProblem.FOREIGN_ANSWER


def test_a_status_that_nobody_has_named_is_shown_as_a_number() -> None:
    verdict = judge(Answer(status=599, headers={}, body=b""), EXPECTED)
    assert (verdict.problem, verdict.detail) == (UrlProblem.SERVER_ERROR, "599")
