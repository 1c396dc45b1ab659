"""What a simulated Leshan tells on its event stream."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulator.leshan_generation import Generation, LeshanSettings
from simulator.leshan_nodes import build_node, path_text
from simulator.leshan_registry import DelayedRequest, Registration
from simulator.leshan_shapes import Json, date_json, dump, node_json
from simulator.leshan_sse import EventStreams
from simulator.link import Content, Ids


def registration_text(registration: Registration, generation: Generation) -> str:
    """A registration as JSON text, kept until something about it changes."""
    if registration.json_text is None:
        registration.json_text = dump(_registration_json(registration, generation))
    return registration.json_text


def _registration_json(registration: Registration, generation: Generation) -> Json:
    parameters, links = registration.parameters, registration.links
    is_queue_mode = parameters.is_queue_mode
    document: Json = {
        "endpoint": parameters.endpoint,
        "registrationId": registration.id,
        "registrationDate": date_json(registration.registered_at, generation),
        "lastUpdate": date_json(registration.updated_at, generation),
        "address": registration.line.address,
        "lwM2mVersion": parameters.lwm2m_version,
        "lifetime": parameters.lifetime_seconds,
        # LwM2M 1.1 moved queue mode out of the binding.
        "bindingMode": "UQ" if is_queue_mode and parameters.lwm2m_version == "1.0" else "U",
        "rootPath": links.root_path,
        "objectLinks": [
            {"url": link.url, "attributes": dict(link.attributes)} for link in links.links
        ],
        "secure": False,
        "additionalRegistrationAttributes": {},
        "queuemode": is_queue_mode,
    }
    if generation is not Generation.M4:
        document["availableInstances"] = {
            str(number): list(instances) for number, instances in links.available_instances.items()
        }
    if is_queue_mode:
        document["sleeping"] = registration.is_asleep
    return document


@dataclass(kw_only=True, slots=True)
class EventWriter:
    """Turns what happens into events; a `Listener` of the registry."""

    settings: LeshanSettings
    streams: EventStreams
    notifications_to_drop: int = 0

    def registered(self, registration: Registration) -> None:
        """A device registered."""
        self._publish_registration("REGISTRATION", registration)

    def deregistered(self, registration: Registration) -> None:
        """A registration ended."""
        self._publish_registration("DEREGISTRATION", registration)

    def updated(self, registration: Registration) -> None:
        """A device renewed its registration; the simulated ones never change anything with it."""
        if not self.streams:
            return
        update: Json
        if self.settings.generation is Generation.M4:
            update = {"registrationId": registration.id, "identity": {"peerAddress": {}}}
        else:
            update = {
                "registrationId": registration.id,
                "address": registration.line.address,
                "secure": False,
            }
        told = registration_text(registration, self.settings.generation)
        text = dump(update | {"additionalAttributes": {}})
        self.streams.publish(
            "UPDATED", f'{{"registration":{told},"update":{text}}}', registration.endpoint
        )

    def awoke(self, registration: Registration) -> None:
        """A device in queue mode can be reached again."""
        self._publish_by_name("AWAKE", registration, "")

    def fell_asleep(self, registration: Registration) -> None:
        """A device in queue mode can no longer be reached."""
        self._publish_by_name("SLEEPING", registration, "")

    def notified(self, registration: Registration, path: Ids, content: Content) -> None:
        """An observed value arrived; raise UndecodableError if it does not fit its model."""
        if self._drops_this_one():
            return
        value = dump(
            node_json(build_node(path, content, registration.models), self.settings.generation)
        )
        kind = '"kind":"single",' if self.settings.traits.has_typed_nodes else ""
        self._publish_by_name(
            "NOTIFICATION", registration, f',{kind}"res":"{path_text(path)}","val":{value}'
        )

    def notified_composite(
        self, registration: Registration, paths: Sequence[Ids], contents: Mapping[Ids, Content]
    ) -> None:
        """Several observed values arrived together."""
        if self._drops_this_one():
            return
        names = dump([path_text(path) for path in paths])
        values = dump(self.nodes_by_path(registration, contents))
        self._publish_by_name(
            "NOTIFICATION", registration, f',"kind":"composite","val":{values},"paths":{names}'
        )

    def sent(self, registration: Registration, content: Content) -> None:
        """LwM2M Send, which M4 does not know."""
        if self.settings.traits.has_send:
            values = dump(
                self.nodes_by_path(
                    registration, {path: {path: value} for path, value in content.items()}
                )
            )
            self._publish_by_name("SEND", registration, f',"val":{values}')

    def answered_late(
        self, registration: Registration, delayed: DelayedRequest, answer: Json
    ) -> None:
        """A delayed request got its answer."""
        path: Json = {} if delayed.path is None else {"path": path_text(delayed.path)}
        told = {
            "ep": registration.endpoint,
            **path,
            "requestId": delayed.request_id,
            "response": answer,
        }
        self.streams.publish(
            "REQUEST_RESPONSE", dump(told | {"delayed": True}), registration.endpoint
        )

    def nodes_by_path(self, registration: Registration, contents: Mapping[Ids, Content]) -> Json:
        """Nodes as composite answers carry them."""
        generation = self.settings.generation
        return {
            path_text(path): node_json(build_node(path, content, registration.models), generation)
            for path, content in contents.items()
        }

    def _drops_this_one(self) -> bool:
        if self.notifications_to_drop == 0:
            return False
        self.notifications_to_drop -= 1
        return True

    def _publish_registration(self, name: str, registration: Registration) -> None:
        if self.streams:
            text = registration_text(registration, self.settings.generation)
            self.streams.publish(name, text, registration.endpoint)

    def _publish_by_name(self, name: str, registration: Registration, members: str) -> None:
        # Leshan puts the name between quotes as it is: a quote in it makes broken JSON, here too.
        self.streams.publish(
            name, f'{{"ep":"{registration.endpoint}"{members}}}', registration.endpoint
        )
