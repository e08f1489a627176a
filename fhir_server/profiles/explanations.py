"""Turns the errors of a JSON Schema validator into issues that a developer can act on.

Texts name elements, types and codes, never the value that was sent: it may be personal data.
"""

from __future__ import annotations

from fhir_server.fhir.suggestions import either, element_suggestion, suggestion

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import jsonschema_rs
import orjson

from fhir_server.fhir.outcome import Issue
from fhir_server.profiles.compiler import Schema
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.expressions import Path, expression_of
from fhir_server.profiles.primitives import INTEGER_URI, MAX_STRING, PRIMITIVES

Note = Mapping[str, Any]
MAX_ISSUES = 100
_MAX_LISTED_CODES = 20


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

    def issues(self, errors: Iterable[jsonschema_rs.ValidationError], root: str) -> list[Issue]:
        """Give the issues behind the errors, at most 100.

        Args:
            errors: as `iter_errors` gives them.
            root: FHIRPath of the resource, e.g. ``CareTeam`` or ``Bundle.entry[0].resource``.
        """
        found: dict[Issue, None] = {}
        for issue in (issue for error in errors for issue in self._explain(error, root)):
            found[issue] = None
            if len(found) >= MAX_ISSUES:
                break
        return list(found)

    def _explain(self, error: jsonschema_rs.ValidationError, root: str) -> Iterator[Issue]:
        node, keyword = self._find(error.evaluation_path)
        expression = expression_of(self._definitions, self._type, error.instance_path, root)
        if "x-fhir" in node:
            yield _by_note(node["x-fhir"], keyword, expression, error.instance)
        elif keyword == "additionalProperties":
            for name in error.kind.as_dict()["unexpected"]:
                yield _unknown(name, node["properties"], expression)
        else:
            yield _structure(keyword, node, expression, error)

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


def _by_note(note: Note, keyword: str, expression: str, value: Any) -> Issue:
    issue = _BY_RULE[note["rule"]](note, keyword, expression, value)
    if "profile" not in note:
        return issue
    code = issue.code if issue.code == "code-invalid" else note["code"]
    return replace(issue, code=code, text=f"{issue.text} Profile: {note['profile']}")


def _name(reference: str) -> str:
    return unquote(reference.removeprefix("#/$defs/")).replace("~1", "/").replace("~0", "~")


def _unknown(name: str, properties: Mapping[str, Any], expression: str) -> Issue:
    shown = name if len(name) <= 64 else f"{name[:64]}…"
    known = [known for known in properties if not known.startswith("_")]
    near = element_suggestion(shown.lstrip("_"), known)
    hint = near or f" It has: {', '.join(sorted(known))}."
    text = f"R4 does not define the element '{shown}' here.{hint}"
    return Issue("error", "structure", text, f"{expression}.{shown}")


def _structure(
    keyword: str, node: Note, expression: str, error: jsonschema_rs.ValidationError
) -> Issue:
    name = expression.rpartition(".")[2]
    if keyword == "required":
        missing = error.kind.as_dict()["property"]
        return _missing(missing, expression)
    if keyword == "maxItems":
        return Issue(
            "error", "structure", f"{name} has more than {node['maxItems']} items.", expression
        )
    if keyword in ("minItems", "minProperties"):
        text = f"{name} is empty. FHIR has no empty arrays and objects: leave the property out."
        return Issue("error", "structure", text, expression)
    if keyword == "type":
        return _wrong_json_type(name, node["type"], error.instance, expression)
    return Issue("error", "structure", f"{name} does not have the structure of R4.", expression)


def _wrong_json_type(name: str, wanted: str, value: Any, expression: str) -> Issue:
    if value is None:
        text = f"{name} is null. Leave out what has no value."
    elif wanted == "array":
        text = f"{name} may repeat: put it in an array, even where there is only one."
    elif isinstance(value, list):
        text = f"{name} does not repeat: give one value, not an array."
    else:
        text = f"{name} must be a JSON {wanted}, not {_json_type(value)}."
    return Issue("error", "structure", text, expression)


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
        return Issue(
            "error", "value", f"{name} is longer than {MAX_STRING} characters.", expression
        )
    must = f"{name} ({type_name}) must be {primitive.description}"
    example = f"Example: {primitive.example}"
    if keyword != "type" or isinstance(value, float):
        return Issue("error", "value", f"{must}. {example}", expression)
    return Issue("error", "structure", f"{must}, not {_json_type(value)}. {example}", expression)


def _choice(note: Note, _keyword: str, expression: str, value: Any) -> Issue:
    given = [
        n for n in note["names"] if isinstance(value, dict) and (n in value or f"_{n}" in value)
    ]
    text = f"Only one of {' and '.join(given)} may be given: they are one element, of one type."
    return Issue("error", "structure", text, expression)


def _required(note: Note, _keyword: str, expression: str, _value: Any) -> Issue:
    names = note["names"]
    who = "the profile" if "profile" in note else "R4"
    if len(names) == 1:
        part = f" with the part '{note['parts'][0]}'" if note.get("parts") else ""
        text = f"{names[0]} is missing; {who} requires it here{part}."
    else:
        text = f"{note['element']}[x] is missing; {who} requires one of {', '.join(names[:10])}."
    return Issue("error", "required", text, f"{expression}.{note['element']}")


def _target(note: Note, _keyword: str, expression: str, _value: Any) -> Issue:
    if note["targets"]:
        wanted = f"refer to {either(note['targets'])}"
    else:
        wanted = "refer to a resource type of R4"
    text = (
        f"The reference must {wanted}, as Type/id, an absolute URL, urn:uuid:… within a bundle "
        "or #id for a contained resource."
    )
    return Issue("error", "value", text, expression)


def _codes(note: Note, _keyword: str, expression: str, value: Any) -> Issue:
    name = expression.rpartition(".")[2]
    with_system = note["type"] in ("Coding", "CodeableConcept", "Quantity")
    if not with_system and not isinstance(value, str):
        return _wrong_json_type(name, "string", value, expression)
    text = f"{name} must have a code of the value set {note['valueSet']}"
    listed = _listed(note["codes"], with_system=with_system)
    return Issue("error", "code-invalid", f"{text}{listed}.", expression)


def _listed(codes: Mapping[str, Sequence[str] | None], *, with_system: bool) -> str:
    """Write the codes of a value set, as long as they are few."""
    if sum(len(found or ()) for found in codes.values()) > _MAX_LISTED_CODES:
        return ""
    if not with_system:
        return f": {', '.join(code for found in codes.values() for code in found or ())}"
    parts = [f"{', '.join(found or ['any code'])} of {system}" for system, found in codes.items()]
    return f": {'; '.join(parts)}"


def _forbidden(note: Note, _keyword: str, expression: str, _value: Any) -> Issue:
    return Issue("error", "invariant", f"{note['element']} is not allowed here.", expression)


def _types(note: Note, _keyword: str, expression: str, _value: Any) -> Issue:
    text = f"{note['element']}[x] is not allowed here."
    if note["types"]:
        text = f"{note['element']}[x] must be of type {either(note['types'])}."
    return Issue("error", "invariant", text, f"{expression}.{note['element']}")


def _max(note: Note, _keyword: str, expression: str, _value: Any) -> Issue:
    return _about(expression, f"may be given at most {_times(note['max'])}.")


def _min(note: Note, _keyword: str, expression: str, _value: Any) -> Issue:
    return _about(expression, f"must be given at least {_times(note['min'])}.")


def _fixed(note: Note, _keyword: str, expression: str, _value: Any) -> Issue:
    return _about(expression, f"must be exactly {_json(note['value'])}.")


def _pattern(note: Note, _keyword: str, expression: str, _value: Any) -> Issue:
    return _about(expression, f"must have at least the content {_json(note['value'])}.")


def _slice(note: Note, _keyword: str, expression: str, _value: Any) -> Issue:
    limit = f"least {_times(note['min'])}" if "min" in note else f"most {_times(note['max'])}"
    return _about(expression, f"must have the part '{note['slice']}' at {limit}.")


def _about(expression: str, must: str) -> Issue:
    """Say what the element that an expression ends in must be."""
    return Issue("error", "invariant", f"{expression.rpartition('.')[2]} {must}", expression)


def _closed(note: Note, _keyword: str, expression: str, _value: Any) -> Issue:
    text = f"Only these parts are allowed here: {', '.join(note['slices'])}."
    return Issue("error", "invariant", text, expression)


def _extension(note: Note, _keyword: str, expression: str, value: Any) -> Issue:
    hint = suggestion(str(value), note["known"])
    text = f"No extension with this url is defined.{hint}"
    return Issue("error", "extension", text, expression)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


_BY_RULE: dict[str, Callable[[Note, str, str, Any], Issue]] = {
    "primitive": _primitive,
    "choice": _choice,
    "required": _required,
    "target": _target,
    "codes": _codes,
    "forbidden": _forbidden,
    "types": _types,
    "max": _max,
    "min": _min,
    "fixed": _fixed,
    "pattern": _pattern,
    "slice-min": _slice,
    "slice-max": _slice,
    "closed": _closed,
    "extension": _extension,
}
