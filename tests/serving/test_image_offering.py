"""From the image store to the URL that a device is given."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.ota.device_facts import DeviceFacts
from custom_components.flownexus_ota.ota.image_error import ImageUnavailableError
from custom_components.flownexus_ota.ota.offerable import Offerable, Offered
from custom_components.flownexus_ota.ota.preflight import Refusal, RefusalKey
from custom_components.flownexus_ota.ota.profile import DEFAULT_PROFILE, Profile, UriStyle
from custom_components.flownexus_ota.ota.session_state import Session, Target
from custom_components.flownexus_ota.ota.trust import Distrust
from custom_components.flownexus_ota.serving.gate import DownloadGate
from custom_components.flownexus_ota.serving.image_offering import StoredImageOffering
from custom_components.flownexus_ota.serving.offers import OfferBook
from custom_components.flownexus_ota.serving.tokens import TokenMint, token_sha256
from custom_components.flownexus_ota.storage.image_store import ImageStore, StoredImage

SECRET = b"0123456789abcdef"
IMAGE = b"an image"
FACTS = DeviceFacts(endpoint=Endpoint("sensor-7"))


@dataclass
class Desk:
    """An offering with all that it works with."""

    offering: StoredImageOffering
    book: OfferBook
    store: ImageStore
    session: Session
    gate: DownloadGate
    distrusted: dict[str, Distrust] = field(default_factory=dict)
    """Why images are not trusted, by SHA-256."""
    refusals: dict[str, Refusal] = field(default_factory=dict)
    """Why images are not there, by SHA-256."""
    base_urls: dict[str, str] = field(default_factory=lambda: {"http": "http://192.0.2.7:8123"})

    async def offer(self, profile: Profile = DEFAULT_PROFILE, **changes: object) -> Offered:
        """Offer to a device that says nothing of its protocols."""
        session = replace(self.session, **changes)  # type: ignore[arg-type] # fields of Session
        return await self.offering.offer(session, FACTS, profile)

    def token_of(self, uri: str) -> str:
        return uri.split("/")[-2]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    source = tmp_path / "thingy 1.bin"
    source.write_bytes(IMAGE)
    store = ImageStore(tmp_path / "images")
    sha256 = store.add(source).sha256
    target = Target(
        sha256=sha256,
        size_bytes=len(IMAGE),
        version="1",
        expected_version="1",
        file_name="thingy 1.bin",
    )
    session = Session(
        id="session",
        server_id="server",
        endpoint=Endpoint("sensor-7"),
        target=target,
        created_at=datetime(2026, 11, 1, tzinfo=UTC),
    )
    book = OfferBook()
    gate = DownloadGate()

    async def provide(image: StoredImage) -> Refusal | None:
        return made.refusals.get(image.sha256)

    def distrust(sha256: str) -> Distrust | None:
        return made.distrusted.get(sha256)

    offering = StoredImageOffering(
        store,
        book,
        TokenMint(SECRET),
        base_urls=lambda: made.base_urls,
        gate=gate,
        provide=provide,
        distrust=distrust,
    )
    made = Desk(offering=offering, book=book, store=store, session=session, gate=gate)
    return made


async def test_an_offer_opens_a_url_for_the_stores_file(desk: Desk) -> None:
    uri = (await desk.offer()).uri
    token = desk.token_of(uri)
    offer = desk.book.find(token)
    assert uri == f"http://192.0.2.7:8123/f/{token}/thingy_1.bin"
    assert offer is not None
    assert offer.gate is desk.gate
    assert offer.path.read_bytes() == IMAGE
    assert offer.path == desk.store.path(desk.session.target.sha256)


async def test_the_history_keeps_the_fingerprint_of_the_token(desk: Desk) -> None:
    uri = (await desk.offer()).uri
    assert desk.offering.token_sha256(desk.session) == token_sha256(desk.token_of(uri))


async def test_a_device_with_a_compiled_in_host_gets_a_path(desk: Desk) -> None:
    uri = (await desk.offer(Profile(uri_style=UriStyle.PATH))).uri
    assert uri.startswith("/media/firmware/")


async def test_the_same_offer_has_the_same_url_and_the_next_one_another(desk: Desk) -> None:
    first = (await desk.offer()).uri
    again = (await desk.offer()).uri
    fresh = (await desk.offer(offer_number=1)).uri
    assert first == again
    assert first != fresh
    assert desk.book.find(desk.token_of(first)) is None
    assert desk.book.find(desk.token_of(fresh)) is not None


async def test_a_revoked_offer_is_no_more(desk: Desk) -> None:
    uri = (await desk.offer()).uri
    desk.offering.revoke("session")
    desk.offering.revoke("session")
    assert desk.book.find(desk.token_of(uri)) is None


async def test_an_image_that_is_not_in_the_store_is_not_offered(desk: Desk) -> None:
    desk.store.remove(desk.session.target.sha256)
    with pytest.raises(ImageUnavailableError, match="not in the store"):
        await desk.offer()
    assert desk.book.covered_bytes("session") is None


async def test_without_a_base_url_nothing_is_offered(desk: Desk) -> None:
    desk.base_urls = {}
    with pytest.raises(ImageUnavailableError, match="no firmware base URL"):
        await desk.offer()


async def test_a_base_url_that_is_too_long_is_not_offered(desk: Desk) -> None:
    desk.base_urls = {"http": "http://" + "h" * 100}
    with pytest.raises(ImageUnavailableError, match="127 are allowed"):
        await desk.offer()


async def test_what_could_be_offered_is_what_is_offered(desk: Desk) -> None:
    what = desk.offering.offerable(desk.session, DEFAULT_PROFILE)
    uri = (await desk.offer()).uri
    assert what == Offerable(uri_lengths={"http": len(uri)})


async def test_without_a_base_url_nothing_could_be_offered(desk: Desk) -> None:
    desk.base_urls = {}
    assert desk.offering.offerable(desk.session, DEFAULT_PROFILE) == Offerable()


async def test_a_base_url_that_is_too_long_is_told_by_the_length_of_the_uri(desk: Desk) -> None:
    desk.base_urls = {"https": "https://" + "a" * 100}
    what = desk.offering.offerable(desk.session, DEFAULT_PROFILE)
    assert what.uri_lengths == {"https": 135}


async def test_why_an_image_is_not_there_is_told_by_who_provides_it(desk: Desk) -> None:
    assert await desk.offering.image_refusal(desk.session) is None
    desk.refusals[desk.session.target.sha256] = Refusal(key=RefusalKey.IMAGE_DAMAGED)
    refusal = await desk.offering.image_refusal(desk.session)
    assert refusal == Refusal(key=RefusalKey.IMAGE_DAMAGED)


async def test_the_first_scheme_that_the_device_takes_is_offered_and_the_others_are_told(
    desk: Desk,
) -> None:
    desk.base_urls = {"https": "https://192.0.2.7", "http": "http://192.0.2.7:8123"}
    offered = await desk.offer()
    assert offered.uri.startswith("https://192.0.2.7/f/")
    assert (offered.scheme, offered.other_schemes) == ("https", ("http",))


async def test_a_scheme_that_the_device_refused_is_not_offered_again(desk: Desk) -> None:
    desk.base_urls = {"https": "https://192.0.2.7", "http": "http://192.0.2.7:8123"}
    offered = await desk.offer(refused_schemes=("https",))
    assert offered.uri.startswith("http://192.0.2.7:8123/f/")
    assert (offered.scheme, offered.other_schemes) == ("http", ())


async def test_an_image_that_the_keys_speak_against_is_refused_with_the_cause(desk: Desk) -> None:
    desk.distrusted[desk.session.target.sha256] = Distrust.UNSIGNED
    refusal = await desk.offering.image_refusal(desk.session)
    assert str(refusal) == "image_untrusted version=1 cause=unsigned"
