"""What a principal sees for one purpose: that a person's consent hands out of others' records.

The consent decides what of a samordnad individuell plan an actor may see (R78, R94, R100). To cut
the plan by it, somebody must read the plan: an operation that was written for that, and no search.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from fhir_server.search import labels
from fhir_server.search.labels import Labels
from fhir_server.search.query import Criterion, Not, either, every
from fhir_server.security import criteria
from fhir_server.security.access import EVERYTHING, Access
from fhir_server.storage.snapshot import Snapshot

# By these the law decides what somebody may do about a person: what the person, or who speaks for
# them, has said.
DECISIVE = frozenset({"Consent", "RelatedPerson"})


class DecidingAccess(Access):
    """The same principal's, for the rules that a write must fulfil (R76, R78, R80).

    Args:
        access: the principal's own.
        snapshot: where the state of persons is read.
    """

    def __init__(self, access: Access, snapshot: Snapshot) -> None:
        super().__init__(access.principal, access.rules, access.units, snapshot, access.look)
        self._states = access.known_states

    def criterion(
        self,
        resource_type: str,
        named: Collection[str] = (),
        asked: Sequence[Criterion] = (),
        *,
        ordered: bool = False,
    ) -> Criterion:
        """Give what resources of a type must fulfil; see `Access.criterion`."""
        if resource_type in DECISIVE:
            return EVERYTHING
        return super().criterion(resource_type, named, asked, ordered=ordered)

    def sees_labelled(self, reference: str, own: Labels) -> bool:
        """Tell whether a version is seen; see `Access.sees_labelled`."""
        return reference.partition("/")[0] in DECISIVE or super().sees_labelled(reference, own)


class DisclosingAccess(Access):
    """The same principal's, for what a person's consent hands out of others' records.

    It sees besides what is of some types and about one person, unless it is behind a spärr. What of
    it may be given is for the caller to cut.

    Args:
        access: the principal's own.
        snapshot: where the state of persons is read.
        person: ``Patient/[id]``.
        types: that are handed out.
    """

    def __init__(
        self, access: Access, snapshot: Snapshot, person: str, types: Collection[str]
    ) -> None:
        super().__init__(access.principal, access.rules, access.units, snapshot, access.look)
        self._states = access.known_states
        self._person = person
        self._handed_out = frozenset(types)

    def _of_care(
        self, resource_type: str, named: Sequence[str], asked: Sequence[Criterion]
    ) -> Criterion:
        own = super()._of_care(resource_type, named, asked)
        if not self.for_care or own == EVERYTHING or resource_type not in self._handed_out:
            return own
        handed_out = every(
            criteria.about(resource_type, [self._person]),
            Not(criteria.flag(resource_type, labels.SEVERAL)),
            *criteria.not_blocked(resource_type, self.state(self._person)),
        )
        return either(own, handed_out)

    def _sees_care(self, reference: str, own: Labels) -> bool:
        if super()._sees_care(reference, own):
            return True
        type_ = reference.partition("/")[0]
        if type_ not in self._handed_out or own.about != (self._person,):
            return False
        return not self.state(self._person).blocks(own.owner, own.provider)
