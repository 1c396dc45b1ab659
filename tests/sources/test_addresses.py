import pytest

from custom_components.flownexus_ota.sources.addresses import may_fetch_from

PUBLIC = ["93.184.215.14", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::101:101"]
PRIVATE = [
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "::1",
    "fd12:3456::1",
    "::ffff:192.168.1.1",
    "::ffff:127.0.0.1",
    "64:ff9b::a00:1",
]
NEVER = [
    "0.0.0.0",  # noqa: S104 # nothing binds to it
    "0.1.2.3",
    "169.254.169.254",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::127.0.0.1",
    "::ffff:0.0.0.0",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2001:db8::1",
    "2001:0:1::1",
    "2002:7f00:1::",
    "5f00::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "firmware.example",
    "127.1",
    "2130706433",
    "",
]


@pytest.mark.parametrize("address", PUBLIC)
@pytest.mark.parametrize("allows_private", [False, True])
def test_public_addresses_may_be_fetched_from(address: str, *, allows_private: bool) -> None:
    assert may_fetch_from(address, allows_private=allows_private)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_may_be_fetched_from_where_that_is_allowed(address: str) -> None:
    assert not may_fetch_from(address, allows_private=False)
    assert may_fetch_from(address, allows_private=True)


@pytest.mark.parametrize("address", NEVER)
@pytest.mark.parametrize("allows_private", [False, True])
def test_special_addresses_may_never_be_fetched_from(address: str, *, allows_private: bool) -> None:
    assert not may_fetch_from(address, allows_private=allows_private)
