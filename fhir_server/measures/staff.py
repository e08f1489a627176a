"""Who is behind a contact: positions and people, few enough to be held in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fhir_server.measures.window import in_force
from fhir_server.storage.snapshot import Snapshot
from fhir_server.sweden import codes
from fhir_server.sweden.facts import Facts


class Staff:
    """PractitionerRoles and Practitioners by reference.

    Args:
        roles: facts of PractitionerRoles.
        people: facts of Practitioners.
    """

    def __init__(self, roles: Iterable[Facts], people: Iterable[Facts]) -> None:
        self._roles: Mapping[str, Facts] = {role["own"]: role for role in roles}
        self._people: Mapping[str, Facts] = {person["own"]: person for person in people}
        # Who is behind a reference: asked once for each of millions of visits.
        self._behind = {own: own for own in self._people}
        for own, role in self._roles.items():
            if role.get("member") in self._people:
                self._behind[own] = role["member"]
        self._physicians = frozenset(
            own for own, person in self._people.items() if person.get("kind") == codes.LAKARE
        )
        self._named_at: tuple[int, dict[str, bool]] = (0, {})

    @classmethod
    def load(cls, store: Snapshot) -> Staff:
        """Read all that there are."""
        roles = ("own", "member", "unit", "status", "start", "end")
        return cls(
            store.facts_by_patient("PractitionerRole", roles),
            store.facts_by_patient("Practitioner", ("own", "kind", "named")),
        )

    def named(self, member: str | None, moment: int) -> bool:
        """Tell whether a contact was somebody by name (R5).

        The position exists and was in use at the moment, and its Practitioner has a name.
        """
        if self._named_at[0] != moment:
            self._named_at = (moment, {})
        known = self._named_at[1]
        key = member or ""
        if key not in known:
            known[key] = self._is_named(key, moment)
        return known[key]

    def _is_named(self, member: str, moment: int) -> bool:
        role = self._roles.get(member)
        if role is None or not in_force(role, moment):
            return False
        return bool(self._people.get(role.get("member") or "", {}).get("named"))

    def practitioner(self, member: str | None) -> str | None:
        """Give the Practitioner behind a PractitionerRole, or behind itself."""
        return self._behind.get(member or "")

    def unit(self, member: str | None) -> str | None:
        """Give the unit of a position."""
        return self._roles.get(member or "", {}).get("unit")

    def positions(self, reference: str) -> list[str]:
        """Give the PractitionerRoles of a Practitioner; a PractitionerRole is its own."""
        if reference in self._roles:
            return [reference]
        return [own for own, role in self._roles.items() if role.get("member") == reference]

    def physician(self, practitioner: str) -> bool:
        """Tell whether somebody is a licensed physician (DOMAIN 2.4)."""
        return practitioner in self._physicians

    def others_than_physicians(self) -> list[str]:
        """Give the references, to position or person, that lead to somebody else."""
        return [own for own, who in self._behind.items() if who not in self._physicians]
