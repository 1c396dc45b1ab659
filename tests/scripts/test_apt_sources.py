"""Which Debian mirror a system uses, from the source lists that systems have."""

from pathlib import Path

import pytest

from scripts.setup.apt_sources import (
    AptSource,
    debian_mirror,
    parse_deb822,
    parse_one_line,
    read_sources,
)

DEBIAN_12 = """\
Types: deb
# http://snapshot.example/archive/debian/20250520T000000Z
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""
UBUNTU_24 = """\
Types: deb
URIs: http://ubuntu.example/ubuntu/
Suites: noble noble-updates noble-backports
Components: main universe restricted multiverse
"""


def test_debian_12_names_its_mirror_past_a_comment() -> None:
    assert debian_mirror(parse_deb822(DEBIAN_12)) == AptSource(
        uri="http://mirror.example/debian",
        suites=("bookworm", "bookworm-updates"),
        components=("main",),
        signed_by="/usr/share/keyrings/debian-archive-keyring.gpg",
    )


def test_the_security_archive_is_no_mirror_of_debian() -> None:
    security = parse_deb822(DEBIAN_12.partition("\n\n")[2])
    assert debian_mirror(security) is None


def test_ubuntu_has_no_debian_mirror() -> None:
    assert debian_mirror(parse_deb822(UBUNTU_24)) is None


@pytest.mark.parametrize(
    "line",
    [
        "deb https://vendor.example/debian bookworm stable",
        "deb https://vendor.example/apt nodistro main",
        "deb-src http://mirror.example/debian bookworm main",
        "# deb http://mirror.example/debian bookworm main",
        "",
        "deb",
    ],
)
def test_a_line_that_is_no_debian_archive_of_packages_is_passed_over(line: str) -> None:
    assert debian_mirror(parse_one_line(line)) is None


def test_a_line_with_options_keeps_the_keyring() -> None:
    line = "deb [arch=arm64 signed-by=/etc/apt/keyrings/d.gpg] http://m.example/debian trixie main"
    assert list(parse_one_line(line)) == [
        AptSource("http://m.example/debian", ("trixie",), ("main",), "/etc/apt/keyrings/d.gpg")
    ]


def test_a_stanza_that_is_switched_off_is_passed_over() -> None:
    assert list(parse_deb822(DEBIAN_12.replace("Types: deb\n", "Types: deb\nEnabled: no\n"))) == []


def test_an_inline_key_is_no_path_of_a_keyring() -> None:
    stanza = (
        "Types: deb deb-src\nURIs: http://m.example/debian\nSuites: sid\nComponents: main\n"
        "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQENBF\n"
    )
    assert [source.signed_by for source in parse_deb822(stanza)] == [None]


def test_a_mirror_list_of_a_cloud_image_is_taken_as_it_is() -> None:
    stanza = DEBIAN_12.replace("http://mirror.example/debian\n", "mirror+file:/etc/apt/m.list\n")
    mirror = debian_mirror(parse_deb822(stanza))
    assert mirror is not None
    assert mirror.uri == "mirror+file:/etc/apt/m.list"


def test_all_files_of_a_system_are_read(tmp_path: Path) -> None:
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (tmp_path / "sources.list").write_text("deb http://one.example x main\n", encoding="utf-8")
    (parts / "b.list").write_text("deb http://two.example x main\n", encoding="utf-8")
    (parts / "a.sources").write_text(DEBIAN_12, encoding="utf-8")
    assert [source.uri for source in read_sources(tmp_path)] == [
        "http://one.example",
        "http://two.example",
        "http://mirror.example/debian",
        "http://mirror.example/debian-security",
    ]


def test_a_system_without_apt_has_no_sources(tmp_path: Path) -> None:
    assert read_sources(tmp_path / "etc" / "apt") == []
