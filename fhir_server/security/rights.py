"""What a principal may do to a type at all, and which units they act for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.search.labels import Labels
from fhir_server.search.query import Criterion
from fhir_server.security import scopes
from fhir_server.security.organizations import ORGANIZATION, Look, Marks, Units
from fhir_server.security.patient_state import PatientStates, Viewer
from fhir_server.security.principal import Principal
from fhir_server.security.refusal import insufficient_scope
from fhir_server.security.roles import Role, Roles

PROTECTED_RIGHT = "protected-persons"
# Purposes (v3-PurposeOfUse) for which staff see persons' care: HSLF-FS 2016:40, 4 kap.; PDL 2 kap.
CARE_PURPOSES = frozenset({"TREAT", "ETREAT", "BTG", "CAREMGT", "COC", "PATADMIN"})

# Reads the parameters of a scope, or of a search, for a type.
ReadsSearch = Callable[[str, Sequence[tuple[str, str]]], Criterion]


class Signatures(Protocol):
    """Says which resources only a certain member of staff writes; the law's part of it."""

    @property
    def SIGNED(self) -> Collection[str]:  # noqa: N802 - a constant of a module
        """Types of which some are."""

    def signer(self, resource: Mapping[str, Any]) -> str | None:
        """Give the HSA-id of who alone may write a resource; None where anybody may."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What all decisions of a server rest on.

    Args:
        roles: what each role may do.
        states: says how it stands with a person.
        marks: tell a vårdgivare from its units.
        reads_search: reads search parameters.
        types: all resource types.
        signatures: which resources only a certain member of staff writes.
    """

    roles: Roles
    states: PatientStates
    marks: Marks
    reads_search: ReadsSearch
    types: tuple[str, ...]
    signatures: Signatures


@dataclass(slots=True)
class Rights:
    """What role and token give, and for whom one looks.

    Args:
        principal: who asks.
        rules: of the server.
        units: all units, as far as they are known.
        look: looks for newer ones, where one is missing.
    """

    principal: Principal
    rules: Rules
    units: Units
    look: Look | None = None
    _viewer: Viewer | None = None
    _roots: tuple[str, ...] = ()
    _role: Role | None = None

    def may(self, letter: str, resource_type: str) -> bool:
        """Tell whether role and token allow something to a type; letters of ``cruds``."""
        if self.principal.unrestricted:
            return True
        allowed = self.principal.scopes
        scoped = allowed is None or scopes.allows(allowed, resource_type, letter)
        return scoped and self.role.may(letter, resource_type)

    def require(self, letter: str, resource_type: str) -> None:
        """Refuse what role or token do not allow to a type at all.

        Raises:
            Refused: 403 with the scope that a token would need.
            FhirError: 403, no token would do.
        """
        if not self.may(letter, resource_type):
            if self.role.may(letter, resource_type):  # then it is the token that does not
                context = "user" if self.principal.person or self.asks_as_person else "system"
                raise insufficient_scope(f"{context}/{resource_type}.{letter}")
            text = f"{_VERBS[letter]} {resource_type} is not allowed with this role and token."
            raise FhirError(Issue("error", "forbidden", text))

    def require_operation(self, code: str, *, writes: bool) -> None:
        """Refuse an operation that the role may not call.

        Raises:
            FhirError: 403.
        """
        if self.principal.unrestricted:
            return
        if not self.rules.roles.may_invoke(self.role, code, writes=writes):
            raise FhirError(
                Issue("error", "forbidden", f"${code} is not allowed with this role."),
            )

    @property
    def chooses_ids(self) -> bool:
        """Whether one may create under an id of one's choice."""
        return self.principal.unrestricted or self.role.chooses_ids

    @property
    def sees_aggregates(self) -> bool:
        """Whether one sees figures about populations."""
        return self.principal.unrestricted or self.role.aggregates

    @property
    def role(self) -> Role:
        """The role; one that may nothing where it is unknown."""
        if self._role is None:
            found = self.rules.roles.by_name.get(self.principal.role)
            nothing: Mapping[str, frozenset[str]] = dict.fromkeys("cruds", frozenset())
            self._role = found or Role("", "analyst", nothing, frozenset(), frozenset())
        return self._role

    @property
    def viewer(self) -> Viewer:
        """For whom one looks."""
        if self._viewer is None:
            who, systems = self.principal, self.rules.marks.hsa_systems
            acting = self.units.acting(systems, who.unit)
            if who.unit and not acting.roots and self.look is not None:
                self.units = self.look.until(lambda each: bool(each.identified(systems, who.unit)))
                acting = self.units.acting(systems, who.unit)
            self._roots = acting.roots
            self._viewer = Viewer(
                acting.units,
                acting.provider,
                who.person,
                who.purpose,
                PROTECTED_RIGHT in who.rights,
                self._roots,
                self.role.kind,
            )
        return self._viewer

    def know_units(self, references: Iterable[str]) -> None:
        """Know some units before it is decided by them, also those of a moment ago.

        Args:
            references: ``Organization/[id]``; others and empty ones are left aside.
        """
        if self.look is None:
            return
        parents = self.units.parents
        missing = {r for r in references if r not in parents and r.startswith(_UNIT)}
        if missing:
            self._act_among(self.look.until(lambda each: missing <= each.parents.keys()))

    def know_units_of(self, own: Labels) -> None:
        """Know the units that labels name, before it is decided by where they belong."""
        self.know_units((own.owner, own.provider, *own.addressed))

    @property
    def _is_whole(self) -> bool:
        """Whether one acts for a whole vårdgivare, whose units may be thousands."""
        provider = self.viewer.provider
        return bool(provider) and provider in self._roots

    def owns(self, own: Labels) -> bool:
        """Tell whether one's units answer for a version, or will for a new one."""
        self.know_units_of(own)
        return self._owns(own)

    def _owns(self, own: Labels) -> bool:
        viewer = self.viewer
        if self._is_whole:
            # As searches ask: what a unit documented before it was sold is not the buyer's.
            return own.provider == viewer.provider
        return bool(own.owner) and own.owner in viewer.units

    def was_sent(self, own: Labels) -> bool:
        """Tell whether a version was sent to one's units."""
        self.know_units_of(own)
        return self._received(own)

    def _received(self, own: Labels) -> bool:
        viewer = self.viewer
        if self._is_whole:
            return viewer.provider in own.received
        return any(each in viewer.units for each in own.addressed)

    def _act_among(self, units: Units) -> None:
        if units is not self.units:
            self.units = units
            self._viewer = None

    @property
    def for_care(self) -> bool:
        """Whether the purpose is one for which staff see persons' care; a system has its own."""
        purpose = self.principal.purpose
        return purpose in CARE_PURPOSES or (self.role.kind == "system" and not purpose)

    @property
    def sees_protected(self) -> bool:
        """Whether one has the right to the data of protected persons."""
        return self.principal.unrestricted or self.viewer.protected

    @property
    def asks_as_person(self) -> bool:
        """Whether one asks as a patient, or for one, and so reads what patients read."""
        return not self.principal.unrestricted and self.role.kind == "patient"

    @property
    def own_unit(self) -> str:
        """``Organization/[id]`` of the unit one acts for; empty for none."""
        return self.viewer.units[0] if self.viewer.units else ""


_UNIT = f"{ORGANIZATION}/"
_VERBS = {"c": "Creating", "r": "Reading", "u": "Changing", "d": "Deleting", "s": "Searching"}
