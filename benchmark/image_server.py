"""A server of one image: `python -m benchmark.image_server '{"kind": "ours", …}'`.

The first line of its output says where it listens; the end of its input ends it.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Final

from aiohttp import web

from benchmark.download_client import HOST, path_of, token_of
from custom_components.flownexus_ota.serving.gate import DownloadGate, DownloadLimits
from custom_components.flownexus_ota.serving.listener import FirmwareListener
from custom_components.flownexus_ota.serving.offers import Offer, OfferBook

_DIGEST: Final = "0" * 64


async def _start_ours(image: Path, size_bytes: int, offers: int, parallel: int) -> int:
    gate = DownloadGate(DownloadLimits(max_parallel=parallel))
    book = OfferBook()
    for number in range(offers):
        offer = Offer(
            session_id=str(number),
            sha256=_DIGEST,
            size_bytes=size_bytes,
            file_name=image.name,
            path=image,
            gate=gate,
        )
        book.add(token_of(number), offer)
    listener = FirmwareListener(book, address=HOST, port=0)
    await listener.start()
    return listener.port


async def _start_file_response(image: Path) -> int:
    async def handle(_: web.Request) -> web.FileResponse:
        return web.FileResponse(image)

    application = web.Application()
    application.router.add_get(path_of("{token}"), handle)
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    return int(runner.addresses[0][1])


async def _serve(kind: str, image: str, size_bytes: int, offers: int, parallel: int) -> None:
    path = Path(image)
    if kind == "ours":
        port = await _start_ours(path, size_bytes, offers, parallel)
    else:
        port = await _start_file_response(path)
    print(json.dumps({"url": port}), flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(**json.loads(sys.argv[1])))
