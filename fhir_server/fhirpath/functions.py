"""All functions by name, with the number of arguments they take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fhir_server.fhir.suggestions import suggestion
from fhir_server.fhirpath import functions_collections as collections
from fhir_server.fhirpath import functions_conversion as conversion
from fhir_server.fhirpath import functions_fhir as fhir
from fhir_server.fhirpath import functions_iteration as iteration
from fhir_server.fhirpath import functions_math as mathematics
from fhir_server.fhirpath import functions_strings as strings
from fhir_server.fhirpath import functions_tree as tree
from fhir_server.fhirpath.call import Call
from fhir_server.fhirpath.compiled import Compiled
from fhir_server.fhirpath.errors import FhirPathError


@dataclass(frozen=True, slots=True)
class Function:
    """A function.

    Args:
        compile: makes closures of a call.
        least: how many arguments it needs.
        most: how many it takes.
    """

    compile: Callable[[Call], Compiled]
    least: int = 0
    most: int = 0


def compiled(call: Call) -> Compiled:
    """Compile a call.

    Raises:
        FhirPathError: there is no such function, or not with as many arguments.
    """
    function = FUNCTIONS.get(call.function)
    if function is None:
        hint = suggestion(call.function, list(FUNCTIONS))
        raise FhirPathError(f"There is no function {call.function}().{hint}")
    if not function.least <= len(call.arguments) <= function.most:
        raise FhirPathError(f"{call.function}() takes {_count(function)}.")
    return function.compile(call)


def _count(function: Function) -> str:
    if function.most == 0:
        return "no argument"
    if function.least == function.most:
        return f"{function.most} argument{'s' if function.most > 1 else ''}"
    return f"{function.least} to {function.most} arguments"


FUNCTIONS: dict[str, Function] = {
    "empty": Function(collections.empty),
    "exists": Function(iteration.exists, 0, 1),
    "all": Function(iteration.every, 1, 1),
    "allTrue": Function(collections.quantified(wanted=False, verdict=False)),
    "anyTrue": Function(collections.quantified(wanted=True, verdict=True)),
    "allFalse": Function(collections.quantified(wanted=True, verdict=False)),
    "anyFalse": Function(collections.quantified(wanted=False, verdict=True)),
    "subsetOf": Function(collections.subset_of, 1, 1),
    "supersetOf": Function(collections.superset_of, 1, 1),
    "count": Function(collections.count),
    "distinct": Function(collections.distinct),
    "isDistinct": Function(collections.is_distinct),
    "not": Function(collections.negated),
    "where": Function(iteration.where, 1, 1),
    "select": Function(iteration.select, 1, 1),
    "repeat": Function(iteration.repeat, 1, 1),
    "aggregate": Function(iteration.aggregate, 1, 2),
    "iif": Function(iteration.iif, 2, 3),
    "single": Function(collections.single),
    "first": Function(collections.first),
    "last": Function(collections.last),
    "tail": Function(collections.tail),
    "skip": Function(collections.skip, 1, 1),
    "take": Function(collections.take, 1, 1),
    "intersect": Function(collections.intersect, 1, 1),
    "exclude": Function(collections.exclude, 1, 1),
    "union": Function(collections.union_function, 1, 1),
    "combine": Function(collections.combine, 1, 1),
    "toQuantity": Function(conversion.quantity, 0, 1),
    "convertsToQuantity": Function(conversion.is_quantity, 0, 1),
    "indexOf": Function(strings.index_of, 1, 1),
    "substring": Function(strings.substring, 1, 2),
    "startsWith": Function(strings.starts_with, 1, 1),
    "endsWith": Function(strings.ends_with, 1, 1),
    "contains": Function(strings.contains, 1, 1),
    "upper": Function(strings.changed(str.upper)),
    "lower": Function(strings.changed(str.lower)),
    "replace": Function(strings.replace, 2, 2),
    "matches": Function(strings.matches, 1, 1),
    "replaceMatches": Function(strings.replace_matches, 2, 2),
    "length": Function(strings.length),
    "toChars": Function(strings.characters),
    "abs": Function(mathematics.absolute),
    "ceiling": Function(mathematics.ceiling),
    "exp": Function(mathematics.exp),
    "floor": Function(mathematics.floor),
    "ln": Function(mathematics.ln),
    "log": Function(mathematics.log, 1, 1),
    "power": Function(mathematics.power, 1, 1),
    "round": Function(mathematics.rounded, 0, 1),
    "sqrt": Function(mathematics.sqrt),
    "truncate": Function(mathematics.truncate),
    "children": Function(tree.children),
    "descendants": Function(tree.descendants),
    "trace": Function(tree.trace, 1, 2),
    "now": Function(tree.now),
    "today": Function(tree.today),
    "timeOfDay": Function(tree.time_of_day),
    "type": Function(tree.type_of),
    "extension": Function(fhir.extension, 1, 1),
    "hasValue": Function(fhir.has_value),
    "getValue": Function(fhir.get_value),
    "resolve": Function(fhir.resolve),
    "htmlChecks": Function(fhir.html_checks),
    "conformsTo": Function(fhir.conforms_to, 1, 1),
    "memberOf": Function(fhir.member_of, 1, 1),
    "subsumes": Function(fhir.subsumes, 1, 1),
    "subsumedBy": Function(fhir.subsumed_by, 1, 1),
    "elementDefinition": Function(fhir.refused),
    "slice": Function(fhir.refused, 0, 2),
    "checkModifiers": Function(fhir.refused, 0, 100),
}
for _name, (_convert, _type) in conversion.CONVERSIONS.items():
    FUNCTIONS[f"to{_name}"] = Function(conversion.converting(_convert, _type))
    FUNCTIONS[f"convertsTo{_name}"] = Function(conversion.convertible(_convert))
