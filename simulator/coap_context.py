"""An aiocoap context as a device needs it: one UDP socket, silence where asked, no timers left.

The only file that reaches into aiocoap 0.4.17 beyond its stable interface. A context made by
`Context.create_server_context` shares its port (SO_REUSEPORT: of a thousand devices some would get
the same one) and answers every message at least with an empty acknowledgement. The `simple6` client
transport has a connected socket of its own, and its module names LwM2M devices as a use.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiocoap.blockwise import Block1Spool, Block2Cache
from aiocoap.messagemanager import MessageManager
from aiocoap.protocol import Context
from aiocoap.tokenmanager import TokenManager
from aiocoap.transports.simple6 import MessageInterfaceSimple6

type CoapMessage = Any
"""A message of aiocoap, which has no types."""
type CoapPipe = Any
"""Where aiocoap takes the answers to one incoming message."""


class QuietMessageManager(MessageManager):  # type: ignore[misc]  # aiocoap has no types
    """Deduplication and acknowledgements, but able to say nothing and to end without a trace."""

    def __init__(self, token_manager: Any) -> None:
        """Stand between the socket and `token_manager`."""
        super().__init__(token_manager)
        self._forgetting: dict[tuple[Any, int], asyncio.TimerHandle] = {}

    def ignore(self, request: CoapMessage) -> None:
        """Behave as if `request` had never arrived; a repetition is heard as new."""
        _, acknowledgement = self._piggyback_opportunities.pop(
            (request.remote, request.token), (0, None)
        )
        if acknowledgement is not None:
            acknowledgement.cancel()
        self._forget((request.remote, request.mid))

    def _deduplicate_message(self, message: CoapMessage) -> bool:
        key = (message.remote, message.mid)
        if key in self._recent_messages:
            return bool(super()._deduplicate_message(message))
        self._recent_messages[key] = None
        self._forgetting[key] = self.loop.call_later(
            message.transport_tuning.EXCHANGE_LIFETIME, self._forget, key
        )
        return False

    def _forget(self, key: tuple[Any, int]) -> None:
        self._recent_messages.pop(key, None)
        timer = self._forgetting.pop(key, None)
        if timer is not None:
            timer.cancel()

    async def shutdown(self) -> None:
        """Close the socket and end every timer."""
        for key in tuple(self._forgetting):
            self._forget(key)
        for _, acknowledgement in self._piggyback_opportunities.values():
            acknowledgement.cancel()
        await super().shutdown()


class Blocks:
    """Requests and answers longer than one message, while they are on their way."""

    def __init__(self) -> None:
        """Begin with none."""
        self._uploads = Block1Spool()
        self._answers = Block2Cache()

    def whole(self, request: CoapMessage) -> CoapMessage:
        """Return the request once all of it is there; raise what aiocoap answers by until then."""
        return self._uploads.feed_and_take(request)

    async def answer(
        self, request: CoapMessage, build: Callable[[], Awaitable[CoapMessage]]
    ) -> CoapMessage:
        """Return the block asked for; `build` makes the answer when it is the first."""
        answer = await self._answers.extract_or_insert(request, build)
        answer.opt.block1 = request.opt.block1
        return answer

    def forget(self) -> None:
        """Drop everything, and the timers that would."""
        for kept in (self._uploads._assemblies, self._answers._completes):  # noqa: SLF001
            if kept._timeout is not None:  # noqa: SLF001
                kept._timeout.cancel()  # noqa: SLF001


async def open_context(site: object) -> tuple[Any, QuietMessageManager]:
    """Return a context that hands requests to `site.render_to_pipe`, and its message manager."""
    context = Context(serversite=site)
    tokens = TokenManager(context)
    messages = QuietMessageManager(tokens)
    messages.message_interface = await MessageInterfaceSimple6.create_client_transport_endpoint(
        messages, context.log, context.loop
    )
    tokens.token_interface = messages
    context.request_interfaces.append(tokens)
    return context, messages
