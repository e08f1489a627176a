"""What a worker keeps of the conformance resources that are stored: where each is, not itself.

Source: https://hl7.org/fhir/R4/references.html#canonical
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from fhir_server.profiles.canonical_versions import split_canonical, version_key


@dataclass(frozen=True, slots=True)
class Stored:
    """A conformance resource that is in effect, or no longer is.

    Args:
        key: ``Type/id``.
        url: canonical, without version.
        version: the business version; empty for none.
        retired: it answers only to who names its version.
        constrains: the type that a profile is about; empty for what is no profile.
        concepts: names its concepts in the database; empty for what has none.
        updated: when the resource was last changed, in µs.
        revision: of the state in which it took effect.
        in_effect: false for what an index has to forget.
    """

    key: str
    url: str
    version: str
    retired: bool
    constrains: str
    concepts: str
    updated: int
    revision: int
    in_effect: bool = True

    @property
    def resource_type(self) -> str:
        """The type of the resource."""
        return self.key.partition("/")[0]

    @property
    def canonical(self) -> str:
        """Url and version."""
        return f"{self.url}|{self.version}" if self.version else self.url


class ConformanceIndex:
    """Finds stored conformance resources by canonical; immutable.

    Args:
        entries: those in effect.
    """

    def __init__(self, entries: Iterable[Stored] = ()) -> None:
        self._by_key: Mapping[str, Stored] = {each.key: each for each in entries}
        by_url: dict[tuple[str, str], list[Stored]] = {}
        for each in self._by_key.values():
            by_url.setdefault((each.resource_type, each.url), []).append(each)
        for found in by_url.values():
            found.sort(key=lambda each: (version_key(each.version), each.updated), reverse=True)
        self._by_url = by_url

    def __len__(self) -> int:
        """Count what is in effect."""
        return len(self._by_key)

    def changed(self, entries: Iterable[Stored]) -> ConformanceIndex:
        """Give the index after some resources took effect, changed, or are no longer in effect."""
        by_key = {**self._by_key, **{each.key: each for each in entries}}
        return ConformanceIndex(each for each in by_key.values() if each.in_effect)

    def find(self, resource_type: str, canonical: str) -> Stored | None:
        """Give the resource of a canonical.

        With a version just that one, the one changed last where several have it. Without one the
        highest version that is not retired.
        """
        url, version = split_canonical(canonical)
        for each in self._by_url.get((resource_type, url), ()):
            if each.version == version if version else not each.retired:
                return each
        return None

    def exactly(self, resource_type: str, url: str, version: str) -> Stored | None:
        """Give the resource of a url that has a version, or with an empty one has none."""
        found = self._by_url.get((resource_type, url), ())
        return next((each for each in found if each.version == version), None)

    def of_type(self, resource_type: str) -> Iterator[Stored]:
        """Give the resources of a type that a url without version leads to."""
        for kind, url in self._by_url:
            if kind == resource_type and (found := self.find(kind, url)) is not None:
                yield found

    def urls(self, resource_type: str) -> Collection[str]:
        """Give the urls of a type."""
        return [url for kind, url in self._by_url if kind == resource_type]
