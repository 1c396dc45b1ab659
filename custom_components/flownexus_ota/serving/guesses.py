"""Who asks for tokens that do not exist, and how often: nobody else does so than who guesses them.

What is counted are different tokens, not requests: a device whose update has ended, and that keeps
asking for its image, counts once, so that it does not use up what others behind the same address
have. A right token is never looked at here, wherever it comes from: whoever holds one gets its
image. With 128 bits a token cannot be guessed anyhow; the count is there to be told of it, and to
make it dull.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Final, final

_LOGGER: Final = logging.getLogger(__name__)

MAX_WRONG_TOKENS: Final = 256
"""Of one address within a window. A fleet behind one address may have as many ended updates whose
devices still ask."""

WINDOW_SECONDS: Final = 600.0

MAX_ADDRESSES: Final = 256
"""That are remembered, those that asked last; with their tokens they take some 6 MB at most."""

_PREFIX_BITS: Final = 64
"""Of IPv6: what one subscriber has."""


@final
class Guesses:
    """The wrong tokens of each address, as hashes; used from the event loop only."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin without suspicion; `clock` tells seconds."""
        self._clock: Final = clock
        self._guessers: Final[OrderedDict[str, _Guesser]] = OrderedDict()

    def add(self, address: str | None, token: str) -> bool:
        """Count a wrong token; tell whether its address has had too many of them.

        That is logged once per address and window, without the token.
        """
        now = self._clock()
        subscriber = _subscriber(address or "")
        guesser = self._guessers.get(subscriber)
        if guesser is None or now >= guesser.ends_at:
            guesser = self._guessers[subscriber] = _Guesser(now + WINDOW_SECONDS)
        self._guessers.move_to_end(subscriber)
        if len(self._guessers) > MAX_ADDRESSES:
            self._guessers.popitem(last=False)
        if guesser.is_over:
            return True
        guesser.tokens.add(hash(token))
        if len(guesser.tokens) <= MAX_WRONG_TOKENS:
            return False
        guesser.is_over = True
        guesser.tokens.clear()
        _LOGGER.warning(
            "%s has asked for more than %d images that are not on offer within %d minutes. It gets "
            "no other answer than 429 for such any more for a while; images on offer are given out",
            subscriber or "Somebody",
            MAX_WRONG_TOKENS,
            WINDOW_SECONDS / 60,
        )
        return True


@final
class _Guesser:
    """One address in one window."""

    def __init__(self, ends_at: float) -> None:
        self.ends_at: Final = ends_at
        self.tokens: Final[set[int]] = set()
        self.is_over = False


def _subscriber(address: str) -> str:
    """Return what stands for one network: an IPv4 address, or the prefix of an IPv6 one."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if not isinstance(known, IPv6Address):
        return address
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    prefix = int(known) >> (128 - _PREFIX_BITS) << (128 - _PREFIX_BITS)
    return f"{IPv6Address(prefix)}/{_PREFIX_BITS}"
