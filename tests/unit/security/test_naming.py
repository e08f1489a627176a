"""Whom a search names."""

from __future__ import annotations

from fhir_server.search.query import (
    And,
    HasId,
    HasToken,
    HasWord,
    Not,
    Or,
    TokenRange,
    every,
)
from fhir_server.security.naming import (
    MOST_NAMED,
    asks_for_words,
    identified,
    named_by,
    only_identified,
    only_names,
    spelled,
)

ONE = HasToken("Encounter.patient>Patient/1")
GROUP = HasToken("Encounter.patient>Group/1")
NUMBER = HasToken("Patient.identifier;urn:x|19121212")
BARE = HasToken("Patient.identifier=19121212")


def test_a_reference_to_a_patient_names_them() -> None:
    """R111: whether the reference says the type or leaves it out."""
    assert named_by(every(ONE)) == ["Patient/1"]
    assert named_by(every(Or((GROUP, ONE)))) == ["Patient/1"]


def test_a_condition_that_others_fulfil_too_names_nobody() -> None:
    """R111: what may be anybody's is restricted as what names nobody."""
    other = HasToken("Encounter.patient>Group/2")
    for where in (Or((ONE, other)), Or((ONE, HasToken("Encounter.status=planned"))), Not(ONE)):
        assert named_by(And((where,))) == []


def test_so_many_persons_are_named_and_no_more() -> None:
    """R111: nobody collects the records of all by naming all."""
    ids = tuple(f"Patient/{n}" for n in range(MOST_NAMED + 1))
    assert named_by(every(HasId(ids[:-1]))) == list(ids[:-1])
    assert named_by(every(HasId(ids))) == []


def test_a_whole_number_identifies_and_half_of_one_does_not() -> None:
    """R117: one looks somebody up by their number, with its system or without."""
    for whole in (NUMBER, BARE, Or((NUMBER, BARE))):
        assert identified([whole])
        assert only_identified([whole])
        assert not identified([Not(whole)])
        assert not only_identified([whole, HasToken("Patient.gender=female")])
    assert not identified([TokenRange("Patient.identifier;urn:x|", "Patient.identifier;urn:x|~")])
    assert not identified([HasToken("Practitioner.identifier=19121212")])


def test_numbers_are_spelled_as_searches_spell_them() -> None:
    """R122: in each of the systems that mean the same, or in any."""
    assert spelled("19121212", ["urn:x", ""]) == [NUMBER.token, "Patient.identifier;|19121212"]
    assert spelled("19121212", ()) == [BARE.token]


def test_protected_persons_are_found_by_what_names_them_alone() -> None:
    """R118: not by an address, and not by a name beside an id."""
    one = HasId(("Patient/1",))
    assert only_names([one])
    assert only_names([Or((one, HasId(("Patient/2",))))])
    assert only_names([NUMBER, one])
    assert not only_names([])
    assert not only_names([one, HasToken("Patient.gender=female")])
    assert not only_names([Or((one, HasToken("Patient.gender=female")))])


def test_words_and_references_anywhere_look_into_what_is_hidden() -> None:
    """R114: an internal note is not found by its words, nor by whom it names."""
    assert asks_for_words([Or((ONE, Not(HasWord("x", narrative=False))))])
    assert asks_for_words([HasToken(">Practitioner/1")])
    assert not asks_for_words([ONE, HasId(("CareTeam/1",))])
