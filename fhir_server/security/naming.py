"""Whom a search names."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from fhir_server.search import tokens
from fhir_server.search.query import And, Criterion, HasId, HasToken, HasWord, Or

# So many persons at most does one search name.
MOST_NAMED = 10

_PATIENT = f"{tokens.REFERENCE}Patient/"
# A whole number is equal to somebody's, whether or not it is said whose numbers it is among.
_IN_SYSTEM = f"Patient.identifier{tokens.CODED}"
_ANY_SYSTEM = f"Patient.identifier{tokens.CODE}"
_IDENTIFIERS = (_IN_SYSTEM, _ANY_SYSTEM)


def named_by(where: And) -> list[str]:
    """Give the persons whom conditions pin a search to, as ``Patient/[id]``; none for too many."""
    for part in where.parts:
        among = getattr(part, "parts", (part,))
        found = [name for each in among for name in _persons(each)]
        ids = {name.partition("/")[2] for name in found}
        pins = all(_persons(each) or _of_one_of(each, ids) for each in among)
        if found and pins and len(set(found)) <= MOST_NAMED:
            return list(dict.fromkeys(found))
    return []


def spelled(value: str, systems: Collection[str]) -> list[str]:
    """Spell a person's number as index tokens: in each of some systems, or in any for none."""
    if not systems:
        return [f"{_ANY_SYSTEM}{tokens.code(value)}"]
    return [f"{_IN_SYSTEM}{tokens.coded(system, value)}" for system in systems]


def _of_one_of(part: Criterion, ids: Collection[str]) -> bool:
    """Tell whether a condition means another type by the same id, as ``patient=7`` does a Group."""
    return isinstance(part, HasToken) and part.token.rpartition("/")[2] in ids


def _persons(part: Criterion) -> list[str]:
    if isinstance(part, HasToken):
        _, mark, id_ = part.token.partition(_PATIENT)
        return [f"Patient/{id_}"] if mark else []
    if isinstance(part, HasId):
        persons = [each for each in part.references if each.startswith("Patient/")]
        return persons if len(persons) == len(part.references) else []
    return []


def identified(asked: Sequence[Criterion]) -> bool:
    """Tell whether a search gives the whole number of whom it looks for."""
    return any(is_identifier(part) for part in asked)


def is_identifier(part: Criterion) -> bool:
    """Tell whether a condition is a person's whole identifier, with its system or without."""
    among = getattr(part, "parts", (part,))
    found = [isinstance(each, HasToken) and each.token.startswith(_IDENTIFIERS) for each in among]
    return bool(found) and all(found) and len(found) <= MOST_NAMED


def only_identified(asked: Sequence[Criterion]) -> bool:
    """Tell whether a search gives the whole number of whom it looks for, and asks nothing else."""
    return bool(asked) and all(is_identifier(part) for part in asked)


def only_names(asked: Sequence[Criterion]) -> bool:
    """Tell whether a search says nothing but whom it is about."""
    return bool(asked) and all(is_identifier(part) or _is_id(part) for part in asked)


def _is_id(part: Criterion) -> bool:
    among = part.parts if isinstance(part, Or) else (part,)
    found = [each.references for each in among if isinstance(each, HasId)]
    return len(found) == len(among) and 0 < sum(map(len, found)) <= MOST_NAMED


def asks_for_words(asked: Sequence[Criterion]) -> bool:
    """Tell whether a search looks into all of a text: for a word, or a reference wherever it is."""

    def asks(part: Criterion) -> bool:
        if isinstance(part, HasWord):
            return True
        if isinstance(part, HasToken):
            return part.token.startswith(tokens.REFERENCE)
        inner = getattr(part, "parts", None) or [
            each for each in (getattr(part, "part", None), getattr(part, "where", None)) if each
        ]
        return any(asks(each) for each in inner)

    return any(asks(part) for part in asked)
