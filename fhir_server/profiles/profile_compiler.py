"""Compiles profiles into JSON Schema, draft 2020-12: only what they ask beyond R4.

A resource is validated by its type's schema and by that of each profile, side by side. Every
subschema that can fail carries ``x-fhir`` with the profile's url.

Not covered: invariants, bindings weaker than required, slices told apart by type or profile
(except those of choice elements), and order.

Source: https://hl7.org/fhir/R4/profiling.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fhir_server.profiles.compiler import (
    DRAFT,
    UNTYPED,
    Schema,
    coded,
    no_property_of,
    only_properties,
    pointer,
    target_rule,
    untyped_reference,
)
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.elements import Element, TypeRef
from fhir_server.profiles.slicing import matching, pattern_of
from fhir_server.profiles.snapshot import Node, tree
from fhir_server.profiles.value_sets import members

_CORE = "http://hl7.org/fhir/StructureDefinition/"
_EXTENSIONS = ("extension", "modifierExtension")


class ProfileCompiler:
    """Makes schemas of the project's own profiles."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._defs: dict[str, Schema] = {}

    def compile(self, definition: Mapping[str, Any]) -> Schema:
        """Give the schema of a profile on a resource type or data type."""
        self._defs = {}
        schema = _Profile(self, definition).schema()
        return {"$schema": DRAFT, **schema, "$defs": self._defs}

    def extension_rules(self) -> tuple[Schema, Mapping[str, Schema]]:
        """Give the rules for any Extension: known ones by definition, no unknown one of our own.

        Returns:
            A subschema for Extension, and the ``$defs`` it refers to.
        """
        self._defs = {}
        known = {d["url"]: self.reference_to(d) for d in self._definitions.profiles("Extension")}
        by_url = [_when_url({"const": url}, reference) for url, reference in known.items()]
        rules = [_when_url({"enum": list(known)}, {"allOf": by_url})] if known else []
        canonical = self._definitions.canonical
        if canonical:
            note = {
                "rule": "extension",
                "profile": canonical,
                "code": "extension",
                "known": [*known],
            }
            defined = {"properties": {"url": {"x-fhir": note, "enum": list(known)}}}
            own = f"^{canonical.replace('.', '[.]')}/"
            rules.append(_when_url({"type": "string", "pattern": own}, defined))
        return _all(rules), self._defs

    def reference_to(self, definition: Mapping[str, Any]) -> Schema:
        """Refer to the schema of a profile, which is added to ``$defs``."""
        return self.define(f"profile {definition['url']}", _Profile(self, definition).schema)

    def define(self, name: str, make: Callable[[], Schema]) -> Schema:
        """Refer to a subschema in ``$defs``, which is made where it is not there yet."""
        if name not in self._defs:
            self._defs[name] = {}
            self._defs[name] = make()
        return {"$ref": f"#/$defs/{pointer(name)}"}

    def target_rule(self, targets: tuple[str, ...]) -> Schema:
        """Give the rule that a literal reference leads to one of the types."""
        known = self._definitions.resource_types
        untyped = self.define(UNTYPED, lambda: untyped_reference(known))
        return target_rule(known, targets, untyped)

    @property
    def definitions(self) -> Definitions:
        """Where types, profiles and value sets come from."""
        return self._definitions


class _Profile:
    """One StructureDefinition being compiled."""

    def __init__(self, compiler: ProfileCompiler, definition: Mapping[str, Any]) -> None:
        self._compiler = compiler
        self._definitions = compiler.definitions
        self._url = definition["url"]
        self._definition = definition

    def schema(self) -> Schema:
        root = tree(self._definition)
        return self._inside(root, root.name)

    def _inside(self, node: Node, base_path: str) -> Schema:
        """Give what a node asks of the elements inside it."""
        base = self._definitions.children(base_path)
        properties: dict[str, list[Schema]] = {}
        rules: list[Schema] = []
        for child in node.children.values():
            if child.name in base:
                rules += self._presence(child, base[child.name])
                for name, rule in self._properties(child, base[child.name]):
                    properties.setdefault(name, []).append(rule)
        if properties:
            rules.append({"properties": {name: _all(found) for name, found in properties.items()}})
        return _all(rules)

    def _presence(self, node: Node, base: Element) -> Iterator[Schema]:
        parts = [name for name, slice_ in node.slices.items() if slice_.min]
        if (node.min or parts) and not base.min:
            yield self._required(base, _allowed_properties(node, base), parts)
        if base.is_choice:
            yield from self._types(node, base)
            for property_name, slice_ in _choice_slices(node, base):
                if slice_.min:
                    yield self._required(base, [property_name], [])

    def _types(self, node: Node, base: Element) -> Iterator[Schema]:
        """Refuse the types of a choice element that the profile does not leave to it."""
        allowed = [] if node.max == 0 else _allowed_properties(node, base)
        if set(allowed) != set(base.properties()):
            types = [type_.code for name, type_ in base.properties().items() if name in allowed]
            note = self._note("types", element=base.name, types=types)
            others = self._compiler.define(*no_property_of(base))
            yield {"x-fhir": note, **only_properties(allowed, others)}

    def _required(self, base: Element, names: list[str], parts: list[str]) -> Schema:
        primitive = any(self._definitions.is_primitive(t.code) for t in base.types)
        either = [*names, *(f"_{name}" for name in names)] if primitive else names
        note = self._note("required", element=base.name, names=names, parts=parts)
        return {"x-fhir": note, "anyOf": [{"required": [name]} for name in either]}

    def _properties(self, node: Node, base: Element) -> Iterator[tuple[str, Schema]]:
        if node.max == 0 and not base.is_choice:
            note = self._note("forbidden", element=base.name)
            yield base.name, {"x-fhir": note, "not": {}}
            yield f"_{base.name}", {"x-fhir": note, "not": {}}
        elif node.max != 0:
            allowed = _allowed_properties(node, base)
            for name in allowed:
                yield from self._property(name, node, base, base.properties()[name])
            for name, slice_ in _choice_slices(node, base):
                rules = self._value(slice_, base, base.properties()[name])
                yield from ((name, rule) for rule in rules)

    def _property(
        self, name: str, node: Node, base: Element, type_ref: TypeRef
    ) -> Iterator[tuple[str, Schema]]:
        if self._definitions.is_primitive(type_ref.code):
            yield from self._extensions_of_primitive(name, node, type_ref)
        rules = list(self._value(node, base, type_ref))
        yield from ((name, rule) for rule in self._repeated(node, base, rules))

    def _extensions_of_primitive(
        self, name: str, node: Node, type_ref: TypeRef
    ) -> Iterator[tuple[str, Schema]]:
        rules = self._inside(node, type_ref.code)
        if rules:
            yield f"_{name}", rules

    def _repeated(self, node: Node, base: Element, rules: list[Schema]) -> Iterator[Schema]:
        if not base.is_array:
            yield from rules
            return
        if node.max is not None and node.max != base.max:
            yield {"x-fhir": self._note("max", max=node.max), "maxItems": node.max}
        if node.min > max(base.min, 1) and not any(s.min for s in node.slices.values()):
            yield {"x-fhir": self._note("min", min=node.min), "minItems": node.min}
        if rules:
            yield {"items": _all(rules)}
        yield from self._slices(node, base)

    def _value(self, node: Node, base: Element, type_ref: TypeRef) -> Iterator[Schema]:
        """Give what a node asks of each value of an element."""
        fixed, pattern = node.value("fixed"), node.value("pattern")
        if fixed is not None:
            yield {"x-fhir": self._note("fixed", value=fixed), "const": fixed}
        if pattern is not None:
            yield {"x-fhir": self._note("pattern", value=pattern), "anyOf": [pattern_of(pattern)]}
        yield from self._bound(node, base, type_ref)
        yield from self._typed(node, type_ref)
        if not self._definitions.is_primitive(type_ref.code) and node.children:
            path = base.path if not base.is_choice else type_ref.code
            inside = self._inside(node, path)
            if inside:
                yield inside

    def _bound(self, node: Node, base: Element, type_ref: TypeRef) -> Iterator[Schema]:
        binding = node.element.get("binding", {})
        if binding.get("strength") != "required" or "valueSet" not in binding:
            return
        url = binding["valueSet"].partition("|")[0]
        if base.binding and base.binding.strength == "required" and base.binding.value_set == url:
            return
        codes = members(self._definitions, url)
        if codes is not None:
            schema = coded(url, codes, type_ref.code)
            if schema:
                yield {**schema, "x-fhir": {**schema["x-fhir"], **self._note("codes")}}

    def _typed(self, node: Node, type_ref: TypeRef) -> Iterator[Schema]:
        for type_ in node.element.get("type", []):
            if type_["code"] != type_ref.code:
                continue
            targets = self._target_types(type_.get("targetProfile", []))
            if type_ref.code == "Reference" and targets and set(targets) != set(type_ref.targets):
                rule = self._compiler.target_rule(targets)
                note = {**rule["x-fhir"], **self._note("target")}
                yield {"properties": {"reference": {**rule, "x-fhir": note}}}
            if type_ref.code != "Extension":
                yield from self._data_type_profiles(type_.get("profile", []))

    def _data_type_profiles(self, urls: list[str]) -> Iterator[Schema]:
        found = (self._definitions.conformance("StructureDefinition", url) for url in urls)
        references = [self._compiler.reference_to(d) for d in found if d is not None]
        if len(references) == len(urls) == 1:
            yield references[0]

    def _target_types(self, urls: list[str]) -> tuple[str, ...]:
        """Give the types that profiles are on; empty where one of them is not known here."""
        types = [self._type_of(url) for url in urls]
        return tuple(dict.fromkeys(t for t in types if t)) if all(types) else ()

    def _type_of(self, url: str) -> str | None:
        name = url.partition("|")[0].removeprefix(_CORE)
        if name == "Resource" or self._definitions.is_resource_type(name):
            return name
        definition = self._definitions.conformance("StructureDefinition", url)
        return definition["type"] if definition else None

    def _slices(self, node: Node, base: Element) -> Iterator[Schema]:
        slicing = node.element.get("slicing", {})
        matches: list[Schema] = []
        for name, slice_ in node.slices.items():
            match = self._match(slice_, slicing, base)
            if match is not None:
                matches.append(match)
                yield from self._slice(name, slice_, base, match)
        if slicing.get("rules") == "closed" and len(matches) == len(node.slices) > 0:
            note = self._note("closed", slices=list(node.slices))
            yield {"items": {"x-fhir": note, "anyOf": matches}}

    def _match(self, slice_: Node, slicing: Mapping[str, Any], base: Element) -> Schema | None:
        by_url = [{"type": "value", "path": "url"}]
        default = by_url if base.name in _EXTENSIONS else []
        discriminators = slicing.get("discriminator", default)
        return matching(self._definitions, slice_, base.path, discriminators)

    def _slice(self, name: str, slice_: Node, base: Element, match: Schema) -> Iterator[Schema]:
        if slice_.min:
            note = self._note("slice-min", slice=name, min=slice_.min)
            yield {"x-fhir": note, "contains": match, "minContains": slice_.min}
        if slice_.max is not None:
            note = self._note("slice-max", slice=name, max=slice_.max)
            yield {"x-fhir": note, "contains": match, "minContains": 0, "maxContains": slice_.max}
        type_ref = next(iter(base.properties().values()))
        rules = list(self._value(slice_, base, type_ref))
        if rules:
            yield {"items": {"if": match, "then": _all(rules)}}

    def _note(self, rule: str, **details: Any) -> Schema:
        code = "extension" if self._definition["type"] == "Extension" else "invariant"
        return {"rule": rule, "profile": self._url, "code": code, **details}


def _choice_slices(node: Node, base: Element) -> Iterator[tuple[str, Node]]:
    """Give the slices of a choice element by the property they stand for (valueQuantity)."""
    if base.is_choice:
        by_type = {type_ref.code: name for name, type_ref in base.properties().items()}
        for slice_ in node.slices.values():
            for type_ in slice_.element.get("type", []):
                if type_["code"] in by_type:
                    yield by_type[type_["code"]], slice_


def _allowed_properties(node: Node, base: Element) -> list[str]:
    """Give the JSON properties for the types that the profile leaves to an element."""
    types = {type_["code"] for type_ in node.element.get("type", [])}
    if not base.is_choice or not types:
        return list(base.properties())
    return [name for name, type_ref in base.properties().items() if type_ref.code in types]


def _when_url(condition: Schema, then: Schema) -> Schema:
    when = {"required": ["url"], "properties": {"url": condition}}
    return {"if": when, "then": then}


def _all(rules: list[Schema]) -> Schema:
    if len(rules) == 1:
        return rules[0]
    return {"allOf": rules} if rules else {}
