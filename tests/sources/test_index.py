"""What an index says, and that the parser, the page about it and its schema say the same."""

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from hypothesis import given, strategies as st

from custom_components.flownexus_ota.ota.sidecar import Sidecar, SidecarProblem
from custom_components.flownexus_ota.sources.index import (
    ENTRY_MEMBERS,
    INDEX_IMAGE_LIMIT,
    INDEX_MEMBERS,
    parse_index,
)
from custom_components.flownexus_ota.sources.problem import Problem, RemoteProblem
from custom_components.flownexus_ota.sources.remote import RemoteListing
from custom_components.flownexus_ota.storage.image_store import (
    IMAGE_SIZE_LIMIT_BYTES,
    StoredImage,
)
from tests.documents import blocks, text_of
from tests.json_schema import is_valid
from tests.source_code import REPOSITORY

URL: Final = "https://firmware.example/stable/index.json?key=1"
NOW: Final = datetime(2026, 11, 26, tzinfo=UTC)
PAGE: Final = "docs/firmware-index.md"
SCHEMA: Final = json.loads((REPOSITORY / "docs" / "firmware-index.schema.json").read_text())
DIGEST: Final = "ab" * 32
ENTRY: Final[dict[str, Any]] = {
    "url": "thingy-1.4.2.bin",
    "sha256": DIGEST,
    "size_bytes": 1000,
    "version": "1.4.2",
    "model": "Thingy:91",
}


def document(*entries: object, **members: object) -> bytes:
    return json.dumps({"format": 1, "images": entries} | members).encode()


def parsed(content: bytes) -> RemoteListing:
    return parse_index(content, url=URL, source="Example", now=NOW)


def without(member: str) -> dict[str, Any]:
    return {name: value for name, value in ENTRY.items() if name != member}


def only_problem(content: bytes) -> tuple[str, str, Mapping[str, str]]:
    listing = parsed(content)
    assert listing.images == ()
    assert len(listing.problems) == 1
    found = listing.problems[0]
    return found.file_name, found.key, found.placeholders


def test_an_entry_is_an_image_at_an_address() -> None:
    listing = parsed(document(ENTRY | {"sha256": DIGEST.upper(), "release_notes": "* new\n"}))
    assert listing.problems == ()
    image = listing.images[0]
    assert image.url == "https://firmware.example/stable/thingy-1.4.2.bin"
    assert image.stored == StoredImage(sha256=DIGEST, size_bytes=1000)
    described = image.described()
    assert described.origin == image.url
    assert (described.version, described.model) == ("1.4.2", "Thingy:91")
    assert described.file_name == "thingy-1.4.2.bin"
    assert described.release_notes == "* new"


@pytest.mark.parametrize(
    ("address", "resolved"),
    [
        ("a.bin", "https://firmware.example/stable/a.bin"),
        ("../a.bin?x=1#y", "https://firmware.example/a.bin?x=1"),
        ("/a%20b.bin", "https://firmware.example/a%20b.bin"),
        ("//cdn.example/a.bin", "https://cdn.example/a.bin"),
        ("https://cdn.example:8443/a.bin", "https://cdn.example:8443/a.bin"),
    ],
)
def test_an_address_may_be_relative_to_that_of_the_index(address: str, resolved: str) -> None:
    assert parsed(document(ENTRY | {"url": address})).images[0].url == resolved


@pytest.mark.parametrize(
    "address",
    [
        None,
        7,
        "",
        " a.bin",
        "a\nb.bin",
        "ä.bin",
        "http://firmware.example/a.bin",
        "ftp://firmware.example/a.bin",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://somebody:secret@firmware.example/a.bin",
        "https://[",
        "https://[::1]@",
        "https://firmware.example:99999/",
        "a" * 2049,
    ],
)
def test_an_address_that_is_no_https_is_refused(address: object) -> None:
    _, key, _ = only_problem(document(ENTRY | {"url": address}))
    assert key == RemoteProblem.URL_UNUSABLE


@pytest.mark.parametrize("size", [None, "1000", 1.5, True, 0, -1, IMAGE_SIZE_LIMIT_BYTES + 1])
def test_a_size_that_no_image_has_is_refused(size: object) -> None:
    _, key, placeholders = only_problem(document(ENTRY | {"size_bytes": size}))
    assert key == RemoteProblem.SIZE_UNUSABLE
    assert placeholders == {"limit_bytes": str(IMAGE_SIZE_LIMIT_BYTES)}


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        ([], RemoteProblem.ENTRY_NOT_AN_OBJECT),
        (None, RemoteProblem.ENTRY_NOT_AN_OBJECT),
        (without("sha256"), RemoteProblem.DIGEST_MISSING),
        (ENTRY | {"sha256": "12"}, SidecarProblem.INVALID_SHA256),
        (without("version"), SidecarProblem.VERSION_MISSING),
        (without("model"), SidecarProblem.NO_PATTERN),
        (ENTRY | {"model": "*"}, SidecarProblem.MATCHES_EVERYTHING),
        (ENTRY | {"modle": "a"}, SidecarProblem.UNKNOWN_MEMBER),
        (ENTRY | {"version": 1}, SidecarProblem.WRONG_TYPE),
    ],
)
def test_one_bad_entry_costs_itself_only(entry: object, key: str) -> None:
    listing = parsed(document(ENTRY, entry, ENTRY))
    assert [image.name for image in listing.images] == [
        "Example: thingy-1.4.2.bin (#1)",
        "Example: thingy-1.4.2.bin (#3)",
    ]
    assert [problem.key for problem in listing.problems] == [key]
    assert listing.problems[0].file_name.endswith("(#2)")


def test_a_member_that_comes_twice_is_refused() -> None:
    twice = json.dumps(ENTRY)[:-1] + ', "model": "Thingy:52"}'
    content = f'{{"format": 1, "images": [{twice}]}}'.encode()
    _, key, placeholders = only_problem(content)
    assert (key, placeholders) == (SidecarProblem.REPEATED_MEMBER, {"member": "model"})


@pytest.mark.parametrize(
    ("content", "key", "placeholders"),
    [
        (b"\xff", RemoteProblem.INDEX_NO_JSON, {}),
        (b"<html>", RemoteProblem.INDEX_NO_JSON, {}),
        (b"[" * 100_000, RemoteProblem.INDEX_NO_JSON, {}),
        (b"[]", RemoteProblem.INDEX_NO_JSON, {}),
        (b'{"format": 1, "format": 1}', RemoteProblem.INDEX_MALFORMED, {"member": "format"}),
        (b'{"images": []}', RemoteProblem.INDEX_UNKNOWN_FORMAT, {"format": "–"}),
        (document(format=2), RemoteProblem.INDEX_UNKNOWN_FORMAT, {"format": "2"}),
        (document(format=True), RemoteProblem.INDEX_UNKNOWN_FORMAT, {"format": "True"}),
        (document(signature="x"), RemoteProblem.INDEX_MALFORMED, {"member": "signature"}),
        (b'{"format": 1}', RemoteProblem.INDEX_MALFORMED, {"member": "images"}),
        (document(images={}), RemoteProblem.INDEX_MALFORMED, {"member": "images"}),
        (document(expires_at=7), RemoteProblem.INDEX_MALFORMED, {"member": "expires_at"}),
        (document(expires_at="soon"), RemoteProblem.INDEX_MALFORMED, {"member": "expires_at"}),
        (
            document(expires_at="2027-01-01T00:00:00"),
            RemoteProblem.INDEX_MALFORMED,
            {"member": "expires_at"},
        ),
        (
            document(expires_at="0001-01-01T00:00:00+23:00"),
            RemoteProblem.INDEX_MALFORMED,
            {"member": "expires_at"},
        ),
        (
            document(ENTRY, expires_at="2026-11-26T01:00:00+01:00"),
            RemoteProblem.INDEX_EXPIRED,
            {"expires_at": "2026-11-26T00:00:00+00:00"},
        ),
    ],
)
def test_an_index_that_is_none_is_named(
    content: bytes, key: str, placeholders: dict[str, str]
) -> None:
    assert only_problem(content) == ("Example", key, placeholders)


def test_an_index_that_has_not_expired_is_used() -> None:
    assert len(parsed(document(ENTRY, expires_at="2026-11-26T00:00:01Z")).images) == 1


def test_an_index_has_an_end() -> None:
    listing = parsed(document(*[ENTRY] * (INDEX_IMAGE_LIMIT + 1)))
    assert len(listing.images) == INDEX_IMAGE_LIMIT
    assert listing.problems == (
        Problem(
            file_name="Example",
            key=RemoteProblem.TOO_MANY_IMAGES,
            placeholders={"limit": str(INDEX_IMAGE_LIMIT)},
        ),
    )


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*ENTRY, "endpoint", "expires_at"]), JSON_VALUES))
def test_nothing_that_an_entry_can_be_stops_the_others(changes: dict[str, object]) -> None:
    listing = parsed(document(ENTRY | changes, ENTRY))
    assert len(listing.images) + len(listing.problems) == 2
    assert len(listing.images) >= 1


@given(st.binary(max_size=200))
def test_nothing_that_a_server_can_send_raises(content: bytes) -> None:
    assert parsed(content).images == ()


def examples() -> list[bytes]:
    return [block.encode() for block in blocks(text_of(PAGE), "json")]


@pytest.mark.parametrize("example", examples())
def test_the_examples_in_the_page_are_used_and_valid(example: bytes) -> None:
    assert parsed(example).problems == ()
    assert is_valid(json.loads(example), SCHEMA)


def test_the_schema_and_the_page_have_the_members_that_the_parser_knows() -> None:
    entry = SCHEMA["$defs"]["image"]
    members = {field.name for field in fields(Sidecar)} | ENTRY_MEMBERS
    assert set(SCHEMA["properties"]) == INDEX_MEMBERS
    assert set(entry["properties"]) == members
    rows = re.findall(r"^\| (`.*?) \|", text_of(PAGE), re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == members | INDEX_MEMBERS


GOOD_ENTRIES: Final = [
    ENTRY,
    ENTRY | {"title": None, "allow_unsigned": True, "release_url": "HTTPS://a.example/1"},
    ENTRY | {"endpoint": "urn:imei:*", "release_notes": "x" * 65536},
]
BAD_ENTRIES: Final = [
    7,
    without("url"),
    without("sha256"),
    without("size_bytes"),
    without("version"),
    without("model"),
    ENTRY | {"model": None},
    ENTRY | {"version": None},
    ENTRY | {"version": ""},
    ENTRY | {"version": "1" * 256},
    ENTRY | {"url": "ä.bin"},
    ENTRY | {"size_bytes": 0},
    ENTRY | {"size_bytes": "1"},
    ENTRY | {"size_bytes": IMAGE_SIZE_LIMIT_BYTES + 1},
    ENTRY | {"sha256": "ab"},
    ENTRY | {"endpoint": "a/b"},
    ENTRY | {"release_url": "ftp://a.example"},
    ENTRY | {"allow_unsigned": "yes"},
    ENTRY | {"unknown": 1},
]


@pytest.mark.parametrize("entry", GOOD_ENTRIES)
def test_the_schema_takes_what_the_parser_takes(entry: object) -> None:
    content = document(entry)
    assert parsed(content).problems == ()
    assert is_valid(json.loads(content), SCHEMA)


@pytest.mark.parametrize("entry", BAD_ENTRIES)
def test_the_schema_refuses_what_the_parser_refuses(entry: object) -> None:
    content = document(entry)
    assert parsed(content).images == ()
    assert not is_valid(json.loads(content), SCHEMA)


@pytest.mark.parametrize("members", [{"format": 2}, {"images": {}}, {"more": 1}])
def test_the_schema_refuses_an_index_that_is_none(members: dict[str, object]) -> None:
    content = document(**members)
    assert len(parsed(content).problems) == 1
    assert not is_valid(json.loads(content), SCHEMA)
