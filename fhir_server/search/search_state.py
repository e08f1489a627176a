"""What all workers agree on about searching: the parameters that are data, and how far they are.

A `SearchState` is immutable; each method gives the state after a change, one revision later. The
rules of docs/adr/0009-search-parameters-as-data.md are here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

# Raised by whoever changes how values are spelled in the index: entries made before must be remade.
LAYOUT = 7

_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Version:
    """A definition as it was registered.

    Args:
        revision: of the state that registered it; ends the name of its index entries.
        types: the resource types it applies to.
        definition: what of the SearchParameter decides how it searches.
        since: when it was registered, an instant.
    """

    revision: int
    types: tuple[str, ...]
    definition: Mapping[str, Any]
    since: str


@dataclass(frozen=True, slots=True)
class Registered:
    """A stored SearchParameter: what answers searches, and what will when it is complete."""

    active: Version | None = None
    building: Version | None = None

    @property
    def versions(self) -> tuple[Version, ...]:
        """What resources are indexed by."""
        return tuple(each for each in (self.active, self.building) if each is not None)

    @property
    def newest(self) -> Version:
        """The definition as it stands in the SearchParameter."""
        return self.versions[-1]


@dataclass(frozen=True, slots=True)
class SearchState:
    """The registered parameters, and which resources are still indexed by older rules.

    Args:
        revision: counts the changes; a resource carries the one it was indexed with.
        layout: of the index entries; older than `LAYOUT` asks for ``reindex --all``.
        parameters: by the logical id of the SearchParameter.
        due: by resource type, the revision that all its resources should be indexed with.
        whole: the revision of a reindex of everything that is not complete yet.
        target: the layout of the entries that it makes.
    """

    revision: int = 0
    layout: int = LAYOUT
    parameters: Mapping[str, Registered] = field(default_factory=lambda: _NONE)
    due: Mapping[str, int] = field(default_factory=lambda: _NONE)
    whole: int | None = None
    target: int = LAYOUT

    @property
    def waiting(self) -> bool:
        """Whether a definition waits for a reindex before it answers."""
        return any(each.building for each in self.parameters.values())

    def registered(
        self, id_: str, definition: Mapping[str, Any], types: Sequence[str], since: str
    ) -> SearchState:
        """Register a SearchParameter, or its changed definition, to be built."""
        known = self.parameters.get(id_, Registered())
        if known.versions and known.newest.definition == definition:
            return self
        if known.active and known.active.definition == definition:
            return self._with(id_, Registered(known.active), known.versions)
        new = Version(self.revision + 1, tuple(types), definition, since)
        return self._with(id_, replace(known, building=new), (*known.versions, new))

    def withdrawn(self, id_: str) -> SearchState:
        """Remove a SearchParameter: from searches at once, its entries with the next reindex."""
        known = self.parameters.get(id_)
        return self if known is None else self._with(id_, None, known.versions)

    def all_due(self, types: Iterable[str], layout: int = LAYOUT) -> SearchState:
        """Ask for every resource of all types to be indexed anew, unless that is under way.

        Args:
            types: all resource types.
            layout: of the entries to make.
        """
        if self.whole is not None and self.target == layout:
            return self
        revision = self.revision + 1
        due = dict.fromkeys(sorted(types), revision)
        return replace(self, revision=revision, due=due, whole=revision, target=layout)

    def complete(self, work: Mapping[str, int]) -> SearchState:
        """Note that all resources of some types are indexed with given revisions or later ones.

        Args:
            work: the revisions by type.
        """
        revision = self.revision + 1
        due = {type_: at for type_, at in self.due.items() if work.get(type_, 0) < at}
        parameters = dict(self.parameters)
        for id_, known in self.parameters.items():
            new = known.building
            if new and all(work.get(type_, 0) >= new.revision for type_ in new.types):
                parameters[id_] = Registered(new)
                due |= dict.fromkeys(known.active.types if known.active else (), revision)
        done = self.whole is not None and not any(at <= self.whole for at in due.values())
        return replace(
            self,
            revision=revision,
            parameters=parameters,
            due=due,
            whole=None if done else self.whole,
            layout=max(self.target, self.layout) if done else self.layout,
        )

    def _with(
        self, id_: str, entry: Registered | None, concerned: Sequence[Version]
    ) -> SearchState:
        revision = self.revision + 1
        parameters = {key: each for key, each in self.parameters.items() if key != id_}
        if entry is not None:
            parameters[id_] = entry
        types = (type_ for version in concerned for type_ in version.types)
        due = {**self.due, **dict.fromkeys(types, revision)}
        return replace(self, revision=revision, parameters=parameters, due=due)
