"""How what a resource says is spelled as index tokens; indexing and parsing both use this.

A token is a parameter's name, a separator that tells what follows, and the value:

    CareTeam                               every resource of the type
    CareTeam.status=active                 a code without its system, an identifier's value, a uri
    CareTeam.category;https://…|sip        a system and a code; nothing before | means no system
    CareTeam.patient>Patient/7             a reference
    CareTeam.patient:identifier=…  ;…      a logical reference's identifier
    Patient.identifier:of-type=…           system|code|value
    CareTeam.category:text<sip␟SIP          what a code is called, folded and exact
    Patient.name<andersson␟Andersson       a string, folded and exact; where there are several
    CarePlan.activity-date@2026-…          where a range starts; where there are several
    CareTeam.category?                     present, with nothing to search for
    #Practitioner.name<…                   the same of a contained resource; its strings and starts
                                           of ranges are always tokens
    >Patient/7                             refers to Patient/7, wherever in the resource; not where
                                           Provenance.target>Patient/7 says so

The separators are neighbours in ASCII and are not in any parameter's name, so
``CareTeam.status:`` to ``CareTeam.statusA`` is all there is about one parameter.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from fhir_server.fhir.folding import fold
from fhir_server.fhir.reference import local, normal

CODE = "="
CODED = ";"
REFERENCE = ">"
TEXT = "<"
START = "@"
PRESENT = "?"
CONTAINED = "#"  # before what a contained resource says
IDENTIFIER = ":identifier"
OF_TYPE = ":of-type="
NAMED = ":text<"  # what a code is called
FIRST, AFTER = ":", "A"
# A Provenance may tell of all of a bundle, and is stored with each write: what this says of a
# resource is not said again by ``>Type/id``.
TELLS_OF = f"Provenance.target{REFERENCE}"

END_OF_TEXT = "\U0010ffff"
EXACT = "\x1f"  # between a string as folded and as it is
NEXT = "\x1e"  # between the strings of one parameter in a sort key

# Longer values are told apart by their hash; strings are searched in their first characters.
LONGEST = 500
_SHORT = 100  # what is worth remembering


def bounded(text: str) -> str:
    """Give a text as it is, or its beginning and a hash if it is too long for an index."""
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}#{hashlib.sha256(text.encode()).hexdigest()}"


def code(text: str) -> str:
    """Fold a code or an identifier's value.

    R4 asks for case-insensitive tokens when in doubt: a match too many does less harm than one
    too few (search.html#token).
    """
    folded = text.casefold()
    return folded if len(folded) <= LONGEST else bounded(folded)


def coded(system: str, text: str) -> str:
    """Join a system (exact, may be empty) and a code."""
    return f"{bounded(system)}|{code(text)}"


def reference(text: str, base_url: str) -> str:
    """Spell what follows a parameter's name for a reference."""
    return _reference(text, base_url) if len(text) <= _SHORT else _referred(text, base_url)


# A unit and its staff are referred to again and again.
@lru_cache(maxsize=1024)
def _reference(text: str, base_url: str) -> str:
    return _referred(text, base_url)


def _referred(text: str, base_url: str) -> str:
    return f"{REFERENCE}{bounded(normal(text, base_url))}"


def referring(reference: str) -> tuple[str, str]:
    """Give the tokens of which whatever refers to ``Type/id`` has one, and nothing else has."""
    return f"{REFERENCE}{reference}", f"{TELLS_OF}{reference}"


def referred(own: Iterable[str]) -> Iterator[str]:
    """Give ``Type/id`` of what a resource refers to on this server, from its tokens."""
    for token in own:
        if token[0] == REFERENCE:
            yield token[len(REFERENCE) :]
        elif (
            token[0] == TELLS_OF[0] and token.startswith(TELLS_OF) and local(token[len(TELLS_OF) :])
        ):
            yield token[len(TELLS_OF) :]


def telephone(text: str) -> str:
    """Leave out what people put between the digits of a telephone number."""
    return re.sub(r"[\s\-./()]", "", text.casefold())


def text_entry(text: str) -> str:
    """Spell a string for prefix, exact and substring search at once."""
    return f"{fold(text)[:LONGEST]}{EXACT}{bounded(text.replace(NEXT, ' '))}"


def label(text: str) -> str:
    """Spell what a code or somebody is called, as `text_entry` does; both come again and again."""
    return _label(text) if len(text) <= _SHORT else text_entry(text)


@lru_cache(maxsize=1024)
def _label(text: str) -> str:
    return text_entry(text)
