"""Bindings: whether codes are in the value sets that a profile asks for.

Source: https://hl7.org/fhir/R4/terminologies.html#strength,
http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_server.profiles.code_checks import CodeChecks, Coded, Verdict
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.plans.run import Place, Run, Source, name_of
from fhir_server.profiles.plans.values import Check
from fhir_server.profiles.value_sets import members

# A code, and the steps that lead to it from the element.
Found = tuple[Coded, tuple[str | int, ...]]

_BARE = ("code", "string", "uri", "id", "markdown", "url", "canonical", "oid", "uuid")
_QUANTITIES = (
    "Quantity",
    "Age",
    "Count",
    "Distance",
    "Duration",
    "MoneyQuantity",
    "SimpleQuantity",
)
_MAX_LISTED_CODES = 20


@dataclass(frozen=True, slots=True)
class Bound:
    """A value set that codes come from.

    Args:
        value_set: canonical.
        required: whether a code outside is an error; else it is a warning.
    """

    value_set: str
    required: bool


def can_be_bound(type_code: str) -> bool:
    """Tell whether a type has codes that a binding speaks of."""
    return type_code in (*_BARE, *_QUANTITIES, "Coding", "CodeableConcept")


def binding_check(
    source: Source, codes: CodeChecks, definitions: Definitions, bound: Bound, type_code: str
) -> Check:
    """Ask for codes of a value set.

    A CodeableConcept needs one coding of it. Without any coding it passes a required binding
    where an extension says why; text alone does not.
    """
    binding = _Binding(source, codes, definitions, bound)
    if type_code == "CodeableConcept":
        return binding.concept
    if type_code == "Coding" or type_code in _QUANTITIES:
        return binding.coding
    return binding.bare


def membership(codes: CodeChecks, value_set: str) -> Callable[[Any], bool]:
    """Give what tells whether a value has a code that is known to be of a value set."""

    def holds(value: Any) -> bool:
        return any(codes.in_value_set(value_set, coded).holds for coded, _ in _found(value))

    return holds


class _Binding:
    """One binding of one element."""

    __slots__ = ("_bound", "_codes", "_definitions", "_source")

    def __init__(
        self, source: Source, codes: CodeChecks, definitions: Definitions, bound: Bound
    ) -> None:
        self._source = source
        self._codes = codes
        self._definitions = definitions
        self._bound = bound

    def bare(self, value: Any, _extension: Any, place: Place, run: Run) -> None:
        if isinstance(value, str):
            verdict = self._codes.in_value_set(self._bound.value_set, Coded(value))
            if not verdict.holds:
                self._outside([verdict], place, place, run, with_system=False)

    def coding(self, value: Any, _extension: Any, place: Place, run: Run) -> None:
        found = list(_found(value))
        if not found:
            # A Coding or Quantity without a code has none of the value set.
            if self._bound.required and isinstance(value, dict):
                self._outside([Verdict(False)], place, place, run)
            return
        self._look(found, place, run)

    def concept(self, value: Any, _extension: Any, place: Place, run: Run) -> None:
        if not isinstance(value, dict):
            return
        found = list(_found(value))
        if found:
            self._look(found, place, run)
        elif self._bound.required and ("coding" in value or "extension" not in value):
            self._outside([Verdict(False)], place, place, run)

    def _look(self, found: Sequence[Found], place: Place, run: Run) -> None:
        verdicts = [self._codes.in_value_set(self._bound.value_set, coded) for coded, _ in found]
        for (_, steps), verdict in zip(found, verdicts, strict=True):
            if verdict.wrong_display:
                self._wrong_display(verdict, _at(place, steps[:-1]), run)
        if not any(verdict.holds for verdict in verdicts):
            # Where several codes are tried, none of them alone is the wrong one.
            where = _at(place, found[0][1]) if len(found) == 1 else place
            self._outside(verdicts, where, place, run)

    def _outside(
        self,
        verdicts: Sequence[Verdict],
        where: Place,
        element: Place,
        run: Run,
        *,
        with_system: bool = True,
    ) -> None:
        unknown = next((verdict for verdict in verdicts if verdict.holds is None), None)
        if unknown is not None:
            text = f"Whether {name_of(element)} has a code of the value set "
            text += f"{self._bound.value_set} can't be told here."
            self._unknown(run, where, f"{text} {unknown.text}".rstrip())
            return
        must = "must" if self._bound.required else "should"
        text = f"{name_of(element)} {must} have a code of the value set {self._bound.value_set}"
        listed = self._listed(with_system=with_system)
        reason = verdicts[0].text if not listed and len(verdicts) == 1 else ""
        severity = "error" if self._bound.required else "warning"
        self._source.report(
            run,
            where,
            "binding",
            f"{text}{listed}. {reason}".rstrip(),
            severity=severity,  # type: ignore[arg-type]
            code="code-invalid",
        )

    def _unknown(self, run: Run, where: Place, text: str) -> None:
        if run.first_time(f"value set {self._bound.value_set}"):
            self._source.report(
                run, where, "binding", text, severity="warning", code="code-invalid"
            )

    def _wrong_display(self, verdict: Verdict, where: Place, run: Run) -> None:
        text = "The display is not what the code system calls the code."
        if verdict.display is not None:
            text += f" It calls it '{verdict.display}'."
        self._source.report(
            run, (where, ".display"), "binding", text, severity="warning", code="code-invalid"
        )

    def _listed(self, *, with_system: bool) -> str:
        """Write the codes of a value set, as long as they are few."""
        codes = members(self._definitions, self._bound.value_set)
        if codes is None or sum(len(found or ()) for found in codes.values()) > _MAX_LISTED_CODES:
            return ""
        if not with_system:
            return f": {', '.join(code for found in codes.values() for code in found or ())}"
        parts = [f"{', '.join(found or ['any code'])} of {name}" for name, found in codes.items()]
        return f": {'; '.join(parts)}"


def _found(value: Any) -> Iterator[Found]:
    """Give the codes of a code, Coding, Quantity or CodeableConcept."""
    if isinstance(value, str):
        yield Coded(value), ()
    elif isinstance(value, dict) and isinstance(value.get("coding"), list):
        for position, coding in enumerate(value["coding"]):
            if isinstance(coding, dict) and isinstance(coding.get("code"), str):
                yield _coded(coding), (".coding", position, ".code")
    elif isinstance(value, dict) and isinstance(value.get("code"), str):
        yield _coded(value), (".code",)


def _coded(coding: Mapping[str, Any]) -> Coded:
    # A Quantity has the text of its unit where a Coding has its display; they differ by rule.
    return Coded(
        coding["code"],
        _text(coding.get("system")) or "",
        _text(coding.get("version")),
        _text(coding.get("display")),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _at(place: Place, steps: Sequence[str | int]) -> Place:
    for step in steps:
        place = (place, step)
    return place
