"""Compiled schemas: a quick yes or no, and reasons when the answer is no."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from threading import Lock
from typing import Any, Generic, TypeVar

import jsonschema_rs

from fhir_server.fhir.outcome import Issue
from fhir_server.profiles.compiler import Schema, StructureCompiler
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.explanations import MAX_ISSUES, Explainer, Explanation
from fhir_server.profiles.expressions import Path, expression_of
from fhir_server.profiles.primitive_extensions import unpaired
from fhir_server.profiles.primitives import INTEGER_SCHEMA, INTEGER_URI

Value = TypeVar("Value")
_LARGE = 10_000
_FEW_TYPES = 8
_ONLY_FIRST = Issue(
    "information", "informational", "The resource is large: only the first problem is listed."
)


class Cache(Generic[Value]):
    """Values made on first use, once each also when several threads ask."""

    def __init__(self, make: Callable[[str], Value]) -> None:
        self._make = make
        self._values: dict[str, Value] = {}
        self._lock = Lock()

    def __getitem__(self, key: str) -> Value:
        found = self._values.get(key)
        if found is not None:
            return found
        with self._lock:
            if key not in self._values:
                self._values[key] = self._make(key)
            return self._values[key]


class StructureCheck:
    """The structure that R4 gives a resource type, with reasons.

    Args:
        definitions: for writing places as FHIRPath.
        schema: with its ``x-fhir`` notes.
        type_name: the type that it describes.
    """

    def __init__(self, definitions: Definitions, schema: Schema, type_name: str) -> None:
        self._definitions = definitions
        self._type = type_name
        self._explainer = Explainer(definitions, schema, type_name)
        self._validator = compiled(schema)

    def explain(self, resource: Mapping[str, Any], root: str) -> Explanation:
        """Give what is wrong with a resource that `QuickStructure` refused; nothing may be.

        Arrays of primitives with extensions are rare, and JSON Schema can't say that they must
        fit each other: the quick schema refuses them, and they are looked at here.

        Of a large resource only the first problem is given: listing the errors of a few megabytes
        of nonsense takes seconds.

        Args:
            root: FHIRPath of the resource.
        """
        large = is_large(resource)
        found = self._explainer.explain(self._errors(resource, large=large), root)
        if large and found.issues:
            return Explanation([*found.issues, _ONLY_FIRST], found.wrong, complete=False)
        places = tuple(issue.expression or "" for issue in found.issues)
        pairs = list(islice(unpaired(resource, self._expression(root)), MAX_ISSUES))
        new = [pair for pair in pairs if not _is_known(pair[0].expression or "", places)]
        return Explanation(
            [*found.issues, *(issue for issue, _ in new)],
            [*found.wrong, *(path for _, path in new)],
            complete=found.complete and len(pairs) < MAX_ISSUES,
        )

    def _errors(
        self, resource: Mapping[str, Any], *, large: bool
    ) -> Iterable[jsonschema_rs.ValidationError]:
        if not large:
            return self._validator.iter_errors(resource)
        try:
            self._validator.validate(resource)
        except jsonschema_rs.ValidationError as error:
            return [error]
        return []

    def _expression(self, root: str) -> Callable[[Path], str]:
        return lambda path: expression_of(self._definitions, self._type, path, root)


class QuickStructure:
    """Yes or no: has a resource the structure that R4 gives its type?

    A schema of one type takes 15 ms to compile and 3 MB, most of it for data types that all
    share; one schema of all 146 takes 250 ms and 65 MB while it is made. So types that were not
    prepared are compiled one by one as they come, and where more are in use, all of them together.

    Args:
        compiler: gives the schemas.
        resource_types: all there are.
    """

    def __init__(self, compiler: StructureCompiler, resource_types: Sequence[str]) -> None:
        self._compiler = compiler
        self._types = resource_types
        self._single: dict[str, jsonschema_rs.Draft202012Validator] = {}
        self._together: dict[str, jsonschema_rs.Draft202012Validator] = {}
        self._lock = Lock()

    def prepare(self, resource_types: Iterable[str]) -> None:
        """Compile some types together before they are asked for."""
        with self._lock:
            self._compile_together(resource_types)

    def accepts(self, resource: Mapping[str, Any]) -> bool:
        """Tell whether a resource of a known type has the structure of its type."""
        resource_type = resource["resourceType"]
        together = self._together.get(resource_type)
        if together is not None:
            return together.is_valid({resource_type: resource})
        single = self._single.get(resource_type)
        if single is None:
            self._add(resource_type)
            return self.accepts(resource)
        return single.is_valid(resource)

    def _add(self, resource_type: str) -> None:
        with self._lock:
            if resource_type in self._together or resource_type in self._single:
                return
            if len(self._single) < _FEW_TYPES:
                schema = self._compiler.compile(resource_type)
                self._single[resource_type] = compiled(schema)
            else:
                self._compile_together(self._types)
                self._single = {}

    def _compile_together(self, resource_types: Iterable[str]) -> None:
        names = [name for name in resource_types if name not in self._together]
        check = compiled(self._compiler.compile_by_name(names))
        self._together = {**self._together, **dict.fromkeys(names, check)}


def _is_known(place: str, places: tuple[str, ...]) -> bool:
    """Tell whether a problem has been found at a place or inside it."""
    return any(known.startswith(place) for known in places)


def is_large(resource: Mapping[str, Any]) -> bool:
    """Tell whether a resource has more than 10,000 values."""
    count, waiting = 0, list[Any]([resource])
    while waiting and count <= _LARGE:
        value = waiting.pop()
        inner = value.values() if isinstance(value, dict) else value
        count += len(inner)
        waiting += [item for item in islice(inner, _LARGE) if isinstance(item, dict | list)]
    return count > _LARGE


def compiled(schema: Schema) -> jsonschema_rs.Draft202012Validator:
    """Compile a schema; regular expressions run in time linear to the text."""
    return jsonschema_rs.Draft202012Validator(
        _without_notes(schema),
        registry=jsonschema_rs.Registry([(INTEGER_URI, INTEGER_SCHEMA)]),
        pattern_options=jsonschema_rs.RegexOptions(),
        validate_formats=False,
        offline=True,
    )


def _without_notes(schema: Any) -> Any:
    """Leave out what only explanations need: it would take a third of the memory."""
    if isinstance(schema, dict):
        return {key: _without_notes(item) for key, item in schema.items() if key != "x-fhir"}
    if isinstance(schema, list):
        return [_without_notes(item) for item in schema]
    return schema
