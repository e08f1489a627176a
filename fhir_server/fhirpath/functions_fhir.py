"""The functions that FHIR adds to FHIRPath.

Source: https://hl7.org/fhir/R4/fhirpath.html#functions
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fhir_server.fhirpath import categories
from fhir_server.fhirpath.call import Call
from fhir_server.fhirpath.compiled import Compiled, Run, truth
from fhir_server.fhirpath.errors import FhirPathError
from fhir_server.fhirpath.items import EMPTY, Frame, Item, raw
from fhir_server.fhirpath.navigation import member

_REFERABLE = (categories.STRING, categories.COMPLEX)


def extension(call: Call) -> Compiled:
    """Compile ``extension(url)``."""
    argument = call.argument(0)
    found, url = member(call.types, call.of, "extension"), call.text(argument)
    items = found.items()
    describe_url = _url_of_described if found.type is None else _url_of

    def run(v: Any, f: Frame) -> Sequence[Any]:
        extensions = items(v, f)
        if not extensions:
            return EMPTY
        wanted = url(v, f)
        return [x for x in extensions if describe_url(x) == wanted] if wanted else EMPTY

    return Compiled(found.type, items=run, choices=found.choices)


def _url_of(extension: Any) -> Any:
    return extension.get("url")


def _url_of_described(extension: Any) -> Any:
    value = raw(extension)
    return value.get("url") if isinstance(value, Mapping) else None


def has_value(call: Call) -> Compiled:
    """Compile ``hasValue()``: a single primitive that is more than its extensions."""
    of = call.of
    if of.type is not None and of.single and of.type.is_primitive:
        value, field = of.value(), of.field
        if field is not None:
            return truth(
                lambda v, _f: field in v, definite=True, opposite=lambda v, _f: field not in v
            )
        return truth(lambda v, f: value(v, f) is not None, definite=True)
    items = of.described()

    def run(v: Any, f: Frame) -> bool:
        found = items(v, f)
        return len(found) == 1 and _primitive_value(found[0]) is not None

    return truth(run, definite=True)


def _primitive_value(item: Any) -> Any:
    if type(item) is Item:
        return None if isinstance(item.value, dict | list) else item.value
    return None if isinstance(item, Mapping) else item


def get_value(call: Call) -> Compiled:
    """Compile ``getValue()``."""
    if call.of.single and call.of.category in (categories.STRING, categories.BOOLEAN):
        value = call.of.value()
        return Compiled(call.of.type, value=value, one=value)
    items = call.of.described()

    def run(v: Any, f: Frame) -> Any:
        found = items(v, f)
        if len(found) != 1 or _primitive_value(found[0]) is None:
            return None
        item = found[0]
        return Item(item.value, item.type) if type(item) is Item else item

    return Compiled(None, one=run, choices=call.of.choices)


def resolve(call: Call) -> Compiled:
    """Compile ``resolve()``: what leads nowhere is left out."""
    if call.of.category is not None and call.of.category not in _REFERABLE:
        raise FhirPathError(f"resolve() is for references and uris, not for a {call.of.category}.")
    items, type_ = call.of.items(), call.types.at("Resource")

    def run(v: Any, f: Frame) -> Sequence[Any]:
        found = (_resolved(item, f) for item in items(v, f))
        return [resource for resource in found if resource is not None]

    return Compiled(type_, items=run)


def _resolved(item: Any, frame: Frame) -> Any:
    value = raw(item)
    reference = value.get("reference") if isinstance(value, Mapping) else value
    if not isinstance(reference, str):
        return None
    found = frame.environment.resolve(reference)
    if found is None and reference.startswith("#"):
        return _contained(reference[1:], frame.environment.root)
    return found


def _contained(name: str, root: Mapping[str, Any]) -> Any:
    if not name:
        return root
    contained = root.get("contained") or EMPTY
    return next((c for c in contained if isinstance(c, Mapping) and c.get("id") == name), None)


def html_checks(call: Call) -> Compiled:
    """Compile ``htmlChecks()``."""
    value = call.of.system()

    def run(v: Any, f: Frame) -> bool | None:
        found = value(v, f)
        return None if found is None else f.environment.html_is_safe(raw(found))

    return truth(run)


def conforms_to(call: Call) -> Compiled:
    """Compile ``conformsTo(structure)``; empty for a profile that nobody knows."""
    one, structure = call.of.one(), call.text(call.argument(0))

    def run(v: Any, f: Frame) -> bool | None:
        found = one(v, f)
        url = None if found is None else structure(v, f)
        return None if url is None else f.environment.conforms_to(raw(found), url)

    return truth(run)


def member_of(call: Call) -> Compiled:
    """Compile ``memberOf(valueset)``; empty where nobody can tell."""
    one, value_set = call.of.one(), call.text(call.argument(0))

    def run(v: Any, f: Frame) -> bool | None:
        found = one(v, f)
        value = None if found is None else raw(found)
        url = None if value is None else value_set(v, f)
        return None if url is None else f.environment.member_of(url, value)

    return truth(run)


def subsumes(call: Call) -> Compiled:
    """Compile ``subsumes(code)``."""
    return _subsuming(call.of, call.argument(0))


def subsumed_by(call: Call) -> Compiled:
    """Compile ``subsumedBy(code)``."""
    return _subsuming(call.argument(0), call.of)


def _subsuming(above: Compiled, below: Compiled) -> Compiled:
    one, other = above.one(), below.one()

    def run(v: Any, f: Frame) -> bool | None:
        return _subsumed(_codings(one, v, f), _codings(other, v, f), f)

    return truth(run)


def _subsumed(above: list[Any], below: list[Any], frame: Frame) -> bool | None:
    """Tell whether one of the codings above subsumes one of those below."""
    if not above or not below:
        return None
    open_ = False
    for one in above:
        for other in below:
            if one.get("system") is None or one.get("system") != other.get("system"):
                continue
            codes = str(one.get("code")), str(other.get("code"))
            found = frame.environment.subsumes(str(one["system"]), *codes)
            if found:
                return True
            open_ = open_ or found is None
    return None if open_ else False


def _codings(one: Run, v: Any, f: Frame) -> list[Any]:
    found = one(v, f)
    value = None if found is None else raw(found)
    if value is None:
        return []
    if not isinstance(value, Mapping):
        raise FhirPathError("Only a Coding or CodeableConcept says which system its code is of.")
    return list(value.get("coding") or ()) if "coding" in value else [value]


def refused(call: Call) -> Compiled:
    """Refuse a function that asks about definitions instead of data.

    ``elementDefinition()``, ``slice()`` and ``checkModifiers()`` are given no meaning for rules
    of profiles; an expression with one would never say what its author meant.
    """
    raise FhirPathError(f"{call.function}() is not supported in this server's rules.")
