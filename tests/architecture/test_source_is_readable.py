"""Sizes, names and docstrings of the package."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePath

from tests.architecture.source_tree import Module, modules

MODULE_LINES = 400
FUNCTION_LINES = 60
DRAWERS = {"utils", "util", "helpers", "helper", "common", "manager", "service", "base", "misc"}

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def too_long(module: Module) -> Iterator[str]:
    """Name a module, and functions in it, that are longer than anybody reads at once."""
    if module.lines > MODULE_LINES:
        yield f"{module.name} has {module.lines} lines"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield f"{module.name}: {node.name} has {lines} lines"


def undocumented(module: Module) -> Iterator[str]:
    """Name what is public and has no docstring."""
    if not ast.get_docstring(module.tree) and module.source.strip():
        yield module.name
    for name, node in public(module.tree.body):
        if not ast.get_docstring(node):
            yield f"{module.name}: {name}"


def public(body: list[ast.stmt], within: str = "") -> Iterator[tuple[str, Definition]]:
    """Give the public functions, classes and methods; what a function defines inside is its own."""
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield f"{within}{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{within}{node.name}.")


def drawers(module: Module) -> Iterator[str]:
    """Name the parts of a module's path that say nothing about what is in it."""
    parts = PurePath(module.name).with_suffix("").parts
    yield from (f"{module.name}: {part}" for part in parts if part in DRAWERS)


def test_no_module_and_no_function_is_too_long() -> None:
    assert [text for module in modules() for text in too_long(module)] == []


def test_a_long_module_and_a_long_function_are_found() -> None:
    body = "".join(f"    x = {n}\n" for n in range(FUNCTION_LINES))
    module = Module("m.py", f"class A:\n    def f(self):\n{body.replace('    x', '        x')}")
    assert list(too_long(module)) == [f"m.py: f has {FUNCTION_LINES + 1} lines"]
    assert list(too_long(Module("m.py", "x = 1\n" * (MODULE_LINES + 1)))) == [
        f"m.py has {MODULE_LINES + 1} lines"
    ]
    assert list(too_long(Module("m.py", f"def f():\n{body[: body.rindex('    x')]}"))) == []


def test_everything_public_has_a_docstring() -> None:
    assert [text for module in modules() for text in undocumented(module)] == []


def test_a_missing_docstring_is_found() -> None:
    source = '"""M."""\nclass A:\n    """A."""\n    def f(self): ...\ndef g(): ...\ndef _h(): ...\n'
    assert list(undocumented(Module("m.py", source))) == ["m.py: A.f", "m.py: g"]
    assert list(undocumented(Module("m.py", "x = 1\n"))) == ["m.py"]


def test_no_module_is_a_drawer() -> None:
    assert [text for module in modules() for text in drawers(module)] == []


def test_a_drawer_is_found() -> None:
    named = Module("fhir_server/storage/utils.py", "")
    assert list(drawers(named)) == ["fhir_server/storage/utils.py: utils"]
