"""Index entries of a resource: what searches will find it by.

One walk down the resource finds the values of all parameters of its type and all texts (see
`search.walking`); references, which may stand anywhere, are found in its bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from sys import intern
from typing import Any
from zoneinfo import ZoneInfo

from fhir_server.fhir import json
from fhir_server.profiles.definitions import Definitions
from fhir_server.search import labels, ranges, tokens
from fhir_server.search.collecting import Collector, Found
from fhir_server.search.parameters import Parameter
from fhir_server.search.plans import Plans
from fhir_server.search.values import referred
from fhir_server.search.words import words_of


@dataclass(frozen=True, slots=True)
class IndexEntries:
    """Index entries of one resource.

    Args:
        tokens: what is looked up by equality or by prefix; spelled in `fhir_server.search.tokens`.
        keys: sort keys by name, made unique by the id at their end. ``P<`` is a parameter's
            smallest value, ``P>`` the end of its greatest range; ``P<month``, ``P<year`` and
            ``P<long`` repeat ``P<`` for ranges that are not short.
        ranges: by parameter, every range; a quantity's with its system|code, code and unit. Of a
            composite: low, high, system|code, code, unit (empty without one), low and high of a
            second range (empty without one), then the token part as ``=code`` and as
            ``;system|code``.
        words: of the narrative as ``n:word``, those that only stand elsewhere as ``c:word``.
        position: longitude and latitude.
        revision: of the search state whose parameters these are.
        facts: what is counted about the resource; empty where nothing is.
        labels: whose it is and whom it is about, spelled as tokens; see `search.labels`.
    """

    tokens: list[str]
    keys: dict[str, str]
    ranges: Mapping[str, Sequence[Sequence[str]]]
    words: list[str] = field(default_factory=list)
    position: tuple[float, float] | None = None
    revision: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    labels: Sequence[str] = ()

    def labelled(self, whole: Sequence[str]) -> IndexEntries:
        """Give the same entries with other labels."""
        return IndexEntries(
            self.tokens, self.keys, self.ranges, self.words, self.position, self.revision,
            self.facts, whole,
        )  # fmt: skip


# Texts that are kept once, of some 60 bytes each.
_MOST_LATELY = 8192

# Gives the facts that are counted about a resource (docs/adr/0011-facts-beside-the-resource.md).
FactsOf = Callable[[dict[str, Any]], Mapping[str, Any]]


def no_facts(_: dict[str, Any]) -> Mapping[str, Any]:
    """Count nothing."""
    return {}


class Indexer:
    """Makes index entries.

    Args:
        definitions: the search parameters and the types they apply to.
        zone: what dates without a zone are local to.
        base_url: the server's own address; references to it are local.
        revision: of the search state that the definitions are of.
        facts_of: gives the facts that are counted about a resource.
        label_rules: say whose a resource is; None labels nothing.
        plans: of these definitions; None for such with full text.
    """

    def __init__(
        self,
        definitions: Definitions,
        zone: ZoneInfo,
        base_url: str,
        *,
        revision: int = 0,
        facts_of: FactsOf = no_facts,
        label_rules: labels.LabelRules | None = None,
        plans: Plans | None = None,
    ) -> None:
        self._label_rules = label_rules
        self._compartment = _compartment(definitions)
        self._revision = revision
        self._facts_of = facts_of
        self._plans = plans or Plans(definitions)
        self._zone = zone
        self._base_url = base_url
        self._lately: dict[str, str] = {}

    def supported_parameters(self, resource_type: str) -> Mapping[str, Parameter]:
        """Give the parameters that resources of a type are indexed by, by code."""
        return self._plans.parameters.of(resource_type)

    def index(
        self, resource: dict[str, Any], id_: str, written: bytes | None = None
    ) -> IndexEntries:
        """Give the entries of a resource.

        Args:
            resource: valid R4.
            id_: ``Type/id``; ends the sort keys.
            written: its JSON as `fhir.json.dump` writes it, where that is known already.
        """
        written = json.dump(resource) if written is None else written
        collector = self._walked(resource, resource)
        for target in sorted(referred(written, self._base_url)):
            anywhere, told = tokens.referring(target)
            if told not in collector.tokens:
                collector.add(anywhere)
        for contained in _contained(resource):
            self._add_contained(contained, collector)
        keys, found = _sorted_values(collector, id_)
        listed = self._once(collector.tokens)
        return IndexEntries(
            listed,
            keys,
            found,
            self._once(words_of(resource, collector.words)) if self._plans.words else [],
            collector.position,
            self._revision,
            self._facts_of(resource),
            self._labels(resource, listed, written),
        )

    def _once(self, texts: Iterable[str]) -> list[str]:
        """Give texts, those that were said lately as the same objects.

        Resources of one bundle say much the same; what is repeated is kept once until all of it is
        stored. Python's own table of such texts never becomes smaller
        (docs/adr/0025-memory-of-a-worker.md).
        """
        if len(self._lately) > _MOST_LATELY:
            self._lately.clear()
        listed = list(texts)
        return list(map(self._lately.setdefault, listed, listed))

    def _labels(
        self, resource: dict[str, Any], found: list[str], written: bytes
    ) -> tuple[str, ...]:
        if self._label_rules is None:
            return ()
        type_ = resource["resourceType"]
        # A Task is in nobody's compartment, and about somebody all the same.
        names = self._compartment.get(type_) or {f"{type_}.patient", f"{type_}.subject"}
        said = labels.said_by(self._label_rules, resource, written, found, names)
        return tuple(said.spelled(type_))

    def _walked(self, resource: dict[str, Any], container: dict[str, Any]) -> Collector:
        collector = Collector(container, self._zone, self._base_url)
        collector.tokens[resource["resourceType"]] = None
        self._plans.walk(resource["resourceType"]).down(resource, collector)
        return collector

    def _add_contained(self, contained: dict[str, Any], into: Collector) -> None:
        """Let the container be found by what a contained resource says."""
        own = self._walked(contained, into.resource)
        into.add(*(f"{tokens.CONTAINED}{token}" for token in own.tokens))
        for name, texts in own.texts.items():
            into.add(*(f"{tokens.CONTAINED}{name}{tokens.TEXT}{text}" for text in texts))
        for name, found in own.ranges.items():
            into.add(*(f"{tokens.CONTAINED}{name}{tokens.START}{low}" for low, *_ in found))


def _compartment(definitions: Definitions) -> dict[str, frozenset[str]]:
    """Give by type the names of the parameters by which it belongs to a patient's compartment."""
    found = definitions.compartment("Patient")
    if found is None:
        return {}
    return {
        type_: frozenset(f"{type_}.{code}" for code in codes)
        for type_, codes in found.parameters.items()
    }


def _contained(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the contained resources."""
    found = resource.get("contained")
    for each in found if isinstance(found, list) else ():
        if isinstance(each, dict) and isinstance(each.get("resourceType"), str):
            yield each


def _sorted_values(collector: Collector, id_: str) -> tuple[dict[str, str], dict[str, list[Found]]]:
    """Give sort keys and ranges; of several values, the tokens that a sort key has not."""
    keys: dict[str, str] = {}
    for name, texts in collector.texts.items():
        _add_texts(name, texts, id_, keys, collector)
    for name, found in collector.ranges.items():
        _add_ranges(name, found, id_, keys, collector)
    by_key = {
        intern(name.replace(".", ":")): sorted(found)
        for name, found in (*collector.ranges.items(), *collector.pairs.items())
    }
    return keys, by_key


def _add_texts(
    name: str, texts: set[str], id_: str, keys: dict[str, str], collector: Collector
) -> None:
    listed = sorted(texts)
    if len(listed) > 1:
        collector.add(*(f"{name}{tokens.TEXT}{text}" for text in listed))
    keys[intern(f"{name.replace('.', ':')}<")] = tokens.NEXT.join([*listed, id_])


def _add_ranges(
    name: str, found: set[Found], id_: str, keys: dict[str, str], collector: Collector
) -> None:
    low, high = next(iter(found))[:2]
    if len(found) > 1:
        collector.add(*(f"{name}{tokens.START}{entry[0]}" for entry in sorted(found)))
        low, high = min(entry[0] for entry in found), max(entry[1] for entry in found)
    key = name.replace(".", ":")
    begins = f"{low} {id_}"
    keys[intern(f"{key}<")] = begins
    keys[intern(f"{key}>")] = f"{high} {id_}"
    span = ranges.span("date" if low[:1].isdigit() else "number", low, high)
    if span:
        keys[intern(f"{key}<{span}")] = begins
