"""A Leshan demo server without Java: its REST and event surface, for simulated devices.

Run alone: `python -m simulator.leshan --generation m18 --port 8080`.
"""

import argparse
import asyncio
import contextlib
import ssl
from typing import Final
from weakref import WeakSet

from aiohttp import web

from simulator.leshan_clients import ClientsServlet
from simulator.leshan_events import EventWriter
from simulator.leshan_exchange import Exchanges
from simulator.leshan_generation import Generation, LeshanSettings
from simulator.leshan_http import WebServer
from simulator.leshan_link import LeshanLink
from simulator.leshan_operations import Operations
from simulator.leshan_registry import Registry
from simulator.leshan_sse import EventStreams
from simulator.link import ServerLink

HOST: Final = "127.0.0.1"
FIRST_DEVICE_PORT: Final = 20_000
LAST_DEVICE_PORT: Final = 65_535
SHUTDOWN_SECONDS: Final = 1.0


class SimulatedLeshan:
    """A server to start, to attach devices to, and to break."""

    def __init__(self, settings: LeshanSettings | None = None) -> None:
        self.settings = settings or LeshanSettings()
        self.refuses_devices = False
        """Whether registrations and everything else from devices goes unanswered."""
        self._streams = EventStreams(
            heartbeat_seconds=self.settings.heartbeat_seconds,
            chunk_bytes=self.settings.event_chunk_bytes,
        )
        self._events = EventWriter(settings=self.settings, streams=self._streams)
        self.registry = Registry(self.settings, self._events)
        self._exchanges = Exchanges(self.settings, self.registry, self._events)
        operations = Operations(
            generation=self.settings.generation, exchanges=self._exchanges, events=self._events
        )
        clients = ClientsServlet(
            settings=self.settings,
            registry=self.registry,
            exchanges=self._exchanges,
            operations=operations,
        )
        self._web = WebServer(
            settings=self.settings, registry=self.registry, streams=self._streams, clients=clients
        )
        self._links: WeakSet[LeshanLink] = WeakSet()
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._ssl_context: ssl.SSLContext | None = None
        self._port = 0
        self._next_device_port = FIRST_DEVICE_PORT

    def application(self) -> web.Application:
        """The web application, for a runner of one's own."""
        return self._web.application()

    @property
    def base_url(self) -> str:
        """Where the server is, with its path prefix; only after `start`."""
        scheme = "http" if self._ssl_context is None else "https"
        return f"{scheme}://{HOST}:{self._port}{self.settings.path_prefix}"

    @property
    def event_stream_count(self) -> int:
        """How many readers the event stream has."""
        return len(self._streams)

    def link(self) -> ServerLink:
        """A line for one boot of one device."""
        address = f"{HOST}:{self._next_device_port}"
        self._next_device_port += 1
        if self._next_device_port > LAST_DEVICE_PORT:
            self._next_device_port = FIRST_DEVICE_PORT
        link = LeshanLink(
            address=address,
            registry=self.registry,
            exchanges=self._exchanges,
            events=self._events,
            server=self,
            retransmission_seconds=self.settings.retransmission_seconds,
        )
        self._links.add(link)
        return link

    async def connect(self) -> ServerLink:
        """As `link`, for devices that expect to wait for their line."""
        return self.link()

    async def start(self, *, port: int = 0, ssl_context: ssl.SSLContext | None = None) -> str:
        """Listen on the loopback, on a free port unless one is named; return the base URL."""
        self._port, self._ssl_context = port, ssl_context
        self._runner = web.AppRunner(
            self.application(), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS
        )
        await self._runner.setup()
        await self.accept_connections()
        self._port = self._runner.addresses[0][1]
        return self.base_url

    async def stop(self) -> None:
        """End everything: listener, streams, requests under way, timers."""
        self.registry.forget_all()
        self._exchanges.close()
        for link in tuple(self._links):
            link.cut()
        self._streams.end()
        if self._runner is not None:
            await self._runner.cleanup()

    # What tests break.

    def cut_event_streams(self) -> None:
        """Break the line to every reader of the event stream."""
        self._streams.reset()

    def end_event_streams(self) -> None:
        """End the stream of every reader properly."""
        self._streams.end()

    def send_raw_event_bytes(self, data: bytes) -> None:
        """Send any bytes to every reader of the event stream."""
        self._streams.send_raw(data)

    def drop_notifications(self, count: int) -> None:
        """Lose the next notifications of devices."""
        self._events.notifications_to_drop = count

    def forget_observations(self, endpoint: str) -> None:
        """Lose the observations of a device without a word."""
        registration = self.registry.find(endpoint)
        if registration is not None:
            registration.observations.clear()
            registration.composite_observations.clear()

    def put_to_sleep(self, endpoint: str) -> None:
        """Take a device in queue mode for asleep before its time."""
        registration = self.registry.find(endpoint)
        if registration is not None:
            self.registry.put_to_sleep(registration)

    def expire(self, endpoint: str) -> None:
        """End a registration before its time, as if its lifetime had run out."""
        registration = self.registry.find(endpoint)
        if registration is not None:
            self.registry.remove(registration)

    def restart(self) -> None:
        """Forget registrations, observations and delayed requests, and break every connection."""
        self.registry.forget_all()
        self._drop_connections()

    async def refuse_connections(self) -> None:
        """Stop listening and break every connection; devices are not concerned."""
        if self._site is not None:
            await self._site.stop()
            self._site = None
        self._drop_connections()

    async def accept_connections(self) -> None:
        """Listen (again), on the same port as before."""
        if self._runner is None or self._site is not None:
            return
        self._site = web.TCPSite(
            self._runner, HOST, self._port, ssl_context=self._ssl_context, reuse_address=True
        )
        await self._site.start()

    def _drop_connections(self) -> None:
        self._streams.reset()
        server = None if self._runner is None else self._runner.server
        if server is not None:
            for connection in server.connections:
                connection.force_close()


async def _run(settings: LeshanSettings, port: int) -> None:
    server = SimulatedLeshan(settings)
    base_url = await server.start(port=port)
    print(f"Simulated Leshan {settings.generation.name} on {base_url}", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await server.stop()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generation", choices=[each.value for each in Generation], default="m18")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--awake-seconds", type=float, default=93.0)
    arguments = parser.parse_args()
    settings = LeshanSettings(
        generation=Generation(arguments.generation), awake_seconds=arguments.awake_seconds
    )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(settings, arguments.port))


if __name__ == "__main__":
    main()
