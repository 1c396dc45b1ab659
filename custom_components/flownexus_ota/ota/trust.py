"""Which images a server trusts, and which a device takes no more."""

from dataclasses import replace
from enum import StrEnum

from .device_facts import DeviceFacts
from .image_problem import ImageKind
from .mcuboot_header import SignatureKind
from .phase import Phase
from .session_state import Session


class Distrust(StrEnum):
    """Why a server with public keys gives an image to none of its devices; each is a word shown."""

    UNSIGNED = "unsigned"
    UNKNOWN_SIGNER = "unknown_signer"
    """None of the keys verifies its signature; or it is encrypted, and none could."""
    UNREADABLE = "unreadable"
    """It cannot be read, or is no image."""


def distrust_of(kind: ImageKind, signature: str | None, *, is_signed: bool) -> Distrust | None:
    """Return why an image is not trusted, given whether one of the server's keys signed it.

    Only MCUboot images have a signature that we know; others are not asked for one.
    """
    if kind is not ImageKind.MCUBOOT or is_signed:
        return None
    return Distrust.UNSIGNED if signature == SignatureKind.NONE else Distrust.UNKNOWN_SIGNER


def is_rolled_back(counter: int | None, known_counter: int | None) -> bool:
    """Tell whether an image's security counter is lower than what its device has seen."""
    return counter is not None and known_counter is not None and counter < known_counter


def facts_after(facts: DeviceFacts, session: Session | None) -> DeviceFacts:
    """Return what is known of a device after a session: its counter is never lower again."""
    if session is None or session.phase is not Phase.SUCCEEDED:
        return facts
    return with_counter(facts, session.security_counter)


def with_counter(facts: DeviceFacts, counter: int | None) -> DeviceFacts:
    """Return the facts with the higher of two security counters, of which each may be unknown."""
    if counter is None or counter == facts.security_counter:
        return facts
    if is_rolled_back(counter, facts.security_counter):
        return facts
    return replace(facts, security_counter=counter)
