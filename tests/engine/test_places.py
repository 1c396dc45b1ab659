"""Who may run, and who is next."""

from custom_components.flownexus_ota.engine.places import Places


def queue(*names: str, limit: int) -> Places:
    places = Places(limit)
    for name in names:
        places.join(name)
    return places


def test_places_are_given_in_the_order_of_coming() -> None:
    places = queue("a", "b", "c", limit=2)
    assert list(places.grant(lambda _: True)) == ["a", "b"]
    assert (places.running_count, places.waiting_count) == (2, 1)
    assert (places.position("a"), places.position("c")) == (None, 1)


def test_who_cannot_start_is_passed_over_and_keeps_its_turn() -> None:
    places = queue("asleep", "awake", limit=1)
    assert list(places.grant(lambda name: name != "asleep")) == ["awake"]
    assert places.position("asleep") == 1
    places.leave("awake")
    assert list(places.grant(lambda _: True)) == ["asleep"]


def test_who_leaves_the_queue_makes_the_others_move_up() -> None:
    places = queue("a", "b", "c", limit=0)
    places.leave("a")
    places.leave("nobody")
    assert (places.position("b"), places.position("c")) == (1, 2)


def test_nobody_is_thrown_out_by_a_lower_limit() -> None:
    places = queue("a", "b", limit=2)
    places.grant(lambda _: True)
    places.limit = 1
    places.join("c")
    places.leave("a")
    assert list(places.grant(lambda _: True)) == []
    assert places.is_running("b")


def test_who_ran_before_a_restart_keeps_its_place_whatever_the_limit() -> None:
    places = queue("c", limit=1)
    places.take_place("a")
    places.take_place("b")
    assert list(places.grant(lambda _: True)) == []
    assert places.running_count == 2
