"""Nothing that requests fill grows without an end: a worker lives for months."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.architecture.source_tree import Module, modules

MOST_ENTRIES = 16_384
# Functions that remember every answer, and why there are few.
FEW_ANSWERS = {
    "fhir_server/app.py: _published": "one for each way of checking that settings ask for",
    "fhir_server/app.py: published_plans": "one with the words of texts, one without",
    "fhir_server/fhir/units.py: _atom": "the units in UCUM's own table; others are not remembered",
    "fhir_server/operations/discharge/payment_agreements.py: _read": "the one file of the settings",
    "fhir_server/operations/standard/graphql/scalars.py: scalar": "R4's primitive types",
    "fhir_server/operations/standard/graphql/schema.py: _one": "kinds of values of parameters",
    "fhir_server/operations/standard/graphql/schema.py: _several": "kinds of values of parameters",
    "fhir_server/pages/web.py: headers": "our own style sheets",
    "fhir_server/pages/web.py: style": "our own style sheets",
    "fhir_server/synthetic/elements.py: _summer": "years, in a command that ends",
}
# Containers of modules that functions change, and why they stay small.
FEW_THINGS = {
    "fhir_server/storage/embedded_keeper.py: _keepers": "the databases that this process started",
    "fhir_server/profiles/xml_reader.py: _NO_TAGS": "nothing is put into it",
}
_CONTAINERS = {"dict", "list", "set", "defaultdict", "OrderedDict", "Counter", "deque"}


def unbounded(module: Module) -> Iterator[str]:
    """Name the functions that remember answers without a bound, and each bound that is too high."""
    constants = {
        target.id: node.value.value
        for node in module.tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef) and node.args.args:
            if any(_name(each) == "cache" for each in node.decorator_list):
                yield f"{module.name}: {node.name}"
            if any(_name(each) == "lru_cache" for each in _plain(node.decorator_list)):
                yield f"{module.name}: {node.name}"
        if isinstance(node, ast.Call) and _name(node.func) == "lru_cache":
            bound = next((each.value for each in node.keywords if each.arg == "maxsize"), None)
            size = constants.get(bound.id) if isinstance(bound, ast.Name) else None
            size = bound.value if isinstance(bound, ast.Constant) else size
            if not isinstance(size, int) or size > MOST_ENTRIES:
                yield f"{module.name}: a bound of {size} in line {node.lineno}"


def shared_containers(module: Module) -> Iterator[str]:
    """Name the containers of a module that begin empty, and so are filled later."""
    for node in module.tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name, value = node.target.id, node.value
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, value = node.targets[0].id, node.value
        else:
            continue
        empty = isinstance(value, ast.Dict | ast.List) and not ast.unparse(value).strip("{}[]")
        made = isinstance(value, ast.Call) and not value.args
        if empty or (made and _name(_generic(value.func)) in _CONTAINERS):
            yield f"{module.name}: {name}"


def _plain(decorators: list[ast.expr]) -> Iterator[ast.expr]:
    """Give the decorators without arguments: `lru_cache` has a bound of its own then, unsaid."""
    return (each for each in decorators if not isinstance(each, ast.Call))


def _generic(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Subscript) else node


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def test_what_is_remembered_has_a_bound() -> None:
    found = {text for module in modules() for text in unbounded(module)}
    assert found == set(FEW_ANSWERS)


def test_no_container_of_a_module_is_filled_by_requests() -> None:
    found = {text for module in modules() for text in shared_containers(module)}
    assert found == set(FEW_THINGS)


def test_what_has_no_bound_is_found() -> None:
    source = """
known: dict[str, int] = {}
seen = set[str]()
_HIGH = 100_000

@cache
def f(x): ...

@lru_cache
def g(x): ...

@lru_cache(maxsize=None)
def h(x): ...

i = lru_cache(maxsize=_HIGH)(h)
j = lru_cache(maxsize=64)(h)

@cache
def once(): ...
"""
    module = Module("m.py", source)
    assert set(unbounded(module)) == {
        "m.py: f", "m.py: g", "m.py: a bound of None in line 12",
        "m.py: a bound of 100000 in line 15",
    }  # fmt: skip
    assert list(shared_containers(module)) == ["m.py: known", "m.py: seen"]
