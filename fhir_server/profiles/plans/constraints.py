"""Compiles what an ElementDefinition asks of each value: content, codes, types, invariants.

Source: https://hl7.org/fhir/R4/elementdefinition.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fhir_server.fhirpath.engine import FhirPathError
from fhir_server.profiles.elements import Element, TypeRef
from fhir_server.profiles.plans.bindings import Bound, binding_check, can_be_bound
from fhir_server.profiles.plans.instruments import Instruments, profile_check
from fhir_server.profiles.plans.invariants import invariant_check
from fhir_server.profiles.plans.run import Place, Run
from fhir_server.profiles.plans.targets import (
    Target,
    aggregation_check,
    target_check,
    version_check,
)
from fhir_server.profiles.plans.values import (
    Check,
    fixed_check,
    length_check,
    limit_check,
    pattern_check,
)
from fhir_server.profiles.snapshot import Node, find, tree

_CORE = "http://hl7.org/fhir/StructureDefinition/"
_MAX_VALUE_SET = f"{_CORE}elementdefinition-maxValueSet"
_AGGREGATIONS = frozenset(("contained", "referenced", "bundled"))


class Constraints:
    """Compiles the constraints on values of one profile.

    Args:
        with_: what it is compiled with.
    """

    def __init__(self, with_: Instruments) -> None:
        self._with = with_
        self._definitions = with_.definitions
        self._source = with_.source

    def on_value(self, node: Node, base: Element | None, type_ref: TypeRef) -> Iterator[Check]:
        """Give what a node asks of a value of one type, less what R4 asks anyway.

        Args:
            base: R4's element; None at the top.
        """
        yield from self.content(node, type_ref.code)
        yield from self._binding(node, base, type_ref)
        for type_ in node.types:
            if type_.get("code") == type_ref.code:
                yield from self._type(node, type_, type_ref)

    def content(self, node: Node, type_code: str) -> Iterator[Check]:
        """Give what a node asks of the content of a value."""
        fixed, pattern = node.value("fixed"), node.value("pattern")
        if fixed is not None:
            yield fixed_check(self._source, fixed)
        if pattern is not None:
            yield pattern_check(self._source, pattern)
        if "maxLength" in node.element:
            yield length_check(self._source, node.element["maxLength"])
        for rule, prefix in (("min-value", "minValue"), ("max-value", "maxValue")):
            limit = node.value(prefix)
            if limit is not None:
                yield limit_check(self._source, rule, limit, type_code)

    def invariants(self, node: Node, context: str) -> Iterator[Check]:
        """Give the invariants of a node that are not R4's own."""
        for number, constraint in enumerate(node.element.get("constraint", ())):
            if not self._with.is_of_r4(constraint):
                yield self._invariant(node, number, constraint, context)

    def _invariant(
        self, node: Node, number: int, constraint: Mapping[str, Any], context: str
    ) -> Check:
        at, key = f"constraint[{number}].expression", constraint.get("key", "")
        if "expression" not in constraint:
            text = f"The rule {key} has no expression: it is not enforced."
            self._with.problems.add(node, at, text, "warning")
            return self._not_enforced(key, text)
        try:
            expression = self._with.engine.compile(constraint["expression"], context)
        except FhirPathError as error:
            text = f"The expression of the rule {key} is not valid: {error.text}"
            self._with.problems.add(node, at, text)
            return self._not_enforced(key, text)
        return invariant_check(self._source, constraint, expression)

    def _not_enforced(self, rule: str, text: str) -> Check:
        def check(_value: Any, _extension: Any, place: Place, run: Run) -> None:
            self._source.unknown(run, place, rule, text)

        return check

    def _binding(self, node: Node, base: Element | None, type_ref: TypeRef) -> Iterator[Check]:
        binding = node.element.get("binding", {})
        if not can_be_bound(type_ref.code):
            return
        strength, value_set = binding.get("strength"), binding.get("valueSet")
        if value_set and strength in ("required", "extensible"):
            bound = Bound(value_set, required=strength == "required")
            if not _is_of_r4(bound, base):
                yield self._bound(bound, type_ref)
        for extension in binding.get("extension", ()):
            if extension.get("url") == _MAX_VALUE_SET:
                most = extension.get("valueCanonical") or extension.get("valueUri")
                if most and not self._is_max_of_r4(most, base):
                    yield self._bound(Bound(most, required=True), type_ref)

    def _bound(self, bound: Bound, type_ref: TypeRef) -> Check:
        codes = self._with.codes
        return binding_check(self._source, codes, self._definitions, bound, type_ref.code)

    @staticmethod
    def _is_max_of_r4(value_set: str, base: Element | None) -> bool:
        """Tell whether it is the only widest value set that R4 has, that of its languages."""
        of_languages = "http://hl7.org/fhir/ValueSet/languages"
        return (
            base is not None
            and base.binding is not None
            and base.binding.value_set == of_languages
            and value_set.partition("|")[0] == "http://hl7.org/fhir/ValueSet/all-languages"
        )

    def _type(self, node: Node, type_: Mapping[str, Any], type_ref: TypeRef) -> Iterator[Check]:
        if type_ref.code == "Reference":
            yield from self._targets(node, type_, type_ref)
            modes = type_.get("aggregation", ())
            if modes and not _AGGREGATIONS.issubset(modes):
                yield aggregation_check(self._source, modes)
            if type_.get("versioning") in ("independent", "specific"):
                yield version_check(self._source, type_["versioning"])
        profiles = [url for url in type_.get("profile", ()) if self._adds(url, type_ref)]
        if profiles and len(profiles) == len(type_["profile"]):
            yield profile_check(self._source, self._with.others, profiles)
        for url in profiles:
            self._warn_of_unknown(node, "type", url)

    def _adds(self, url: str, type_ref: TypeRef) -> bool:
        """Tell whether a profile on a data type asks more than is asked anyway."""
        name = url.partition("|")[0].removeprefix(_CORE)
        if name == type_ref.code or name in type_ref.profiles:
            return False
        return type_ref.code != "Extension" or self._extends_an_extension(url)

    def _extends_an_extension(self, url: str) -> bool:
        """Tell whether an Extension is looked up by another url than that of its profile.

        By its own url each extension is checked wherever it stands.
        """
        definition = self._definitions.conformance("StructureDefinition", url)
        if definition is None or "snapshot" not in definition:
            return False
        node = find(tree(definition), "Extension.url")
        return node is not None and node.value("fixed") not in (None, definition["url"])

    def _targets(self, node: Node, type_: Mapping[str, Any], type_ref: TypeRef) -> Iterator[Check]:
        urls = type_.get("targetProfile", ())
        targets = []
        for url in urls:
            target = self._target(url)
            if target is None:
                # What it is on is not known: no type can be refused.
                targets.append(Target("Resource", url))
                self._warn_of_unknown(node, "type", url)
            else:
                targets.append(target)
        asked_anyway = {Target(name) for name in type_ref.targets or ("Resource",)}
        if targets and set(targets) != asked_anyway:
            yield target_check(self._source, targets, self._with.others.conforms)

    def _target(self, url: str) -> Target | None:
        name = url.partition("|")[0].removeprefix(_CORE)
        if name == "Resource" or self._definitions.is_resource_type(name):
            return Target(name)
        definition = self._definitions.conformance("StructureDefinition", url)
        return Target(definition["type"], url) if definition is not None else None

    def _warn_of_unknown(self, node: Node, below: str, url: str) -> None:
        if not self._with.others.is_known(url):
            text = f"The profile {url} is not known here."
            self._with.problems.add(node, below, text, "warning")


def _is_of_r4(bound: Bound, base: Element | None) -> bool:
    if base is None or base.binding is None:
        return False
    strengths = ("required",) if bound.required else ("required", "extensible")
    same = base.binding.value_set == bound.value_set.partition("|")[0]
    return same and base.binding.strength in strengths
