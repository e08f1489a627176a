"""Which changes a principal may make.

Who may write what is in the roles; whose it must be stands here: one's own unit answers for what
one creates and changes, and what was sent to one's unit may be answered where the role says so.
Records of care are kept (patientdatalagen 2008:355, 3 kap. 17 §): they are marked as entered in
error and not deleted. What tells of writes is not changed at all.
"""

from __future__ import annotations

from collections.abc import Sequence

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.search import labels
from fhir_server.search.labels import Labels
from fhir_server.search.matching import Indexed, fulfils
from fhir_server.search.query import HasId, Query, every
from fhir_server.security.access import EVERYTHING, Access
from fhir_server.security.organizations import ORGANIZATION, PART_OF, kinds_of
from fhir_server.storage.records import RECORDS, Change
from fhir_server.storage.snapshot import Snapshot


def require_writable(access: Access, changes: Sequence[Change], snapshot: Snapshot) -> None:
    """Refuse changes that a principal may not make.

    Args:
        access: the principal's.
        changes: with whole labels.
        snapshot: where the versions are that they replace.

    Raises:
        FhirError: 403 with every change that is refused.
    """
    refused = [issue for change in changes for issue in _refusals(access, change, snapshot)]
    refused += [
        _issue(_MOVED, "Organization.partOf") for each in changes if _moves(access, each, changes)
    ]
    refused += [
        _issue(_OTHER_KIND, "Organization.type") for c in changes if _changes_kind(access, c)
    ]
    if refused:
        raise FhirError(*refused)


def _refusals(access: Access, change: Change, snapshot: Snapshot) -> list[Issue]:
    new, previous = change.new, change.previous
    type_ = new.resource_type
    letter = "d" if new.body is None else "u" if previous and previous.body is not None else "c"
    if outside := _outside(access, change, letter, snapshot):
        return [outside]
    if not _may_sign(access, change):
        return [
            _issue("Only the member of staff whom it names writes this, for themselves.", type_)
        ]
    if access.role.kind == "administrator":
        return []
    if wrong := _wrong_at_once(access, change, letter):
        return [wrong]
    own = labels.read(new.labels)
    before = labels.read(previous.labels) if previous else Labels()
    if letter == "c" or access.owns(before):
        if access.owns(own):
            return []
        text = (
            "The unit that answers for it must be the one you act for, or part of it: "
            f"give your own unit in the {type_}, or leave it out."
        )
        return [_issue(text, type_)]
    if type_ in access.role.update_addressed and access.was_sent(before):
        if own.owner == before.owner:
            return []
        return [_issue("It was sent to you, and stays the sender's.", type_)]
    return [_issue(f"{new.reference} is another unit's; only that unit changes it.", type_)]


def _outside(access: Access, change: Change, letter: str, snapshot: Snapshot) -> Issue | None:
    type_ = change.new.resource_type
    if not access.may(letter, type_):
        return _issue(f"{_WHAT[letter]} {type_} is not allowed with this role and token.", type_)
    if not _in_scope(access, change, letter, snapshot):
        return _issue(f"{_WHAT[letter]} this {type_} is outside the token's scopes.", type_)
    return None


def _in_scope(access: Access, change: Change, letter: str, snapshot: Snapshot) -> bool:
    """Tell whether a scope of a patient, or with a search, covers what is written and replaced."""
    new, entries = change.new, change.entries
    wanted = access.scoped(new.resource_type, letter)
    if wanted == EVERYTHING:
        return True
    indexed = entries and Indexed(new.reference, new.last_updated, entries)
    if indexed and not fulfils(wanted, indexed):
        return False
    replaced = Query((new.resource_type,), every(HasId((new.reference,)), wanted))
    return letter == "c" or Snapshot.count(snapshot, replaced, 1) > 0


def _wrong_at_once(access: Access, change: Change, letter: str) -> Issue | None:
    type_ = change.new.resource_type
    if letter != "c" and type_ in RECORDS:
        return _issue(f"{type_} tells what was done, and stays as it is.", type_)
    cares = access.for_care or access.role.kind not in ("staff", "system")
    if type_ not in access.rules.roles.open_types and not cares:
        return _issue("Choose an assignment of care: this purpose writes no records.", type_)
    if _takes_number(access, change):
        return _issue("This HSA-id is another unit's.", "Organization.identifier")
    return None


def _takes_number(access: Access, change: Change) -> bool:
    """Tell whether a unit takes another's HSA-id: the other's records would become its own."""
    new, entries = change.new, change.entries
    if new.resource_type != ORGANIZATION or entries is None:
        return False
    holders = access.units.holders(access.rules.marks.hsa_systems, entries.tokens)
    return any(each != new.reference for each in holders)


def _moves(access: Access, change: Change, together: Sequence[Change]) -> bool:
    """Tell whether a unit becomes part of another than one's own: it would see what that one may.

    The vårdgivare would be another, or a spärr of the unit above would not hold any more (R112).
    """
    new = change.new
    if new.resource_type != ORGANIZATION or access.role.kind == "administrator":
        return False
    own = {*access.viewer.units, *(each.new.reference for each in together)}
    stays = access.units.parents.get(new.reference, "")
    found = change.entries.tokens if change.entries else ()
    if new.reference in access.units.providers and not access.rules.marks.are_on(found):
        return True  # without its numbers it is a part of what it was no part of
    above = [each[len(PART_OF) :] for each in found if each.startswith(PART_OF)]
    return any(each != stays and each not in own for each in above)


def _changes_kind(access: Access, change: Change) -> bool:
    """Tell whether a unit becomes of another kind: school and IFO have no direct access (R110)."""
    new = change.new
    if new.resource_type != ORGANIZATION or access.role.kind == "administrator":
        return False
    if change.entries is None or new.reference not in access.units.parents:
        return False
    return set(kinds_of(change.entries.tokens)) != set(access.units.kinds.get(new.reference, ()))


def _may_sign(access: Access, change: Change) -> bool:
    signatures, new = access.rules.signatures, change.new
    if new.resource_type not in signatures.SIGNED or new.body is None:
        return True
    signer = signatures.signer(json.parse(new.body))
    return signer is None or (bool(signer) and signer == access.principal.person)


_MOVED = "A unit becomes part of another of your own only; who runs the server moves it elsewhere."
_OTHER_KIND = "What kind of unit it is decides what it may see; who runs the server changes it."
_WHAT = {"c": "Creating", "u": "Changing", "d": "Deleting"}


def _issue(text: str, expression: str) -> Issue:
    return Issue("error", "forbidden", text, expression)
