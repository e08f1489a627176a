"""Labels of a stored version: whose it is and whom it is about, for the decision who may see it.

They are made when a version is stored, spelled as index tokens (`fhir_server.search.tokens`), so
that a search restricts by them as by anything else:

    CarePlan._owner>Organization/7       the unit that answers for it (vårdenhet)
    CarePlan._provider>Organization/1    its vårdgivare when it was stored
    CarePlan._addressed>Organization/9   a unit that it was sent to, or that takes part in it
    CarePlan._received>Organization/1    the vårdgivare of such a unit when it was stored
    CarePlan._about>Patient/1            a person it is about
    CarePlan._current>Patient/1          the same, where its status tells of care now
    Encounter._ended>Patient/1@2026-11   the same, of care that ended in this month
    CarePlan._hidden=patient             not for the person it is about
    CarePlan._hidden=parts               parts of it are not for the person it is about
    CarePlan._protected=person           tells of a person whose data are protected
    CareTeam._contact=named              a named contact
    Appointment._several=persons         it is about more than one person

No search parameter's name begins with an underscore and stands in an index, so no client can search
by them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from fhir_server.search import tokens

OWNER = "_owner"
PROVIDER = "_provider"
ADDRESSED = "_addressed"
RECEIVED = "_received"
ABOUT = "_about"
CURRENT = "_current"
ENDED = "_ended"
HIDDEN = "_hidden"
PROTECTED = "_protected"
CONTACT = "_contact"
SEVERAL = "_several"

HIDDEN_WHOLE = "patient"
HIDDEN_PARTS = "parts"
PROTECTED_PERSON = "person"
NAMED_CONTACT = "named"
SEVERAL_PERSONS = "persons"

_TO_PATIENT = f"{tokens.REFERENCE}Patient/"


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of one version; references are ``Type/id``.

    Args:
        owner: the unit that answers for it; empty where nobody said.
        provider: the vårdgivare of that unit.
        addressed: units it was sent to or that take part; roles and persons until they are known
            by their units.
        received: the vårdgivare of those units.
        about: patients.
        care: `CURRENT` where it tells that they are cared for now, the month (``2026-11``) where it
            tells of care that ended then; else empty.
        hidden: `HIDDEN_WHOLE`, `HIDDEN_PARTS` or empty.
        protected: whether it tells of a protected person.
        contact: whether it is a named contact.
    """

    owner: str = ""
    provider: str = ""
    addressed: tuple[str, ...] = ()
    received: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    care: str = ""
    hidden: str = ""
    protected: bool = False
    contact: bool = False

    @property
    def several(self) -> bool:
        """Whether it is about more than one person."""
        return len(self.about) > 1

    def spelled(self, resource_type: str) -> list[str]:
        """Give the labels as index tokens."""
        found = [refers(resource_type, OWNER, self.owner)] if self.owner else []
        found += [refers(resource_type, PROVIDER, self.provider)] if self.provider else []
        found += [refers(resource_type, ADDRESSED, each) for each in self.addressed]
        found += [refers(resource_type, RECEIVED, each) for each in self.received]
        found += [refers(resource_type, ABOUT, each) for each in self.about]
        if self.care == CURRENT:
            found += [refers(resource_type, CURRENT, each) for each in self.about]
        elif self.care:
            found += [ended(resource_type, each, self.care) for each in self.about]
        found += [flag(resource_type, HIDDEN, self.hidden)] if self.hidden else []
        found += [flag(resource_type, PROTECTED, PROTECTED_PERSON)] if self.protected else []
        found += [flag(resource_type, CONTACT, NAMED_CONTACT)] if self.contact else []
        several = self.several and resource_type != "Patient"  # who is linked to it is no content
        found += [flag(resource_type, SEVERAL, SEVERAL_PERSONS)] if several else []
        return found


def refers(resource_type: str, name: str, reference: str) -> str:
    """Spell a label that names another resource."""
    return f"{resource_type}.{name}{tokens.REFERENCE}{reference}"


def ended(resource_type: str, person: str, month: str) -> str:
    """Spell the label of what tells of a person's care that ended in a month."""
    return refers(resource_type, ENDED, f"{person}{tokens.START}{month}")


def flag(resource_type: str, name: str, value: str) -> str:
    """Spell a label that is a code."""
    return f"{resource_type}.{name}{tokens.CODE}{value}"


class LabelRules(Protocol):
    """What a resource itself says; the law's part of it (`fhir_server.sweden.access_labels`)."""

    def owners(self, resource: Mapping[str, Any]) -> list[str]:
        """Give units that answer for it, or roles that stand for theirs."""

    def addressed(self, resource: Mapping[str, Any]) -> list[str]:
        """Give units, or roles that stand for theirs, that it was sent to."""

    def care(self, resource: Mapping[str, Any]) -> str:
        """Give `CURRENT`, the month (``2026-11``) in which care ended, or nothing."""

    def hidden(self, resource: Mapping[str, Any], written: bytes) -> str:
        """Give `HIDDEN_WHOLE`, `HIDDEN_PARTS` or nothing.

        Args:
            resource: valid R4.
            written: its JSON.
        """

    def protected(self, resource: Mapping[str, Any]) -> bool:
        """Tell whether it tells of a protected person."""

    def named_contact(self, resource: Mapping[str, Any]) -> bool:
        """Tell whether it is a named contact."""


def said_by(
    rules: LabelRules,
    resource: Mapping[str, Any],
    written: bytes,
    found: Iterable[str],
    compartment: Collection[str],
) -> Labels:
    """Give the labels that a resource itself says; whose it is may have to be settled yet.

    Args:
        rules: what reads it.
        resource: valid R4.
        written: its JSON as `fhir.json.dump` writes it.
        found: its index tokens.
        compartment: names of the parameters by which it belongs to a patient's compartment.
    """
    type_, id_ = resource["resourceType"], resource.get("id", "")
    about = {f"Patient/{id_}": None} if type_ == "Patient" else {}
    for token in found:
        if _TO_PATIENT in token:
            name, _, target = token.partition(_TO_PATIENT)
            if name in compartment:
                about[f"Patient/{target}"] = None
    return Labels(
        owner=next(iter(rules.owners(resource)), ""),
        addressed=tuple(rules.addressed(resource)),
        about=tuple(about),
        care=rules.care(resource),
        hidden=rules.hidden(resource, written),
        protected=rules.protected(resource),
        contact=rules.named_contact(resource),
    )


def read(spelled: Iterable[str]) -> Labels:
    """Read labels that were spelled, among other tokens or alone."""
    # Each version's are read several times on its way out.
    return _read_many(spelled) if isinstance(spelled, tuple) else _read_many(tuple(spelled))


@lru_cache(maxsize=1024)
def _read_many(spelled: tuple[str, ...]) -> Labels:
    many: dict[str, list[str]] = {}
    for token in spelled:
        if "._" in token:
            name, value = _read(token)
            if name in _FIELDS:
                many.setdefault(name, []).append(value)
    if not many:
        return _NONE
    return Labels(
        owner=many.get(OWNER, [""])[0],
        provider=many.get(PROVIDER, [""])[0],
        addressed=tuple(many.get(ADDRESSED, ())),
        received=tuple(many.get(RECEIVED, ())),
        about=tuple(many.get(ABOUT, ())),
        care=_care(many),
        hidden=many.get(HIDDEN, [""])[0],
        protected=PROTECTED in many,
        contact=CONTACT in many,
    )


_NONE = Labels()
_FIELDS = frozenset(
    {
        OWNER, PROVIDER, ADDRESSED, RECEIVED, ABOUT, CURRENT, ENDED, HIDDEN, PROTECTED, CONTACT,
    }
)  # fmt: skip


def _care(many: Mapping[str, Sequence[str]]) -> str:
    if CURRENT in many:
        return CURRENT
    return many[ENDED][0].partition(tokens.START)[2] if ENDED in many else ""


def _read(token: str) -> tuple[str, str]:
    name = token.partition(".")[2]
    for mark in (tokens.REFERENCE, tokens.CODE):
        start, found, value = name.partition(mark)
        if found:
            return start, value
    return "", ""


def persons_of(found: Iterable[tuple[str, tuple[str, ...]]]) -> list[str]:
    """Give each person once, of what is about one; to see who it is asks for no more.

    Args:
        found: ``Type/id`` of what is about somebody, and whom it is about.
    """
    return list(
        dict.fromkeys(
            about[0]
            for reference, about in found
            if len(about) == 1 and not reference.startswith("Patient/")
        )
    )
