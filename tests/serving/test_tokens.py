"""The secret part of the URLs."""

import re

import pytest
from hypothesis import given, strategies as st

from custom_components.flownexus_ota.serving.tokens import TokenMint, is_token, token_sha256

SECRET = b"0123456789abcdef"


def test_a_token_is_the_first_128_bits_of_the_keyed_hash() -> None:
    # printf 'session\0000' | openssl dgst -sha256 -hmac 0123456789abcdef -binary
    assert TokenMint(SECRET).token("session", 0) == "w6k7TguEp7uK_W4CqsY8jg"


def test_a_restart_makes_the_same_tokens() -> None:
    assert TokenMint(SECRET).token("session", 3) == TokenMint(SECRET).token("session", 3)


def test_another_offer_session_or_installation_has_another_token() -> None:
    mint, other = TokenMint(SECRET), TokenMint(SECRET[::-1])
    tokens = [mint.token("a", 0), mint.token("a", 1), mint.token("b", 0), other.token("a", 0)]
    assert len(set(tokens)) == len(tokens)


@given(session_id=st.text(), offer_number=st.integers(0, 2**31))
def test_every_token_has_22_characters_that_a_url_keeps(session_id: str, offer_number: int) -> None:
    token = TokenMint(SECRET).token(session_id, offer_number)
    assert re.fullmatch("[A-Za-z0-9_-]{22}", token)
    assert is_token(token)


@pytest.mark.parametrize(
    "text", ["", "A" * 21, "A" * 23, "A" * 21 + "=", "A" * 21 + "\u00e9", "A" * 22 + "\n"]
)
def test_other_text_is_no_token(text: str) -> None:
    assert not is_token(text)


def test_a_token_is_remembered_by_its_sha256() -> None:
    # printf AAAAAAAAAAAAAAAAAAAAAA | sha256sum
    expected = "8a5bdb4cc15164126c6ef2668de9dd240d299ce6397a42c95a9411b93d080ed8"
    assert token_sha256("A" * 22) == expected


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="15 bytes"):
        TokenMint(SECRET[:15])
