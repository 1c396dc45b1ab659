"""scripts/screenshots, as far as it is ours: the pictures are those of the documentation."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from harness.screenshots import take_pictures
from scripts.setup.places import REPOSITORY

from .conftest import new_site

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def names_in(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


async def test_every_picture_of_the_documentation_can_be_taken_anew(tmp_path: Path) -> None:
    async with AsyncExitStack() as ends:
        await take_pictures(ends, tmp_path, new_site("real"))
    assert names_in(tmp_path) == names_in(REPOSITORY / "docs/images")
