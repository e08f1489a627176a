"""What a write would say, without writing: for $validate.

The checks are those of `commit`, on the store as it is. What only shows while others write at the
same time (versions, locks) can't be told beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue, errors_first, has_errors
from fhir_server.interactions.commit import rules_check
from fhir_server.interactions.context import Context
from fhir_server.interactions.integrity import integrity
from fhir_server.interactions.prepare import (
    Prepared,
    check_id,
    deletion,
    new_id,
    prepare,
    require_resource,
)
from fhir_server.interactions.search_changes import require_registrable
from fhir_server.interactions.update import require_id, require_may_create
from fhir_server.storage.checks import in_turn
from fhir_server.storage.records import StoredResource

Issues = list[Issue]


def rehearse_create(
    context: Context, resource_type: str, resource: Any, profiles: tuple[str, ...]
) -> Issues:
    """Say what a create would say; as for a create, an id in the resource counts for nothing.

    Args:
        context: the request.
        resource_type: from the URL.
        resource: the body.
        profiles: canonicals it must conform to besides those it claims.
    """

    def prepared() -> Prepared:
        body = require_resource(resource, resource_type)
        return prepare(context, body, new_id(), None, profiles=profiles)

    return _rehearse(context, prepared)


def rehearse_update(
    context: Context, resource_type: str, id_: str, resource: Any, profiles: tuple[str, ...]
) -> Issues:
    """Say what an update would say, or a create under the id where there is no such resource.

    Args:
        context: the request.
        resource_type: from the URL.
        id_: from the URL.
        resource: the body.
        profiles: canonicals it must conform to besides those it claims.
    """

    def prepared() -> Prepared:
        check_id(id_)
        body = require_resource(resource, resource_type)
        require_id(body, id_)
        previous = context.store.read(resource_type, id_)
        require_may_create(context, previous)
        return prepare(context, body, id_, previous, profiles=profiles)

    return _rehearse(context, prepared)


def rehearse_delete(context: Context, stored: StoredResource) -> Issues:
    """Say what a delete of a resource would say."""
    return _rehearse(context, lambda: deletion(stored))


class _CalledOffError(Exception):
    """Ends a transaction that was only for show."""


def rehearse_together(context: Context, prepared: Sequence[Prepared]) -> Issues:
    """Say what storing several resources together would say, in a transaction that is called off.

    Raises:
        StaleWrite: a resource is no longer at the version that its change replaces.
    """
    said: dict[str, Issues] = {}

    def call_off(_: object) -> None:
        raise _CalledOffError

    checks = in_turn(rules_check(context, prepared, said), integrity(context, prepared), call_off)
    refused: Issues = []
    try:
        context.store.transact([each.change for each in prepared], after=checks)
    except _CalledOffError:
        pass
    except FhirError as error:
        refused += [issue for issue in error.issues if has_errors([issue])]
    warned = [
        issue.inside(each.at)
        for each in prepared
        for issue in (*each.issues, *said.get(each.change.new.reference, ()))
        if not has_errors([issue])
    ]
    return [*refused, *warned]


def _rehearse(context: Context, prepared: Callable[[], Prepared]) -> Issues:
    try:
        ready = prepared()
    except FhirError as error:
        return list(error.issues)
    said = (issue for issue in _said(context, [ready]) if issue not in ready.issues)
    return errors_first([*ready.issues, *said])


def _said(context: Context, prepared: Sequence[Prepared]) -> Issues:
    """Give everything that stands in the way, where a write would stop at the first check."""
    said: dict[str, Issues] = {}
    found: Issues = []

    def rules() -> None:
        check = rules_check(context, prepared, said)
        if check is not None:
            check(context.store)

    def references() -> None:
        check = integrity(context, prepared)
        if check is not None:
            check(context.store)

    for check in (rules, references, lambda: require_registrable(context, prepared)):
        try:
            check()
        except FhirError as error:
            found += error.issues
    warnings = (i for issues in said.values() for i in issues if not has_errors([i]))
    return [*found, *(issue for issue in warnings if issue not in found)]
