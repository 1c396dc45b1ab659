"""Answers a device that asks for its image: GET and HEAD, ranges, progress, limits."""

import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web
from multidict import istr

from .delivery import Delivery
from .gate import RETRY_AFTER_SECONDS
from .offers import Offer, OfferBook
from .outflow import Outflow
from .ranges import Full, NotModified, NotSatisfiable, Partial, Selection, select

_LOGGER: Final = logging.getLogger(__name__)

# As the RFC spells it; aiohttp says "Etag", and not every device ignores case as it should.
_ETAG: Final = istr("ETag")
_COMMON_HEADERS: Final = {
    # A proxy that compresses or keeps an image breaks resuming.
    hdrs.CACHE_CONTROL: "no-store, no-transform",
    hdrs.SERVER: "flownexus_ota",
    istr("X-Content-Type-Options"): "nosniff",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class TransferLimits:
    """When a transfer is given up."""

    stall_seconds: float = 60.0
    """Without a byte that the client took."""


DEFAULT_LIMITS: Final = TransferLimits()


async def serve_image(
    request: web.BaseRequest,
    book: OfferBook,
    token: str,
    *,
    limits: TransferLimits = DEFAULT_LIMITS,
) -> web.StreamResponse:
    """Answer a GET or HEAD for the image that `token` stands for.

    A token that stands for none, whatever the reason, gets the same 404; one that is used up, and
    those of somebody who has tried many, 429; 503 means that others have to be served first. Every
    answer has a length and none a compression, a redirect or a cookie. Returns when the client has
    received the body or is gone. Raises nothing but `CancelledError`; no log line holds the token.
    """
    offer = book.find(token)
    if offer is None:
        is_guessing = book.guesses.add(request.remote, token)
        return _too_many_requests() if is_guessing else not_found()
    if not book.take_request(token):
        return _too_many_requests()
    selection = _selection(request, offer)
    if isinstance(selection, NotModified):
        return _not_modified(offer)
    if isinstance(selection, NotSatisfiable):
        return _not_satisfiable(offer)
    if isinstance(selection, Full):
        part, response = Partial(0, offer.size_bytes), _full(offer)
    else:
        part, response = selection, _partial(offer, selection)
    if request.method == hdrs.METH_HEAD:
        return response
    if not await book.admit(token):
        return _busy()
    return await _send(request, response, book, token, offer, part, limits)


async def _send(
    request: web.BaseRequest,
    response: web.StreamResponse,
    book: OfferBook,
    token: str,
    offer: Offer,
    part: Partial,
    limits: TransferLimits,
) -> web.StreamResponse:
    transport = request.transport
    if transport is None:
        return _broken(response)
    outflow = Outflow(transport)
    try:
        with await book.images.open(offer.path, size_bytes=offer.size_bytes) as file:
            transfer = book.begin(token, outflow.cut)
            if transfer is None:  # Revoked while the file was opened.
                book.images.retire(offer.path)
                return not_found()
            outflow.throttle = transfer.throttle
            with transfer:
                await response.prepare(request)
                delivery = Delivery(outflow, transfer, part, stall_seconds=limits.stall_seconds)
                is_complete = await delivery.run(response, file)
        return response if is_complete else _broken(response)
    except ConnectionError:
        return _broken(response)
    except OSError as err:
        _LOGGER.warning("Image %s cannot be read: %s", offer.sha256, err.strerror)
        return plain_text(HTTPStatus.INTERNAL_SERVER_ERROR, "Image cannot be read\n")
    finally:
        outflow.close()


def _broken(response: web.StreamResponse) -> web.StreamResponse:
    """Return a response after whose body, or what there is of it, nothing may follow."""
    response.force_close()
    return response


def _selection(request: web.BaseRequest, offer: Offer) -> Selection:
    headers = request.headers
    # Ranges are defined for GET alone.
    ranges = headers.getall(hdrs.RANGE, []) if request.method == hdrs.METH_GET else []
    return select(
        size_bytes=offer.size_bytes,
        etag=offer.etag,
        range_header=", ".join(ranges) if ranges else None,
        if_range=headers.get(hdrs.IF_RANGE),
        if_none_match=headers.get(hdrs.IF_NONE_MATCH),
    )


def _full(offer: Offer) -> web.StreamResponse:
    return _image(offer, HTTPStatus.OK, {hdrs.CONTENT_LENGTH: str(offer.size_bytes)})


def _partial(offer: Offer, part: Partial) -> web.StreamResponse:
    headers = {
        hdrs.CONTENT_LENGTH: str(part.end - part.start),
        hdrs.CONTENT_RANGE: f"bytes {part.start}-{part.end - 1}/{offer.size_bytes}",
    }
    return _image(offer, HTTPStatus.PARTIAL_CONTENT, headers)


def _image(offer: Offer, status: HTTPStatus, headers: dict[istr, str]) -> web.StreamResponse:
    headers |= {
        hdrs.ACCEPT_RANGES: "bytes",
        hdrs.CONTENT_ENCODING: "identity",
        hdrs.CONTENT_TYPE: "application/octet-stream",
        _ETAG: offer.etag,
    }
    return web.StreamResponse(status=status, headers=_COMMON_HEADERS | headers)


def _not_modified(offer: Offer) -> web.Response:
    headers = _COMMON_HEADERS | {_ETAG: offer.etag}
    return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)


def _not_satisfiable(offer: Offer) -> web.Response:
    response = plain_text(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "Range not satisfiable\n")
    response.headers[hdrs.CONTENT_RANGE] = f"bytes */{offer.size_bytes}"
    return response


def _busy() -> web.Response:
    response = plain_text(HTTPStatus.SERVICE_UNAVAILABLE, "Others are being served, come again\n")
    response.headers[hdrs.RETRY_AFTER] = str(RETRY_AFTER_SECONDS)
    return response


def _too_many_requests() -> web.Response:
    return plain_text(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests\n")


def not_found() -> web.Response:
    """Return what everybody gets who asks for something that is not on offer."""
    return plain_text(HTTPStatus.NOT_FOUND, "Not found\n")


def plain_text(status: HTTPStatus, text: str) -> web.Response:
    """Return an answer for people, with the headers that all of ours have."""
    return web.Response(status=status, text=text, headers=_COMMON_HEADERS)
