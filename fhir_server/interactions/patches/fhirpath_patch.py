"""FHIRPath Patch: operations in a Parameters resource.

Source: https://hl7.org/fhir/R4/fhirpatch.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhirpath.syntax import Expression, Member, Name
from fhir_server.interactions.patches.content import without_empty
from fhir_server.interactions.patches.nodes import Evaluator, Node, parse
from fhir_server.interactions.patches.refusals import Unfit, malformed, refused, require_few
from fhir_server.interactions.patches.slots import Held, Pair, held, hold
from fhir_server.interactions.patches.values import Part, Values
from fhir_server.profiles.definitions import Definitions, Element
from fhir_server.search.fhirpath import UnsupportedExpression

# Which parts an operation needs, and in which property each stands.
NEEDS = {
    "add": ("name", "value"),
    "insert": ("index", "value"),
    "delete": (),
    "replace": ("value",),
    "move": ("source", "destination"),
}
CARRIED_IN = {
    "type": "valueCode",
    "path": "valueString",
    "name": "valueString",
    "index": "valueInteger",
    "source": "valueInteger",
    "destination": "valueInteger",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; ``value`` is the part as it was sent."""

    type: str
    path: Expression
    name: str = ""
    value: Part | None = None
    index: int = 0
    source: int = 0
    destination: int = 0


class FhirPathPatch:
    """A FHIRPath Patch document.

    Args:
        definitions: what types have which elements.
        parameters: the document, a valid Parameters resource.

    Raises:
        FhirError: 400 for what is no FHIRPath patch, 413 for too many operations.
    """

    def __init__(self, definitions: Definitions, parameters: dict[str, Any]) -> None:
        self._definitions = definitions
        given = parameters.get("parameter", [])
        require_few(len(given))
        self._operations = [_operation(number, each) for number, each in enumerate(given)]

    def apply(self, resource: dict[str, Any]) -> dict[str, Any]:
        """Give the resource with the operations carried out; the given one is left as it is.

        Raises:
            FhirError: 422, an operation does not fit the resource.
        """
        document = json.copy(resource)
        writer = _Writer(self._definitions, document)
        for number, operation in enumerate(self._operations):
            try:
                writer.carry_out(operation)
            except Unfit as unfit:
                raise refused(number, operation.type, unfit, _place(number)) from None
        tidy: dict[str, Any] = without_empty(document)
        return tidy


def _place(number: int) -> str:
    return f"Parameters.parameter[{number}]"


def _operation(number: int, parameter: Part) -> Operation:
    where = _place(number)
    if parameter.get("name") != "operation" or "part" not in parameter:
        text = "Every parameter of a FHIRPath patch is named operation and has parts."
        raise malformed(text, where, "structure")
    parts = {part["name"]: part for part in parameter["part"]}
    if len(parts) != len(parameter["part"]):
        raise malformed("A part of the operation is given twice.", where, "structure")
    kind = _carried("type", parts, where)
    if kind not in NEEDS:
        raise malformed(f"type must be one of {', '.join(NEEDS)}.", where, "value")
    allowed = {"type", "path", *NEEDS[kind]}
    unknown = sorted(parts.keys() - allowed)
    if unknown:
        text = f"{kind} takes {', '.join(sorted(allowed))}; not {unknown[0][:64]!r}."
        raise malformed(text, where, "structure")
    if "value" in NEEDS[kind] and "value" not in parts:
        raise malformed(f"{kind} needs the part value.", where, "required")
    names = [name for name in NEEDS[kind] if name != "value"]
    others = {name: _carried(name, parts, where) for name in names}
    return Operation(kind, _path(parts, where), value=parts.get("value"), **others)


def _carried(name: str, parts: dict[str, Part], where: str) -> Any:
    property_ = CARRIED_IN[name]
    if property_ not in parts.get(name, {}):
        raise malformed(f"The operation needs the part {name} with {property_}.", where, "required")
    return parts[name][property_]


def _path(parts: dict[str, Part], where: str) -> Expression:
    try:
        return parse(_carried("path", parts, where))
    except UnsupportedExpression:
        text = (
            "The path can't be read. Patches understand members, [n], where(), first(), last(), "
            "extension(), ofType(), as, is, exists(), empty(), not(), =, !=, and, or."
        )
        raise malformed(text, where, "not-supported") from None


class _Writer:
    """Carries operations out on a resource, in place."""

    def __init__(self, definitions: Definitions, resource: dict[str, Any]) -> None:
        self._evaluator = Evaluator(definitions, resource)
        self._values = Values(definitions)

    def carry_out(self, operation: Operation) -> None:
        actions: dict[str, Callable[[Operation], None]] = {
            "add": self._add,
            "insert": self._insert,
            "delete": self._delete,
            "replace": self._replace,
            "move": self._move,
        }
        actions[operation.type](operation)

    def _add(self, operation: Operation) -> None:
        parent = self._one(operation.path)
        element = self._evaluator.children(parent, operation.name)
        new = self._value(element, operation)
        container = parent.inside()
        before = held(container, element)
        if before is not None and not element.is_array:
            raise Unfit(f"{element.name} is there already; replace it.")
        earlier = before.pairs if before is not None else []
        hold(container, element, Held(new.property, [*earlier, *new.pairs]))

    def _insert(self, operation: Operation) -> None:
        container, element, pairs = self._list(operation.path)
        new = self._value(element, operation)
        if not 0 <= operation.index <= len(pairs):
            raise Unfit(f"the list has {len(pairs)} items, so index is at most {len(pairs)}.")
        pairs[operation.index : operation.index] = new.pairs
        hold(container, element, Held(new.property, pairs))

    def _delete(self, operation: Operation) -> None:
        found = self._evaluator.find(operation.path)
        if not found:
            return
        container, element, node = _placed(_single(found))
        content = held(container, element)
        if content is not None:
            del content.pairs[node.index]
            hold(container, element, content)

    def _replace(self, operation: Operation) -> None:
        container, element, node = _placed(self._one(operation.path))
        new, content = self._value(element, operation), held(container, element)
        if content is not None:
            content.pairs[node.index : node.index + 1] = new.pairs
            hold(container, element, Held(new.property, content.pairs))

    def _move(self, operation: Operation) -> None:
        container, element, pairs = self._list(operation.path)
        ends = (operation.source, operation.destination)
        if not all(0 <= end < len(pairs) for end in ends):
            raise Unfit(f"the list has {len(pairs)} items: source and destination are less.")
        pairs.insert(operation.destination, pairs.pop(operation.source))
        (name,) = element.properties()  # a list is never a choice
        hold(container, element, Held(name, pairs))

    def _value(self, element: Element, operation: Operation) -> Held:
        # A copy: the same patch may be applied again, and this one be changed by the next step.
        return self._values.read(element, json.copy(operation.value))

    def _one(self, path: Expression) -> Node:
        return _single(self._evaluator.find(path))

    def _list(self, path: Expression) -> tuple[dict[str, Any], Element, list[Pair]]:
        match path:
            case Member(of, name):
                parent = self._one(of)
            case Name(name):
                parent = self._evaluator.root
            case _:
                raise Unfit("its path must end in the name of a list.")
        element = self._evaluator.children(parent, name)
        if not element.is_array:
            raise Unfit(f"{element.name} is no list.")
        container = parent.inside()
        content = held(container, element)
        return container, element, content.pairs if content is not None else []


def _single(found: list[Node]) -> Node:
    if len(found) != 1:
        what = f"{len(found)} elements" if found else "nothing"
        raise Unfit(f"its path leads to {what} in the resource; it must lead to one element.")
    return found[0]


def _placed(node: Node) -> tuple[dict[str, Any], Element, Node]:
    if node.container is None or node.element is None:
        raise Unfit("its path leads to no element that can be replaced or deleted.")
    return node.container, node.element, node
