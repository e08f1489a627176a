"""A code system that is used as it stands in a resource, stored or not, in effect or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fhir_server.profiles.code_checks import Coded, Verdict
from fhir_server.terminology.concepts import TerminologyError
from fhir_server.terminology.listed import ListedCodeSystem, info_of
from fhir_server.terminology.rows import rows_of


class InlineCodeSystem(ListedCodeSystem):
    """A code system with the concepts of one resource."""

    def verdict(self, coded: Coded) -> Verdict:
        """Tell whether a code is in it; unknown where the resource has only part of the codes."""
        found = self.concept(coded.code)
        if found is not None:
            return Verdict(True, display=found.display)
        if self.info.content != "complete":
            return Verdict(None, "The code system has only part of its codes here.")
        return Verdict(False, "There is no such code in the code system.")


def inline_code_system(resource: Mapping[str, Any]) -> InlineCodeSystem:
    """Read a CodeSystem.

    Raises:
        TerminologyError: it has no url, which codings name it by.
    """
    if "url" not in resource:
        raise TerminologyError("invalid", "The CodeSystem has no url: codings can't name it.")
    rows = rows_of(resource)
    return InlineCodeSystem(info_of(resource, len(rows)), rows)
