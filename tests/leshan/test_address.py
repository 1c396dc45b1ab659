"""Base URLs, the URLs made of them, and the header that logs in."""

import pytest

from custom_components.flownexus_ota.leshan.address import (
    ServerAddress,
    authorisation,
    clients_url,
    events_url,
    normalise_url,
    resource_url,
)
from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.lwm2m.exchange import (
    EndpointUnaddressableError,
    NotAuthorisedError,
)
from custom_components.flownexus_ota.lwm2m.path import ResourcePath

STATE = ResourcePath(5, 0, 3)
SERVER = ServerAddress(base_url="https://proxy.example/leshan%20one")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://leshan:8080", "http://leshan:8080"),
        (" http://Leshan:8080/ ", "http://leshan:8080"),
        ("HTTP://leshan:80/", "http://leshan"),
        ("https://leshan:443", "https://leshan"),
        ("https://leshan:80", "https://leshan:80"),
        ("leshan.local:8080", "http://leshan.local:8080"),
        ("192.168.1.5", "http://192.168.1.5"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("https://proxy/leshan/", "https://proxy/leshan"),
        ("https://proxy/Leshan%20One//", "https://proxy/Leshan%20One"),
        ("http://leshan:8080/#/clients", "http://leshan:8080"),
    ],
)
def test_a_url_has_one_spelling(text: str, expected: str) -> None:
    assert normalise_url(text) == expected
    assert normalise_url(expected) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("ftp://leshan", "scheme"),
        ("coap://leshan:5683", "scheme"),
        ("http://", "host"),
        ("http:///path", "host"),
        ("http://user:secret@leshan", "credentials"),
        ("http://user@leshan", "credentials"),
        ("http://leshan/?a=1", "query"),
        ("http://leshan:port", "invalid"),
        ("http://leshan:99999", "invalid"),
        ("http://[::1", "invalid"),
        ("http://[::1]@", "invalid"),
    ],
)
def test_what_is_no_base_url_is_refused_by_name(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=f"^{problem}$"):
        normalise_url(text)


def test_the_path_prefix_is_kept() -> None:
    assert str(clients_url(SERVER)) == "https://proxy.example/leshan%20one/api/clients"
    assert str(events_url(SERVER)) == "https://proxy.example/leshan%20one/api/event"


@pytest.mark.parametrize(
    ("endpoint", "encoded"),
    [
        ("urn:imei:350000000000001", "urn%3Aimei%3A350000000000001"),
        ('a b"c?ü', "a%20b%22c%3F%C3%BC"),
        ("100%", "100%25"),
        ("a#b;c&d+e", "a%23b%3Bc%26d%2Be"),
        ("...", "..."),
    ],
)
def test_an_endpoint_name_is_percent_encoded(endpoint: str, encoded: str) -> None:
    url = resource_url(SERVER, Endpoint(endpoint), STATE, action="/observe")
    assert url.raw_path == f"/leshan%20one/api/clients/{encoded}/5/0/3/observe"
    assert url.with_query(timeout="5").raw_path == url.raw_path


@pytest.mark.parametrize("endpoint", ["a/b", "/", ".", ".."])
def test_a_name_that_is_no_part_of_a_path_cannot_be_addressed(endpoint: str) -> None:
    with pytest.raises(EndpointUnaddressableError):
        resource_url(SERVER, Endpoint(endpoint), STATE)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (ServerAddress(base_url=""), {}),
        (ServerAddress(base_url="", token="t0ken"), {"Authorization": "Bearer t0ken"}),
        (
            ServerAddress(base_url="", username="Aladdin", password="open sesame"),
            {"Authorization": "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
        ),
        (
            ServerAddress(base_url="", username="ü"),
            {"Authorization": "Basic w7w6"},
        ),
        (
            ServerAddress(base_url="", username="u", password="p", token="t"),
            {"Authorization": "Bearer t"},
        ),
    ],
)
def test_credentials_become_a_header(address: ServerAddress, expected: dict[str, str]) -> None:
    assert authorisation(address) == expected


@pytest.mark.parametrize("token", ["a\r\nX-Evil: 1", "tökén"])
def test_a_token_that_no_header_can_hold_is_refused(token: str) -> None:
    with pytest.raises(NotAuthorisedError):
        authorisation(ServerAddress(base_url="", token=token))


def test_credentials_are_not_shown() -> None:
    address = ServerAddress(base_url="http://h", username="u5er", password="pa55", token="t0ken")
    assert "u5er" not in repr(address)
    assert "pa55" not in repr(address)
    assert "t0ken" not in repr(address)
