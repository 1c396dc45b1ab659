from dataclasses import replace
from datetime import UTC, datetime

import pytest

from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.ota.image_problem import ImageKind
from custom_components.flownexus_ota.ota.phase import Phase
from custom_components.flownexus_ota.ota.session_state import Session, Target
from custom_components.flownexus_ota.ota.trust import (
    Distrust,
    distrust_of,
    facts_after,
    with_counter,
)

from .images import a_device

SUCCEEDED = Session(
    id="session",
    server_id="server",
    endpoint=Endpoint("a"),
    target=Target(
        sha256="a" * 64, size_bytes=1, version="1", expected_version="1", file_name="a.bin"
    ),
    created_at=datetime(2026, 11, 1, tzinfo=UTC),
    phase=Phase.SUCCEEDED,
    security_counter=5,
)


@pytest.mark.parametrize(
    ("kind", "signature", "is_signed", "distrust"),
    [
        (ImageKind.PLAIN, None, False, None),
        (ImageKind.ESP, None, False, None),
        (ImageKind.MCUBOOT, "ed25519", True, None),
        (ImageKind.MCUBOOT, "ed25519", False, Distrust.UNKNOWN_SIGNER),
        (ImageKind.MCUBOOT, "none", False, Distrust.UNSIGNED),
    ],
)
def test_an_mcuboot_image_has_to_be_signed_by_one_of_the_keys(
    kind: ImageKind, signature: str | None, distrust: Distrust | None, *, is_signed: bool
) -> None:
    assert distrust_of(kind, signature, is_signed=is_signed) is distrust


@pytest.mark.parametrize(
    ("known", "counter", "after"),
    [(None, None, None), (None, 0, 0), (3, None, 3), (3, 3, 3), (3, 2, 3), (3, 5, 5)],
)
def test_a_security_counter_never_falls(
    known: int | None, counter: int | None, after: int | None
) -> None:
    facts = with_counter(a_device(security_counter=known), counter)
    assert facts == a_device(security_counter=after)


def test_an_update_that_succeeded_raises_the_counter() -> None:
    assert facts_after(a_device(), SUCCEEDED) == a_device(security_counter=5)


@pytest.mark.parametrize("session", [None, replace(SUCCEEDED, phase=Phase.FAILED)])
def test_nothing_else_raises_the_counter(session: Session | None) -> None:
    assert facts_after(a_device(), session) == a_device()
