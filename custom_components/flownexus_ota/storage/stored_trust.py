"""Which images of the store were signed with which keys, found out once for each."""

from threading import Lock
from typing import Final, final

from ..ota.image_header import ImageHeaderError, inspect_image
from ..ota.signature import PublicKey, is_signed_by
from ..ota.trust import Distrust, distrust_of
from .image_store import ImageStore
from .mapped_image import mapped_image

# Images times sets of keys; a catalogue has some dozens of the one, and some servers of the other.
_VERDICT_LIMIT: Final = 4096

type Keys = tuple[PublicKey, ...]
type _Verdict = tuple[Distrust | None]


@final
class StoredTrust:
    """Judges the images of the store; blocking, safe to use from several threads."""

    def __init__(self, store: ImageStore) -> None:
        """Nothing is read before the first question."""
        self._store: Final = store
        self._lock: Final = Lock()
        self._verdicts: Final[dict[tuple[str, frozenset[PublicKey]], _Verdict]] = {}

    def distrust(self, sha256: str, keys: Keys) -> Distrust | None:
        """Return why one of `keys` has not signed an image, if it should have.

        `None` as well for an image that the store does not have: there is nothing to judge yet.
        """
        question = (sha256, frozenset(keys))
        with self._lock:
            verdict = self._verdicts.get(question)
        if verdict is not None:
            return verdict[0]
        try:
            distrust = self._judged(sha256, keys)
        except FileNotFoundError:
            return None
        except OSError:
            return Distrust.UNREADABLE
        with self._lock:
            if len(self._verdicts) >= _VERDICT_LIMIT:
                self._verdicts.clear()
            self._verdicts[question] = (distrust,)
        return distrust

    def _judged(self, sha256: str, keys: Keys) -> Distrust | None:
        with mapped_image(self._store.path(sha256)) as content:
            try:
                header = inspect_image(content)
            except ImageHeaderError:
                return Distrust.UNREADABLE
            is_signed = is_signed_by(content, header, keys)
        return distrust_of(header.kind, header.signature, is_signed=is_signed)
