"""Makes the plans of R4's types: which checks a walk makes where.

Each type's plan is made once and shared by all that use the type; where one is needed, those of
the types inside it are made with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import RLock
from typing import Any

from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.elements import Element, TypeRef
from fhir_server.profiles.r4_rules.bindings import Bindings
from fhir_server.profiles.r4_rules.extensions import Extensions
from fhir_server.profiles.r4_rules.invariants import Invariants
from fhir_server.profiles.r4_rules.references import leads_elsewhere, reference_check
from fhir_server.profiles.r4_rules.walk import CORE, Place, Plan, PropertyCheck, Walk

_EXTENSIONS = ("extension", "modifierExtension")
_IN_LINE = ("BackboneElement", "Element")


class Plans:
    """The plans by resource type. Safe to share between threads."""

    def __init__(
        self,
        definitions: Definitions,
        invariants: Invariants,
        bindings: Bindings,
        extensions: Extensions,
    ) -> None:
        self._definitions = definitions
        self._resource_types = frozenset(definitions.resource_types)
        self._invariants = invariants
        self._bindings = bindings
        self._extensions = extensions
        self._ready: dict[str, Plan] = {}
        self._made: dict[tuple[str, ...], Plan] = {}
        self._unfinished: list[Plan] = []
        self._lock = RLock()

    def of(self, resource_type: str) -> Plan:
        """Give the plan of a resource type."""
        plan = self._ready.get(resource_type)
        if plan is None:
            with self._lock:
                plan = self._plan(resource_type)
                # Types stand inside themselves: only now do all plans have all their steps.
                for each in self._unfinished:
                    each.finish()
                self._unfinished.clear()
                self._ready[resource_type] = plan
        return plan

    def _plan(self, path: str) -> Plan:
        """Give the plan of a type, or of an element that defines its own children."""
        if (path,) not in self._made:
            plan = self._new(path)
            types = self._types(path)
            paths = [path] if "." in path else []
            self._add_own(plan, [*types, *paths])
            for element in self._definitions.children(path).values():
                self._add(plan, element, types)
        return self._made[path,]

    def _types(self, path: str) -> list[str]:
        """Give the types of what stands at a path, the most general first."""
        if "." not in path:
            return self._definitions.lineage(path)
        parent, _, name = path.rpartition(".")
        return self._definitions.lineage(self._definitions.children(parent)[name].types[0].code)

    def _new(self, *key: str) -> Plan:
        plan = self._made[key] = Plan()
        self._unfinished.append(plan)
        return plan

    def _add_own(self, plan: Plan, paths: Sequence[str]) -> None:
        found = [each for path in paths for each in self._invariants.of_object(path)]
        plan.own = tuple(check for check, _ in found)
        needed = [names for _, names in found]
        if None not in needed:
            plan.asked_of = frozenset[str]().union(*filter(None, needed))
        elif len(found) == 1:
            plan.passes = self._invariants.predicate(paths)

    def _add(self, plan: Plan, element: Element, types: Sequence[str]) -> None:
        if element.name in _EXTENSIONS:
            check = self._extensions.check(types, modifiers=element.name != "extension")
            plan.steps[element.name] = (element.name, check, self._plan("Extension"))
        elif element.name == "id":
            if "Element" in types and "ElementDefinition" not in types:
                plan.steps["id"] = ("id", check_id, None)
        elif not (element.types and element.types[0].code == "Resource"):
            for name, type_ref in element.properties().items():
                self._add_property(plan, name, element, type_ref)

    def _add_property(self, plan: Plan, name: str, element: Element, type_ref: TypeRef) -> None:
        suffix = "[x]" if element.is_choice else ""
        special = _both(
            self._bindings.of_property(element, type_ref.code),
            self._rules_of_property(element, f"{element.path}{suffix}"),
        )
        primitive = self._definitions.is_primitive(type_ref.code)
        inside = None if primitive else self._inside(element, type_ref)
        if special is not None or inside is not None:
            plan.steps[name] = (element.name, special, inside)
        if primitive and element.path not in ("Extension.url", "Narrative.div"):
            beside = self._beside(type_ref.code)
            plan.steps[f"_{name}"] = (element.name, beside_check(name, element.name), beside)

    def _rules_of_property(self, element: Element, path: str) -> PropertyCheck | None:
        if self._defines_children(element):
            return None
        return self._invariants.of_property(path, element.name)

    def _inside(self, element: Element, type_ref: TypeRef) -> Plan:
        if element.content_reference:
            return self._plan(element.content_reference)
        if self._defines_children(element):
            return self._plan(element.path)
        if type_ref.code == "Reference":
            return self._reference(type_ref.targets, CORE + element.path.partition(".")[0])
        return self._plan(type_ref.code)

    def _defines_children(self, element: Element) -> bool:
        if not element.types or element.types[0].code not in _IN_LINE:
            return False
        own = self._definitions.children(element.path)
        return set(own) != set(self._definitions.children(element.types[0].code))

    def _reference(self, targets: tuple[str, ...], stated_by: str) -> Plan:
        """Give the plan of references to some types: that of Reference with one check more."""
        key = ("Reference", stated_by, *targets)
        if key not in self._made:
            plan = self._new(*key)
            shared = self._plan("Reference")
            check = reference_check(targets, stated_by, self._resource_types)
            plan.own = (*shared.own, check)
            plan.passes = None if shared.own else leads_elsewhere
            plan.steps = shared.steps
        return self._made[key]

    def _beside(self, type_code: str) -> Plan:
        """Give the plan of what stands beside a primitive: its id and extensions."""
        key = ("_", type_code)
        if key not in self._made:
            plan = self._new(*key)
            plan.asked_of = frozenset()
            types = self._definitions.lineage(type_code)
            check = self._extensions.check(types, modifiers=False)
            plan.steps["extension"] = ("extension", check, self._plan("Extension"))
            plan.steps["id"] = ("id", check_beside_id, None)
        return self._made[key]


def _both(first: PropertyCheck | None, second: PropertyCheck | None) -> PropertyCheck | None:
    if first is None or second is None:
        return first or second

    def check(holder: Mapping[str, Any], item: Any, place: Place, walk: Walk) -> None:
        first(holder, item, place, walk)
        second(holder, item, place, walk)

    return check


def check_id(holder: Mapping[str, Any], item: Any, place: Place, walk: Walk) -> None:
    """Check the id of an element: unique within the resource, and not all there is (ele-1).

    Source: https://hl7.org/fhir/R4/element.html#id
    """
    if len(holder) == 1:
        _report_empty(place, walk)
    check_beside_id(holder, item, place, walk)


def check_beside_id(_holder: Mapping[str, Any], item: Any, place: Place, walk: Walk) -> None:
    """Check the id of a primitive, which has its value elsewhere."""
    if item.__class__ is not str:
        return
    if item in walk.ids:
        text = "Another element of the resource has the same id: each needs an id of its own."
        walk.report((place, "id", None), "element-id", text, profile=f"{CORE}Element")
    elif len(item.split()) > 1:
        text = "The id of an element holds no spaces."
        walk.report((place, "id", None), "element-id", text, profile=f"{CORE}Element")
    walk.ids.add(item)


def beside_check(name: str, element: str) -> PropertyCheck:
    """Give the check that a primitive has a value or extensions, not an id alone (ele-1)."""

    def check(holder: Mapping[str, Any], item: Any, place: Place, walk: Walk) -> None:
        values = holder.get(name)
        if item.__class__ is dict:
            if item and values is None and "extension" not in item:
                _report_empty((place, element, None), walk)
        elif item.__class__ is list:
            given = values if values.__class__ is list else ()
            for position, each in enumerate(item):
                has_value = position < len(given) and given[position] is not None
                if each.__class__ is not dict or has_value or "extension" in each:
                    continue
                if each:
                    _report_empty((place, element, position), walk)

    return check


def _report_empty(place: Place, walk: Walk) -> None:
    text = "An element has a value or children, not an id alone (ele-1)."
    walk.report(place, "ele-1", text, profile=f"{CORE}Element")
