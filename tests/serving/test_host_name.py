"""Names and addresses of machines, as people type them."""

import pytest

from custom_components.flownexus_ota.serving.host_name import normalise_host


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("fw.flownexus.org", "fw.flownexus.org"),
        (" FW.Flownexus.ORG. ", "fw.flownexus.org"),
        ("gateway", "gateway"),
        ("3com.example", "3com.example"),
        ("192.168.1.10", "192.168.1.10"),
        ("[2001:DB8::0:1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_a_host_has_one_way_to_be_written(typed: str, host: str) -> None:
    assert normalise_host(typed) == host


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "https://fw.flownexus.org",
        "fw.flownexus.org:443",
        "fw.flownexus.org/path",
        "*.flownexus.org",
        "192.168.1",
        "192.168.1.300",
        "-fw.example",
        "fw-.example",
        "fw..example",
        "fürth.example",
        "two words",
        "a" * 64 + ".example",
        ".".join(["a" * 49] * 6),
    ],
)
def test_what_is_no_host_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="no host name"):
        normalise_host(typed)
