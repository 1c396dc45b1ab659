"""What speaks against an update: asked when it is requested, and again before anything is sent."""

from collections.abc import Awaitable, Callable

from ..ota.device_facts import DeviceFacts
from ..ota.preflight import Refusal, Wish, preflight
from ..ota.profile import Profile
from ..ota.session_state import Session
from .offering import ImageOffering

type Objection = Callable[[Session, DeviceFacts], Awaitable[Refusal | None]]
"""Returns what speaks against a session, by its device as it is known now."""


def objection_by(
    offering: ImageOffering,
    *,
    profile_for: Callable[[DeviceFacts], Profile],
    min_battery_percent: Callable[[], int],
) -> Objection:
    """Return the check that goes by profiles, images and options as they are when it is made."""

    async def check(session: Session, facts: DeviceFacts) -> Refusal | None:
        profile = profile_for(facts)
        wish = Wish(
            version=session.target.version,
            may_downgrade=session.may_downgrade,
            min_battery_percent=min_battery_percent(),
            security_counter=session.security_counter,
            refused_schemes=session.refused_schemes,
        )
        refusal = preflight(facts, wish, offering.offerable(session, profile), profile)
        # Last: nothing is fetched for an update that is refused anyway.
        return refusal or await offering.image_refusal(session)

    return check
