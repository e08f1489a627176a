"""How concepts look as MongoDB documents, and which tokens they are found by.

A token is

    -                is inactive
    c:ACUTE          its code
    f:acute          its code without regard to case, where the code system allows that
    p:IMP            a code right above it
    a:IMP            a code further above it
    w:akut           a word of what it is called, folded
    v:status=draft   a property and its value

All concepts of a code system are found by ``_id``, which begins with the key of the code system and
goes on with the place in its order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fhir_server.fhir import json
from fhir_server.search.tokens import bounded
from fhir_server.storage.documents import Document
from fhir_server.terminology.concepts import Concept, SystemInfo
from fhir_server.terminology.filters import property_values, words_of
from fhir_server.terminology.listed import concept_of
from fhir_server.terminology.rows import Marks, Row, ancestors_of, rows_of

INACTIVE = "-"
# What a reader needs of a document: not the tokens.
READ = {"_id": 0, "o": 1, "c": 1, "d": 1, "x": 1}


def documents(key: str, code_system: Mapping[str, Any], info: SystemInfo) -> Iterator[Document]:
    """Give the documents of a code system's concepts, in order.

    Args:
        key: names the code system in the database.
        code_system: with its concepts.
        info: the same without them.
    """
    rows = rows_of(code_system)
    parents = {row.code: row.parents for row in rows}
    marks = Marks(info.properties)
    for position, row in enumerate(rows):
        concept = concept_of(info, row, marks, position)
        yield {
            "_id": place(key, position),
            "k": key,
            "o": position,
            "c": row.code,
            "d": row.display,
            "t": sorted(set(_tokens(concept, ancestors_of(parents, row.code), info))),
            "x": json.dump(_rest(row)),
        }


def _rest(row: Row) -> list[Any]:
    parts = (row.definition, row.parents, row.properties, row.designations)
    return [list(part) if isinstance(part, tuple) else part for part in parts]


def _tokens(concept: Concept, ancestors: Mapping[str, None], info: SystemInfo) -> Iterator[str]:
    if concept.inactive:
        yield INACTIVE
    yield token("c", concept.code)
    if not info.case_sensitive:
        yield token("f", concept.code.casefold())
    yield from (token("p", parent) for parent in concept.parents)
    yield from (token("a", above) for above in ancestors if above not in concept.parents)
    yield from (token("w", word) for word in words_of(concept))
    for name in {item["code"] for item in concept.properties}:
        for value in property_values(concept.properties, name):
            yield token("v", f"{name}={value}")


def place(key: str, position: int) -> str:
    """Give the ``_id`` of the concept at a place of a code system."""
    return f"{key}|{position:08d}"


def every(key: str) -> dict[str, Any]:
    """Give the filter of all concepts of a code system."""
    return {"_id": {"$gte": f"{key}|", "$lt": f"{key}}}"}}


def token(kind: str, text: str) -> str:
    """Spell a token."""
    return f"{kind}:{bounded(text)}"


def read(document: Document, info: SystemInfo, marks: Marks) -> Concept:
    """Read a document."""
    definition, parents, properties, designations = json.plain(document["x"])
    row = Row(document["c"], document["d"], definition, parents, properties, designations)
    return concept_of(info, row, marks, document["o"])
