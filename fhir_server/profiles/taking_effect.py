"""Whether a conformance resource that is stored takes effect, and what it is then.

Source: https://hl7.org/fhir/R4/conformance-module.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_server.profiles.canonical_versions import split_canonical, version_key
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.snapshot_generator import generate

Resource = Mapping[str, Any]
# Says why a profile, which has its snapshot, can't be enforced; nothing where it can be.
Problems = Callable[[Definitions, Resource], Sequence[str]]

PROFILE = "StructureDefinition"
TYPES = (PROFILE, "ValueSet", "CodeSystem", "ConceptMap")
MAX_REASON = 1000
_FOR_READERS = ("definition", "comment", "requirements", "alias", "example", "mapping")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of a conformance resource.

    Args:
        effective: the resource as it takes effect, a profile with its snapshot; None where it
            doesn't.
        reason: why it doesn't take effect though it might have; empty where there is nothing to
            say.
        owned: its url belongs to R4 or to this server.
        needs: urls of the profiles that it was made with, or that were missing.
    """

    effective: Resource | None
    reason: str = ""
    owned: bool = False
    needs: frozenset[str] = frozenset()


class Drafts:
    """Conformance resources that are about to be stored, seen together with what is in effect.

    It is a `ConformanceSource`: a draft hides what is stored under the same canonical.

    Args:
        definitions: what is published and in effect.
        drafts: all that is to be stored at once.
        problems: checks a profile.
    """

    def __init__(
        self, definitions: Definitions, drafts: Iterable[Resource], problems: Problems
    ) -> None:
        self._before = definitions
        self._definitions = definitions.with_conformance(self)
        self._problems = problems
        self._drafts: dict[tuple[str, str], list[Resource]] = {}
        for draft in drafts:
            self._drafts.setdefault((draft["resourceType"], str(draft.get("url"))), []).append(
                draft
            )
        for found in self._drafts.values():
            found.sort(key=lambda each: version_key(str(each.get("version", ""))), reverse=True)
        self._judged: dict[int, Judgement] = {}
        self._under_way: set[int] = set()
        self._needs: set[str] = set()

    def judge(self, resource: Resource) -> Judgement:
        """Tell what becomes of one of the drafts."""
        known = self._judged.get(id(resource))
        if known is None:
            self._under_way.add(id(resource))
            known = self._judged[id(resource)] = self._judge(resource)
            self._under_way.discard(id(resource))
        return known

    def get(self, resource_type: str, canonical: str) -> Resource | None:
        """Give a resource by canonical: a draft, or one that is stored."""
        url, version = split_canonical(canonical)
        for draft in self._drafts.get((resource_type, url), ()):
            if version in ("", draft.get("version")) and id(draft) not in self._under_way:
                return self.judge(draft).effective
        stored = self._before.stored
        return None if stored is None else stored.get(resource_type, canonical)

    def of_type(self, resource_type: str) -> Iterator[Resource]:
        """Give the resources of a type."""
        for url in self.urls(resource_type):
            found = self.get(resource_type, url)
            if found is not None:
                yield found

    def urls(self, resource_type: str) -> Collection[str]:
        """Give the urls of a type."""
        stored = self._before.stored
        before = () if stored is None else stored.urls(resource_type)
        own = (url for kind, url in self._drafts if kind == resource_type)
        return list(dict.fromkeys([*own, *before]))

    def profiles_of(self, type_name: str) -> Collection[str]:
        """Give the canonicals of the profiles on a type."""
        stored = self._before.stored
        before = () if stored is None else stored.profiles_of(type_name)
        own = (
            url
            for (kind, url), drafts in self._drafts.items()
            if kind == PROFILE and any(each.get("type") == type_name for each in drafts)
        )
        return list(dict.fromkeys([*own, *before]))

    def _judge(self, resource: Resource) -> Judgement:
        type_, url = resource["resourceType"], resource.get("url")
        if not isinstance(url, str) or not url:
            return Judgement(None)
        if self._definitions.publishes(type_, url):
            owner = "R4" if url.startswith("http://") and "hl7.org/" in url else "this server"
            text = f"its url belongs to {owner}, whose own definition stands"
            return Judgement(None, text, owned=True)
        return self._profile(resource) if type_ == PROFILE else Judgement(resource)

    def _profile(self, resource: Resource) -> Judgement:
        if resource.get("kind") == "logical":
            return Judgement(None)  # there is nothing that it could be enforced on
        if resource.get("derivation") != "constraint":
            return Judgement(None, "it is no constraint, and R4's types can't be added to")
        type_ = str(resource.get("type"))
        if self._definitions.kind(type_) is None:
            return Judgement(None, f"R4 has no type {type_}")
        outer, self._needs = self._needs, set()
        try:
            judgement = self._with_snapshot(resource)
        finally:
            needs, self._needs = self._needs, outer
        if judgement.effective is not None:
            problems = self._problems(self._definitions, judgement.effective)
            if problems:
                judgement = Judgement(None, _joined(problems))
        return Judgement(judgement.effective, judgement.reason, needs=frozenset(needs))

    def _with_snapshot(self, resource: Resource) -> Judgement:
        if resource.get("snapshot", {}).get("element"):
            return Judgement(resource)
        generated = generate(resource, self._find)
        if generated.definition is None:
            said = [_with_place(each.text, each.expression) for each in generated.issues]
            return Judgement(None, _joined(said))
        return Judgement(generated.definition)

    def _find(self, canonical: str) -> Resource | None:
        url = split_canonical(canonical)[0]
        if not self._definitions.publishes(PROFILE, url):
            self._needs.add(url)
        return self._definitions.conformance(PROFILE, canonical)


def slim(resource: Resource) -> dict[str, Any]:
    """Leave out what only readers of the resource itself want, most of a profile's size."""
    kept = {key: value for key, value in resource.items() if key not in ("text", "mapping")}
    for part in ("snapshot", "differential"):
        if resource["resourceType"] == PROFILE and isinstance(kept.get(part), dict):
            elements = [_slim_element(each) for each in kept[part].get("element", ())]
            kept[part] = {"element": elements}
    return kept


def _slim_element(element: Resource) -> dict[str, Any]:
    return {key: value for key, value in element.items() if key not in _FOR_READERS}


def _with_place(text: str, place: str | None) -> str:
    return f"{place}: {text}" if place else text


def _joined(texts: Sequence[str]) -> str:
    """Join the first few reasons into one."""
    said = " ".join(text if text.endswith(".") else f"{text}." for text in texts[:5])
    more = f" And {len(texts) - 5} more." if len(texts) > 5 else ""
    return (said[:MAX_REASON] + more).rstrip(".")
