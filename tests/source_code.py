"""The project's own source files, as syntax trees, for the tests that hold them to rules."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import override

REPOSITORY = Path(__file__).resolve().parents[1]
INTEGRATION = Path("custom_components/flownexus_ota")
CODE = ("benchmark", "custom_components", "simulator", "harness", "tests", "scripts")


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """One imported module: relative ones resolved, from the repository's root, by dots."""

    file: Path
    line: int
    module: str

    @override
    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


@cache
def source_files(folder: str) -> tuple[Path, ...]:
    """Return the Python files under a folder, relative to the repository."""
    return tuple(
        path.relative_to(REPOSITORY) for path in sorted((REPOSITORY / folder).rglob("*.py"))
    )


@cache
def tree(file: Path) -> ast.Module:
    """Return the syntax tree of a file of the repository."""
    return ast.parse((REPOSITORY / file).read_text(encoding="utf-8"), filename=str(file))


def imports(file: Path) -> Iterator[Import]:
    """Yield every import of a file, wherever in it it stands."""
    return imports_in(tree(file), file)


def imports_in(module_tree: ast.Module, file: Path) -> Iterator[Import]:
    """Yield every import of a syntax tree, as if it were that file's."""
    for node in ast.walk(module_tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(file=file, line=node.lineno, module=alias.name)
        elif isinstance(node, ast.ImportFrom):
            module = resolve(file, node.level, node.module)
            yield Import(file=file, line=node.lineno, module=module)
            # `from .. import ota` names a package just as well.
            for alias in node.names:
                yield Import(file=file, line=node.lineno, module=f"{module}.{alias.name}")


def resolve(file: Path, level: int, module: str | None) -> str:
    """Return the absolute module that `from` names in this file."""
    if level == 0:
        return module or ""
    package = file.parent.parts[: len(file.parent.parts) - level + 1]
    return ".".join((*package, *filter(None, (module,))))


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method of a file."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
