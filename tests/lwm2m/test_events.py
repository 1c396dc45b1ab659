"""What a server tells, as values."""

from custom_components.flownexus_ota.lwm2m.events import Endpoint, Registration, SupportedObject


def test_a_registration_needs_a_name_and_an_id_only() -> None:
    registration = Registration(endpoint=Endpoint("e"), id="r")
    assert dict(registration.objects) == {}
    assert not registration.is_queue_mode
    assert not registration.is_sleeping


def test_an_object_without_instances_is_supported_all_the_same() -> None:
    assert SupportedObject() == SupportedObject(version=None, instance_ids=())
