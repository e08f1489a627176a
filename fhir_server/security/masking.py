"""What is left out of a resource that may be seen, because not all of it may (R114, R118)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Protocol

from fhir_server.fhir import json
from fhir_server.search import labels, tokens
from fhir_server.security.access import Access
from fhir_server.storage.records import StoredResource

LabelsOf = Callable[[Iterable[str]], Mapping[str, tuple[str, ...]]]
_ROLE = "PractitionerRole"


class MaskingLaw(Protocol):
    """Leaves out what the law keeps from somebody."""

    def for_patient(self, resource: dict[str, Any]) -> dict[str, Any]:
        """Give what a patient may see of a resource: no internal notes (R114)."""

    def of_protected(self, resource: dict[str, Any]) -> dict[str, Any]:
        """Give a protected person's resource without what leads to them (R118)."""

    def known(self, patient: dict[str, Any]) -> dict[str, Any]:
        """Give that a person is known here, and no more, for who asks for their contacts."""

    def person_behind(self, role: dict[str, Any]) -> str:
        """Give whose data a role shows beside its own, as ``Type/id``; empty for nobody's."""


class Masks:
    """Masks what is given out.

    Args:
        law: says what is left out.
    """

    def __init__(self, law: MaskingLaw) -> None:
        self._law = law
        # The same roles are given again and again; who is in one follows from its bytes.
        self._person_behind = lru_cache(maxsize=1024)(self._read_person_behind)

    def _read_person_behind(self, role: bytes) -> str:
        return self._law.person_behind(json.parse(role))

    def masked(
        self,
        access: Access,
        found: Sequence[StoredResource],
        labels_of: LabelsOf,
        along: Sequence[StoredResource] = (),
    ) -> list[StoredResource]:
        """Give versions as a principal may see them; those that are whole are the same objects.

        Args:
            access: the principal's.
            found: versions that may be seen.
            labels_of: gives the labels of resources; asked about the persons in roles.
            along: what was read in the same moment, whose labels it need not be asked for.
        """
        if access.principal.unrestricted:
            return list(found)
        behind = {} if access.sees_protected else self._protected_behind(found, labels_of, along)
        return [self._masked(access, each, each.reference in behind) for each in found]

    def _protected_behind(
        self,
        found: Sequence[StoredResource],
        labels_of: LabelsOf,
        along: Sequence[StoredResource],
    ) -> Collection[str]:
        """Give the roles among some resources whose person's data are protected."""
        persons = {
            each.reference: self._person_behind(each.body)
            for each in found
            if each.resource_type == _ROLE and each.body is not None
        }
        if not persons:
            return ()
        behind = set(persons.values())
        spelled = {each.reference: each.labels for each in along if each.reference in behind}
        if unread := behind - spelled.keys():
            spelled |= labels_of(unread)
        protected = {p for p, own in spelled.items() if labels.read(own).protected}
        return {role for role, person in persons.items() if person in protected}

    def _masked(self, access: Access, stored: StoredResource, protected: bool) -> StoredResource:
        if stored.body is None or not (stored.labels or protected):
            return stored
        own = labels.read(stored.labels)
        notes = own.hidden == labels.HIDDEN_PARTS and access.role.kind in ("patient", "national")
        person = (own.protected or protected) and not access.sees_protected
        person = person and stored.reference not in access.oneself
        known = access.role.kind == "national" and stored.resource_type == "Patient"
        if not notes and not person and not known:
            return stored
        whole: dict[str, Any] = json.parse(stored.body)
        resource = whole
        if notes:
            resource = self._law.for_patient(resource)
        if person:
            resource = self._law.of_protected(resource)
        if known:
            resource = self._law.known(resource)
        return stored if resource == whole else replace(stored, body=json.dump(resource))


def tokens_left(given: StoredResource, own: Iterable[str]) -> list[str]:
    """Leave out of a masked resource's index tokens the references that were left out of it."""
    body = (given.body or b"").decode()
    return [each for each in own if not _is_left_out(each, body)]


def _is_left_out(token: str, body: str) -> bool:
    _, mark, target = token.partition(tokens.REFERENCE)
    return bool(mark) and f'{target}"' not in body and f"{target}/" not in body


def labelled_as(version: StoredResource, current: StoredResource) -> StoredResource:
    """Give a version the labels that count: a person who is protected now was not always.

    One from before there were labels has those of the current version.
    """
    if not version.labels:
        return replace(version, labels=current.labels)
    protects = labels.flag(version.resource_type, labels.PROTECTED, labels.PROTECTED_PERSON)
    if protects in current.labels and protects not in version.labels:
        return replace(version, labels=(*version.labels, protects))
    return version
