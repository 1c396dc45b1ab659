"""A folder is a layer: which may import which, and what none of them may."""

import ast
import sys
from collections.abc import Iterator

from .source_code import INTEGRATION, Import, imports, imports_in, source_files

PACKAGE = ".".join(INTEGRATION.parts)
LAYERS: dict[str, set[str]] = {
    "lwm2m": set(),
    "ota": {"lwm2m"},
    "leshan": {"lwm2m"},
    "storage": {"lwm2m", "ota"},
    "serving": {"lwm2m", "ota", "storage"},
    "sources": {"ota", "storage"},
    "engine": {"lwm2m", "ota", "storage"},
}
HTTP = {"aiohttp", "multidict", "yarl"}
# Other people's packages. All of them come with Home Assistant's core.
OTHERS: dict[str, set[str]] = {
    "lwm2m": set(),
    "ota": {"awesomeversion", "cryptography"},
    "leshan": HTTP,
    "storage": set(),
    "serving": HTTP | {"cryptography"},
    "sources": HTTP | {"aiogithubapi"},
    "engine": set(),
}
PURE = ("lwm2m", "ota")
PURE_BAN = {"asyncio", "aiohttp", "socket", "sqlite3", "ssl", "threading", "time"}


def layer_imports() -> Iterator[tuple[str, Import]]:
    """Yield every import that a file in a folder makes, with that folder."""
    for layer in LAYERS:
        for file in source_files(str(INTEGRATION / layer)):
            for found in imports(file):
                yield layer, found


def own_target(found: Import) -> str | None:
    """Return the folder or top-level file of ours that is imported, else None."""
    inside = found.module.removeprefix(PACKAGE)
    return inside.strip(".").partition(".")[0] if inside != found.module else None


def top(found: Import) -> str:
    return found.module.partition(".")[0]


def test_every_folder_of_the_package_is_a_known_layer() -> None:
    folders = {
        file.relative_to(INTEGRATION).parts[0]
        for file in source_files(str(INTEGRATION))
        if len(file.relative_to(INTEGRATION).parts) > 1
    }
    assert folders <= set(LAYERS)


def test_a_layer_imports_only_the_layers_below_it() -> None:
    trespasses = [
        str(found)
        for layer, found in layer_imports()
        # An empty name is `from .. import x`; x itself follows as the next import.
        if (target := own_target(found)) and target != layer and target not in LAYERS[layer]
    ]
    assert trespasses == []


def test_a_layer_imports_the_standard_library_and_its_own_few_packages() -> None:
    trespasses = [
        str(found)
        for layer, found in layer_imports()
        if own_target(found) is None
        and top(found) not in sys.stdlib_module_names
        and top(found) not in OTHERS[layer]
    ]
    assert trespasses == []


def test_the_pure_layers_neither_wait_nor_look_at_a_clock() -> None:
    trespasses = [
        str(found) for layer, found in layer_imports() if layer in PURE and top(found) in PURE_BAN
    ]
    assert trespasses == []


def test_the_simulator_is_a_second_reading_of_the_specification() -> None:
    trespasses = [
        str(found)
        for file in source_files("simulator")
        for found in imports(file)
        if top(found) in {"custom_components", "homeassistant", "harness", "tests"}
    ]
    assert trespasses == []


def test_the_integration_ships_without_the_rest_of_the_repository() -> None:
    trespasses = [
        str(found)
        for file in source_files(str(INTEGRATION))
        for found in imports(file)
        if top(found) in {"simulator", "harness", "tests", "scripts"}
    ]
    assert trespasses == []


def test_the_layer_test_sees_all_four_kinds_of_trespass() -> None:
    trespasser = ast.parse(
        "import asyncio\n"
        "from homeassistant.util import dt\n"
        "from ..engine.engine import Engine\n"
        "from .. import update\n"
    )
    found = [
        (each.module, own_target(each))
        for each in imports_in(trespasser, INTEGRATION / "ota" / "trespasser.py")
    ]
    assert ("asyncio", None) in found
    assert ("homeassistant.util", None) in found
    assert (f"{PACKAGE}.engine.engine", "engine") in found
    assert (f"{PACKAGE}.update", "update") in found
