"""Puts elements into a resource that it lacks, as small as the definitions allow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from fhir_server.profiles.definitions import Definitions
from fhir_server.sweden import codes
from tests.conformance.constraints.snapshots import (
    Json,
    Node,
    Place,
    all_types,
    at,
    belongs,
    beside_of,
    keys,
    object_at,
    places,
    tree,
)

# Gives the codes of a value set by system; None where they can't be told.
CodesOf = Callable[[str], Mapping[str, Sequence[str] | None] | None]

SAMPLES: dict[str, Any] = {
    "base64Binary": "aGVq",
    "boolean": True,
    "canonical": "http://example.org/definition",
    "code": "code",
    "date": "2026-03-02",
    "dateTime": "2026-03-02T08:10:00+01:00",
    "decimal": 1.5,
    "id": "id-1",
    "instant": "2026-03-02T08:10:00+01:00",
    "integer": 1,
    "markdown": "text",
    "oid": "urn:oid:1.2.3",
    "positiveInt": 1,
    "string": "text",
    "time": "08:10:00",
    "unsignedInt": 1,
    "uri": "http://example.org/uri",
    "url": "http://example.org/url",
    "uuid": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
    "xhtml": '<div xmlns="http://www.w3.org/1999/xhtml">text</div>',
    "http://hl7.org/fhirpath/System.String": "text",
}
# Data types that mean nothing without some of what they leave optional.
CONTENT: dict[str, Json] = {
    "Address": {"text": "text"},
    "Age": {"value": 5, "system": "http://unitsofmeasure.org", "code": "a"},
    "Annotation": {"text": "text"},
    "Attachment": {"title": "text"},
    "CodeableConcept": {"text": "text"},
    "Coding": {"display": "text"},
    "ContactDetail": {"name": "text"},
    "ContactPoint": {"system": "phone", "value": "063-00 00 00"},
    "Count": {"value": 5, "system": "http://unitsofmeasure.org", "code": "1"},
    "Distance": {"value": 5, "system": "http://unitsofmeasure.org", "code": "m"},
    "Duration": {"value": 5, "system": "http://unitsofmeasure.org", "code": "h"},
    "HumanName": {"text": "text"},
    "Identifier": {"system": "http://example.org/numbers", "value": "1"},
    "Meta": {"tag": [{"code": "tag"}]},
    "Money": {"value": 5},
    "Narrative": {"status": "generated", "div": SAMPLES["xhtml"]},
    "Period": {"start": "2026-03-02"},
    "Quantity": {"value": 5},
    "Range": {"low": {"value": 5}},
    "Ratio": {"numerator": {"value": 5}, "denominator": {"value": 5}},
    "Reference": {"display": "text"},
    "SampledData": {
        "origin": {"value": 5},
        "period": 1,
        "dimensions": 1,
        "data": "1",
    },
    "Timing": {"event": ["2026-03-02"]},
    "UsageContext": {
        "code": {"code": "focus"},
        "valueCodeableConcept": {"text": "text"},
    },
}
# Elements that mean nothing, or break an invariant of R4, without some of what is in them.
CONTENT_BY_PATH: dict[str, Json] = {
    "Appointment.participant": {"actor": {"display": "text"}},
    "CarePlan.activity.detail": {"description": "text"},
    "Condition.evidence": {"code": [{"text": "text"}]},
    "Condition.stage": {"summary": {"text": "text"}},
    "Goal.target": {"measure": {"text": "text"}},
    "Patient.contact": {"name": {"text": "text"}},
}
# What has to stand beside an element.
BESIDE: dict[str, Json] = {
    "Appointment.cancelationReason": {"status": "cancelled"},
    "Appointment.end": {"start": "2026-03-02T08:10:00+01:00"},
    "Appointment.start": {"end": "2026-03-02T08:10:00+01:00"},
    "Condition.abatement[x]": {
        "clinicalStatus": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
                    "code": "resolved",
                }
            ]
        }
    },
    "Goal.target.detail[x]": {"measure": {"text": "text"}},
}
# A value that passes the rules of its system.
NUMBERS = {
    **dict.fromkeys(codes.PERSONNUMMER_SYSTEMS, "196101182803"),
    **dict.fromkeys(codes.SAMORDNINGSNUMMER_SYSTEMS, "196109732393"),
    **dict.fromkeys(codes.RESERVNUMMER_SYSTEMS, "98240301AA06"),
    **dict.fromkeys(codes.HSA_ID_SYSTEMS, "SE2321000214-TEST00"),
    codes.ORGANISATIONSNUMMER: "2321000214",
}
INSIDE = {"resourceType": "Basic", "id": "inside", "code": {"text": "text"}}
TO_INSIDE = {"url": "http://example.org/to", "valueReference": {"reference": "#inside"}}
EXTENSION = {"url": "http://example.org/extension", "valueBoolean": True}


class Filler:
    """Makes values.

    Args:
        definitions: R4's and the project's.
        codes_of: the codes of value sets.
    """

    def __init__(self, definitions: Definitions, codes_of: CodesOf) -> None:
        self.definitions = definitions
        self._codes_of = codes_of

    def ensure(self, node: Node, resource: Json, root: Place = ()) -> list[Place]:
        """Give where the resource has an element; where it lacks it, put it there first."""
        found = places(node, resource, root)
        if found or node.parent is None:
            return found
        for around in self.ensure(node.parent, resource, root):
            self.add(node, resource, around)
            break
        return places(node, resource, root)

    def add(self, node: Node, resource: Json, around: Place, type_: Json | None = None) -> Place:
        """Put an element into what stands at a place, and give where it is then."""
        holder, holding = self._holder(resource, around)
        holder.update(deepcopy(BESIDE.get(_base_path(node), {})))
        type_ = type_ or next(iter(node.types), {"code": "BackboneElement"})
        code = str(type_["code"])
        key = f"{node.name}{code[:1].upper()}{code[1:]}" if node.is_choice else node.name
        if node.is_choice:
            for other in all_types(node):
                name = f"{node.name}{other['code'][:1].upper()}{other['code'][1:]}"
                holder.pop(name, None)
                holder.pop(f"_{name}", None)
        value = self.value(node, type_)
        if node.name == "value" and holder.get("system") in NUMBERS:
            value = NUMBERS[holder["system"]]
        if node.name == "contained":
            value = deepcopy(INSIDE)
            holder.setdefault("extension", []).append(deepcopy(TO_INSIDE))
        if not node.is_array:
            holder[key] = value
            return (*holding, key)
        holder.setdefault(key, []).append(value)
        return (*holding, key, len(holder[key]) - 1)

    def _holder(self, resource: Json, around: Place) -> tuple[Json, Place]:
        found = object_at(resource, around)
        if found is not None:
            return found
        beside = beside_of(around)
        *outer, last = beside
        if isinstance(last, int):
            *outer, name = outer
            values = at(resource, around[:-1])
            notes = at(resource, tuple(outer)).setdefault(name, [None] * len(values))
            notes[last] = {}
            return notes[last], beside
        holder: Json = at(resource, tuple(outer)).setdefault(last, {})
        return holder, beside

    def value(self, node: Node, type_: Json) -> Any:
        """Give a value that fulfils what the element asks for."""
        stated = node.value("fixed", "pattern")
        code = str(type_["code"])
        if code == "Reference":
            return self._reference(type_, stated)
        if code in SAMPLES:
            return deepcopy(stated[1]) if stated else self._primitive(node, code)
        value: Json = deepcopy(stated[1]) if stated else {}
        if code == "Extension" and not value:
            value = self._extension(node, type_)
        self._complete(value, node, self._path(node, code))
        if not value or (code == "Coding" and "code" not in value):
            value = {**self._coded(node, code, value.get("system")), **value}
        if code == "Coding" and "system" in value:
            value.setdefault("code", "code")  # of a system that is not listed here
        if not value:
            value = deepcopy(CONTENT.get(code, {}))
        if code == "Identifier" and value.get("system") in NUMBERS:
            value["value"] = NUMBERS[value["system"]]
        value = {**deepcopy(CONTENT_BY_PATH.get(_base_path(node), {})), **value}
        if not value and code in ("BackboneElement", "Element"):
            value = {"extension": [deepcopy(EXTENSION)]}
        if code == "Resource":
            value = {"resourceType": "Basic", "code": {"text": "text"}, **value}
        elif self.definitions.is_resource_type(code):
            value = {"resourceType": code, **value}
        return value

    def _path(self, node: Node, code: str) -> str:
        """Give what names the children: a path in a resource, or a data type."""
        if code not in ("BackboneElement", "Element"):
            return code
        path = str(node.element.get("base", {}).get("path", node.element["path"]))
        return node.element.get("contentReference", path).removeprefix("#")

    def _complete(self, value: Json, node: Node, path: str) -> None:
        """Add what is mandatory, by the profile or by R4."""
        for child in node.children.values():
            for each in (child, *child.slices.values()):
                if each.element["min"] > 0 and not places_in(each, value):
                    self._put(each, value)
        for name, element in self.children(path).items():
            if name in node.children or element.min == 0 or _has(value, name):
                continue
            value.update(self.by_r4(element))

    def _put(self, node: Node, value: Json) -> None:
        type_ = next(iter(node.types), {"code": "BackboneElement"})
        code = str(type_["code"])
        key = f"{node.name}{code[:1].upper()}{code[1:]}" if node.is_choice else node.name
        made = self.value(node, type_)
        if node.is_array:
            value.setdefault(key, []).append(made)
        else:
            value.setdefault(key, made)

    def by_r4(self, element: Any) -> Json:
        code = element.types[0].code if element.types else "BackboneElement"
        key = element.name
        if element.is_choice:
            key = f"{key}{code[:1].upper()}{code[1:]}"
        made = Node({"id": element.path, "path": element.path, "min": 1, "max": "1"})
        if element.binding is not None:
            strength, value_set = element.binding.strength, element.binding.value_set
            made.element["binding"] = {"strength": strength, "valueSet": value_set}
        value = self.value(made, {"code": code})
        return {key: [value] if element.is_array else value}

    def complete_r4(self, value: Json, path: str) -> None:
        """Add what R4 makes mandatory."""
        for name, element in self.children(path).items():
            if element.min > 0 and not _has(value, name):
                value.update(self.by_r4(element))

    def children(self, path: str) -> Mapping[str, Any]:
        try:
            return self.definitions.children(path)
        except KeyError:
            return {}

    def _reference(self, type_: Json, stated: tuple[str, Any] | None) -> Json:
        value: Json = deepcopy(stated[1]) if stated else {}
        targets = [url.rsplit("/", 1)[-1] for url in type_.get("targetProfile", [])]
        known = [
            name
            for name in targets
            if self.definitions.is_resource_type(name) and not self.definitions.is_abstract(name)
        ]
        if known:
            return {"reference": f"{known[0]}/somebody", **value}
        profile = next(iter(type_.get("targetProfile", [])), "")
        definition = self.definitions.conformance("StructureDefinition", profile)
        if definition is not None and not self.definitions.is_abstract(definition["type"]):
            return {"reference": f"{definition['type']}/somebody", **value}
        return {"display": "text", **value}

    def _extension(self, node: Node, type_: Json) -> Json:
        for url in type_.get("profile", []):
            definition = self.definitions.conformance("StructureDefinition", url)
            if definition is not None:
                return self.extension(definition)
            # Not known here: its value is free, unless the profile says more of it.
            return {"url": url} if "value" in node.children else {"url": url, "valueBoolean": True}
        return {} if "url" in node.children else deepcopy(EXTENSION)

    def extension(self, definition: Mapping[str, Any]) -> Json:
        """Give an extension that fulfils its definition."""
        root = tree(definition)
        value: Json = {"url": definition["url"]}
        self._complete(value, root, "Extension")
        child = root.children.get("value")
        if "extension" not in value and child is not None and child.element["max"] != "0":
            self._put(child, value) if not _has(value, "value") else None
        if "extension" not in value and not _has(value, "value"):
            optional = root.children["extension"].slices.values()
            value["extension"] = [self.value(next(iter(optional)), {"code": "Extension"})]
        return value

    def _coded(self, node: Node, code: str, system: str | None = None) -> Json:
        """Give a code that a binding allows, for CodeableConcept and Coding.

        Args:
            node: the element.
            code: its type.
            system: of the code; None for any.
        """
        binding = node.element.get("binding", {})
        if binding.get("strength") not in ("required", "extensible") or code not in (
            "CodeableConcept", "Coding", "Quantity",
        ):  # fmt: skip
            return {}
        for its_system, listed in (self._codes_of(binding["valueSet"]) or {}).items():
            for each in listed or () if system in (None, its_system) else ():
                coding = {"system": its_system, "code": each}
                return {"coding": [coding]} if code == "CodeableConcept" else coding
        return {}

    def _primitive(self, node: Node, code: str) -> Any:
        binding = node.element.get("binding", {})
        if code == "code" and binding.get("strength") == "required":
            for listed in (self._codes_of(binding["valueSet"]) or {}).values():
                for each in listed or ():
                    return each
        return SAMPLES.get(code, "text")


def _base_path(node: Node) -> str:
    return str(node.element.get("base", {}).get("path", node.element["path"]))


def _has(value: Mapping[str, Any], name: str) -> bool:
    return name in value or any(
        key.startswith(name) and key[len(name) : len(name) + 1].isupper() for key in value
    )


def places_in(node: Node, value: Json) -> list[Place]:
    """Give where an object has an element of its own."""
    found: list[Place] = []
    for key in keys(node, value):
        items = value[key] if isinstance(value[key], list) else [value[key]]
        found += [(key, i) for i, item in enumerate(items) if belongs(node, item, key)]
    return found
