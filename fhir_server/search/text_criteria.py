"""Values of string parameters, and of those that compare sounds, made criteria.

Source: https://hl7.org/fhir/R4/search.html#string
"""

from __future__ import annotations

from fhir_server.fhir.folding import fold
from fhir_server.search import tokens
from fhir_server.search.asked import Asked
from fhir_server.search.query import And, Criterion, HasToken, TextContains, TextStart
from fhir_server.search.syntax import unescape
from fhir_server.search.token_values import sounding


def string_criterion(asked: Asked, text: str) -> Criterion:
    """Read a string: the beginning of one, a part of one, or one exactly."""
    value, name = unescape(text), asked.parameter.name
    folded = fold(value)
    if asked.modifier == "exact" or (not folded and not asked.modifier):
        return TextStart(name, tokens.text_entry(value), whole=True)
    if len(folded) > tokens.LONGEST:
        raise asked.refused(f"at most {tokens.LONGEST} characters can be compared; use :exact.")
    if asked.modifier == "contains":
        if not folded:
            raise asked.refused("it needs a letter or a digit to look for.")
        return TextContains(name, folded)
    return TextStart(name, folded)


def phonetic_criterion(asked: Asked, text: str) -> Criterion:
    """Read a name by its sound: each of its words must sound like a word of the name stored."""
    sounds = dict.fromkeys(sounding(unescape(text)))
    if not sounds:
        raise asked.refused("it needs a letter or a digit to sound.")
    name = asked.parameter.name
    found = [HasToken(f"{name}{tokens.CODE}{tokens.bounded(sound)}") for sound in sounds]
    return found[0] if len(found) == 1 else And(tuple(found))
