"""What the Marketplace (formerly HACS) looks at in a repository, but for what only GitHub knows.

That is, the description, the topics, and that issues can be opened.
"""

import hashlib
import json
import re
from typing import Final

from homeassistant.const import __version__

from scripts.releasing.archive import ARCHIVE_NAME, DOMAIN, PACKAGE, shipped_files

from ..source_code import REPOSITORY
from . import schemas

HACS: Final = json.loads((REPOSITORY / "hacs.json").read_text(encoding="utf-8"))
MANIFEST: Final = json.loads((PACKAGE / "manifest.json").read_text(encoding="utf-8"))
# Of the licence's text from "Permission is hereby granted" on, as SPDX has it: GitHub has to
# recognise it.
MIT_SHA256: Final = "f9c4c77baa3828004ee54b8a4f2db2e88ed44a6237a493965bf551fac0fcb62d"


def test_the_marketplace_is_told_what_it_installs() -> None:
    assert schemas.HACS(HACS) == HACS
    assert (HACS["zip_release"], HACS["filename"]) == (True, ARCHIVE_NAME)
    assert HACS["hide_default_branch"] is True
    assert HACS["name"] == MANIFEST["name"]


def test_it_installs_on_the_oldest_release_that_is_tested_and_none_older() -> None:
    assert HACS["homeassistant"] == f"{__version__.rpartition('.')[0]}.0"
    assert f"tested on {__version__}" in (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_the_manifest_has_what_the_marketplace_wants() -> None:
    assert schemas.HACS_MANIFEST(MANIFEST) == MANIFEST
    assert re.fullmatch(r"[a-z0-9_-]+", MANIFEST["domain"])
    assert MANIFEST["codeowners"]


def test_there_is_one_integration_in_the_repository() -> None:
    assert [path.name for path in PACKAGE.parent.iterdir() if path.is_dir()] == [DOMAIN]


def test_blueprints_are_not_installed_with_it_and_the_readme_says_so() -> None:
    shipped = {file.relative_to(PACKAGE).parts[0] for file in shipped_files(PACKAGE)}
    assert "manifest.json" in shipped
    assert "blueprints" not in shipped
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert "The Marketplace (HACS) does not install blueprints" in readme


def test_there_is_a_page_about_it_and_an_icon() -> None:
    assert (REPOSITORY / "README.md").is_file()
    assert (PACKAGE / "brand/icon.png").is_file()


def test_the_licence_is_the_unmodified_mit_licence() -> None:
    title, _, copyright_line, _, *body = (
        (REPOSITORY / "LICENSE").read_text(encoding="utf-8").splitlines(keepends=True)
    )
    assert title == "MIT License\n"
    assert re.fullmatch(r"Copyright \(c\) \d{4} .+\n", copyright_line)
    assert hashlib.sha256("".join(body).encode()).hexdigest() == MIT_SHA256
