"""Requests that the recordings do not have: what they get, by generation."""

import pytest

from simulator.leshan_generation import Generation, LeshanSettings

from .leshan_stage import PlainDevice, staged

M4, M15, M18 = Generation.M4, Generation.M15, Generation.M18
THING = "/api/clients/thing"
VERSIONED = ("</3/0>", "</5>;ver=1.1", "</5/0>")
UNKNOWN_VERSION = ("</3/0>", "</5>;ver=1.2", "</5/0>")


@pytest.mark.parametrize(
    ("generation", "path", "body", "written"),
    [
        (M18, "5/0/1", {"id": 1, "type": "STRING", "value": "u"}, "u"),
        (M18, "5/0/1", {"id": 7, "type": "string", "value": "u"}, "u"),
        (M18, "5/0/11", {"id": 11, "type": "INTEGER", "value": "2"}, 2),
        (M18, "5/0/11", {"id": 11, "type": "INTEGER", "value": 2}, 2),
        (M18, "5/0/13", {"id": 13, "type": "UNSIGNED_INTEGER", "value": "60"}, 60),
        (M18, "5/0/0", {"id": 0, "type": "OPAQUE", "value": "00dEad"}, b"\x00\xde\xad"),
        (M18, "3/0/13", {"id": 13, "type": "TIME", "value": 1_700_000_000_000}, 1_700_000_000),
        (M18, "1/0/6", {"id": 6, "type": "BOOLEAN", "value": True}, True),
        (M18, "99/0/1", {"id": 1, "type": "FLOAT", "value": "1.5"}, "1.5"),
        (
            M18,
            "99/0/2",
            {"id": 2, "type": "OBJLNK", "value": {"objectId": 3, "objectInstanceId": 0}},
            "3:0",
        ),
        (
            M18,
            "5/0/8/0",
            {"id": 0, "kind": "resourceInstance", "type": "INTEGER", "value": "1"},
            1,
        ),
        (M15, "5/0/1", {"id": 1, "type": "STRING", "value": ""}, ""),
        (M4, "5/0/1", {"id": 1, "value": "u"}, "u"),
        (M4, "5/0/11", {"id": 11, "value": 2}, 2),
        (M4, "5/0/13", {"id": 13, "value": 60}, 60),
        (M4, "5/0/1", {"id": 1, "value": 5}, "5"),
        (M4, "5/0/0", {"id": 0, "value": "00ff"}, b"\x00\xff"),
        (M4, "3/0/13", {"id": 13, "value": 1_700_000_000_000}, 1_700_000_000),
        (M4, "3/0/13", {"id": 13, "value": "2023-11-14T22:13:20Z"}, 1_700_000_000),
        (M4, "99/0/1", {"id": 1, "value": 1.5}, "1.5"),
        (M4, "5/0/11", {"id": 11, "value": "2"}, "2"),
        (M4, "5/0/1", {"id": 1, "value": True}, "true"),
        (M4, "1/0/6", {"id": 6, "value": True}, True),
    ],
)
async def test_a_value_reaches_the_device_in_its_own_type(
    generation: Generation, path: str, body: object, written: object
) -> None:
    async with staged(LeshanSettings(generation=generation)) as stage:
        device = await stage.device(links=("</1/0>", *VERSIONED))
        answer = await stage.json("PUT", f"{THING}/{path}", json=body)

    assert answer["status"] == "CHANGED(204)"
    assert device.asked[-1].path == tuple(int(part) for part in path.split("/"))
    assert device.asked[-1].value == written


@pytest.mark.parametrize(
    ("generation", "path", "body", "status", "text"),
    [
        (M18, "5/0/11", '{"id":11,"type":"STRING","value":"2"}', 400, "Invalid request: Invalid v"),
        (M18, "5/0/13", '{"id":13,"type":"INTEGER","value":"2"}', 400, "Invalid request: Invalid"),
        (M18, "5/0/0", '{"id":0,"type":"OPAQUE","value":"0"}', 500, "Unexpected exception: "),
        (M18, "5/0/11", '{"id":11,"type":"INTEGER","value":"x"}', 500, "Unexpected exception: "),
        (M18, "5/0/1", '{"id":1,"type":"STRING","value":3}', 500, "Unexpected exception: "),
        (M18, "5/0/1", '{"id":1,"type":"WORD","value":"x"}', 500, "Unexpected exception: No enum"),
        (M18, "5/0/1", '{"id":1,"type":"STRING"}', 500, "Unexpected exception: "),
        (M18, "5/0/1", '{"type":"STRING","value":"x"}', 400, "Invalid request: unable to parse"),
        (M18, "5/0/1", '["x"]', 400, "Invalid request: unable to parse json to tlv:"),
        (M18, "5/0", '{"id":0,"resources":["x"]}', 400, "Invalid request: unable to parse"),
        (M18, "5", "{}", 400, "Invalid path"),
        (M4, "5/0/3", '{"id":3,"value":"2"}', 400, "Invalid request:Invalid value type for"),
        (M4, "5/0/0", '{"id":0,"value":"0"}', 400, "Invalid request:Unable to convert hexastring"),
        (M4, "5/0/1", '{"id":1,"value":null}', 400, "Invalid request:unable to parse json"),
        (M4, "5/0/1", '["x"]', 500, "Unexpected exception:Invalid node element"),
        (M4, "5/0/1", '{"id":1}', 500, "Unexpected exception:Invalid node element"),
        (M4, "5/0/1", '{"value":"x"}', 500, "Unexpected exception:Missing id"),
        (M4, "5/0", '{"id":0,"resources":["x"]}', 500, "Unexpected exception:Missing id"),
        (M4, "5/0/1", "", 400, "Invalid request:new node value is mandatory for /5/0/1"),
    ],
)
async def test_a_value_that_cannot_be_read_does_not_reach_the_device(
    generation: Generation, path: str, body: str, status: int, text: str
) -> None:
    headers = {"Content-Type": "application/json"}
    async with staged(LeshanSettings(generation=generation)) as stage:
        device = await stage.device()
        answer = await stage.text("PUT", f"{THING}/{path}", data=body, headers=headers)

    assert answer[0] == status
    assert answer[1].startswith(text)
    assert device.asked == []


async def test_text_is_a_string() -> None:
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    async with staged() as stage:
        device = await stage.device()
        await stage.json("PUT", f"{THING}/5/0/1", data="http://ü", headers=headers)

    assert device.values[5, 0, 1] == "http://ü"


async def test_an_instance_and_a_multiple_resource_are_written_value_by_value() -> None:
    node = {
        "kind": "instance",
        "id": 0,
        "resources": [
            {"id": 1, "type": "STRING", "value": "u"},
            {"id": 8, "kind": "multiResource", "type": "INTEGER", "values": {"0": "1", "1": "2"}},
        ],
    }
    async with staged() as stage:
        device = await stage.device()
        await stage.json("PUT", f"{THING}/5/0", json=node)

    assert [(request.path, request.value) for request in device.asked] == [
        ((5, 0, 1), "u"),
        ((5, 0, 8, 0), 1),
        ((5, 0, 8, 1), 2),
    ]


async def test_several_paths_can_be_written_at_once() -> None:
    body = {
        "/5/0/1": {"id": 1, "type": "STRING", "value": "u"},
        "/5/0/11": {"id": 11, "type": "INTEGER", "value": "1"},
    }
    async with staged() as stage:
        device = await stage.device()
        path = f"{THING}/composite"
        answer = await stage.json("PUT", f"{path}?nodeformat=SENML_JSON", json=body)
        without_format = await stage.text("PUT", path, json=body)
        wrong = await stage.text(
            "PUT", f"{path}?nodeformat=SENML_JSON", json={"/5/0/1": {"id": 1, "value": "x"}}
        )

    assert answer["status"] == "CHANGED(204)"
    assert (device.values[5, 0, 1], device.values[5, 0, 11]) == ("u", 1)
    assert without_format[0] == 500
    assert wrong[0] == 500


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("POST", f"{THING}/5/0/2/3/4", 400, "Invalid path"),
        ("DELETE", f"{THING}/5", 400, "Invalid request: Invalid path /5 : Only object instances"),
        ("DELETE", THING, 400, "Invalid request: Delete request cannot target root path"),
        ("PATCH", f"{THING}/5", 501, ""),
        ("PUT", "/api/clients", 500, ""),
        ("POST", "/api/clients", 500, "<html>"),
        ("HEAD", "/api/clients", 200, ""),
        ("OPTIONS", "/api/clients", 200, ""),
        ("GET", f"{THING}/70000", 400, "Invalid request: org.eclipse.leshan.core.node.InvalidLw"),
        ("GET", f"{THING}/5/0/3/0/0", 400, "Invalid request: org.eclipse.leshan.core.node.Inv"),
        ("GET", f"{THING}/discover", 400, "Invalid request: org.eclipse.leshan.core.node.Invalid"),
        ("GET", f"{THING}/composite?paths=/x&pathformat=SENML_JSON", 400, "Invalid request: "),
        ("GET", "/api/objectspecs", 400, "Invalid path"),
        ("GET", "/api/nonsense", 404, "<html>"),
        ("GET", f"{THING}/composite?paths=/5/0/3", 500, "Unexpected exception: "),
        ("GET", f"{THING}/composite", 500, "Unexpected exception: "),
        ("GET", "/api/objectspecs/nobody", 500, "<html>"),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused(
    method: str, path: str, status: int, text: str
) -> None:
    async with staged() as stage:
        await stage.device()
        answer = await stage.text(method, path)

    assert answer[0] == status
    assert answer[1].startswith(text)


async def test_m4_says_nothing_to_a_post_that_it_does_not_know() -> None:
    async with staged(LeshanSettings(generation=M4)) as stage:
        await stage.device()
        answer = await stage.text("POST", f"{THING}/5/0/2/3")

    assert answer == (200, "")


async def test_an_execute_takes_arguments_but_no_json() -> None:
    async with staged() as stage:
        await stage.device()
        plain = await stage.json("POST", f"{THING}/5/0/2")
        with_arguments = await stage.json("POST", f"{THING}/5/0/2", data="0='x',1")
        status, text = await stage.text("POST", f"{THING}/5/0/2", json={})

    assert plain["status"] == with_arguments["status"] == "CHANGED(204)"
    assert status == 400
    assert text.startswith("Invalid request: Invalid Execute request")


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "5"), ("DELETE", "5/1")],
)
async def test_what_no_simulated_device_can_do_is_not_allowed(method: str, path: str) -> None:
    async with staged() as stage:
        await stage.device()
        answer = await stage.json(method, f"{THING}/{path}")

    assert answer["status"] == "METHOD_NOT_ALLOWED(405)"


async def test_attributes_are_taken() -> None:
    async with staged() as stage:
        await stage.device()
        answer = await stage.json("PUT", f"{THING}/5/0/3/attributes?pmin=1")

    assert answer["status"] == "CHANGED(204)"


async def test_what_has_no_model_comes_back_as_raw_bytes_or_as_text_if_alone() -> None:
    async with staged() as stage:
        device = await stage.device(links=UNKNOWN_VERSION)
        device.values |= {(5, 0, 3): 2, (5, 0, 1): "u", (5, 0, 13): 300, (5, 0, 14): True}
        device.values[5, 0, 0] = b"\x01"
        node = (await stage.json("GET", f"{THING}/5/0"))["content"]
        alone = [
            (await stage.json("GET", f"{THING}/5/0/{number}"))["content"] for number in (0, 3, 14)
        ]

    assert {resource["id"]: resource["value"] for resource in node["resources"]} == {
        0: "01",
        1: "75",
        3: "02",
        5: "00",
        13: "012c",
        14: "01",
    }
    assert {resource["type"] for resource in node["resources"]} == {"OPAQUE"}
    assert [(resource["type"], resource["value"]) for resource in alone] == [
        ("STRING", "AQ=="),
        ("STRING", "2"),
        ("STRING", "1"),
    ]


async def test_m4_has_no_model_of_the_newer_firmware_object() -> None:
    async with staged(LeshanSettings(generation=M4)) as stage:
        await stage.device(links=VERSIONED)
        node = (await stage.json("GET", f"{THING}/5/0"))["content"]
        alone = (await stage.json("GET", f"{THING}/5/0/3"))["content"]

    assert node["resources"][1] == {"id": 3, "value": "00"}
    assert alone == {"id": 3, "value": "0"}


async def test_a_delayed_request_that_cannot_be_sent_is_told_to_nobody() -> None:
    async with staged() as stage, stage.listening() as events:
        device = await stage.device(is_queue_mode=True)
        stage.server.put_to_sleep("thing")
        body = {"id": 11, "type": "STRING", "value": "x"}
        delayed = await stage.json("PUT", f"{THING}/5/0/11", json=body)
        await device.link.update()
        await stage.json("GET", f"{THING}/5/0/3")
        await device.link.send({(5, 0, 3): 1})
        told = await events.until("SEND")

    assert delayed["delayed"] is True
    assert [event.name for event in told][-3:] == ["AWAKE", "UPDATED", "SEND"]


@pytest.mark.parametrize("path", ["5/0/3", "5/0", "5"])
async def test_a_value_of_the_wrong_type_makes_an_invalid_response(path: str) -> None:
    async with staged() as stage:
        device = await stage.device()
        device.values[5, 0, 3] = "two"
        status, text = await stage.text("GET", f"{THING}/{path}")

    assert status == 500
    assert text.startswith("Invalid Response: Unable to decode response payload")


@pytest.mark.parametrize(
    ("generation", "value"),
    [
        (M18, {"kind": "resourceInstance", "id": 1, "type": "INTEGER", "value": "2"}),
        (M4, {"id": 1}),
    ],
)
async def test_a_resource_instance_can_be_read_alone(generation: Generation, value: object) -> None:
    async with staged(LeshanSettings(generation=generation)) as stage:
        device = await stage.device()
        device.values[5, 0, 8, 1] = 2
        answer = await stage.json("GET", f"{THING}/5/0/8/1")

    assert answer["content"] == value


async def test_time_limits_are_whole_seconds_or_five() -> None:
    async with staged(LeshanSettings(default_timeout_seconds=0.01)) as stage:
        device: PlainDevice = await stage.device()
        device.is_frozen = True
        absent = await stage.text("GET", f"{THING}/5/0/3")
        broken = await stage.text("GET", f"{THING}/5/0/3?timeout=7.5")

    assert absent == broken == (504, "Request timeout")
