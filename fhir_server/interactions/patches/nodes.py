"""Evaluates the FHIRPath of patches to places in a resource, not only to values.

    Patient.contact[0].name                      members, items
    Patient.identifier.where(use = 'official')   where, first, last, exists, empty, not, extension
    Patient.deceased, value.ofType(Quantity)     a choice by its base name, with or without type

Anything beyond is refused. The expressions are those that `fhir_server.search.fhirpath` reads.

Source: https://hl7.org/fhir/R4/fhirpatch.html, http://hl7.org/fhirpath/N1/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fhir_server.fhirpath import syntax
from fhir_server.fhirpath.syntax import Expression
from fhir_server.interactions.patches.content import equal
from fhir_server.interactions.patches.refusals import Unfit
from fhir_server.interactions.patches.slots import held, hold
from fhir_server.profiles.definitions import Definitions, Element
from fhir_server.search import fhirpath
from fhir_server.search.fhirpath import UnsupportedExpression

MAX_LENGTH = 1000
MAX_NESTING = 20
MAX_STEPS = 200
# Nodes that one patch may look at: where() inside where() looks at all for each.
MAX_VISITS = 1_000_000
BASES = ("Resource", "DomainResource")


@dataclass(slots=True)
class Node:
    """A value, and where it stands.

    Args:
        value: as in JSON; None for a primitive with extensions only.
        beside: what stands under ``_``.
        type: what the definitions know its children by; empty for what an expression computed.
        code: its FHIR type.
        container: the object that holds it; None for the resource itself.
        element: which element of the container it is.
        index: which item of the element.
    """

    value: Any
    beside: Any = None
    type: str = ""
    code: str = ""
    container: dict[str, Any] | None = None
    element: Element | None = None
    index: int = 0

    def inside(self) -> dict[str, Any]:
        """Give the object with its children; None yet beside a primitive makes one."""
        if isinstance(self.value, dict):
            return self.value
        if self.beside is None and self.container is not None and self.element is not None:
            self.beside = {}
            content = held(self.container, self.element)
            assert content is not None  # noqa: S101 - the node came from there
            content.pairs[self.index] = (self.value, self.beside)
            hold(self.container, self.element, content)
        found: dict[str, Any] = self.beside
        return found


def parse(path: str) -> Expression:
    """Read a path.

    Raises:
        UnsupportedExpression: it is not FHIRPath, beyond what patches understand, or too long.
    """
    if len(path) > MAX_LENGTH or path.count("(") > MAX_NESTING or path.count(".") > MAX_STEPS:
        raise UnsupportedExpression("the path is too long")
    return fhirpath.parse(path)


class Evaluator:
    """Finds nodes of one resource.

    Args:
        definitions: what types have which elements.
        resource: the resource; its parts are given as they are, to be changed.
    """

    def __init__(self, definitions: Definitions, resource: dict[str, Any]) -> None:
        self._definitions = definitions
        type_ = resource["resourceType"]
        self.root = Node(resource, type=type_, code=type_)
        self._visits = 0

    def find(self, expression: Expression, context: Node | None = None) -> list[Node]:
        """Give the nodes that an expression leads to, from the resource or another node.

        Raises:
            Unfit: the expression does what patches do not understand.
        """
        here = context or self.root
        match expression:
            case syntax.Name(name):
                if here is self.root and name in (here.type, *BASES):
                    return [here]
                return list(self._members(here, name))
            case syntax.This() | syntax.Variable():
                return [here if isinstance(expression, syntax.This) else self.root]
            case syntax.Literal(value):
                return [Node(value)]
            case syntax.Member(of, name):
                return [n for parent in self.find(of, here) for n in self._members(parent, name)]
            case syntax.Index(of, syntax.Literal(int(number))):
                return self.find(of, here)[number : number + 1]
            case syntax.Cast(of, type_):
                return [n for n in self.find(of, here) if self._is(n, type_)]
            case syntax.Call(of, function, arguments):
                return self._call(self.find(of, here), function, arguments)
            case _:
                return _truth(self._decide(expression, here))

    def children(self, node: Node, name: str) -> Element:
        """Give the definition of a child.

        Raises:
            Unfit: there is none.
        """
        if not node.type:
            raise Unfit("its path asks for an element of what is none.")
        elements = self._definitions.children(node.type)
        if name in elements:
            return elements[name]
        choices = (e.name for e in elements.values() if e.is_choice and name in e.properties())
        base = next(choices, None)
        hint = f" The choice is named {base}, without a type." if base else ""
        raise Unfit(f"{node.type} has no element {name[:64]!r}.{hint}")

    def node(self, container: dict[str, Any], element: Element, index: int = 0) -> Node | None:
        """Give the node of one item of an element."""
        content = held(container, element)
        if content is None or index >= len(content.pairs):
            return None
        (value, beside), type_ = content.pairs[index], element.properties()[content.property]
        code = type_.code
        if code == "Resource" and isinstance(value, dict):
            code = value.get("resourceType", "")
            return Node(value, beside, code, code, container, element, index)
        where = code if element.is_choice else element.path
        return Node(value, beside, where, code, container, element, index)

    def _members(self, parent: Node, name: str) -> Iterator[Node]:
        if _is_contained(parent) and name not in self._definitions.children(parent.type):
            return  # of several contained resources, each has elements of its own
        element = self.children(parent, name)
        container = parent.value if isinstance(parent.value, dict) else parent.beside
        content = held(container, element) if container else None
        for index in range(len(content.pairs) if content else 0):
            self._visits += 1
            if self._visits > MAX_VISITS:
                raise Unfit("the paths look at too much; make them more specific.", "too-costly")
            assert container is not None  # noqa: S101 - it has content
            found = self.node(container, element, index)
            if found is not None:
                yield found

    def _call(
        self, nodes: list[Node], function: str, arguments: tuple[Expression, ...]
    ) -> list[Node]:
        match function, arguments:
            case "where", (criteria,):
                return [n for n in nodes if self._holds(criteria, n)]
            case "exists", (criteria,):
                return _truth(any(self._holds(criteria, n) for n in nodes))
            case "exists", ():
                return _truth(bool(nodes))
            case "empty", ():
                return _truth(not nodes)
            case "not", ():
                known = _boolean(nodes)
                return [] if known is None else _truth(not known)
            case "first", ():
                return nodes[:1]
            case "last", ():
                return nodes[-1:]
            case "extension", (syntax.Literal(str() as url),):
                found = (e for n in nodes for e in self._members(n, "extension"))
                return [e for e in found if e.value.get("url") == url]
        raise Unfit(f"{function[:64]}() is not among the functions that paths of patches may use.")

    def _decide(self, expression: Expression, here: Node) -> bool | None:
        match expression:
            case syntax.Binary("=" | "!=" as operator, left, right):
                one, other = self.find(left, here), self.find(right, here)
                if not one or not other:
                    return None
                pairs = zip(one, other, strict=False)
                same = len(one) == len(other) and all(equal(a.value, b.value) for a, b in pairs)
                return same is (operator == "=")
            case syntax.Binary("and" | "or" as operator, left, right):
                sides = [_boolean(self.find(left, here)), _boolean(self.find(right, here))]
                return _joined(sides, decisive=operator == "or")
            case syntax.Is(of, type_):
                found = self.find(of, here)
                return self._is(found[0], type_) if len(found) == 1 else None
        raise Unfit("the path uses what paths of patches may not.")

    def _holds(self, criteria: Expression, node: Node) -> bool:
        return _boolean(self.find(criteria, node)) is True

    def _is(self, node: Node, type_: str) -> bool:
        type_ = fhirpath.type_name(type_)
        code: str | None = node.code
        while code and code != type_:
            try:
                code = self._definitions.base_type(code)
            except KeyError:
                return False
        return bool(code)


def _is_contained(node: Node) -> bool:
    types = node.element.types if node.element is not None else ()
    return any(type_.code == "Resource" for type_ in types) and bool(node.type)


def _truth(value: bool | None) -> list[Node]:
    return [] if value is None else [Node(value)]


def _boolean(nodes: list[Node]) -> bool | None:
    """Give what a condition comes to: None for an empty one; a single value is true."""
    if not nodes:
        return None
    if len(nodes) > 1:
        raise Unfit("a condition in the path has several values where one is needed.")
    value = nodes[0].value
    return value if isinstance(value, bool) else True


def _joined(sides: list[bool | None], *, decisive: bool) -> bool | None:
    """Join by ``or`` (true decides) or ``and`` (false does); what is empty leaves it open."""
    if decisive in sides:
        return decisive
    return None if None in sides else not decisive
