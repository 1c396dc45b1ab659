from pathlib import Path

import pytest

from custom_components.flownexus_ota.storage.mapped_image import mapped_image


def test_a_file_is_mapped_as_long_as_it_is_used(tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(b"content")
    with mapped_image(path) as content:
        assert bytes(content) == b"content"
    assert content.closed


def test_a_file_that_is_not_there_or_has_nothing_is_an_error_of_the_disk(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(OSError, match="The file is empty"), mapped_image(tmp_path / "empty"):
        pass
    with pytest.raises(FileNotFoundError), mapped_image(tmp_path / "nothing"):
        pass
