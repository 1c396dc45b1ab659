"""Carrying out a session's commands at its device, one at a time."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Final, assert_never

from ..lwm2m import firmware_update
from ..lwm2m.exchange import Delivery, DeviceRefusedError, Lwm2mError
from ..lwm2m.path import ResourcePath
from ..ota.command import (
    Command,
    EndOffer,
    ExecuteUpdate,
    ObserveDevice,
    ReadDevice,
    ResetDevice,
    RevokeOffer,
    WritePackageUri,
)
from ..ota.device_facts import DeviceFacts
from ..ota.image_error import ImageUnavailableError
from ..ota.offerable import Offered
from ..ota.phase import Phase
from ..ota.profile import Profile
from ..ota.profile_match import version_of
from ..ota.report import (
    Answer,
    DeviceRead,
    ExecuteAnswered,
    ImageUnavailable,
    OfferRefused,
    Report,
    UriAnswered,
    UriChosen,
)
from ..ota.session_state import Session
from .gateway import DeviceGateway
from .objection import Objection
from .offering import ImageOffering
from .reading import lasting, read_device
from .resetting import reset_device

_LOGGER = logging.getLogger(__name__)

# A client that downloads inside the write answers only afterwards; 504 then means "unknown".
WRITE_TIMEOUT_SECONDS: Final = 30
OBSERVE_TIMEOUT_SECONDS: Final = 15
MAX_PENDING_COMMANDS: Final = 64


class Courier:
    """Does what a session asks, in order, and reports how each request ended."""

    def __init__(
        self,
        gateway: DeviceGateway,
        offering: ImageOffering,
        *,
        session: Callable[[], Session],
        facts: Callable[[], DeviceFacts],
        profile: Profile,
        objection: Objection,
        on_report: Callable[[Report], None],
        on_facts: Callable[[DeviceFacts], None],
    ) -> None:
        """Take the ports, and functions that tell the session and the facts as they are now."""
        self._gateway = gateway
        self._offering = offering
        self._session = session
        self._facts = facts
        self.profile = profile
        """May be replaced at any time: what is sent next goes by it."""
        self._objection = objection
        self._on_report = on_report
        self._on_facts = on_facts
        self._pending: asyncio.Queue[Command] = asyncio.Queue(MAX_PENDING_COMMANDS)
        self._delayed: set[asyncio.TimerHandle] = set()
        self._is_reading = False
        self.is_preparing = False
        """Whether an offer waits for us: its image is being fetched, or hashed."""

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing is pending or under way."""
        return self._pending.empty() and not self._is_reading

    def send(self, command: Command) -> None:
        """Queue a command; a delayed reading waits for its time without holding up the others.

        An offer is revoked at once: a client may answer our write of its URI only when it has the
        image, and a cancelled download must not go on until then. It is revoked once more in its
        turn, should a write that is pending before it open the URL again.
        """
        if isinstance(command, RevokeOffer):
            self._offering.revoke(self._session().id)
        if isinstance(command, ReadDevice) and command.delay_seconds:
            loop = asyncio.get_running_loop()
            handle = loop.call_later(command.delay_seconds, self._due, command)
            self._delayed.add(handle)
            return
        try:
            self._pending.put_nowait(command)
        except asyncio.QueueFull:  # the device does not keep up; its deadline decides
            _LOGGER.warning("%s: too many requests pending", self._session().endpoint)

    async def run(self) -> None:
        """Carry out commands until cancelled."""
        try:
            while True:
                await self.carry_out(await self._pending.get())
        finally:
            self.drop_delayed()

    def drop_delayed(self) -> None:
        """Forget the readings whose time has not come."""
        for handle in self._delayed:
            handle.cancel()
        self._delayed.clear()

    async def carry_out(self, command: Command) -> None:
        """Do one command; every way it can end becomes a report, or nothing."""
        match command:
            case ObserveDevice():
                await self._observe()
            case ReadDevice(number=number):
                await self._read(number)
            case WritePackageUri():
                await self._write_uri()
            case ExecuteUpdate():
                await self._execute()
            case ResetDevice():
                await reset_device(self._gateway, self._facts(), self.profile.reset)
            case RevokeOffer():
                self._offering.revoke(self._session().id)
            case EndOffer():
                self._offering.revoke(self._session().id)
                await self._forget()
            case _:
                assert_never(command)

    def _due(self, command: ReadDevice) -> None:
        now = asyncio.get_running_loop().time()
        self._delayed = {each for each in self._delayed if each.when() > now}
        self.send(replace(command, delay_seconds=0.0))

    def _path(self, resource_id: int) -> ResourcePath:
        # Devices without an instance of object 5 are refused before a session begins.
        instance_id = self._facts().update_instance_id or 0
        return firmware_update.instance(instance_id).child(resource_id)

    async def _observe(self) -> None:
        # The values in these answers may be the last update's; the reading that follows counts.
        for resource_id in (firmware_update.STATE, firmware_update.UPDATE_RESULT):
            try:
                await self._gateway.observe(
                    self._session().endpoint,
                    self._path(resource_id),
                    timeout_seconds=OBSERVE_TIMEOUT_SECONDS,
                )
            except Lwm2mError as err:
                _LOGGER.debug("%s cannot be observed: %s", self._session().endpoint, err)

    async def _read(self, number: int) -> None:
        self._is_reading = True
        try:
            # What is refused this time is unknown: an old state must not pass for a new one.
            facts = await read_device(self._gateway, lasting(self._facts()))
        except Lwm2mError as err:
            _LOGGER.debug("%s cannot be read: %s", self._session().endpoint, err)
        else:
            self._on_facts(facts)
            self._on_report(
                DeviceRead(
                    state=facts.update_state,
                    result=facts.update_result,
                    version=version_of(facts, self.profile),
                    defer_seconds=facts.defer_seconds,
                    number=number,
                )
            )
        finally:
            self._is_reading = False

    async def _prepare(self) -> Offered | None:
        """Open the session's URL; `None` where that is refused, or nobody wants it any more."""
        session, facts = self._session(), self._facts()
        # Asked for long ago, perhaps: the device, the options and the images may be others by now.
        if refusal := await self._objection(session, facts):
            self._on_report(OfferRefused(detail=str(refusal)))
            return None
        if self._is_over:
            return None
        try:
            return await self._offering.offer(session, facts, self.profile)
        except ImageUnavailableError as err:
            self._on_report(ImageUnavailable(detail=str(err)))
            return None

    @property
    def _is_over(self) -> bool:
        """Tell whether what was to begin is not to begin any more."""
        session = self._session()
        return session.is_cancelling or session.phase is Phase.WAITING or session.phase.is_final

    async def _write_uri(self) -> None:
        if self._is_over:
            return
        self.is_preparing = True
        try:
            offered = await self._prepare()
        finally:
            self.is_preparing = False
        if offered is None:
            return
        session = self._session()
        # Told before it is written: a result may overtake the answer to the write.
        self._on_report(UriChosen(scheme=offered.scheme, other_schemes=offered.other_schemes))
        try:
            delivery = await self._gateway.write(
                session.endpoint,
                self._path(firmware_update.PACKAGE_URI),
                offered.uri,
                timeout_seconds=WRITE_TIMEOUT_SECONDS,
            )
        except DeviceRefusedError as err:
            self._on_report(UriAnswered(answer=Answer.REFUSED, code=err.code))
        except Lwm2mError as err:
            _LOGGER.debug("%s: offering ended open: %s", session.endpoint, err)
            self._on_report(UriAnswered(answer=Answer.UNKNOWN))
        else:
            done = delivery is Delivery.DONE
            self._on_report(UriAnswered(answer=Answer.DONE if done else Answer.UNKNOWN))

    async def _execute(self) -> None:
        if self._is_over:
            return
        endpoint = self._session().endpoint
        try:
            delivery = await self._gateway.execute(
                endpoint,
                self._path(firmware_update.UPDATE),
                timeout_seconds=WRITE_TIMEOUT_SECONDS,
            )
        except DeviceRefusedError as err:
            self._on_report(ExecuteAnswered(answer=Answer.REFUSED, code=err.code))
        except Lwm2mError as err:
            _LOGGER.debug("%s: execute ended open: %s", endpoint, err)
            self._on_report(ExecuteAnswered(answer=Answer.UNKNOWN))
        else:
            done = delivery is Delivery.DONE
            self._on_report(ExecuteAnswered(answer=Answer.DONE if done else Answer.UNKNOWN))

    async def _forget(self) -> None:
        for resource_id in (firmware_update.STATE, firmware_update.UPDATE_RESULT):
            try:
                await self._gateway.cancel_observation(
                    self._session().endpoint, self._path(resource_id)
                )
            except Lwm2mError as err:
                _LOGGER.debug("%s stays observed: %s", self._session().endpoint, err)
