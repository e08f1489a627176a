"""What a URL asks about one search parameter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.search.parameters import Parameter
from fhir_server.search.query import Or
from fhir_server.terminology.terminology import Terminology

# The criterion that no resource fulfils.
NOTHING = Or(())


@dataclass(frozen=True, slots=True)
class Asked:
    """What stands in a URL about one parameter: ``CareTeam?category:not=a,b``.

    Args:
        parameter: which.
        modifier: after the colon; empty for none.
        resource_type: the type that is searched.
        zone: what dates without a zone are local to.
        base_url: the server's own address.
        terms: gives what answers ``:in``, ``:not-in``, ``:above`` and ``:below`` of codes; few
            parameters ask it.
    """

    parameter: Parameter
    modifier: str
    resource_type: str
    zone: ZoneInfo
    base_url: str
    terms: Callable[[], Terminology]

    @property
    def terminology(self) -> Terminology:
        """What answers about codes just now."""
        return self.terms()

    @property
    def spelled(self) -> tuple[Asked, ...]:
        """What is asked, of each parameter whose entries answer it: itself, as a rule."""
        parameter = self.parameter
        if not parameter.said_by:
            return (self,)
        return tuple(
            replace(self, parameter=replace(parameter, name=name, said_by=()))
            for name in parameter.said_by
        )

    @property
    def label(self) -> str:
        """The parameter as the client wrote it."""
        return f"{self.parameter.code}:{self.modifier}" if self.modifier else self.parameter.code

    def refused(self, text: str, code: str = "value") -> FhirError:
        """Make the error for a value; the text must not repeat it, as it may be personal."""
        return FhirError(
            Issue("error", code, f"Search parameter '{self.label}': {text}"), status=400
        )
