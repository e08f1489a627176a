"""Which changes a principal may make.

Who may write what is in the roles; whose it must be stands here: one's own unit answers for what
one creates and changes, and what was sent to one's unit may be answered where the role says so.
Records of care are kept (patientdatalagen 2008:355, 3 kap. 17 §): they are marked as entered in
error and not deleted.
"""

from __future__ import annotations

from collections.abc import Sequence

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.search import labels
from fhir_server.search.labels import Labels
from fhir_server.security.access import Access
from fhir_server.storage.records import Change


def require_writable(access: Access, changes: Sequence[Change]) -> None:
    """Refuse changes that a principal may not make.

    Args:
        access: the principal's.
        changes: with whole labels.

    Raises:
        FhirError: 403 with every change that is refused.
    """
    refused = [issue for change in changes for issue in _refusals(access, change)]
    if refused:
        raise FhirError(*refused)


def _refusals(access: Access, change: Change) -> list[Issue]:
    new, previous = change.new, change.previous
    type_ = new.resource_type
    letter = "d" if new.body is None else "u" if previous and previous.body is not None else "c"
    if not access.may(letter, type_):
        return [_issue(f"{_WHAT[letter]} {type_} is not allowed with this role and token.", type_)]
    if not _may_sign(access, change):
        return [
            _issue("Only the member of staff whom it names writes this, for themselves.", type_)
        ]
    if access.role.kind == "administrator":
        return []
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


def _may_sign(access: Access, change: Change) -> bool:
    signatures, new = access.rules.signatures, change.new
    if new.resource_type not in signatures.SIGNED or new.body is None:
        return True
    signer = signatures.signer(json.parse(new.body))
    return signer is None or (bool(signer) and signer == access.principal.person)


_WHAT = {"c": "Creating", "u": "Changing", "d": "Deleting"}


def _issue(text: str, expression: str) -> Issue:
    return Issue("error", "forbidden", text, expression)
