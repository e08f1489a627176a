"""How large a query may be, and how long it may take.

A query of a few lines can ask for more than any server has: nested, repeated by aliases, or by
fragments inside fragments. All is counted before it is validated or run.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from fhir_server.fhir.outcome import FhirError, Issue, invalid

DEEPEST = 15
MOST_FIELDS = 5000
# Fragments count here: they add nothing to the depth of the answer.
MOST_NESTED = 60
MOST_TOKENS = 30_000
# Validation compares fields that are to be merged, each with each other.
MOST_ALIKE = 100
MOST_SPREADS = 300
SECONDS = 15.0
MOST_LOOKUPS = 500
MOST_VALUES = 1_000_000
LONG_TEXT, MOST_TEXT = 1000, 100_000_000
# Of the schema: three times what GraphiQL and its like ask for.
MOST_PARTS = 1_000_000


def too_costly(text: str) -> FhirError:
    """The query asks for more than the server gives in one answer (403)."""
    return FhirError(Issue("error", "too-costly", text))


class Allowance:
    """What a query that runs has left of time, searches and objects."""

    def __init__(self) -> None:
        self._until = time.monotonic() + SECONDS
        self._objects = 0
        self._values = 0
        self._text = 0
        self._lookups = 0

    def check_time(self) -> None:
        """Refuse a query that has taken too long."""
        if time.monotonic() > self._until:
            raise too_costly(f"The query took more than {SECONDS:.0f} s; ask for less at once.")

    def take_object(self, fields: int = 1) -> None:
        """Count an object of the answer, by its fields."""
        self._values += fields
        self._objects += 1
        if self._values > MOST_VALUES:
            raise too_costly(f"The answer has more than {MOST_VALUES} values; ask for less.")
        if self._objects % 64 == 0:
            self.check_time()

    def take_text(self, value: Any) -> None:
        """Count a long text of the answer: one that is stored once may be asked for often."""
        if isinstance(value, str) and len(value) > LONG_TEXT:
            self._text += len(value)
            if self._text > MOST_TEXT:
                raise too_costly(f"The answer has more than {MOST_TEXT} characters in long texts.")

    def take_lookup(self) -> None:
        """Count a search."""
        self._lookups += 1
        if self._lookups > MOST_LOOKUPS:
            raise too_costly(
                f"The query needs more than {MOST_LOOKUPS} searches; ask for fewer at once."
            )
        self.check_time()


def require_bounded(document: DocumentNode) -> None:
    """Refuse a document that is too large or too deep.

    Raises:
        FhirError: 400 for fragments in a cycle; 403 for too much of anything.
    """
    fragments = {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    size = _Size(fragments)
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode | FragmentDefinitionNode):
            size.of(node.selection_set)
    if size.spreads > MOST_SPREADS:
        raise too_costly(f"The query has more than {MOST_SPREADS} fragment spreads.")
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            _require_small(*size.of(node.selection_set))


def _require_small(fields: int, depth: int) -> None:
    if fields > MOST_FIELDS:
        raise too_costly(f"The query has more than {MOST_FIELDS} fields, fragments written out.")
    if depth > DEEPEST:
        raise too_costly(f"The query is more than {DEEPEST} levels deep.")


class _Size:
    """Counts fields and depth as if each fragment stood where it is spread."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self.spreads = 0
        self._fragments = fragments
        self._known: dict[str, tuple[int, int]] = {}
        self._open: list[str] = []
        self._nested = 0
        self._counted: dict[int, tuple[int, int]] = {}

    def of(self, selected: SelectionSetNode) -> tuple[int, int]:
        """Give the number of fields and the depth."""
        found = self._counted.get(id(selected))
        if found is None:
            self._nested += 1
            if self._nested > MOST_NESTED:
                raise too_costly(f"The query nests more than {MOST_NESTED} fields and fragments.")
            found = self._counted[id(selected)] = self._of(selected)
            self._nested -= 1
        return found

    def _of(self, selected: SelectionSetNode) -> tuple[int, int]:
        fields, depth = 0, 0
        alike: dict[str, int] = {}
        for node in selected.selections:
            if isinstance(node, FieldNode):
                key = (node.alias or node.name).value
                alike[key] = alike.get(key, 0) + 1
            more, deeper = self._selection(node)
            fields, depth = fields + more, max(depth, deeper)
        if alike and max(alike.values()) > MOST_ALIKE:
            raise too_costly(f"A field is repeated more than {MOST_ALIKE} times in one place.")
        return fields, depth

    def _selection(self, node: SelectionNode) -> tuple[int, int]:
        if isinstance(node, FragmentSpreadNode):
            self.spreads += 1
            return self._fragment(node.name.value)
        inside = getattr(node, "selection_set", None)
        fields, depth = self.of(inside) if inside is not None else (0, 0)
        if not isinstance(node, FieldNode):
            return fields, depth
        # What is said of the schema nests deeper than any resource, and has a limit of its own.
        return fields + 1, 0 if node.name.value.startswith("__") else depth + 1

    def _fragment(self, name: str) -> tuple[int, int]:
        if name in self._open:
            cycle = " -> ".join((*self._open[self._open.index(name) :], name))
            raise invalid(f"The fragments {cycle[:200]} form a cycle.", code="structure")
        if name not in self._known:
            fragment = self._fragments.get(name)
            if fragment is None:
                return 0, 0  # validation names it
            self._open.append(name)
            self._known[name] = self.of(fragment.selection_set)
            self._open.pop()
        return self._known[name]
