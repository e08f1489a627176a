"""Compiles R4's structure definitions into JSON Schema, draft 2020-12.

One schema per resource type, with everything it refers to in ``$defs``. A subschema that can fail
in more than one way carries ``x-fhir`` for `explanations`, which turns errors into issues.

Source: https://hl7.org/fhir/R4/json.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fhir_server.fhir.ids import ID
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.elements import Element, TypeRef
from fhir_server.profiles.primitives import PRIMITIVES

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
# Resource.id, Element.id, Extension.url and Narrative.div are attributes or content in XML and
# have no extensions: no `_url` in JSON.
_WITHOUT_EXTENSIONS = ("id", "Extension.url", "Narrative.div")
UNTYPED = "untyped reference"
_IN_LINE = ("BackboneElement", "Element")


class StructureCompiler:
    """Makes the schemas of resource types. One thread at a time.

    Args:
        definitions: where the types come from.
        null_items: allow what is rare and needs a second look by `primitive_extensions`: arrays
            of primitives with extensions, where null stands for a missing value.
    """

    def __init__(self, definitions: Definitions, *, null_items: bool) -> None:
        self._definitions = definitions
        self._null_items = null_items
        self._defs: dict[str, Schema] = {}

    def compile(self, resource_type: str) -> Schema:
        """Give the schema of a resource type."""
        self._defs = {}
        return {"$schema": DRAFT, **self._root(resource_type), "$defs": self._taken()}

    def compile_by_name(self, resource_types: Sequence[str]) -> Schema:
        """Give a schema of objects whose properties are resources, each named by its type."""
        self._defs = {}
        properties = {name: self._root(name) for name in resource_types}
        return {"$schema": DRAFT, "properties": properties, "$defs": self._taken()}

    def _taken(self) -> dict[str, Schema]:
        """Give what the schema refers to, and keep nothing of it: megabytes, for all types."""
        taken, self._defs = self._defs, {}
        return taken

    def _root(self, resource_type: str) -> Schema:
        root = self._object(resource_type)
        root["properties"]["resourceType"] = {"const": resource_type}
        root["required"] = ["resourceType", *root.get("required", [])]
        return root

    def _object(self, path: str) -> Schema:
        children = self._definitions.children(path)
        schema: Schema = {"type": "object", "properties": {}, "additionalProperties": False}
        for element in children.values():
            self._add(schema, element)
        if not self._null_items and "dependentSchemas" in schema:
            _only_where_several(schema)
        return schema

    def _add(self, schema: Schema, element: Element) -> None:
        values = element.properties()
        for name, type_ref in values.items():
            schema["properties"][name] = self._repeated(element, self._value(element, type_ref))
            if self._has_extensions(element, type_ref):
                self._add_extensions(schema, element, name)
        if element.min:
            _require(schema, element, schema["properties"])
        if len(values) > 1:
            self._only_one(schema, element, values)

    def _repeated(self, element: Element, value: Schema) -> Schema:
        if not element.is_array:
            return value
        array: Schema = {"type": "array", "items": value, "minItems": 1}
        if element.max is not None:
            array["maxItems"] = element.max
        return array

    def _has_extensions(self, element: Element, type_ref: TypeRef) -> bool:
        without = element.name in _WITHOUT_EXTENSIONS or element.path in _WITHOUT_EXTENSIONS
        return self._definitions.is_primitive(type_ref.code) and not without

    def _add_extensions(self, schema: Schema, element: Element, name: str) -> None:
        if not element.is_array:
            schema["properties"][f"_{name}"] = self._reference_to("Element")
        elif self._null_items:
            or_null = {"if": {"not": {"type": "null"}}, "then": self._reference_to("Element")}
            array = {"type": "array", "items": or_null, "minItems": 1}
            schema["properties"][f"_{name}"] = array
            values = schema["properties"][name]
            values["items"] = {"if": {"not": {"type": "null"}}, "then": values["items"]}

    def _only_one(self, schema: Schema, element: Element, values: Mapping[str, TypeRef]) -> None:
        """Refuse a second property of a choice element, such as valueString and valueCode."""
        others = self._define(*no_property_of(element))
        rules = schema.setdefault("dependentSchemas", {})
        for name in values:
            note = {"rule": "choice", "element": element.name, "names": list(values)}
            rules[name] = {"x-fhir": note, **only_properties([name], others)}

    def _value(self, element: Element, type_ref: TypeRef) -> Schema:
        if element.content_reference:
            return self._reference_to(element.content_reference)
        if type_ref.code in _IN_LINE and self._is_in_line(element):
            return self._reference_to(element.path)
        if type_ref.code == "Resource":
            # Each is validated by its own type, with its own expression (nested).
            return {"type": "object"}
        codes = self._required_codes(element, type_ref.code)
        if codes:
            return codes
        value = self._reference_to(type_ref.profiles[0] if type_ref.profiles else type_ref.code)
        if type_ref.code == "Reference":
            return {**value, "properties": {"reference": self._targets(type_ref.targets)}}
        return value

    def _is_in_line(self, element: Element) -> bool:
        own = set(self._definitions.children(element.path))
        return own != set(self._definitions.children(element.types[0].code))

    def _required_codes(self, element: Element, type_code: str) -> Schema | None:
        binding = element.binding
        if binding is None or binding.strength != "required":
            return None
        codes = self._definitions.codes(binding.value_set)
        if codes is None:
            return None
        if type_code == "CodeableConcept":
            return {**self._reference_to(type_code), **coded(binding.value_set, codes, type_code)}
        name = f"codes {binding.value_set}"
        return self._define(name, lambda: coded(binding.value_set, codes, type_code))

    def _targets(self, targets: tuple[str, ...]) -> Schema:
        types = self._definitions.resource_types
        untyped = self._define(UNTYPED, lambda: untyped_reference(types))
        name = f"reference to {'|'.join(targets)}"
        return self._define(name, lambda: target_rule(types, targets, untyped))

    def _reference_to(self, name: str) -> Schema:
        return self._define(name, lambda: self._definition(name))

    def _definition(self, name: str) -> Schema:
        if name in PRIMITIVES:
            return {"x-fhir": {"rule": "primitive", "type": name}, **PRIMITIVES[name].schema}
        return {**self._object(name), "minProperties": 1}

    def _define(self, name: str, make: Callable[[], Schema]) -> Schema:
        if name not in self._defs:
            self._defs[name] = {}
            self._defs[name] = make()
        return {"$ref": f"#/$defs/{pointer(name)}"}


def pointer(name: str) -> str:
    """Write a name as part of a JSON pointer in a URI fragment."""
    escaped = name.replace("~", "~0").replace("/", "~1")
    return re.sub(r"[^A-Za-z0-9\-._~]", lambda c: f"%{ord(c[0]):02X}", escaped)


def coded(value_set: str, codes: Mapping[str, Sequence[str] | None], type_code: str) -> Schema:
    """Give the rule that a code, Coding, CodeableConcept or Quantity comes from a value set.

    A CodeableConcept without codings passes where an extension says why; text alone does not
    (https://hl7.org/fhir/R4/terminologies.html#required).

    Args:
        codes: by system; None for any code of the system.

    Returns:
        An empty schema where there is nothing to check: a bare code of systems that are not
        listed in full.
    """
    note = {"rule": "codes", "valueSet": value_set, "type": type_code, "codes": dict(codes)}
    if type_code in ("Coding", "Quantity"):
        return {"x-fhir": note, **_coding(codes)}
    if type_code == "CodeableConcept":
        listed = {"required": ["coding"], "properties": {"coding": {"contains": _coding(codes)}}}
        extended = {"required": ["extension"], "not": {"required": ["coding"]}}
        return {"x-fhir": note, "anyOf": [listed, extended]}
    if any(found is None for found in codes.values()):
        return {}
    return {"x-fhir": note, "enum": [code for found in codes.values() for code in found or ()]}


def _coding(codes: Mapping[str, Sequence[str] | None]) -> Schema:
    return {
        "anyOf": [
            {
                "required": ["system", "code"],
                "properties": {
                    "system": {"const": system},
                    "code": {"type": "string"} if found is None else {"enum": list(found)},
                },
            }
            for system, found in codes.items()
        ]
    }


def no_property_of(element: Element) -> tuple[str, Callable[[], Schema]]:
    """Match property names that don't carry a choice element: a name for it, and the schema."""
    names = [*element.properties(), *(f"_{name}" for name in element.properties())]
    return f"not {element.path}[x]", lambda: {"not": {"enum": names}}


def only_properties(names: Sequence[str], others: Schema) -> Schema:
    """Refuse all properties of a choice element but some; `others` matches those not of it."""
    allowed = [*names, *(f"_{name}" for name in names)]
    return {"propertyNames": {"anyOf": [{"enum": allowed}, others]}}


def _only_where_several(schema: Schema) -> None:
    """Ask for one property of a choice only where there may be two.

    An extension has 50 properties of which each would be looked for, and mostly nothing but its
    url and one of them. What has no more than what must be there and one property more can't have
    two of a choice.
    """
    fewest = len(schema.get("required", ())) + 2
    schema["if"] = {"minProperties": fewest}
    schema["then"] = {"dependentSchemas": schema.pop("dependentSchemas")}


def target_rule(known: Sequence[str], targets: Sequence[str], untyped: Schema) -> Schema:
    """Give the rule that a literal reference leads to one of some types.

    Args:
        known: R4's resource types.
        targets: those allowed; empty or ``Resource`` for any.
        untyped: what else passes, as `untyped_reference` gives it.
    """
    anything = not targets or "Resource" in targets
    note = {"rule": "target", "targets": [] if anything else list(targets)}
    shown = {"pattern": _reference_pattern(known if anything else targets)}
    return {"x-fhir": note, "anyOf": [shown, untyped]}


def untyped_reference(known: Sequence[str]) -> Schema:
    """Match references that don't show a type: contained ones, urn:uuid, URLs of other shapes."""
    return {
        "pattern": r"^(?:#\S*|[A-Za-z][A-Za-z0-9+.\-]*:\S+)$",
        "not": {"pattern": _reference_pattern(known)},
    }


def _reference_pattern(types: Sequence[str]) -> str:
    names = "|".join(types)
    return rf"^(?:https?://\S+/)?(?:{names})(?:/{ID}(?:/_history/{ID})?|\?\S*)$"


def _require(schema: Schema, element: Element, properties: Mapping[str, Any]) -> None:
    """Ask for an element; a primitive may also have extensions alone that say why it is missing."""
    names = [
        name
        for value in element.properties()
        for name in (value, f"_{value}")
        if name in properties
    ]
    if len(names) == 1:
        schema.setdefault("required", []).append(names[0])
        return
    note = {"rule": "required", "element": element.name, "names": list(element.properties())}
    any_of = [{"required": [name]} for name in names]
    schema.setdefault("allOf", []).append({"x-fhir": note, "anyOf": any_of})
