"""Everything that is kept about one person, into one file: GDPR articles 15 and 20.

As the person may see it themself, or all of it for whoever decides what may be given out.
docs/security/rights-of-the-person.md
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fhir_server.fhir import json
from fhir_server.fhir.ids import ID
from fhir_server.fhir.outcome import not_found
from fhir_server.interactions.context import Context, OperationRequest
from fhir_server.search import labels
from fhir_server.search.query import Query, Sort, every
from fhir_server.security import criteria
from fhir_server.storage.records import StoredResource
from fhir_server.storage.versions import HistoryQuery

PAGE = 200
ACCESS_LOG = "access-log"
ACCESS_LOG_FILE = "access-log.ndjson"
_BINARY = re.compile(rb'"url":"(?:[^"]*/)?(Binary/' + ID.encode() + rb')"')


@dataclass(slots=True)
class Contents:
    """What the file holds.

    Args:
        types: how many resources of each type.
        versions: how many earlier versions of each type.
        units: names of the units that answer for it, and how many resources they answer for.
        accesses: how many entries of the access log; None where there is none.
        first: when the oldest was last written to, in µs; 0 for nothing.
        last: the same of the newest.
    """

    types: dict[str, int] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)
    accesses: int | None = None
    first: int = 0
    last: int = 0


class PersonExport:
    """One export.

    Args:
        context: sees what is to be exported.
        whole: sees everything: names of units, and attachments of what is exported.
        person: ``Patient/[id]``.
        with_versions: whether earlier versions are exported, too.
        on_page: told how many more resources are written.
    """

    def __init__(
        self,
        context: Context,
        whole: Context,
        person: str,
        *,
        with_versions: bool,
        on_page: Callable[[int], None],
    ) -> None:
        self._context = context
        self._whole = whole
        self._person = person
        self._with_versions = with_versions
        self._on_page = on_page
        self._binaries: set[str] = set()
        self._owners: dict[str, int] = {}

    def count(self) -> int:
        """Count the resources there are."""
        return sum(self._context.store.count(self._query(type_)) for type_ in self._types())

    def write(self, out: zipfile.ZipFile) -> Contents:
        """Write NDJSON, a file for each type; earlier versions and the access log apart.

        Raises:
            FhirError: 404 for no such person.
        """
        if self._context.store.read(*self._person.split("/")) is None:
            raise not_found(self._person)
        contents = Contents()
        for type_ in self._types():
            self._type(out, type_, contents)
        self._attachments(out, contents)
        contents.accesses = self._access_log(out)
        named = self._whole.store.read_many(self._owners)
        for reference, number in self._owners.items():
            name = _name(named.get(reference)) or reference
            contents.units[name] = contents.units.get(name, 0) + number
        return contents

    def _types(self) -> list[str]:
        names = [each.name for each in self._context.server.registry]
        return [name for name in names if name != "AuditEvent"]

    def _query(self, type_: str) -> Query:
        where = every(criteria.about(type_, [self._person]))
        return Query((type_,), where, sort=(Sort("_id"),), count=PAGE)

    def _type(self, out: zipfile.ZipFile, type_: str, contents: Contents) -> None:
        pages = self._pages(type_)
        first = next(pages)
        if not first:
            return
        older: list[str] = []
        with out.open(f"{type_}.ndjson", "w", force_zip64=True) as file:
            while first is not None:
                for each in first:
                    file.write((each.body or b"") + b"\n")
                    self._note(each, contents)
                    older += [each.id] if each.version > 1 else []
                self._on_page(len(first))
                first = next(pages, None)
        if self._with_versions and older:
            self._versions(out, type_, older, contents)

    def _pages(self, type_: str) -> Iterator[list[StoredResource] | None]:
        query = self._query(type_)
        while True:
            page = self._context.store.search(query)
            yield page.resources
            if page.next_cursor is None:
                return
            query = replace(query, cursor=page.next_cursor)

    def _note(self, each: StoredResource, contents: Contents) -> None:
        contents.types[each.resource_type] = contents.types.get(each.resource_type, 0) + 1
        contents.first = min(contents.first or each.last_updated, each.last_updated)
        contents.last = max(contents.last, each.last_updated)
        self._binaries |= {m.decode() for m in _BINARY.findall(each.body or b"")}
        owner = labels.read(each.labels).owner
        if owner:
            self._owners[owner] = self._owners.get(owner, 0) + 1

    def _versions(
        self, out: zipfile.ZipFile, type_: str, ids: list[str], contents: Contents
    ) -> None:
        with out.open(f"versions/{type_}.ndjson", "w", force_zip64=True) as file:
            for id_ in ids:
                for each in self._earlier(type_, id_):
                    file.write((each.body or b"") + b"\n")
                    contents.versions[type_] = contents.versions.get(type_, 0) + 1

    def _earlier(self, type_: str, id_: str) -> Iterator[StoredResource]:
        """Give the versions before the current one, newest first; deletions have no content."""
        asked, current = HistoryQuery((type_,), id_, count=PAGE), True
        while True:
            page = self._context.store.history(asked)
            for each in page.versions if page else ():
                if not current and each.body is not None:
                    yield each
                current = False
            if page is None or page.next is None:
                return
            asked = replace(asked, after=page.next)

    def _attachments(self, out: zipfile.ZipFile, contents: Contents) -> None:
        """Write the Binaries that what was written attaches, once."""
        written = contents.types.get("Binary", 0)
        found = self._whole.store.read_many(self._binaries)
        bodies = [each.body for _, each in sorted(found.items()) if each.body is not None]
        if bodies and not written:
            out.writestr("Binary.ndjson", b"".join(body + b"\n" for body in bodies))
            contents.types["Binary"] = len(bodies)

    def _access_log(self, out: zipfile.ZipFile) -> int | None:
        """Write when, and from which unit, somebody looked; None where no log is kept."""
        if not self._context.server.settings.audited:
            return None
        entries = []
        cursor = ""
        while True:
            page = self._access_page(cursor)
            entries += [each["resource"] for each in page.get("entry", ())]
            following = [e["url"] for e in page.get("link", ()) if e.get("relation") == "next"]
            if not following:
                break
            cursor = parse_qs(urlsplit(following[0]).query)["_cursor"][0]
        lines = (json.dump(each) + b"\n" for each in entries)
        out.writestr(ACCESS_LOG_FILE, b"".join(lines))
        return len(entries)

    def _access_page(self, cursor: str) -> dict[str, Any]:
        context = self._context
        type_, id_ = self._person.split("/")
        pairs = [("_cursor", cursor)] if cursor else []
        request = OperationRequest(ACCESS_LOG, type_, id_, "GET", pairs)
        answer = context.server.operations.invoke(context, request)
        found: dict[str, Any] = json.parse(answer.body or b"{}")
        return found


def _name(stored: StoredResource | None) -> str:
    return str(json.parse(stored.body).get("name", "")) if stored and stored.body else ""
