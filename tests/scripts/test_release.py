"""What scripts/release makes of this tree, and of trees that are not ready."""

import os
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.releasing.archive import (
    ARCHIVE_NAME,
    LARGEST_ARCHIVE_BYTES,
    MOST_MEMBERS,
    PACKAGE,
    shipped_files,
    write_archive,
)
from scripts.releasing.main import main
from scripts.releasing.version import VersionError, changes, version_to_release, versions

CHANGELOG = """\
# Changelog

## [Unreleased]
{unreleased}
## [1.2.0] - 2026-12-01

- Faster.

## [1.1.0] - 2026-11-01

- Works.
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return a folder with files that belong to a release, and others."""
    folder = tmp_path / "flownexus_ota"
    for name in ("__init__.py", "ota/image.py", ".hidden", "__pycache__/a.pyc", "ota/.x/y.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "ota" / "elsewhere.py").symlink_to("/etc/hostname")
    return folder


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[zipfile.ZipFile]:
    """Return the zip file of this tree."""
    write_archive(tmp_path / ARCHIVE_NAME)
    with zipfile.ZipFile(tmp_path / ARCHIVE_NAME) as archive:
        yield archive


def new_tree(
    folder: Path, *, manifest: str = "1.2.0", project: str = "1.2.0", unreleased: str = ""
) -> Path:
    """Write the files of a tree that have a version in them."""
    package = folder / "custom_components" / "flownexus_ota"
    package.mkdir(parents=True)
    (package / "manifest.json").write_text(f'{{"version": "{manifest}"}}')
    (folder / "pyproject.toml").write_text(f'[project]\nversion = "{project}"\n')
    (folder / "CHANGELOG.md").write_text(CHANGELOG.format(unreleased=unreleased))
    return folder


def test_the_version_is_one_number_in_three_files() -> None:
    assert len({*versions().values()}) == 1
    assert version_to_release(None) in changes()


def test_a_tag_is_the_version_with_a_v(tmp_path: Path) -> None:
    tree = new_tree(tmp_path)
    assert version_to_release("v1.2.0", tree) == "1.2.0"
    with pytest.raises(VersionError, match=r"the tag is 1\.2\.0, but this tree is version 1\.2\.0"):
        version_to_release("1.2.0", tree)


@pytest.mark.parametrize("odd", ["manifest", "project"])
def test_versions_that_differ_are_named(odd: str, tmp_path: Path) -> None:
    tree = new_tree(tmp_path, **{odd: "1.3.0"})
    with pytest.raises(VersionError, match=r"differ: .* says 1.3.0, .*CHANGELOG.md says 1.2.0"):
        version_to_release(None, tree)


def test_changes_that_have_no_version_yet_are_not_tagged(tmp_path: Path) -> None:
    tree = new_tree(tmp_path, unreleased="\n- Smaller.\n")
    assert version_to_release(None, tree) == "1.2.0"
    with pytest.raises(VersionError, match=r"CHANGELOG\.md has changes under Unreleased"):
        version_to_release("v1.2.0", tree)


def test_the_notes_are_the_section_of_the_version(tmp_path: Path) -> None:
    assert changes(new_tree(tmp_path))["1.2.0"] == "- Faster."


def test_the_command_writes_the_zip_file_and_the_notes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 0
    assert {each.name for each in tmp_path.iterdir()} == {ARCHIVE_NAME, "notes.md"}
    version = version_to_release(None)
    assert (tmp_path / "notes.md").read_text() == f"{changes()[version]}\n"
    assert f"version {version}: " in capsys.readouterr().out


def test_the_command_refuses_a_tag_that_does_not_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "new"), "--tag", "v0.0.0"]) == 1
    assert not (tmp_path / "new").exists()
    assert "scripts/release: the tag is v0.0.0" in capsys.readouterr().out


def test_caches_hidden_files_and_links_stay_at_home(package: Path, tmp_path: Path) -> None:
    write_archive(tmp_path / ARCHIVE_NAME, package)
    with zipfile.ZipFile(tmp_path / ARCHIVE_NAME) as archive:
        assert archive.namelist() == ["__init__.py", "ota/image.py"]


def test_the_same_files_give_the_same_bytes_whenever_and_whoever(
    package: Path, tmp_path: Path
) -> None:
    first, second = tmp_path / "1.zip", tmp_path / "2.zip"
    write_archive(first, package)
    for file in shipped_files(package):
        file.chmod(stat.S_IRUSR)
        os.utime(file, (1, 1))
    write_archive(second, package)
    assert first.read_bytes() == second.read_bytes()


def test_the_zip_file_holds_the_content_of_the_folder_and_nothing_else(
    archive: zipfile.ZipFile,
) -> None:
    content = {name: archive.read(name) for name in archive.namelist()}
    files = {path: path.read_bytes() for path in shipped_files(PACKAGE)}
    assert content == {str(path.relative_to(PACKAGE)): each for path, each in files.items()}
    assert {"manifest.json", "__init__.py", "translations/en.json", "brand/icon.png"} <= {*content}
    assert archive.testzip() is None


def test_the_marketplace_unpacks_the_zip_file(archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    assert len(members) <= MOST_MEMBERS
    assert sum(each.file_size for each in members) <= LARGEST_ARCHIVE_BYTES
    outside = [name for name in archive.namelist() if name.startswith("/") or ".." in name]
    assert outside == []
    assert {each.external_attr >> 16 for each in members} == {0o100644}
