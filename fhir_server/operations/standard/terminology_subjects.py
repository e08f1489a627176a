"""What a terminology operation is about: a stored resource, one in the request, or a canonical.

Source: https://hl7.org/fhir/R4/valueset-operation-validate-code.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.interactions.read import read
from fhir_server.operations.operation import Call
from fhir_server.terminology.concepts import TerminologyError
from fhir_server.terminology.sources import SourceUnavailable

Resource = Mapping[str, Any]


def stored(call: Call) -> Resource:
    """Give the resource at whose instance the operation is asked for, in effect or not.

    Raises:
        FhirError: 404 or 410 for no such resource.
    """
    answer = read(call.context, call.resource_type or "", call.id or "")
    resource: Resource = json.plain(answer.content or b"{}")
    return resource


def in_effect(call: Call, resource: Resource) -> str | None:
    """Give the canonical of a stored resource where that leads to just this version of it.

    Then its concepts need not be read: they are in an index.
    """
    url, version = resource.get("url"), resource.get("version")
    if url is None:
        return None
    name = f"{url}|{version}" if version else str(url)
    definitions = call.context.server.conformance.current().definitions
    found = definitions.conformance(resource["resourceType"], name) or {}
    same = all(found.get(key) == resource.get(key) for key in ("id", "version"))
    stored_as = resource["meta"]["versionId"]
    return name if same and found.get("meta", {}).get("versionId") == stored_as else None


def one_of(call: Call, names: Sequence[str]) -> str | None:
    """Give which of some parameters says what the operation is about; None for the instance.

    Raises:
        FhirError: 400 for none, or for more than one, the instance included.
    """
    given = [name for name in names if name in call.arguments]
    if call.id is not None:
        if given:
            text = f"The URL names the resource already: leave {' and '.join(given)} out."
            raise invalid(text, given[0])
        return None
    if len(given) != 1:
        listed = f"{', '.join(names[:-1])} or {names[-1]}" if names[1:] else names[0]
        text = f"Give one of {listed}." if names[1:] else f"Give {listed}."
        raise invalid(text, given[1] if given else names[0], "invalid" if given else "required")
    return given[0]


def canonical(call: Call, url_name: str, version_name: str) -> str:
    """Give the canonical that two parameters name together.

    Raises:
        FhirError: 400 where the url names one version and the other parameter another.
    """
    url, bar, version = str(call.arguments[url_name]).partition("|")
    asked = call.arguments.get(version_name)
    if asked is None or asked == version:
        return f"{url}|{version}" if bar else url
    if bar:
        text = f"{url_name} names another version than {version_name}: give the version once."
        raise invalid(text, version_name)
    return f"{url}|{asked}"


def refuse(call: Call, names: Sequence[str], why: str) -> None:
    """Refuse parameters that this server does nothing with: none is passed over in silence.

    Raises:
        FhirError: 400 not-supported.
    """
    issues = [
        Issue("error", "not-supported", f"{name} is not supported: {why}", name)
        for name in names
        if name in call.arguments
    ]
    if issues:
        raise FhirError(*issues)


def require_beside(call: Call, name: str, other: str) -> None:
    """Refuse a parameter that says something about another one which is not there.

    Raises:
        FhirError: 400.
    """
    if name in call.arguments and other not in call.arguments:
        raise invalid(f"{name} goes with {other}.", name)


def refuse_date(call: Call) -> None:
    """Refuse to answer as of another day: definitions are used as they are now."""
    refuse(call, ("date",), "definitions are used as they are now. Leave it out.")


def unknown(what: str, name: str) -> FhirError:
    """Say that something the request names is not known here (404)."""
    text = f"{what} that {name} names is not known to this server."
    return FhirError(Issue("error", "not-found", text, name))


def undecided(text: str) -> FhirError:
    """Say that nobody here can tell (422): R4 has no third value beside true and false."""
    return FhirError(Issue("error", "not-found", text), status=422)


@contextmanager
def answered() -> Iterator[None]:
    """Turn what terminology can't do into an OperationOutcome.

    Raises:
        FhirError: 403 for what costs too much, 422 for what can't be done, 503 where a source of
            codes does not answer.
    """
    try:
        yield
    except TerminologyError as error:
        status = None if error.code == "too-costly" else 422
        raise FhirError(Issue("error", error.code, error.text), status=status) from None
    except SourceUnavailable:
        text = "The source of the codes does not answer: ask again later."
        raise FhirError(Issue("error", "transient", text)) from None
