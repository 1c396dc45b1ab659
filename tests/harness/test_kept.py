"""The folder of a demo that is kept."""

import json
import socket
from pathlib import Path

import pytest

from harness.kept import claim_ports
from harness.ports import HOST, free_tcp_port
from harness.waiting import StageError


def test_a_new_folder_gets_free_ports_and_keeps_them(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "kept"
    first = claim_ports(folder)
    assert first.hass != first.leshan
    assert claim_ports(folder) == first


def test_a_port_that_is_asked_for_replaces_the_one_from_before(tmp_path: Path) -> None:
    first, wanted = claim_ports(tmp_path), free_tcp_port()
    second = claim_ports(tmp_path, wanted)
    assert (second.hass, second.leshan) == (wanted, first.leshan)


def test_a_port_that_somebody_listens_on_is_refused(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(StageError, match=f"port {port} "):
            claim_ports(tmp_path, port)


@pytest.mark.parametrize("text", [None, "no JSON", "[]", json.dumps({"hass": 1})])
def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / ("ports.json" if text else "thesis.odt")
    file.write_text(text or "years of work", encoding="utf-8")
    with pytest.raises(StageError, match="neither new nor empty nor of an earlier demo"):
        claim_ports(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == [file.name]


def test_a_file_in_the_place_of_the_folder_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x", encoding="utf-8")
    with pytest.raises(StageError, match="neither new"):
        claim_ports(file)
