"""The port to the downloads: where a device fetches its image."""

from typing import Protocol

from ..ota.device_facts import DeviceFacts
from ..ota.offerable import Offerable, Offered
from ..ota.preflight import Refusal
from ..ota.profile import Profile
from ..ota.session_state import Session


class ImageOffering(Protocol):
    """Gives out and takes back the URLs of images."""

    def token_sha256(self, session: Session) -> str:
        """Return the fingerprint of the session's token, which is all the history keeps of it."""

    def offerable(self, session: Session, profile: Profile) -> Offerable:
        """Return what there is to offer, without opening anything."""

    async def image_refusal(self, session: Session) -> Refusal | None:
        """See that the image is there and whole, and fetch it if it is not; return why it is not.

        It may take as long as a download does.
        """

    async def offer(self, session: Session, facts: DeviceFacts, profile: Profile) -> Offered:
        """Open the session's URL and return what to write to 5/x/1; safe to repeat.

        By the preferred scheme that the device supports and has not refused.

        Raise `ImageUnavailableError` (ota/image_error.py) when the image cannot be served.
        """

    def revoke(self, session_id: str) -> None:
        """Close the session's URL; safe to repeat."""
