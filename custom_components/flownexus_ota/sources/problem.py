"""What can be wrong with firmware, wherever it comes from."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class FolderProblem(StrEnum):
    """What can be wrong besides a sidecar's text; each is a translation key. Then: placeholders."""

    FOLDER_UNREADABLE = "folder_unreadable"  # error
    NO_SIDECAR = "no_sidecar"
    IMAGE_MISSING = "image_missing"
    LINK_LEAVES_FOLDER = "link_leaves_folder"
    NOT_A_FILE = "not_a_file"
    UNREADABLE = "unreadable"  # error
    EMPTY = "empty"
    TOO_LARGE = "too_large"  # limit_bytes
    STILL_CHANGING = "still_changing"
    SHA256_MISMATCH = "sha256_mismatch"  # expected, actual
    DUPLICATE_VERSION = "duplicate_version"  # version, other
    STORE_FAILED = "store_failed"  # error


class RemoteProblem(StrEnum):
    """What can be wrong with an index or with releases; each is a translation key."""

    NOT_FETCHED = "source_not_fetched"  # error
    LIBRARY_MISSING = "source_library_missing"  # library
    INDEX_NO_JSON = "index_no_json"
    INDEX_UNKNOWN_FORMAT = "index_unknown_format"  # format
    INDEX_MALFORMED = "index_malformed"  # member
    INDEX_EXPIRED = "index_expired"  # expires_at
    TOO_MANY_IMAGES = "source_too_many_images"  # limit
    ENTRY_NOT_AN_OBJECT = "entry_not_an_object"
    URL_UNUSABLE = "entry_url_unusable"
    SIZE_UNUSABLE = "entry_size_unusable"  # limit_bytes
    DIGEST_MISSING = "entry_without_sha256"
    ASSET_WITHOUT_DIGEST = "asset_without_digest"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Why a file of the folder is not used."""

    file_name: str
    key: str
    """A `FolderProblem`, a `SidecarProblem` or an `ImageProblem`."""
    placeholders: Mapping[str, str] = field(default_factory=dict)


def shown_name(name: str) -> str:
    """Return a file name as text; one that is no UTF-8 has bytes that no text may have."""
    return os.fsencode(name).decode(errors="replace")
