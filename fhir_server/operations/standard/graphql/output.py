"""Where values go in the answer, as @flatten, @singleton and @slice say.

Source: https://hl7.org/fhir/R4/graphql.html#flattening
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fhir_server.fhir.outcome import invalid


@dataclass(slots=True)
class Output:
    """One object of the answer.

    Args:
        values: by name, in the order of the query.
        kinds: the FHIR type of each, and whether it came from a flattened field.
    """

    values: dict[str, Any] = field(default_factory=dict)
    kinds: dict[str, tuple[str, bool]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the fields of an object are put.

    Args:
        output: the object of the answer.
        suffix: continues each name, inside a sliced field that is flattened.
        flattened: the fields stand in the place of their parent: those without a value are left
            out.
        several: the parent had several values, so that its fields become lists.
    """

    output: Output
    suffix: str = ""
    flattened: bool = False
    several: bool = False

    def inside(self, suffix: str, several: bool) -> Place:
        """Give the place of what a flattened field holds."""
        return Place(self.output, self.suffix + suffix, True, self.several or several)

    def reserve(self, name: str) -> None:
        """Keep the order of the query for a value that comes later."""
        if not self.flattened:
            self.output.values.setdefault(name + self.suffix, None)

    def put(
        self, name: str, kind: str, values: Sequence[Any] | None, *, listed: bool, single: bool
    ) -> None:
        """Put the values of a field.

        Args:
            name: in the answer, without suffix.
            kind: the FHIR type.
            values: None for an element that is not there.
            listed: the field is a list.
            single: @singleton: the list is given as its one value.

        Raises:
            FhirError: 400 for values that can't stand together.
        """
        name += self.suffix
        if not self.flattened and values is None:
            self.output.values[name] = None
            return
        found = list(values or ())
        if self.flattened and not found:
            return
        self._require_like(name, kind)
        if single or not (listed or self.several):
            self._put_one(name, found, single)
        elif self.flattened:
            self.output.values.setdefault(name, []).extend(found)
        else:
            self.output.values[name] = found

    def _put_one(self, name: str, found: list[Any], single: bool) -> None:
        if len(found) > 1 or (found and self.output.values.get(name) is not None):
            what = "@singleton: " if single else ""
            raise invalid(f"{what}'{name}' has more than one value; use @first, or a list.")
        self.output.values[name] = found[0] if found else None

    def _require_like(self, name: str, kind: str) -> None:
        known = self.output.kinds.setdefault(name, (kind, self.flattened))
        if known != (kind, self.flattened):
            raise invalid(
                f"@flatten brings values of different kinds together under '{name}': "
                "give one of the fields an alias."
            )
