"""Every route by which one resource could come out, as templates of requests.

``{id}`` is the resource asked about. Whoever may not see it must be answered as about ``{id}`` of
what does not exist: each route is asked about a twin that is not there, and both answers compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

# What patient-pinned searches of each type are asked by.
PINNED = {
    "Encounter": "patient",
    "Observation": "patient",
    "CareTeam": "patient",
    "CarePlan": "patient",
    "Task": "patient",
    "Consent": "patient",
    "Composition": "patient",
    "List": "patient",
    "DocumentReference": "patient",
    "Appointment": "patient",
    "Patient": "_id",
}
# Types in the compartment of a patient.
COMPARTMENT = frozenset(PINNED) - {"Task", "Patient"}
TWIN = "is-not-there"


@dataclass(frozen=True)
class Route:
    """One way to ask about a resource.

    Args:
        name: of the route.
        method: of HTTP.
        url: template: ``{type} {id} {person} {mark} {pinned} {pin} {pointer}``.
        body: template of a resource, with strings as templates.
        more: conditions of the entry.
        only: kinds of types it makes sense for; empty for all.
        shows: whether the mark of what may be seen is in the answer.
    """

    name: str
    method: str
    url: str
    body: Any = None
    more: tuple[tuple[str, str], ...] = ()
    only: frozenset[str] = frozenset()
    shows: bool = False

    def made(self, values: dict[str, str]) -> tuple[str, str, Any, dict[str, str]]:
        """Give the request."""
        more = {name: text.format_map(values) for name, text in self.more}
        return self.method, self.url.format_map(values), _filled(self.body, values), more


def _filled(body: Any, values: dict[str, str]) -> Any:
    if isinstance(body, dict):
        return {key: _filled(each, values) for key, each in body.items()}
    if isinstance(body, list):
        return [_filled(each, values) for each in body]
    return body.format_map(values) if isinstance(body, str) else body


def _graphql(query: str) -> str:
    return quote(query).replace("%7B%7B", "{{").replace("%7D%7D", "}}")


def _bundle(kind: str, url: str) -> dict[str, Any]:
    entry = {"request": {"method": "GET", "url": url}}
    return {"resourceType": "Bundle", "type": kind, "entry": [entry]}


_PINNED = frozenset(PINNED)
_AT = "{type}/{id}"
# A record of one's own that points at what one asks about.
_POINTS = {
    "resourceType": "DocumentReference",
    "status": "current",
    "content": [{"attachment": {"title": "x"}}],
    "context": {"related": [{"reference": _AT}]},
}
_NOTE = {"resourceType": "Basic", "code": {"text": "x"}}
_PATCH = {
    "resourceType": "Parameters",
    "parameter": [
        {
            "name": "operation",
            "part": [
                {"name": "type", "valueCode": "replace"},
                {"name": "path", "valueString": "{type}.language"},
                {"name": "value", "valueCode": "en"},
            ],
        }
    ],
}

CORE = (
    Route("read", "GET", _AT, shows=True),
    Route("vread", "GET", f"{_AT}/_history/1", shows=True),
    Route("history", "GET", f"{_AT}/_history", shows=True),
    Route("by id", "GET", "{type}?_id={id}", only=_PINNED, shows=False),
    Route("pinned", "GET", "{type}?{pinned}={pin}&_count=200", only=_PINNED, shows=True),
    Route("pinned barely", "GET", "{type}?{pinned}={person}&_count=200", only=_PINNED, shows=True),
    Route("count by id", "GET", "{type}?_id={id}&_summary=count"),
)
FULL = (
    *CORE,
    Route("head", "HEAD", _AT),
    Route("conditional read", "GET", _AT, more=(("ifNoneMatch", 'W/"2"'),)),
    Route("conditional read *", "GET", _AT, more=(("ifNoneMatch", "*"),)),
    Route("modified since", "GET", _AT, more=(("ifModifiedSince", "2099-01-01T00:00:00Z"),)),
    Route("vread 2", "GET", f"{_AT}/_history/2"),
    Route("vread 9", "GET", f"{_AT}/_history/9"),
    Route("history page", "GET", f"{_AT}/_history?_count=1"),
    Route("history since", "GET", f"{_AT}/_history?_since=2000-01-01T00:00:00Z"),
    Route("total by id", "GET", "{type}?_id={id}&_total=accurate"),
    Route("estimate by id", "GET", "{type}?_id={id}&_total=estimate&_count=0"),
    Route("elements", "GET", "{type}?_id={id}&_elements=id"),
    Route("summary", "GET", "{type}?_id={id}&_summary=text"),
    Route("sorted by id", "GET", "{type}?_id={id}&_sort=-_lastUpdated"),
    Route("system search", "GET", "?_type={type}&_id={id}"),
    Route("system count", "GET", "?_id={id}&_summary=count"),
    Route("included from", "GET", "{type}?_id={id}&_include=*&_revinclude=*"),
    Route("filter", "GET", "{type}?_filter=" + quote("_id eq {id}", safe="{}")),
    Route("contained too", "GET", "{type}?_id={id}&_contained=both"),
    Route("words", "GET", "{type}?_content={mark}"),
    Route("words of all", "GET", "?_type={type}&_content={mark}&_summary=count"),
    Route("not", "GET", "{type}?_id:not={id}&_summary=count"),
    Route("explain", "GET", "{type}?_id={id}&_explain=true"),
    Route("compartment", "GET", "Patient/{person}/{type}?_id={id}", only=COMPARTMENT),
    Route("compartment all", "GET", "Patient/{person}/*?_id={id}", only=COMPARTMENT),
    Route(
        "by number",
        "GET",
        "{type}?patient.identifier=urn:example:number|n-{person}&_id={id}",
        only=COMPARTMENT,
    ),
    Route("chain to person", "GET", "{type}?patient.family=Mark&_id={id}", only=COMPARTMENT),
    Route(
        "has",
        "GET",
        "Patient?_id={person}&_has:{type}:patient:_id={id}&_summary=count",
        only=COMPARTMENT,
    ),
    Route("chain to it", "GET", "DocumentReference?related:{type}._id={id}&_summary=count"),
    Route("pointed at", "GET", "DocumentReference?_id={pointer}&_include=DocumentReference:related"),
    Route("pointed at all", "GET", "DocumentReference?_id={pointer}&_include=*&_include:iterate=*"),
    Route("in a list", "GET", "Observation?_list={id}&_summary=count", only=frozenset({"List"})),
    Route("meta", "GET", f"{_AT}/$meta"),
    Route("diff", "GET", f"{_AT}/$diff"),
    Route("diff of versions", "GET", "$diff?from={type}/{id}/_history/1&to={type}/{id}"),
    Route("graphql", "GET", f"{_AT}/$graphql?query=" + _graphql("{{id,meta{{versionId}}}}")),
    Route("graphql read", "GET", "$graphql?query=" + _graphql('{{{type}(id:"{id}"){{id}}}}')),
    Route(
        "graphql list", "GET", "$graphql?query=" + _graphql('{{{type}List(_id:"{id}"){{id}}}}')
    ),
    Route(
        "graphql reference",
        "GET",
        "DocumentReference/{pointer}/$graphql?query="
        + _graphql("{{context{{related{{resource{{...on {type}{{id,language}}}}}}}}}}"),
    ),
    Route("everything", "GET", "Patient/{person}/$everything?_count=500", only=COMPARTMENT),
    Route("everything since", "GET", f"{_AT}/$everything", only=frozenset({"Encounter"})),
    Route("document", "GET", f"{_AT}/$document", only=frozenset({"Composition"})),
    Route("validate update", "POST", f"{_AT}/$validate?mode=update", {"resourceType": "{type}", "id": "{id}"}),
    Route("validate delete", "POST", f"{_AT}/$validate?mode=delete"),
    Route("delete", "DELETE", _AT),
    Route("delete if", "DELETE", _AT, more=(("ifMatch", 'W/"2"'),)),
    Route("delete matching", "DELETE", "{type}?_id={id}"),
    Route("patch matching", "PATCH", "{type}?_id={id}", _PATCH),
    Route("create unless", "POST", "Basic", _NOTE, (("ifNoneExist", "subject:{type}._id={id}"),)),
    Route("point at", "POST", "DocumentReference", _POINTS),
    Route(
        "tell of",
        "POST",
        "Provenance",
        {
            "resourceType": "Provenance",
            "target": [{"reference": _AT}],
            "recorded": "2026-01-01T00:00:00Z",
            "agent": [{"who": {"reference": "Organization/hc"}}],
        },
    ),
    Route("history of type", "GET", "{type}/_history"),
    Route("history of all", "GET", "_history"),
)  # fmt: skip

# Whole Bundles of requests, which go by another way in.
BUNDLES = (
    ("batch", _bundle("batch", _AT)),
    ("transaction", _bundle("transaction", _AT)),
    ("batch search", _bundle("batch", "{type}?_id={id}")),
    ("transaction history", _bundle("transaction", f"{_AT}/_history")),
)

# Searches that name nobody; ``{type}`` alone.
LISTS = (
    "{type}?_count=500",
    "?_type={type}&_count=500",
    "{type}?_count=500&_sort=_lastUpdated",
    "{type}?_count=500&_lastUpdated=gt2000-01-01",
    "{type}?_count=500&_id:not=nobody",
)
COUNTS = (
    "{type}?_summary=count",
    "?_type={type}&_summary=count",
    "{type}?_count=0",
    "{type}?_total=accurate&_count=1",
    "{type}?_total=estimate&_count=1",
    "{type}?_summary=count&_lastUpdated=gt2000-01-01",
    "{type}?_summary=count&_filter=" + quote("_lastUpdated gt 2000-01-01"),
)


def filled(body: Any, values: dict[str, str]) -> Any:
    """Fill a template of a body."""
    return _filled(body, values)
