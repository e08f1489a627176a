"""What searches find the server's own records by, made from their one shape.

The records of a busy server outnumber all else, and the general indexer looks for what they never
have. A test holds the two equal, but for two things. Words are left out: no one finds who read what
by full text. So is that something is referred to, by whatever parameter: it is asked when something
is deleted, purged or followed backwards, and of the trail never. A page of a search names forty
resources in its record, and each entry of the index costs the database some 5 µs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from fhir_server.search import tokens
from fhir_server.search.indexing import IndexEntries
from fhir_server.security.audit.event import ACTING_UNIT, TYPE

Json = Mapping[str, Any]

_ENTITY = f"{TYPE}.entity{tokens.REFERENCE}"
_PATIENT = f"{TYPE}.patient{tokens.REFERENCE}"


def index_entries(event: Json) -> IndexEntries:
    """Give the index entries of a record as `fhir_server.security.audit.event` makes it."""
    reference = f"{TYPE}/{event['id']}"
    found = [TYPE, *_own(event)]
    keys: dict[str, str] = {}
    for agent in event["agent"]:
        found += _agent(agent)
        if "network" in agent:
            address = tokens.text_entry(agent["network"]["address"])
            keys[f"{TYPE}:address<"] = f"{address}{tokens.NEXT}{reference}"
    found.append(f"{TYPE}.source{tokens.PRESENT}")
    roles: dict[str, Json] = {}
    for entity in event.get("entity", ()):
        role = entity["role"]
        roles[role["code"]] = role
        if "name" in entity:
            name = tokens.text_entry(entity["name"])
            keys[f"{TYPE}:entity-name<"] = f"{name}{tokens.NEXT}{reference}"
        if "what" in entity:
            named = _unversioned(entity["what"]["reference"])
            found.append(f"{_ENTITY}{named}")
            if named.startswith("Patient/"):
                found.append(f"{_PATIENT}{named}")
    for role in roles.values():
        found += _coding("entity-role", role)
    low, high = _range(event["recorded"])
    keys[f"{TYPE}:date<"] = f"{low} {reference}"
    keys[f"{TYPE}:date>"] = f"{high} {reference}"
    return IndexEntries(list(dict.fromkeys(found)), keys, {f"{TYPE}:date": [(low, high)]})


def _own(event: Json) -> Iterator[str]:
    for profile in event["meta"].get("profile", ()):
        yield f"{TYPE}._profile{tokens.CODE}{profile}"
    yield from _coding("type", event["type"])
    for subtype in event.get("subtype", ()):
        yield from _coding("subtype", subtype)
    yield f"{TYPE}.action{tokens.CODE}{event['action'].lower()}"
    yield f"{TYPE}.outcome{tokens.CODE}{event['outcome']}"


def _agent(agent: Json) -> Iterator[str]:
    for extension in agent.get("extension", ()):
        if extension["url"] == ACTING_UNIT:
            yield from _identifier("acting-unit", extension["valueReference"]["identifier"])
    for role in agent.get("role", ()):
        yield f"{TYPE}.agent-role{tokens.PRESENT}"
        yield f"{TYPE}.agent-role{tokens.NAMED}{tokens.label(role['text'])}"
    for policy in agent.get("policy", ()):
        yield f"{TYPE}.policy{tokens.CODE}{tokens.bounded(policy)}"
    who = agent["who"]
    if "identifier" in who:
        yield from _identifier("agent", who["identifier"])
        if "type" not in who:
            # Who has no type may be a patient, for all that anybody can tell.
            yield from _identifier("patient", who["identifier"])
    else:
        yield f"{TYPE}.agent{tokens.REFERENCE}{who['reference']}"
        if who["reference"].startswith("Patient/"):
            yield f"{_PATIENT}{who['reference']}"


def _unversioned(reference: str) -> str:
    return reference.partition("/_history/")[0]


@lru_cache(maxsize=4096)
def _identified(name: str, system: str, value: str) -> tuple[str, str]:
    start = f"{TYPE}.{name}{tokens.IDENTIFIER}"
    plain = f"{start}{tokens.CODE}{tokens.code(value)}"
    return plain, f"{start}{tokens.CODED}{tokens.coded(system, value)}"


def _identifier(name: str, identifier: Json) -> tuple[str, str]:
    return _identified(name, identifier.get("system", ""), identifier["value"])


def _coding(name: str, coding: Json) -> tuple[str, str]:
    return _coded(name, coding["system"], coding["code"])


@lru_cache(maxsize=4096)
def _coded(name: str, system: str, code: str) -> tuple[str, str]:
    start = f"{TYPE}.{name}"
    plain = f"{start}{tokens.CODE}{tokens.code(code)}"
    return plain, f"{start}{tokens.CODED}{tokens.coded(system, code)}"


def _range(recorded: str) -> tuple[str, str]:
    """Give the millisecond that an instant of the server's own names, as ranges are spelled."""
    whole, milliseconds = recorded[:19], int(recorded[20:23])
    if milliseconds < 999:
        return f"{whole}.{milliseconds:03d}000", f"{whole}.{milliseconds + 1:03d}000"
    after = dt.datetime.fromisoformat(whole) + dt.timedelta(seconds=1)
    return f"{whole}.999000", f"{after.isoformat()}.000000"
