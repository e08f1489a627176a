"""What the URL of an entry asks for, inside a batch or transaction.

Source: https://hl7.org/fhir/R4/http.html#summary
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, unquote

from fhir_server.fhir.outcome import FhirError, invalid, not_supported
from fhir_server.interactions.context import Context

HISTORY, SEARCH, METADATA = "_history", "_search", "metadata"


@dataclass(frozen=True, slots=True)
class EntryUrl:
    """One URL, taken apart.

    Args:
        resource_type: the type it names; None at system level.
        id: the logical id.
        version: the version.
        query: what follows ``?``; None for nothing.
        history: it ends in ``_history``.
        operation: code of an operation, without ``$``.
        member: the type searched in a compartment, ``*`` for every.
        special: ``_search`` or ``metadata``.
    """

    resource_type: str | None = None
    id: str | None = None
    version: str | None = None
    query: str | None = None
    history: bool = False
    operation: str | None = None
    member: str | None = None
    special: str | None = None

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The parameters."""
        return parse_qsl(self.query or "", keep_blank_values=True)

    @property
    def names_resource(self) -> bool:
        """Whether it is ``Type/id`` and nothing more."""
        return self.id is not None and not (self._more or self.version or self.query)

    @property
    def names_type(self) -> bool:
        """Whether it is ``Type``, perhaps with criteria."""
        return self.resource_type is not None and self.id is None and not self._more

    @property
    def _more(self) -> bool:
        return bool(self.history or self.operation or self.member or self.special)


def read_url(context: Context, url: str) -> EntryUrl:
    """Take a URL apart.

    Args:
        context: the request.
        url: relative to the base, or beginning with it.

    Raises:
        FhirError: 400 for a URL that R4 does not define.
    """
    path, _, query = _below(context.base, url).partition("?")
    parts = [unquote(part) for part in path.strip("/").split("/")]
    read = _system(parts) or _of_type(context, parts)
    if read is None:
        raise not_supported("The server can't do this URL inside a bundle.")
    return replace(read, query=query or None)


def _below(base: str, url: str) -> str:
    rest = url.removeprefix(base)
    return rest if rest != url and rest[:1] in ("", "/", "?") else url


def _system(parts: list[str]) -> EntryUrl | None:
    match parts:
        case [""]:
            return EntryUrl()
        case ["_history"]:
            return EntryUrl(history=True)
        case [("_search" | "metadata") as special]:
            return EntryUrl(special=special)
        case [code] if code.startswith("$"):
            return EntryUrl(operation=code[1:])
    return None


def _of_type(context: Context, parts: list[str]) -> EntryUrl | None:
    type_, *rest = parts
    _require_type(context, type_)
    operation = rest.pop()[1:] if rest and rest[-1].startswith("$") else None
    match rest:
        case ["_history"] | [_, "_history"] if operation is None:
            return EntryUrl(type_, rest[0] if len(rest) > 1 else None, history=True)
        case ["_search"] if operation is None:
            return EntryUrl(type_, special=SEARCH)
        case [] | [_]:
            return EntryUrl(type_, rest[0] if rest else None, operation=operation)
        case [id_, "_history", version] if operation is None:
            return EntryUrl(type_, id_, version)
        case [id_, member] if operation is None:
            if member != "*":
                _require_type(context, member)
            return EntryUrl(type_, id_, member=member)
    return None


def _require_type(context: Context, name: str) -> None:
    if name not in context.server.registry:
        raise invalid(f"{name[:64]!r} is not a resource type of R4.", code="not-supported")


def require_sense(method: str, url: EntryUrl) -> None:
    """Refuse a method that its URL has no meaning for (400).

    Raises:
        FhirError: says what the URL must look like.
    """
    if url.special == SEARCH:
        raise _senseless("Search by GET inside a bundle: Type?parameters.")
    match method:
        case "POST":
            if not url.operation and not (url.names_type and url.query is None):
                raise _senseless("A POST in a bundle has a type as its url, or an operation's.")
        case "HEAD":
            if url.operation:
                raise _senseless("Call the operation by GET or POST.")
        case "PUT" | "PATCH" | "DELETE":
            by_criteria = url.names_type and url.query is not None
            if not (url.names_resource or by_criteria):
                raise _senseless(
                    f"A {method} in a bundle has a url of the form Type/id or Type?criteria."
                )


def _senseless(text: str) -> FhirError:
    return FhirError(*not_supported(text).issues, status=400)
