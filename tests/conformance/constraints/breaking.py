"""Breaks one constraint of a snapshot at a time, and says what must be found then.

Each kind of constraint has one function: it changes a copy of a resource in which the element stands
at a place, and gives the rule and the place that a validator has to name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from fhir_server.sweden import codes
from tests.conformance.constraints.filling import CONTENT, EXTENSION, SAMPLES, CodesOf, Filler
from tests.conformance.constraints.snapshots import (
    Json,
    Node,
    Place,
    at,
    object_at,
    places,
)

WRONG = "urn:x-test:wrong"
# Where every R4 type of a kind may be referred to, there is nothing to break.
ANY = "http://hl7.org/fhir/StructureDefinition/Resource"
PRIMITIVE = frozenset(SAMPLES)


@dataclass(frozen=True, eq=False)
class Constraint:
    """One thing a snapshot asks for.

    Args:
        node: the element that asks.
        kind: ``min``, ``max``, ``fixed``, … or ``invariant``.
        key: of the invariant, or the type for ``type`` and ``target``.
        severity: of the issue when it is broken.
    """

    node: Node
    kind: str
    key: str = ""
    severity: str = "error"

    @property
    def label(self) -> str:
        return f"{self.node.id} {self.kind}{f' {self.key}' if self.key else ''}"


@dataclass(frozen=True)
class Broken:
    """A resource with one constraint broken.

    Args:
        rules: names of which the issue must have one.
        places: of which the issue must name one.
        below: whether the issue may point deeper than the place.
    """

    resource: Json
    rules: frozenset[str]
    places: tuple[Place, ...]
    below: bool = False


class CannotBreak(Exception):
    """Why a constraint can't be broken by itself."""


def constraints(root: Node) -> Iterator[Constraint]:
    """Give everything that a snapshot asks for."""
    for node in root.walk():
        yield from _of(node)


def _of(node: Node) -> Iterator[Constraint]:
    element = node.element
    if node.parent is not None:
        if element.get("min", 0) > 0:
            yield Constraint(node, "slice-min" if node.slice else "min")
        if element["max"] != "*":
            yield Constraint(node, "slice-max" if node.slice and element["max"] != "0" else "max")
        yield from _types(node)
    yield from _values(node)
    slicing = element.get("slicing", {})
    if slicing.get("rules") == "closed":
        yield Constraint(node, "closed")
    if slicing.get("ordered"):
        yield Constraint(node, "order")
    for invariant in element.get("constraint", []) if element["max"] != "0" else []:
        yield Constraint(node, "invariant", invariant["key"], invariant["severity"])


def _values(node: Node) -> Iterator[Constraint]:
    stated = node.value("fixed", "pattern")
    if stated is not None:
        yield Constraint(node, "fixed" if stated[0].startswith("fixed") else "pattern")
    strength = node.element.get("binding", {}).get("strength")
    if strength == "required":
        yield Constraint(node, "binding")
    elif strength == "extensible":
        yield Constraint(node, "binding", "extensible", "warning")
    for name in ("maxLength", "minValue", "maxValue"):
        if node.value(name):
            yield Constraint(node, f"{name[:3]}-{name[3:].lower()}")


def _types(node: Node) -> Iterator[Constraint]:
    if node.element["max"] == "0" or not node.types:
        return
    yield Constraint(node, "type")
    for type_ in node.types:
        targets = type_.get("targetProfile", [])
        if type_["code"] == "Reference" and targets and ANY not in targets:
            yield Constraint(node, "target")
            return


def is_value_of_primitive(node: Node) -> bool:
    """Tell whether an element is what a primitive type calls its value."""
    around = node.parent
    return node.name == "value" and around is not None and _is_primitive(around)


def _is_primitive(node: Node) -> bool:
    return any(type_["code"] in PRIMITIVE for type_ in node.types)


def _discriminated(node: Node) -> Node | None:
    """Give the slice, or the extension's root, that an element's value tells from others."""
    path: list[str] = []
    around: Node | None = node
    while around is not None:
        if around.sliced is not None:
            found = around.sliced.element.get("slicing", {}).get("discriminator", [])
            wanted = ".".join(path) or "$this"
            if any(d["path"] == wanted or d["path"].startswith(f"{wanted}.") for d in found):
                return around
        if around.parent is None and path == ["url"] and around.name == "Extension":
            return around
        path.insert(0, around.name)
        around = around.parent
    return None


def _bogus(value: Any, systems: Mapping[str, Any], *, keep_system: bool) -> Any:
    """Give a code that is in none of the systems of a value set."""
    listed = [system for system, found in systems.items() if found is not None]
    if isinstance(value, str):
        if len(listed) < len(systems):
            raise CannotBreak("the codes of the value set are not known here")
        return "bogus"
    system = value.get("system", WRONG) if keep_system else next(iter(listed), WRONG)
    if keep_system and system not in listed:
        raise CannotBreak("the codes of the value set are not known here")
    bogus = {"system": system, "code": "bogus"}
    if "coding" in value or "text" in value:
        return {"coding": [bogus]}
    return {**value, **bogus} if "value" in value else bogus


@dataclass
class Breaker:
    """Breaks constraints.

    Args:
        filler: for what has to be put in first.
        codes_of: the codes of value sets.
        invariants: breaks an invariant, by key.
        root: where the root of the snapshot stands in the resource.
    """

    filler: Filler
    codes_of: CodesOf
    invariants: dict[str, Callable[[Json, Place], None]] = field(default_factory=dict)

    def break_(self, constraint: Constraint, resource: Json, root: Place = ()) -> Broken:
        """Break a constraint in a resource.

        Args:
            constraint: what to break.
            resource: valid, with the element in it where the kind needs that; it is changed.
            root: where the root of the snapshot stands in it.

        Raises:
            CannotBreak: with the reason.
        """
        method = getattr(self, f"_{constraint.kind.replace('-', '_')}")
        broken: Broken = method(constraint, resource, root)
        return broken

    def _around(self, node: Node, resource: Json, root: Place) -> Place:
        assert node.parent is not None
        found = places(node.parent, resource, root)
        having = [
            place
            for place in found
            if any(p[: len(place)] == place for p in places(node, resource, root))
        ]
        for place in [*having, *found]:
            return place
        raise CannotBreak("nothing it could stand in")

    def _one(self, node: Node, resource: Json, root: Place) -> Place:
        for place in places(node, resource, root):
            return place
        raise CannotBreak("the element is not there")

    def _as_discriminator(self, c: Constraint, slice_: Node, resource: Json, root: Place) -> Broken:
        """Break what says which slice an item is of: then it is of none."""
        if not slice_.slice:
            place = self._one(slice_, resource, root)
            at(resource, place)["url"] = f"{codes.CANONICAL}/StructureDefinition/other"
            return Broken(resource, frozenset({"extension"}), ((*place, "url"),))
        if slice_.element["min"] == 0 or slice_.sliced is None:
            raise CannotBreak("it says which slice an item is of, and there need be none")
        place = self._one(slice_, resource, root)
        for inside in places(c.node, resource, root):
            holder = at(resource, inside[:-1])
            holder[inside[-1]] = _other(holder[inside[-1]])
        around: Place = (*self._around(slice_, resource, root), slice_.name)
        return Broken(resource, frozenset({"slice-min"}), (around, place[:-1]))

    def _min(self, c: Constraint, resource: Json, root: Place) -> Broken:
        slice_ = _discriminated(c.node)
        if slice_ is not None and slice_.slice:
            return self._as_discriminator(c, slice_, resource, root)
        around = self._around(c.node, resource, root)
        found = object_at(resource, around)
        assert found is not None
        holder, holding = found
        for key in _keys(c.node, holder):
            del holder[key]
        if not holder:
            holder["id"] = "x"  # an empty object would be another mistake
        return Broken(resource, frozenset({"min"}), ((*holding, c.node.name),))

    def _slice_min(self, c: Constraint, resource: Json, root: Place) -> Broken:
        around = self._around(c.node, resource, root)
        items = [p for p in places(c.node, resource, root) if p[: len(around)] == around]
        removed_from: Place = (*around, c.node.name)
        for place in reversed(items):
            *before, last = place
            holder = at(resource, tuple(before))
            del holder[last]
            if isinstance(last, int):
                removed_from = tuple(before)
                assert c.node.sliced is not None
                if not holder and c.node.sliced.element["min"] > 0:
                    code = str(c.node.sliced.types[0]["code"])
                    holder.append(deepcopy(CONTENT.get(code, EXTENSION)))
                elif not holder:
                    del at(resource, tuple(before[:-1]))[before[-1]]
        return Broken(resource, frozenset({"slice-min"}), (removed_from, (*around, c.node.name)))

    def _max(self, c: Constraint, resource: Json, root: Place) -> Broken:
        most = c.node.element["max"]
        if most == "0":
            around = self._around(c.node, resource, root)
            place = self.filler.add(c.node, resource, around)
            outer = place[:-1] if isinstance(place[-1], int) else place
            return Broken(resource, frozenset({"max"}), (outer, place))
        place = self._one(c.node, resource, root)
        if c.node.is_array:
            items = at(resource, place[:-1])
            while len(items) <= int(most):
                items.append(deepcopy(items[0]))
            return Broken(resource, frozenset({"max"}), (place[:-1], (*place[:-1], int(most))))
        holder = at(resource, place[:-1])
        holder[place[-1]] = [holder[place[-1]]]
        return Broken(resource, frozenset({"structure", "max"}), (place,))

    def _slice_max(self, c: Constraint, resource: Json, root: Place) -> Broken:
        place = self._one(c.node, resource, root)
        if not isinstance(place[-1], int):
            raise CannotBreak("a choice element has one value by its form in JSON")
        items = at(resource, place[:-1])
        for _ in range(int(c.node.element["max"])):
            items.append(deepcopy(items[place[-1]]))
        return Broken(
            resource, frozenset({"slice-max"}), (place[:-1], (*place[:-1], len(items) - 1))
        )

    def _type(self, c: Constraint, resource: Json, root: Place) -> Broken:
        node = c.node
        if node.is_choice and node.sliced is None:
            return self._choice_type(c, resource, root)
        place = self._one(node, resource, root)
        code = str(node.types[0]["code"])
        holder = at(resource, place[:-1])
        wrong: Any = {"id": "x"} if code in PRIMITIVE else "text"
        holder[place[-1]] = wrong
        return Broken(resource, frozenset({"structure", "primitive", "type"}), (place,), below=True)

    def _choice_type(self, c: Constraint, resource: Json, root: Place) -> Broken:
        allowed = {t["code"] for t in c.node.types}
        around = self._around(c.node, resource, root)
        path = str(c.node.element.get("base", {}).get("path", c.node.element["path"]))
        for code in (
            "string",
            "boolean",
            "Quantity",
            "dateTime",
            "CodeableConcept",
            "Period",
            "base64Binary",
        ):
            if code not in allowed and (
                path.startswith("Extension.value") or code in _offered(self, path)
            ):
                place = self.filler.add(c.node, resource, around, {"code": code})
                return Broken(resource, frozenset({"type"}), (place,))
        place = self.filler.add(c.node, resource, around, {"code": "xyz"})
        return Broken(
            resource,
            frozenset({"unknown", "structure", "choice"}),
            (place, (*place[:-1], f"{c.node.name}Xyz")),
        )

    def _target(self, c: Constraint, resource: Json, root: Place) -> Broken:
        type_ = next(t for t in c.node.types if t["code"] == "Reference")
        if c.node.is_choice and c.node.sliced is None:
            place = self.filler.add(c.node, resource, self._around(c.node, resource, root), type_)
        else:
            place = self._one(c.node, resource, root)
        definitions = self.filler.definitions
        allowed = set()
        for type_ in c.node.types:
            for url in type_.get("targetProfile", []):
                own = definitions.conformance("StructureDefinition", url)
                allowed.add(own["type"] if own else url.rsplit("/", 1)[-1])
        other = next(t for t in ("Slot", "Measurement", "Linkage", "Basic") if t not in allowed)
        value = at(resource, place)
        value.pop("type", None)
        value["reference"] = f"{other}/somebody"
        return Broken(resource, frozenset({"target"}), ((*place, "reference"),))

    def _fixed(self, c: Constraint, resource: Json, root: Place) -> Broken:
        slice_ = _discriminated(c.node)
        if slice_ is not None:
            return self._as_discriminator(c, slice_, resource, root)
        place = self._one(c.node, resource, root)
        value = at(resource, place)
        binding = c.node.element.get("binding", {}).get("valueSet")
        known = (self.codes_of(binding) if binding else None) or {}
        others = [code for listed in known.values() for code in listed or () if code != value]
        wrong = others[0] if isinstance(value, str) and others else _other(value)
        at(resource, place[:-1])[place[-1]] = wrong
        return Broken(resource, frozenset({c.kind}), (place,), below=True)

    _pattern = _fixed

    def _binding(self, c: Constraint, resource: Json, root: Place) -> Broken:
        if self.codes_of(c.node.element["binding"]["valueSet"]) is None:
            raise CannotBreak("the codes of the value set are not known here")
        place = self._one(c.node, resource, root)
        value = at(resource, place)
        systems = self.codes_of(c.node.element["binding"]["valueSet"]) or {}
        bogus = _bogus(value, systems, keep_system=c.node.sliced is not None)
        at(resource, place[:-1])[place[-1]] = bogus
        return Broken(resource, frozenset({"binding"}), (place,), below=True)

    def _max_length(self, c: Constraint, resource: Json, root: Place) -> Broken:
        place = self._one(c.node, resource, root)
        at(resource, place[:-1])[place[-1]] = "x" * (int(c.node.element["maxLength"]) + 1)
        return Broken(resource, frozenset({"max-length"}), (place,))

    def _min_value(self, c: Constraint, resource: Json, root: Place) -> Broken:
        return self._beyond(c, resource, root, "minValue", -1)

    def _max_value(self, c: Constraint, resource: Json, root: Place) -> Broken:
        return self._beyond(c, resource, root, "maxValue", 1)

    def _beyond(self, c: Constraint, resource: Json, root: Place, name: str, by: int) -> Broken:
        place = self._one(c.node, resource, root)
        stated = c.node.value(name)
        assert stated is not None
        limit = stated[1]
        wrong: Any
        if isinstance(limit, str):
            wrong = ("0001" if by < 0 else "9999") + limit[4:]
        elif isinstance(limit, dict):
            wrong = {**limit, "value": limit["value"] + by}
        else:
            wrong = limit + by
        at(resource, place[:-1])[place[-1]] = wrong
        return Broken(resource, frozenset({c.kind}), (place,))

    def _closed(self, c: Constraint, resource: Json, root: Place) -> Broken:
        around = self._around(c.node, resource, root)
        place = self.filler.add(c.node, resource, around)
        at(resource, place[:-1])[place[-1]] = _other(at(resource, place))
        return Broken(resource, frozenset({"closed"}), (place,))

    def _order(self, c: Constraint, resource: Json, root: Place) -> Broken:
        place = self._one(c.node, resource, root)
        at(resource, place[:-1]).reverse()
        return Broken(resource, frozenset({"order"}), (place[:-1],), below=True)

    def _invariant(self, c: Constraint, resource: Json, root: Place) -> Broken:
        act = self.invariants.get(c.key)
        if act is None:
            raise CannotBreak("no breaker is written for it")
        place = self._one(c.node, resource, root)
        act(resource, place)
        rules = frozenset({c.key, *BY_STRUCTURE.get(c.key, ())})
        return Broken(resource, rules, (place,), below=c.key in DEEPER)


# Of an element without content the structure says it first, by the form it should have.
BY_STRUCTURE = {"ele-1": ("structure", "primitive", "binding")}
# They are about something inside the element they are stated at.
DEEPER = {"dom-2", "dom-3", "dom-4", "dom-5"}


def _keys(node: Node, holder: Json) -> list[str]:
    names = {node.name} if not node.is_choice else {
        f"{node.name}{t['code'][:1].upper()}{t['code'][1:]}" for t in node.types
    }  # fmt: skip
    return [key for key in holder if key.removeprefix("_") in names]


def _offered(breaker: Breaker, path: str) -> set[str]:
    """Give the types that R4 offers for a choice element."""
    around, _, name = path.removesuffix("[x]").rpartition(".")
    found = breaker.filler.children(around).get(name)
    return {t.code for t in found.types} if found is not None else set()


def _other(value: Any) -> Any:
    """Give a value of the same form that says something else."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return f"{value}-other" if ":" not in value else WRONG
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, list):
        return [_other(each) for each in value]
    return {key: _other(each) for key, each in value.items()}
