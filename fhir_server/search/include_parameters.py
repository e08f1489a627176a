"""``_include`` and ``_revinclude``: which references to follow from the results.

    Type:parameter              what the parameter refers to
    Type:parameter:Target       the same, if it is of this type
    Type:*                      every reference of the type
    *                           every reference

Source: https://hl7.org/fhir/R4/search.html#include
"""

from __future__ import annotations

from fhir_server.fhir.outcome import Issue
from fhir_server.profiles.definitions import Definitions
from fhir_server.search.draft import Draft, hint, listed, refused
from fhir_server.search.parameters import Parameter, Parameters
from fhir_server.search.query import Include

INCLUDE_PARAMETERS = ("_include", "_revinclude")
EVERY = "*"
MOST_INCLUDES = 30


class IncludeParameters:
    """Reads them into a draft.

    Args:
        definitions: tell the resource types.
        parameters: the references of each type.
    """

    def __init__(self, definitions: Definitions, parameters: Parameters) -> None:
        self._definitions = definitions
        self._parameters = parameters

    def read(self, draft: Draft, name: str, value: str) -> bool:
        """Read one.

        Returns:
            Whether it can have an effect; a warning says why it can't.

        Raises:
            FhirError: 400 for what names no reference; it lists those there are.
        """
        code, colon, modifier = name.partition(":")
        if colon and modifier != "iterate":
            older = " (the older :recurse is written :iterate)" if modifier == "recurse" else ""
            raise refused(f"{code}: the modifier is not supported{older}. Valid: :iterate.")
        if len(draft.includes) + len(draft.revincludes) >= MOST_INCLUDES:
            raise refused(f"A search takes at most {MOST_INCLUDES} _include.", "too-costly")
        include = self._include(code, value, iterate=bool(colon))
        if code == "_revinclude":
            self._require_target(draft, include, value)
            draft.revincludes.append(include)
        elif include.iterate or include.source in ("", *draft.searched):
            draft.includes.append(include)
        else:
            draft.warnings.append(_without_effect(include, draft, value))
            return False
        return True

    def _include(self, name: str, value: str, *, iterate: bool) -> Include:
        if value == EVERY:
            return Include((EVERY,), iterate=iterate)
        parts = value.split(":")
        if not 2 <= len(parts) <= 3 or not all(parts):
            raise refused(
                f"{name} has the form Type:parameter, Type:parameter:Target, Type:* or *."
            )
        source, code, target = parts[0], parts[1], parts[2] if len(parts) == 3 else ""
        for each in (source, target):
            if each and not self._definitions.is_resource_type(each):
                near = hint(each, self._definitions.resource_types)
                raise refused(f"{name}: '{each[:64]}' is not a resource type of R4.{near}")
        if code == EVERY:
            return Include((EVERY,), source, target, iterate)
        parameter = self._reference(name, source, code)
        if target and target not in parameter.targets:
            raise refused(
                f"{name}: '{source}:{code}' does not refer to '{target}'. "
                f"Valid: {listed(parameter.targets)}."
            )
        return Include((parameter.name,), source, target, iterate)

    def _reference(self, name: str, source: str, code: str) -> Parameter:
        references = self._references(source)
        if code not in references:
            names = [f"{source}:{each}" for each in references]
            raise refused(
                f"{name}: '{source}:{code[:64]}' is no reference."
                f"{hint(f'{source}:{code}', names)} Valid: {listed([*names, f'{source}:*'])}."
            )
        return references[code]

    def _references(self, type_: str) -> dict[str, Parameter]:
        own = self._parameters.of(type_).items()
        return {code: parameter for code, parameter in own if parameter.type == "reference"}

    def _require_target(self, draft: Draft, include: Include, value: str) -> None:
        if include.iterate or include.names == (EVERY,):
            return
        references = self._references(include.source).values()
        targets = next(each.targets for each in references if each.name == include.names[0])
        reached = {include.target} if include.target else set(targets)
        if reached.isdisjoint(draft.searched):
            usable = [
                f"{include.source}:{each}"
                for each, parameter in self._references(include.source).items()
                if not set(parameter.targets).isdisjoint(draft.searched)
            ]
            raise refused(
                f"_revinclude: '{value[:128]}' does not refer to {draft.what}. "
                f"Valid of {include.source}: {listed(usable)}."
            )


def _without_effect(include: Include, draft: Draft, value: str) -> Issue:
    return Issue(
        "warning",
        "not-supported",
        f"Ignored: _include={value[:128]} follows the references of {include.source}, and the "
        f"results are of {draft.what}. To follow what was included, write _include:iterate.",
    )
