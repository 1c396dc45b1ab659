"""Requests to answers: who may do what with which path."""

from collections.abc import Callable
from enum import Enum

from simulator.firmware import FirmwareUpdate
from simulator.link import Ids, Operation, Request, Response
from simulator.objects import ObjectTree
from simulator.resources import CANCEL, PACKAGE, PACKAGE_URI, REBOOT, UPDATE, UPDATE_TRIGGER
from simulator.states import Code


class Action(Enum):
    """What a request asks of the device as a whole."""

    RENEW = "renew"
    REBOOT = "reboot"


async def answer(
    objects: ObjectTree, firmware: FirmwareUpdate, request: Request, act: Callable[[Action], None]
) -> Response:
    """Do what `request` asks; the answer says whether it was done."""
    match request.operation:
        case Operation.READ | Operation.OBSERVE | Operation.CANCEL_OBSERVATION:
            return _read(objects, request.path)
        case Operation.DISCOVER:
            links = objects.discover(request.path)
            return (
                Response(code=Code.CONTENT, links=links) if links else Response(code=Code.NOT_FOUND)
            )
        case Operation.WRITE:
            return Response(code=await _write(objects, firmware, request))
        case Operation.EXECUTE:
            return Response(code=await _execute(objects, firmware, request.path, act))


def _read(objects: ObjectTree, path: Ids) -> Response:
    content = objects.read(path)
    if content:
        return Response(code=Code.CONTENT, content=content)
    return Response(code=Code.NOT_FOUND if objects.find(path) is None else Code.NOT_ALLOWED)


async def _write(objects: ObjectTree, firmware: FirmwareUpdate, request: Request) -> Code:
    resource = objects.find(request.path)
    if resource is None:
        return Code.NOT_FOUND
    match request.path, request.value:
        case path, str(uri) if path == PACKAGE_URI:
            return await firmware.write_uri(uri)
        case path, bytes(payload) if path == PACKAGE:
            return await firmware.write_package(payload)
        case _:
            return Code.BAD_REQUEST if resource.is_writable else Code.NOT_ALLOWED


async def _execute(
    objects: ObjectTree, firmware: FirmwareUpdate, path: Ids, act: Callable[[Action], None]
) -> Code:
    if objects.find(path) is None:
        return Code.NOT_FOUND
    if path == UPDATE:
        return await firmware.execute_update()
    if path == CANCEL:
        return await firmware.cancel()
    if path == UPDATE_TRIGGER:
        act(Action.RENEW)
        return Code.CHANGED
    if path == REBOOT:
        act(Action.REBOOT)
        return Code.CHANGED
    return Code.NOT_ALLOWED
