"""Compiles ``is``, ``as`` and ``ofType``.

Source: http://hl7.org/fhirpath/N1/#types,
https://hl7.org/fhir/R4/fhirpath.html#types
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fhir_server.fhirpath.compiled import Compiled, nothing, truth
from fhir_server.fhirpath.items import Frame, Item, system_type
from fhir_server.fhirpath.types import FHIR, TypeInfo, Types


def is_type(types: Types, of: Compiled, name: str) -> Compiled:
    """Compile ``of is name``.

    Raises:
        FhirPathError: there is no such type.
    """
    wanted, loose = types.specified(name)
    one = of.one()
    if of.type is not None and not of.type.is_abstract_resource:
        verdict = fits(of.type, wanted, loose=loose)
        return truth(lambda v, f: None if one(v, f) is None else verdict)
    test = _test(types, wanted, loose=loose)

    def run(v: Any, f: Frame) -> bool | None:
        found = one(v, f)
        return None if found is None else test(found)

    return truth(run)


def cast(types: Types, of: Compiled, name: str) -> Compiled:
    """Compile ``of as name``: those of the items that have the type.

    R4's own expressions cast collections (dom-3, search parameters), which FHIRPath allows for
    ``ofType`` alone; here both do the same.

    Raises:
        FhirPathError: there is no such type.
    """
    wanted, loose = types.specified(name)
    if of.type is not None and not of.type.is_abstract_resource:
        return of if fits(of.type, wanted, loose=loose) else nothing()
    narrowed = of.narrowed(wanted) if of.narrowed else None
    if narrowed is not None:
        return narrowed
    return _filtered(of, wanted, _test(types, wanted, loose=loose), loose=loose)


def _filtered(
    of: Compiled, wanted: TypeInfo, test: Callable[[Any], bool], *, loose: bool
) -> Compiled:
    # A resource is the same object whether or not its type is known.
    is_resource = "Resource" in wanted.lineage
    type_ = wanted if is_resource else None
    fitting = tuple(t for t in of.choices or () if fits(t, wanted, loose=loose))
    choices = None if is_resource or of.choices is None else fitting
    if of.single:
        one = of.one()

        def run(v: Any, f: Frame) -> Any:
            found = one(v, f)
            return found if found is not None and test(found) else None

        return Compiled(type_, one=run, choices=choices)
    items = of.items()
    return Compiled(type_, items=lambda v, f: [x for x in items(v, f) if test(x)], choices=choices)


def fits(found: TypeInfo, wanted: TypeInfo, *, loose: bool) -> bool:
    """Tell whether one type is the other or derived from it.

    Args:
        loose: a primitive of FHIR fits FHIRPath's own type of its kind.
    """
    if found.namespace == wanted.namespace:
        return wanted.name in found.lineage
    return loose and found.namespace == FHIR and found.category == wanted.category


def _test(types: Types, wanted: TypeInfo, *, loose: bool) -> Callable[[Any], bool]:
    def test(found: Any) -> bool:
        if type(found) is Item:
            return fits(found.type, wanted, loose=loose)
        if isinstance(found, Mapping):
            return fits(types.of_resource(found), wanted, loose=False)
        own = system_type(found)
        return own is not None and fits(own, wanted, loose=loose)

    return test
