from hypothesis import given, strategies as st

from custom_components.flownexus_ota.ota.catalogue import Catalogue
from custom_components.flownexus_ota.ota.wishes import NO_WISHES, Wishes

from .images import THINGY, a_device, an_image

OLD = an_image("1.3.0", sha256="1" * 64)
NEW = an_image("1.10.0", sha256="2" * 64)
FOREIGN = an_image("9.0.0", sha256="3" * 64, model="Other")


def test_images_of_a_channel_are_for_devices_of_that_channel() -> None:
    beta = an_image("2.0.0", channel="beta")
    catalogue = Catalogue([NEW, beta])
    assert catalogue.latest_for(a_device()) is NEW
    assert catalogue.latest_for(a_device(), "beta") is beta
    assert catalogue.named(a_device(), "2.0.0") is None
    assert catalogue.named(a_device(), "2.0.0", "beta") is beta
    assert catalogue.applicable_to(a_device(), "beta") == (beta, NEW)


def test_an_empty_catalogue_has_nothing_for_anybody() -> None:
    catalogue = Catalogue()
    assert catalogue.applicable_to(a_device()) == ()
    assert catalogue.latest_for(a_device()) is None
    assert catalogue.named(a_device(), "1.3.0") is None
    assert catalogue.by_sha256("1" * 64) is None


def test_a_device_gets_the_highest_version_that_fits_it() -> None:
    assert Catalogue([OLD, NEW, FOREIGN]).latest_for(a_device()) is NEW


def test_the_images_that_fit_come_best_first() -> None:
    assert Catalogue([OLD, FOREIGN, NEW]).applicable_to(a_device()) == (NEW, OLD)


def test_the_latest_image_may_be_older_than_what_is_installed() -> None:
    assert Catalogue([OLD]).latest_for(a_device(firmware_version="2.0.0")) is OLD


def test_of_one_version_the_most_specific_image_wins() -> None:
    for_one = an_image("v1.10.0", endpoint=a_device().endpoint, sha256="4" * 64)
    catalogue = Catalogue([NEW, for_one])
    assert catalogue.latest_for(a_device()) is for_one
    assert catalogue.named(a_device(), "1.10.0") is for_one
    assert catalogue.latest_for(a_device(endpoint="another")) is NEW


def test_a_higher_version_wins_over_a_more_specific_image() -> None:
    for_one = an_image("1.9.0", endpoint=a_device().endpoint)
    assert Catalogue([for_one, NEW]).latest_for(a_device()) is NEW


def test_a_step_on_the_way_is_offered_to_devices_that_are_too_old_for_the_newest() -> None:
    newest = an_image("2.0.0", min_installed_version="1.10.0")
    catalogue = Catalogue([newest, NEW])
    assert catalogue.latest_for(a_device(firmware_version="1.3.0")) is NEW
    assert catalogue.latest_for(a_device(firmware_version="1.10.0")) is newest


def test_the_higher_build_number_wins() -> None:
    builds = [an_image(f"1.4.2+{number}") for number in (7, 10, 8)]
    assert Catalogue(builds).latest_for(a_device()) is builds[1]


def test_a_version_without_an_order_never_hides_one_that_has_an_order() -> None:
    odd = [an_image("zebra"), an_image("fw_9.9")]
    assert Catalogue([*odd, OLD]).latest_for(a_device()) is OLD


def test_an_image_is_found_by_its_version_however_it_is_written() -> None:
    catalogue = Catalogue([OLD, NEW])
    assert catalogue.named(a_device(), " v1.3.0") is OLD
    assert catalogue.named(a_device(), "1.3") is None


def test_a_pinned_version_is_chosen_also_if_it_is_older_or_has_no_order() -> None:
    catalogue = Catalogue([an_image("1.4.2"), an_image("1.2.0"), an_image("special")])
    assert catalogue.choice_for(THINGY, NO_WISHES) == an_image("1.4.2")
    assert catalogue.choice_for(THINGY, Wishes(pinned_version="v1.2.0")) == an_image("1.2.0")
    assert catalogue.choice_for(THINGY, Wishes(pinned_version="special")) == an_image("special")
    assert catalogue.choice_for(THINGY, Wishes(pinned_version="1.4.1")) is None


def test_an_image_for_others_is_not_found_by_its_version() -> None:
    assert Catalogue([FOREIGN]).named(a_device(), FOREIGN.version) is None


def test_an_image_is_found_by_its_bytes() -> None:
    assert Catalogue([OLD, NEW]).by_sha256("1" * 64) is OLD


def test_of_several_descriptions_of_the_same_bytes_the_best_is_found() -> None:
    narrow, wide = an_image(manufacturer="Nordic"), an_image()
    assert Catalogue([wide, narrow]).by_sha256(wide.sha256) is narrow


def test_a_device_of_a_new_kind_is_judged_anew() -> None:
    catalogue = Catalogue([NEW, FOREIGN])
    assert catalogue.latest_for(a_device(model="Other")) is FOREIGN
    assert catalogue.latest_for(a_device(model="other")) is FOREIGN
    assert catalogue.latest_for(a_device()) is NEW


def test_a_fleet_of_thousands_of_kinds_is_served_all_the_same() -> None:
    catalogue = Catalogue([NEW, FOREIGN])
    fleet = [a_device(hardware_version=f"unit {number}") for number in range(3000)]
    assert {catalogue.latest_for(device) for device in fleet} == {NEW}


@given(st.permutations([OLD, NEW, FOREIGN, an_image("fw"), an_image("1.10.0", severity="low")]))
def test_the_order_of_the_files_does_not_matter(images: list[object]) -> None:
    best = Catalogue(images).latest_for(a_device())  # type: ignore[arg-type]
    assert best is not None
    assert best.version == "1.10.0"
