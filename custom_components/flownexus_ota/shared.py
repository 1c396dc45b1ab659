"""What all servers share: database, image store, catalogue, open offers, token secret (D2)."""

import asyncio
import secrets
import ssl
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.ssl import get_default_context

from .catalogue_keeper import CatalogueKeeper
from .const import DOMAIN
from .issues import clear_catalogue_problems, show_history_damaged
from .serving.offers import OfferBook
from .serving.tokens import TokenMint
from .sources.guarded_fetch import GuardedFetcher
from .sources.image_supply import ImageSupply
from .storage.awaiting import stored
from .storage.errors import HistoryError
from .storage.history import HistoryDb
from .storage.image_store import ImageStore
from .storage.stored_trust import StoredTrust
from .storage.writer import HistoryWriter
from .views import async_register_views

SECRET_STORE_VERSION: Final = 1
SECRET_SIZE_BYTES: Final = 32


@dataclass(kw_only=True, slots=True)
class Shared:
    """One per Home Assistant, as long as there is a loaded entry."""

    history: HistoryDb
    writer: HistoryWriter
    store: ImageStore
    keeper: CatalogueKeeper
    supply: ImageSupply
    trust: StoredTrust
    tls: ssl.SSLContext
    """Whom downloads trust."""
    fetcher: GuardedFetcher
    """For addresses that people name in a call; it goes to public hosts only."""
    book: OfferBook
    mint: TokenMint
    user_count: int = 0


@dataclass(slots=True)
class _Slot:
    """Where the shared runtime lives; the lock keeps two entries from building it twice."""

    lock: asyncio.Lock
    book: OfferBook
    shared: Shared | None = None
    is_held: bool = False
    """Whether a backup is being made; also while there is nothing to hold yet, or no longer."""


_SLOT: HassKey[_Slot] = HassKey(f"{DOMAIN}_shared")


def prepare_shared(hass: HomeAssistant) -> None:
    """Make the slot and register the view, once and for good: views cannot be taken back."""
    async_register_views(hass, _slot(hass).book)


def _slot(hass: HomeAssistant) -> _Slot:
    """Return the slot; it has not been prepared where every entry is disabled."""
    if _SLOT not in hass.data:
        hass.data[_SLOT] = _Slot(asyncio.Lock(), OfferBook())
    return hass.data[_SLOT]


async def acquire_shared(hass: HomeAssistant) -> Shared:
    """Return the shared runtime, built by the first who asks; give it back with `release_shared`.

    Raise a HistoryError when the database cannot be opened.
    """
    slot = _slot(hass)
    async with slot.lock:
        if slot.shared is None:
            slot.shared = await _build(hass, slot.book)
            if slot.is_held:
                with suppress(HistoryError):  # it is held all the same
                    await slot.shared.writer.hold()
                await _pause(slot.shared)
        slot.shared.user_count += 1
        return slot.shared


async def release_shared(hass: HomeAssistant) -> None:
    """Give the shared runtime back; the last one closes it, or the end of a backup under way."""
    slot = hass.data[_SLOT]
    async with slot.lock:
        if slot.shared is None:
            return
        slot.shared.user_count -= 1
        await _close_if_unused(hass, slot)


async def hold_history(hass: HomeAssistant) -> None:
    """Write nothing to the database and the images, whoever uses them, until `release_history`.

    Raise a HistoryError when its journal could not be merged into it; it is held all the same.
    """
    slot = _slot(hass)
    slot.is_held = True
    async with slot.lock:
        if slot.shared is not None:
            held = slot.shared.writer.hold()
            await _pause(slot.shared)
            await stored(held)


async def release_history(hass: HomeAssistant) -> None:
    """Write again; without a hold, nothing happens."""
    slot = _slot(hass)
    slot.is_held = False
    async with slot.lock:
        if slot.shared is not None:
            slot.shared.writer.release()
            slot.shared.keeper.go_on()
            slot.shared.supply.go_on()
            await _close_if_unused(hass, slot)


async def _pause(shared: Shared) -> None:
    await shared.keeper.pause()
    await shared.supply.pause()


async def _close_if_unused(hass: HomeAssistant, slot: _Slot) -> None:
    """Close what nobody uses any more, unless that would change files that are being copied."""
    shared = slot.shared
    if shared is None or shared.user_count or (slot.is_held and not hass.is_stopping):
        return
    slot.shared = None
    shared.book.close()
    await shared.supply.close()
    await hass.async_add_executor_job(shared.writer.close)
    if not hass.is_stopping:
        clear_catalogue_problems(hass)


async def _build(hass: HomeAssistant, book: OfferBook) -> Shared:
    folder = hass.config.path(DOMAIN)
    mint = TokenMint(await _secret(hass))
    history, writer, store, firmware = await hass.async_add_executor_job(_open, hass, folder)
    if history.moved_aside is not None:
        show_history_damaged(hass, str(history.moved_aside.path))

    async def active_images() -> frozenset[str]:
        return await stored(writer.query(lambda history: history.active_images()))

    tls = get_default_context()
    keeper = CatalogueKeeper(hass, firmware, store, active_images=active_images)
    return Shared(
        history=history,
        writer=writer,
        store=store,
        keeper=keeper,
        supply=ImageSupply(store, origin_of=keeper.origin_of, before_fetch=keeper.note_references),
        trust=StoredTrust(store),
        tls=tls,
        fetcher=GuardedFetcher(tls),
        book=book,
        mint=mint,
    )


def _open(hass: HomeAssistant, folder: str) -> tuple[HistoryDb, HistoryWriter, ImageStore, Path]:
    root = Path(folder)
    history = HistoryDb.open(root / f"{DOMAIN}.db")
    writer = HistoryWriter(history, hass.loop)
    writer.start()
    store = ImageStore(root / "images")
    store.tidy()
    return history, writer, store, root / "firmware"


async def _secret(hass: HomeAssistant) -> bytes:
    """Return the secret of all tokens, made at the first start."""
    store: Store[dict[str, str]] = Store(hass, SECRET_STORE_VERSION, DOMAIN, private=True)
    stored = await store.async_load()
    if stored is None:
        stored = {"token_secret": secrets.token_hex(SECRET_SIZE_BYTES)}
        await store.async_save(stored)
    return bytes.fromhex(stored["token_secret"])
