"""The forms for sources of firmware have all their texts, and no others."""

from typing import Any

import pytest

from custom_components.flownexus_ota import source_flow

from .texts import TEXTS, error_keys


@pytest.mark.parametrize(
    ("kind", "schema", "sections"),
    [
        ("index", source_flow.INDEX_SCHEMA, {}),
        ("github", source_flow.GITHUB_SCHEMA, {"advanced": source_flow.ADVANCED_SCHEMA}),
    ],
)
def test_every_field_of_a_source_has_a_name_and_a_description(
    kind: str, schema: Any, sections: dict[str, Any]
) -> None:
    fields = {key.schema for key in schema.schema} - sections.keys()
    in_sections = {name: {key.schema for key in each.schema} for name, each in sections.items()}
    steps = TEXTS["config_subentries"][kind]["step"].values()

    for part in ("data", "data_description"):
        assert [set(step[part]) for step in steps] == [fields] * 2
        assert [
            {name: set(text[part]) for name, text in step.get("sections", {}).items()}
            for step in steps
        ] == [in_sections] * 2


def test_every_error_of_a_source_has_a_text_and_no_text_is_left_over() -> None:
    errors = error_keys("self._errors", "source_flow.py")
    texts = TEXTS["config_subentries"]
    of_github = {"invalid_repository", "repository_not_there", "token_refused"}
    assert set(texts["index"]["error"]) == errors - of_github - {"source_library_missing"}
    assert set(texts["github"]["error"]) == errors - {"index_unusable"}


@pytest.mark.parametrize("kind", ["index", "github"])
def test_everything_that_a_new_source_may_have_has_a_text(kind: str) -> None:
    texts = TEXTS["config_subentries"][kind]["create_entry"]
    assert set(texts) == {"default", "partly", "nothing"}
