"""The texts of `translations/en.json`, and the keys that the sources use."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any, Final

PACKAGE: Final = Path(__file__).parents[2] / "custom_components" / "flownexus_ota"


def load_json(name: str) -> Any:
    """Return a JSON file of the package."""
    return json.loads((PACKAGE / name).read_text(encoding="utf-8"))


TEXTS: Final = load_json("translations/en.json")
ICONS: Final = load_json("icons.json")


def leaves(node: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text with its dotted path."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, f"{path}.{key}".lstrip("."))
    else:
        yield path, str(node)


def placeholders(text: str) -> set[str]:
    """Return the names in braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def source(name: str) -> ast.Module:
    """Return the syntax tree of a file of the package."""
    return ast.parse((PACKAGE / name).read_text(encoding="utf-8"))


def called_with(tree: ast.AST, function: str) -> set[str]:
    """Return the texts that stand first in calls of a function."""
    return {
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and ast.unparse(call.func) == function
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def keyword_texts(tree: ast.AST, keyword: str) -> set[str]:
    """Return the texts that are passed as a keyword argument."""
    return {
        node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword)
        and node.arg == keyword
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }


def texts_in(node: ast.AST) -> set[str]:
    """Return every text below a node."""
    return {
        each.value
        for each in ast.walk(node)
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    }


def error_keys(name: str, file_name: str = "config_flow.py") -> set[str]:
    """Return the texts that are assigned to a field of a form's errors."""
    return {
        text
        for node in ast.walk(source(file_name))
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).startswith(f"{name}[")
        for text in texts_in(node.value)
    }
