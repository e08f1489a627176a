"""What one principal may do and see, decided in one place.

A member of staff, or a system, sees what their own unit answers for and what was sent to it. Of a
person whom the request names they see besides what the law gives them: with a care relation what
other units of their vårdgivare know, with the person's consent what other vårdgivare know, and
nothing behind a spärr (patientdatalagen 2008:355, 4 kap.; lagen 2022:913 3 kap.). What nobody may
see is not there: it is not found, not counted and not included.

The same rules stand here twice: as a criterion that searches add to what they ask, and as a
decision about one version by its labels. The tests hold the two against each other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence

from fhir_server.search import labels
from fhir_server.search.labels import Labels
from fhir_server.search.query import (
    And,
    Criterion,
    HasId,
    Not,
    either,
    every,
)
from fhir_server.search.unit_entries import SENT
from fhir_server.security import criteria, scopes
from fhir_server.security.naming import asks_for_words, identified, only_identified, only_names
from fhir_server.security.organizations import Look, Units
from fhir_server.security.patient_state import PatientState
from fhir_server.security.principal import Principal
from fhir_server.security.rights import Rights, Rules
from fhir_server.storage.records import StoredResource
from fhir_server.storage.snapshot import Snapshot

EVERYTHING = And(())
NOTHING: Criterion = either()

# What units of several vårdgivare take part in, if the person wants it.
SHARED = frozenset({"CarePlan", "CareTeam", "Consent", "Goal"})
# People whose own data may be protected.
PEOPLE = frozenset({"Patient", "Person", "Practitioner", "PractitionerRole", "RelatedPerson"})


class Access(Rights):
    """The decisions for one request.

    Args:
        principal: who asks.
        rules: of the server.
        units: all units, as far as they are known.
        snapshot: where the state of persons is read.
        look: looks for newer units, where one is missing.
    """

    def __init__(
        self,
        principal: Principal,
        rules: Rules,
        units: Units,
        snapshot: Snapshot,
        look: Look | None = None,
    ) -> None:
        super().__init__(principal, rules, units, look)
        self._snapshot = snapshot
        self._states: dict[str, PatientState] = {}
        self._own_persons: tuple[str, ...] | None = None
        self._every: dict[str, bool] = {}

    @property
    def own_persons(self) -> tuple[str, ...]:
        """Whom one asks for as a patient or guardian, as it is at this request."""
        if self._own_persons is None:
            now = dt.datetime.now(dt.UTC)
            found: tuple[str, ...] = ()
            # Whom an app was launched with by staff is theirs to see by the law, and not their own.
            if self.role.kind == "patient" and (self.principal.patient or self.principal.wards):
                found = self.rules.states.asked_for(self._snapshot, self.principal, now)
            self._own_persons = found
        return self._own_persons

    @property
    def oneself(self) -> tuple[str, ...]:
        """Give the person who asks; a guardian is not the child, who may be kept from them."""
        who = self.principal
        return tuple(e for e in self.own_persons if e == who.patient and e not in who.wards)

    def look_again(self) -> None:
        """Forget how it stands with persons: what was written may have changed it."""
        self._states.clear()
        self._own_persons = None

    @property
    def known_states(self) -> dict[str, PatientState]:
        """How it stands with those who were asked about, at this request."""
        return self._states

    # What of a type a principal sees

    def types(self, asked: Sequence[str]) -> tuple[str, ...]:
        """Give those of the types asked for, or of all for none, that may be read at all."""
        among = asked or self.rules.types
        return tuple(t for t in among if self.may("s", t) or self.may("r", t))

    def criterion(
        self,
        resource_type: str,
        named: Collection[str] = (),
        asked: Sequence[Criterion] = (),
        *,
        ordered: bool = False,
    ) -> Criterion:
        """Give what resources of a type must fulfil to be seen.

        Args:
            resource_type: the type.
            named: ``Patient/[id]`` of the persons whom the request names.
            asked: the conditions of the search, which a person whose data are protected can't be
                found by without the right.
            ordered: the order of the results tells of what they say.
        """
        if self.principal.unrestricted:
            return EVERYTHING
        if not (self.may("s", resource_type) or self.may("r", resource_type)):
            return NOTHING
        parts = [self._by_role(resource_type, sorted(named), asked), self.scoped(resource_type)]
        unnamed = ordered or not only_names(asked)
        if resource_type in PEOPLE and unnamed and not self.sees_protected:
            is_self = HasId(self.oneself)
            parts.append(either(Not(criteria.flag(resource_type, labels.PROTECTED)), is_self))
        elif asks_for_words(asked) and not self.sees_protected:
            parts.append(Not(criteria.flag(resource_type, labels.PROTECTED)))
        return every(*parts)

    def scoped(self, resource_type: str, letters: str = "rs") -> Criterion:
        """Give what the token's scopes add for a type, to any of some interactions."""
        allowed = self.principal.scopes
        if allowed is None:
            return EVERYTHING
        found = [s for s in allowed if scopes.covers(s, resource_type, letters)]
        if any(s.context != "patient" and not s.search for s in found):
            return EVERYTHING
        return either(*(self._scope(s, resource_type) for s in found))

    def _scope(self, scope: scopes.Scope, resource_type: str) -> Criterion:
        parts: list[Criterion] = []
        if scope.search:
            asked = self.rules.reads_search(resource_type, scope.search)
            # One that says how an answer looks selects nothing: it must not allow all.
            parts.append(NOTHING if asked == EVERYTHING else asked)
        if scope.context == "patient" and resource_type not in self.rules.roles.open_types:
            whose = (self.principal.patient, *self.principal.wards)
            parts.append(criteria.about(resource_type, [each for each in whose if each]))
        return every(*parts)

    def _by_role(
        self, resource_type: str, named: Sequence[str], asked: Sequence[Criterion]
    ) -> Criterion:
        if resource_type in self.rules.roles.open_types:
            return EVERYTHING
        match self.role.kind:
            case "staff" | "system":
                return self._of_care(resource_type, named, asked)
            case "national":
                return self._of_contacts(resource_type, named, asked)
            case "patient":
                return self._of_own(resource_type, asked)
            case "administrator":
                return EVERYTHING
            case _:
                return NOTHING

    def _of_own(self, resource_type: str, asked: Sequence[Criterion]) -> Criterion:
        parts = [
            criteria.about(resource_type, self.own_persons),
            Not(criteria.flag(resource_type, labels.HIDDEN, labels.HIDDEN_WHOLE)),
            Not(criteria.flag(resource_type, labels.SEVERAL)),
        ]
        if asks_for_words(asked):
            parts.append(Not(criteria.flag(resource_type, labels.HIDDEN, labels.HIDDEN_PARTS)))
        return every(*parts)

    def _of_care(
        self, resource_type: str, named: Sequence[str], asked: Sequence[Criterion]
    ) -> Criterion:
        if not self.for_care:
            return NOTHING
        parts = [self._own(resource_type)]
        if resource_type in SENT:
            parts.append(self._sent(resource_type))
        if resource_type == "Patient":
            by_id = [HasId(tuple(named))] if named else []
            parts += [EVERYTHING] if identified(asked) else by_id
        else:
            self._know(named)
            parts += [self._of_others(resource_type, person) for person in named]
        return EVERYTHING if EVERYTHING in parts else either(*parts)

    def _of_others(self, resource_type: str, person: str) -> Criterion:
        state = self._states[person]
        ours = criteria.refers(resource_type, labels.PROVIDER, [self.viewer.provider])
        ways: list[Criterion] = []
        if state.same_provider and self.viewer.provider:
            ways.append(ours)
        if state.other_providers:
            ways.append(every(Not(ours), criteria.has_provider(resource_type)))
        if state.shared and resource_type in SHARED:
            ways.append(self._shared(resource_type, state))
        if not ways:
            return NOTHING
        return every(
            criteria.about(resource_type, [person]),
            either(*ways),
            Not(criteria.flag(resource_type, labels.SEVERAL)),
            *criteria.not_blocked(resource_type, state),
        )

    def _shared(self, resource_type: str, state: PatientState) -> Criterion:
        sent = self._sent(resource_type)
        return every(sent, Not(HasId(tuple(sorted(state.withheld))))) if state.withheld else sent

    def _of_contacts(
        self, resource_type: str, named: Sequence[str], asked: Sequence[Criterion]
    ) -> Criterion:
        if resource_type == "Patient":
            return EVERYTHING if only_identified(asked) else HasId(tuple(named))
        if resource_type != "CareTeam":
            return NOTHING
        self._know(named)
        given = [person for person in named if self._states[person].other_providers]
        return every(
            criteria.flag(resource_type, labels.CONTACT),
            Not(criteria.flag(resource_type, labels.HIDDEN, labels.HIDDEN_WHOLE)),
            Not(criteria.flag(resource_type, labels.SEVERAL)),
            either(
                *(
                    every(
                        criteria.about(resource_type, [p]),
                        *criteria.not_blocked(resource_type, self._states[p]),
                    )
                    for p in given
                )
            ),
        )

    def _own(self, resource_type: str) -> Criterion:
        """What the units answer for; for a whole vårdgivare, by the one label that says so."""
        viewer = self.viewer
        if self._is_whole:
            return criteria.refers(resource_type, labels.PROVIDER, [viewer.provider])
        return criteria.refers(resource_type, labels.OWNER, viewer.units)

    def _sent(self, resource_type: str) -> Criterion:
        """What was sent to the units; for a whole vårdgivare, by the one label that says so."""
        viewer = self.viewer
        if self._is_whole:
            return criteria.refers(resource_type, labels.RECEIVED, [viewer.provider])
        return criteria.refers(resource_type, labels.ADDRESSED, viewer.units)

    # Whether a principal sees one version

    def sees_every(self, resource_type: str) -> bool:
        """Tell whether one sees all of a type, whatever it says: directory and definitions."""
        known = self._every.get(resource_type)
        if known is None:
            known = (
                resource_type in self.rules.roles.open_types
                and (self.may("r", resource_type) or self.may("s", resource_type))
                and self.scoped(resource_type) == EVERYTHING
            )
            self._every[resource_type] = known
        return known

    def seen_among(self, found: Sequence[StoredResource]) -> list[StoredResource]:
        """Give those of some versions that one may see, by their labels; scopes as in `sees`."""
        own = [None if self.sees_every(f.resource_type) else labels.read(f.labels) for f in found]
        judged = [(f.reference, o) for f, o in zip(found, own, strict=True) if o is not None]
        others = [(reference, o.about) for reference, o in judged if not self.owns(o)]
        if others:
            self.know(labels.persons_of(others))
        return [
            each
            for each, o in zip(found, own, strict=True)
            if o is None or self.sees_labelled(each.reference, o)
        ]

    def sees(self, stored: StoredResource) -> bool:
        """Tell whether one may see a version, by its labels; scopes with a search aside."""
        return self.sees_labelled(stored.reference, labels.read(stored.labels))

    def sees_labelled(self, reference: str, own: Labels) -> bool:
        """Tell the same of a reference and its labels; a read of it names whom it is about."""
        if self.principal.unrestricted:
            return True
        self.know_units_of(own)
        type_ = reference.partition("/")[0]
        if not self.may("r", type_) and not self.may("s", type_):
            return False
        if type_ in self.rules.roles.open_types:
            return True
        if not self._in_launch(reference, own):
            return False
        match self.role.kind:
            case "staff" | "system":
                return self.for_care and self._sees_care(reference, own)
            case "national":
                return self._sees_contact(type_, own)
            case "patient":
                mine = any(each in self.own_persons for each in own.about)
                alone = not own.several or type_ == "Patient"
                if type_ == "Patient":
                    mine = reference in self.own_persons
                return mine and alone and own.hidden != labels.HIDDEN_WHOLE
            case "administrator":
                return True
            case _:
                return False

    def _in_launch(self, reference: str, own: Labels) -> bool:
        type_ = reference.partition("/")[0]
        allowed = self.principal.scopes
        if allowed is None or any(
            s.context != "patient" and scopes.covers(s, type_, "rs") for s in allowed
        ):
            return True
        whose = {self.principal.patient, *self.principal.wards}
        # Who is linked to somebody is another person.
        about = (reference,) if type_ == "Patient" else own.about
        return any(each in whose for each in about)

    def _sees_care(self, reference: str, own: Labels) -> bool:
        type_ = reference.partition("/")[0]
        if self._owns(own) or type_ == "Patient":
            return True
        ours = self._received(own)
        if type_ in SENT and ours:
            return True
        if len(own.about) != 1:
            return False
        state = self.state(own.about[0])
        if state.blocks(own.owner, own.provider):
            return False
        same = bool(own.provider) and own.provider == self.viewer.provider
        if state.same_provider if same else state.other_providers and bool(own.provider):
            return True
        return state.shared and type_ in SHARED and ours and reference not in state.withheld

    def _sees_contact(self, type_: str, own: Labels) -> bool:
        if type_ == "Patient":
            return True
        if type_ != "CareTeam" or not own.contact or own.hidden == labels.HIDDEN_WHOLE:
            return False
        if len(own.about) != 1:
            return False
        state = self.state(own.about[0])
        return state.other_providers and not state.blocks(own.owner, own.provider)

    def _act_among(self, units: Units) -> None:
        if units is not self.units:
            # How it stands with a person was found out for fewer units.
            self._states.clear()
        super()._act_among(units)

    def state(self, person: str) -> PatientState:
        """Tell how it stands with a person, as it is at this request."""
        self._know([person])
        return self._states[person]

    def know(self, persons: Iterable[str]) -> None:
        """Find out about several persons at once."""
        if not self.principal.unrestricted and self.role.kind in ("staff", "system", "national"):
            self._know(list(persons))

    def _know(self, persons: Sequence[str]) -> None:
        new = [each for each in dict.fromkeys(persons) if each not in self._states]
        if new:
            now = dt.datetime.now(dt.UTC)
            states = self.rules.states
            self._states |= states.of(self._snapshot, new, self.viewer, self.units, now)

    def emergency_used(self, own: Labels) -> bool:
        """Tell whether a version is seen because of emergency access."""
        known = (self._states.get(each) for each in own.about)
        return any(state is not None and state.emergency for state in known) and not self.owns(own)
