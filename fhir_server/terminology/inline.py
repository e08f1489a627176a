"""A code system that is used as it stands in a resource, stored or not, in effect or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fhir_server.profiles.code_checks import Coded, Verdict
from fhir_server.terminology import verdicts
from fhir_server.terminology.compose import NOWHERE, PARTIAL
from fhir_server.terminology.concepts import TerminologyError
from fhir_server.terminology.listed import ListedCodeSystem, info_of
from fhir_server.terminology.rows import rows_of


class InlineCodeSystem(ListedCodeSystem):
    """A code system with the concepts of one resource."""

    def verdict(self, coded: Coded) -> Verdict:
        """Tell whether a code is in it; unknown where the resource has only part of the codes."""
        concept = self.concept(coded.code)
        told = self.info.content not in (*PARTIAL, *NOWHERE)
        verdict = verdicts.of_code_system(self.info.url, concept, told=told)
        if concept is None or not coded.display:
            return verdict
        names = (concept.display or "", *(each.value for each in concept.designations))
        return verdicts.with_display(verdict, coded.display, names)


def inline_code_system(resource: Mapping[str, Any]) -> InlineCodeSystem:
    """Read a CodeSystem.

    Raises:
        TerminologyError: it has no url, which codings name it by.
    """
    if "url" not in resource:
        raise TerminologyError("invalid", "The CodeSystem has no url: codings can't name it.")
    rows = rows_of(resource)
    return InlineCodeSystem(info_of(resource, len(rows)), rows)
