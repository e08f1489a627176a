"""Turns the errors of a JSON Schema validator into issues that a developer can act on.

Texts name elements, types and codes, never the value that was sent: it may be personal data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

import jsonschema_rs

from fhir_server.fhir.outcome import Issue
from fhir_server.fhir.suggestions import either, element_suggestion
from fhir_server.profiles.compiler import Schema
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.expressions import Path, place_of, type_at
from fhir_server.profiles.primitives import INTEGER_URI, MAX_STRING, PRIMITIVES

Note = Mapping[str, Any]
MAX_ISSUES = 100
_CORE = "http://hl7.org/fhir/StructureDefinition/"
# What is said of an object by its own type, and leaves its parts as they are.
_OF_THE_WHOLE = ("choice", "required")
_MAX_LISTED_CODES = 20


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is wrong with a resource by one schema.

    Args:
        issues: in the order in which they were found.
        wrong: the places of values that nothing more can be said about.
        complete: whether these are all.
    """

    issues: list[Issue]
    wrong: list[Path]
    complete: bool


class Explainer:
    """Explains the errors that one schema finds.

    Args:
        schema: with its ``x-fhir`` notes, which the compiled schema need not carry.
        resource_type: what the schema describes.
    """

    def __init__(self, definitions: Definitions, schema: Schema, resource_type: str) -> None:
        self._definitions = definitions
        self._schema = schema
        self._type = resource_type

    def explain(self, errors: Iterable[jsonschema_rs.ValidationError], root: str) -> Explanation:
        """Give the issues behind the errors, at most 100.

        Args:
            errors: as `iter_errors` gives them.
            root: FHIRPath of the resource, e.g. ``CareTeam`` or ``Bundle.entry[0].resource``.
        """
        found: dict[Issue, None] = {}
        wrong: list[Path] = []
        for error in errors:
            for issue, path in self._explain(error, root):
                found[issue] = None
                if path is not None:
                    wrong.append(path)
            if len(found) >= MAX_ISSUES:
                return Explanation(list(found)[:MAX_ISSUES], wrong, complete=False)
        return Explanation(list(found), wrong, complete=True)

    def _explain(
        self, error: jsonschema_rs.ValidationError, root: str
    ) -> Iterator[tuple[Issue, Path | None]]:
        """Give issues, each with the place of what can't be used, where something can't."""
        node, keyword = self._find(error.evaluation_path)
        path: Path = error.instance_path
        expression, around, here = place_of(self._definitions, self._type, path, root)
        if "x-fhir" in node:
            note = node["x-fhir"]
            issue = _BY_RULE[note["rule"]](note, keyword, expression, error.instance)
            inside = note["rule"] in _OF_THE_WHOLE or isinstance(error.instance, dict)
            stated_by = here if note["rule"] in _OF_THE_WHOLE else around
            if note["rule"] == "target":
                # Whoever has the Reference says where it may lead.
                _, stated_by, _ = place_of(self._definitions, self._type, path[:-1], root)
            yield self._with_profile(issue, stated_by), None if inside else path
        elif keyword == "additionalProperties":
            for name in error.kind.as_dict()["unexpected"]:
                issue = _unknown(name, node["properties"], expression)
                yield self._with_profile(issue, here), (*path, name)
        elif keyword == "required":
            issue = _missing(error.kind.as_dict()["property"], expression)
            yield self._with_profile(issue, here), None
        else:
            issue = _structure(keyword, node, expression, error)
            usable = keyword == "maxItems"
            yield self._with_profile(issue, around), None if usable else path

    def _with_profile(self, issue: Issue, path: str) -> Issue:
        return replace(issue, profile=f"{_CORE}{type_at(self._definitions, path)}")

    def _find(self, path: Path) -> tuple[Mapping[str, Any], str]:
        """Follow an evaluation path to the subschema that failed, and to its keyword.

        Of a choice the path goes on below ``propertyNames``, and of an integer into a schema of
        its own; the note stands above.
        """
        node: Any = self._schema
        above: Any = node
        for position, step in enumerate(path):
            if step == "propertyNames" or position == len(path) - 1:
                found = above if node.get("type") == "integer" else node
                return found, str(step)
            above = node if step == "$ref" else above
            node = self._resolve(node["$ref"]) if step == "$ref" else node[step]
        return node, ""

    def _resolve(self, reference: str) -> Any:
        if reference == INTEGER_URI:
            return {"type": "integer"}
        return self._schema["$defs"][_name(reference)]


def _name(reference: str) -> str:
    return unquote(reference.removeprefix("#/$defs/")).replace("~1", "/").replace("~0", "~")


def _unknown(name: str, properties: Mapping[str, Any], expression: str) -> Issue:
    shown = name if len(name) <= 64 else f"{name[:64]}…"
    known = [known for known in properties if not known.startswith("_")]
    near = element_suggestion(shown.lstrip("_"), known)
    hint = near or f" It has: {', '.join(sorted(known))}."
    text = f"R4 does not define the element '{shown}' here.{hint}"
    return Issue("error", "structure", text, f"{expression}.{shown}", rule="unknown")


def _structure(
    keyword: str, node: Note, expression: str, error: jsonschema_rs.ValidationError
) -> Issue:
    name = expression.rpartition(".")[2]
    if keyword == "type":
        return _wrong_json_type(name, node["type"], error.instance, expression)
    if keyword == "maxItems":
        text = f"{name} has more than {node['maxItems']} items."
        return Issue("error", "structure", text, expression, rule="max")
    text = f"{name} does not have the structure of R4."
    if keyword in ("minItems", "minProperties"):
        text = f"{name} is empty. FHIR has no empty arrays and objects: leave the property out."
    return Issue("error", "structure", text, expression, rule="structure")


def _wrong_json_type(name: str, wanted: str, value: Any, expression: str) -> Issue:
    if value is None:
        text = f"{name} is null. Leave out what has no value."
    elif wanted == "array":
        text = f"{name} may repeat: put it in an array, even where there is only one."
    elif isinstance(value, list):
        text = f"{name} does not repeat: give one value, not an array."
    else:
        text = f"{name} must be a JSON {wanted}, not {_json_type(value)}."
    return Issue("error", "structure", text, expression, rule="structure")


def _json_type(value: Any) -> str:
    if isinstance(value, bool):
        return "a boolean"
    names = {dict: "an object", list: "an array", str: "a string", type(None): "null"}
    return names.get(type(value), "a number")


def _missing(name: str, expression: str) -> Issue:
    return _required({"names": [name], "element": name}, "", expression, None)


def _primitive(note: Note, keyword: str, expression: str, value: Any) -> Issue:
    type_name = note["type"]
    primitive = PRIMITIVES[type_name]
    name = expression.rpartition(".")[2]
    if value is None or isinstance(value, list):
        return _wrong_json_type(name, type_name, value, expression)
    if keyword == "maxLength":
        text = f"{name} is longer than {MAX_STRING} characters."
        return Issue("error", "value", text, expression, rule="max-length")
    must = f"{name} ({type_name}) must be {primitive.description}"
    example = f"Example: {primitive.example}"
    if keyword != "type" or isinstance(value, float):
        return Issue("error", "value", f"{must}. {example}", expression, rule="primitive")
    text = f"{must}, not {_json_type(value)}. {example}"
    return Issue("error", "structure", text, expression, rule="structure")


def _choice(note: Note, _keyword: str, expression: str, value: Any) -> Issue:
    given = [
        n for n in note["names"] if isinstance(value, dict) and (n in value or f"_{n}" in value)
    ]
    text = f"Only one of {' and '.join(given)} may be given: they are one element, of one type."
    return Issue("error", "structure", text, f"{expression}.{note['element']}", rule="choice")


def _required(note: Note, _keyword: str, expression: str, _value: Any) -> Issue:
    names = note["names"]
    if len(names) == 1:
        text = f"{names[0]} is missing; R4 requires it here."
    else:
        text = f"{note['element']}[x] is missing; R4 requires one of {', '.join(names[:10])}."
    return Issue("error", "required", text, f"{expression}.{note['element']}", rule="min")


def _target(note: Note, _keyword: str, expression: str, _value: Any) -> Issue:
    if note["targets"]:
        wanted = f"refer to {either(note['targets'])}"
    else:
        wanted = "refer to a resource type of R4"
    text = (
        f"The reference must {wanted}, as Type/id, an absolute URL, urn:uuid:… within a bundle "
        "or #id for a contained resource."
    )
    return Issue("error", "value", text, expression, rule="target")


def _codes(note: Note, _keyword: str, expression: str, value: Any) -> Issue:
    name = expression.rpartition(".")[2]
    with_system = note["type"] in ("Coding", "CodeableConcept", "Quantity")
    if not with_system and not isinstance(value, str):
        return _wrong_json_type(name, "string", value, expression)
    text = f"{name} must have a code of the value set {note['valueSet']}"
    listed = _listed(note["codes"], with_system=with_system)
    return Issue("error", "code-invalid", f"{text}{listed}.", expression, rule="binding")


def _listed(codes: Mapping[str, Sequence[str] | None], *, with_system: bool) -> str:
    """Write the codes of a value set, as long as they are few."""
    if sum(len(found or ()) for found in codes.values()) > _MAX_LISTED_CODES:
        return ""
    if not with_system:
        return f": {', '.join(code for found in codes.values() for code in found or ())}"
    parts = [f"{', '.join(found or ['any code'])} of {system}" for system, found in codes.items()]
    return f": {'; '.join(parts)}"


_BY_RULE: dict[str, Callable[[Note, str, str, Any], Issue]] = {
    "primitive": _primitive,
    "choice": _choice,
    "required": _required,
    "target": _target,
    "codes": _codes,
}
