"""What the server itself knows about codes: members of value sets, hierarchies of code systems.

Source: https://hl7.org/fhir/R4/search.html#token (:in, :above, :below),
https://hl7.org/fhir/R4/codesystem.html#hierarchy
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.hierarchies import parents_of
from fhir_server.profiles.value_sets import Codes, canonical_of, members

Parents = Mapping[str, Sequence[str]]


class NotKnown(Exception):
    """The server can't tell; the text says what it lacks, and is fit for a client."""


class Terminology:
    """Answers from the definitions alone; a terminology server may stand in its place.

    Args:
        definitions: R4's value sets and code systems, and the project's own.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._parents = lru_cache(maxsize=256)(self._read_parents)
        self._children = lru_cache(maxsize=256)(self._read_children)

    def members(self, reference: str) -> Codes:
        """Give the codes of a value set by system; None in place of them for the whole system.

        Args:
            reference: its canonical URL, perhaps with ``|version``, or ``ValueSet/id``.

        Raises:
            NotKnown: the value set is not known here, or can't be enumerated.
        """
        url = canonical_of(self._definitions, reference)
        found = self._listed(url) if url else None
        if found is None:
            raise NotKnown(
                "the value set is not known to this server, or can't be enumerated by it. "
                "Name the codes themselves, separated by commas."
            )
        return found

    def _listed(self, url: str) -> Codes | None:
        found = members(self._definitions, url) or self._definitions.enumerated(url)
        return dict(found) if found is not None else None

    def below(self, system: str, code: str) -> tuple[str, ...]:
        """Give a code and all that it subsumes.

        Raises:
            NotKnown: the server knows no hierarchy of the system.
        """
        return _reached(self._children(system), code)

    def above(self, system: str, code: str) -> tuple[str, ...]:
        """Give a code and all that subsume it.

        Raises:
            NotKnown: the server knows no hierarchy of the system.
        """
        return _reached(self._parents(system), code)

    def _read_parents(self, system: str) -> Parents:
        found = parents_of(self._definitions, system)
        if found is None:
            raise NotKnown(
                "the server knows no hierarchy of this code system. "
                "Name the codes themselves, separated by commas."
            )
        return found

    def _read_children(self, system: str) -> Parents:
        children: dict[str, list[str]] = {}
        for code, parents in self._parents(system).items():
            for parent in parents:
                children.setdefault(parent, []).append(code)
        return children


def _reached(steps: Parents, start: str) -> tuple[str, ...]:
    """Give a code and all that steps lead to from it, each once."""
    found = {start: None}
    rest = [start]
    while rest:
        for other in steps.get(rest.pop(), ()):
            if other not in found:
                found[other] = None
                rest.append(other)
    return tuple(found)
