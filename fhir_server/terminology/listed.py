"""A code system whose concepts are in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

from fhir_server.terminology.concepts import Concept, Designation, SystemInfo
from fhir_server.terminology.filters import predicate
from fhir_server.terminology.rows import Marks, Row, ancestors_of
from fhir_server.terminology.sources import Selection


class ListedCodeSystem:
    """Concepts by code, in order.

    Args:
        info: the code system.
        rows: as `Row`, or lists in its order without what is empty at the end.
    """

    def __init__(self, info: SystemInfo, rows: Sequence[Sequence[Any]]) -> None:
        self.info = info
        self._rows = rows
        self._positions = {row[0]: position for position, row in enumerate(rows)}
        self._marks = Marks(info.properties)

    def __len__(self) -> int:
        return len(self._rows)

    def concept(self, code: str) -> Concept | None:
        """Give a concept; where the code system is not case-sensitive, in any spelling.

        Where it does not say whether case counts, any is accepted
        (https://hl7.org/fhir/R4/codesystem-definitions.html#CodeSystem.caseSensitive).
        """
        position = self._positions.get(code)
        if position is None and not self.info.case_sensitive:
            position = self._folded.get(code.casefold())
        return None if position is None else self._at(position)

    def children(self, code: str) -> Sequence[str]:
        """Give the codes right below a code, in order."""
        return self._children.get(code, ())

    def is_below(self, code: str, above: str) -> bool:
        """Tell whether a code has another one above it, at any distance."""
        return above in self.ancestors(code)

    def ancestors(self, code: str) -> Mapping[str, None]:
        """Give all codes above a code."""
        return ancestors_of(self._parents, code)

    def descendants(self, code: str) -> Mapping[str, None]:
        """Give all codes below a code, each once."""
        return ancestors_of(self._children, code)

    def has_levels(self) -> bool:
        """Tell whether any code stands above another."""
        return bool(self._parents)

    def select(
        self, selection: Selection, offset: int = 0, limit: int | None = None
    ) -> Iterator[Concept]:
        """Give the wanted concepts in order."""
        wanted = predicate(selection, self)
        found = (c for c in map(self._at, range(len(self._rows))) if wanted(c))
        return islice(found, offset, None if limit is None else offset + limit)

    def count(self, selection: Selection) -> int:
        """Count the wanted concepts."""
        if selection == Selection():
            return len(self._rows)
        return sum(1 for _ in self.select(selection))

    def _at(self, position: int) -> Concept:
        return concept_of(self.info, Row(*self._rows[position]), self._marks, position)

    @cached_property
    def _folded(self) -> Mapping[str, int]:
        return {code.casefold(): position for code, position in self._positions.items()}

    @cached_property
    def _parents(self) -> Mapping[str, Sequence[str]]:
        return {row[0]: row[3] for row in self._rows if len(row) > 3 and row[3]}

    @cached_property
    def _children(self) -> Mapping[str, Sequence[str]]:
        children: dict[str, list[str]] = {}
        for code, parents in self._parents.items():
            for parent in parents:
                children.setdefault(parent, []).append(code)
        return children


def concept_of(info: SystemInfo, row: Row, marks: Marks, position: int) -> Concept:
    """Read a concept of a code system."""
    return Concept(
        system=info.url,
        code=row.code,
        display=row.display,
        definition=row.definition,
        designations=tuple(map(designation, row.designations)),
        properties=tuple(row.properties),
        parents=tuple(row.parents),
        inactive=marks.inactive(row.properties),
        abstract=marks.abstract(row.properties),
        version=info.version,
        position=position,
    )


def designation(entry: Mapping[str, Any]) -> Designation:
    """Read a designation of a CodeSystem or ValueSet."""
    return Designation(entry["value"], entry.get("language"), entry.get("use"))


def info_of(code_system: Mapping[str, Any], count: int | None) -> SystemInfo:
    """Read what a CodeSystem says of itself."""
    return SystemInfo(
        url=code_system["url"],
        version=code_system.get("version"),
        name=code_system.get("name"),
        title=code_system.get("title"),
        content=code_system.get("content", "complete"),
        case_sensitive=code_system.get("caseSensitive"),
        hierarchy_meaning=code_system.get("hierarchyMeaning"),
        count=count,
        supplements=code_system.get("supplements"),
        value_set=code_system.get("valueSet"),
        properties=tuple(code_system.get("property", ())),
        filters=tuple(code_system.get("filter", ())),
    )
