"""What compiling a profile needs: definitions, expressions, codes, and the checks of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fhir_server.fhirpath.engine import Engine
from fhir_server.profiles.code_checks import CodeChecks
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.plans.problems import Problems
from fhir_server.profiles.plans.run import Place, Run, Source
from fhir_server.profiles.plans.values import Check
from fhir_server.profiles.scope import Resource


class OtherProfiles(Protocol):
    """The checks of the profiles that a profile names; compiled when they are first met."""

    def is_known(self, url: str) -> bool:
        """Tell whether there is such a profile."""

    def look(self, url: str, value: Any, extension: Any, place: Place, run: Run) -> bool:
        """Check a value as part of a run; False where the profile is not known."""

    def conforms(self, value: Resource, url: str, run: Run) -> bool | None:
        """Tell whether a value conforms to a profile; None where nobody can tell."""


@dataclass(frozen=True, slots=True)
class Instruments:
    """What one profile is compiled with.

    Args:
        source: the profile.
        problems: collects what can't be enforced.
    """

    definitions: Definitions
    engine: Engine
    codes: CodeChecks
    others: OtherProfiles
    source: Source
    problems: Problems

    def is_of_r4(self, constraint: Mapping[str, Any]) -> bool:
        """Tell whether an invariant is R4's own, which R4's plans check."""
        key, expression = constraint.get("key"), constraint.get("expression")
        return (key, expression) in self.definitions.invariant_expressions


def profile_check(source: Source, others: OtherProfiles, urls: Sequence[str]) -> Check:
    """Ask for a value that conforms to a profile, or to one of several."""
    if len(urls) == 1:
        return _one_profile(source, others, urls[0])

    def check(value: Any, _extension: Any, place: Place, run: Run) -> None:
        verdicts = [others.conforms(value, url, run) for url in urls]
        if any(verdicts):
            return
        if None in verdicts:
            _not_known(source, urls[verdicts.index(None)], place, run)
        else:
            text = f"This conforms to none of the profiles {', '.join(urls)}."
            source.report(run, place, "type", text)

    return check


def _one_profile(source: Source, others: OtherProfiles, url: str) -> Check:
    def check(value: Any, extension: Any, place: Place, run: Run) -> None:
        if not others.look(url, value, extension, place, run):
            _not_known(source, url, place, run)

    return check


def _not_known(source: Source, url: str, place: Place, run: Run) -> None:
    text = f"The profile {url} is not known here; this was not checked by it."
    source.unknown(run, place, "type", text)
