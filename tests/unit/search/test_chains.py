"""Parameter names that lead over references: the criteria they become, and where they end."""

from __future__ import annotations

import pytest

from fhir_server.fhir.outcome import FhirError
from fhir_server.search.chains import over
from fhir_server.search.parse import QueryParser
from fhir_server.search.query import (
    And,
    Chained,
    Criterion,
    HasId,
    HasToken,
    InRange,
    Not,
    Or,
    ReferredBy,
    TextContains,
    TextStart,
    TokenRange,
)


def read(parser: QueryParser, type_: str | None, name: str, value: str) -> Criterion:
    (criterion,) = parser.parse(type_, [(name, value)]).where.parts
    return criterion


def refusal(parser: QueryParser, type_: str | None, *names: str) -> str:
    with pytest.raises(FhirError) as error:
        parser.parse(type_, [(name, "secret") for name in names])
    assert error.value.status == 400
    assert "secret" not in str(error.value)
    return str(error.value)


def test_a_chain_asks_of_what_a_reference_leads_to(parser: QueryParser) -> None:
    assert read(parser, "CareTeam", "patient.family", "Ek") == Chained(
        "CareTeam.patient", ("Patient",), TextStart("Patient.family", "ek")
    )


def test_a_chain_asks_of_every_type_that_has_the_parameter(parser: QueryParser) -> None:
    found = read(parser, "Observation", "subject.name", "x")
    assert isinstance(found, Chained)
    assert found.types == ("Location", "Patient")  # Device and Group have no "name"
    assert found.where == Or((TextStart("Location.name", "x"), TextStart("Patient.name", "x")))


def test_a_type_narrows_a_chain(parser: QueryParser) -> None:
    assert read(parser, "Observation", "subject:Patient.name:contains", "x") == Chained(
        "Observation.subject", ("Patient",), TextContains("Patient.name", "x")
    )


def test_a_chain_may_be_long(parser: QueryParser) -> None:
    found = read(parser, "Patient", "general-practitioner.organization.partof.name:exact", "x")
    names = []
    while isinstance(found, Chained):
        names.append((found.name, found.types))
        found = found.where
    assert names == [
        ("Patient.general-practitioner", ("PractitionerRole",)),
        ("PractitionerRole.organization", ("Organization",)),
        ("Organization.partof", ("Organization",)),
    ]
    assert found == TextStart("Organization.name", "x\x1fx", whole=True)


@pytest.mark.parametrize(
    ("name", "value", "where"),
    [
        ("patient._id", "7", HasId(("Patient/7",))),
        ("patient._tag", "t", HasToken("Patient._tag=t")),
        ("patient._profile", "http://x", HasToken("Patient._profile=http://x")),
        ("patient.active:not", "true", Not(HasToken("Patient.active=true"))),
        (
            "patient.gender:missing",
            "false",
            TokenRange("Patient.gender:", "Patient.genderA"),
        ),
        (
            "patient.gender",
            "male,female",
            Or((HasToken("Patient.gender=male"), HasToken("Patient.gender=female"))),
        ),
        ("patient._list", "9", ReferredBy("List.item", HasId(("List/9",)))),
    ],
)
def test_whatever_can_be_asked_may_end_a_chain(
    parser: QueryParser, name: str, value: str, where: Criterion
) -> None:
    found = read(parser, "Condition", name.replace("patient", "patient:Patient"), value)
    assert found == Chained("Condition.patient", ("Patient",), where)


def test_a_prefix_may_stand_at_the_end_of_a_chain(parser: QueryParser) -> None:
    found = read(parser, "Condition", "patient.birthdate", "lt2000")
    assert isinstance(found, Chained)
    assert isinstance(found.where, InRange)
    assert found.where.comparator == "lt"


def test_what_several_types_lack_is_one_exclusion(parser: QueryParser) -> None:
    found = read(parser, "Observation", "subject.identifier:missing", "true")
    assert isinstance(found, Chained)
    assert isinstance(found.where, Not)
    assert len(found.where.part.parts) == 4  # type: ignore[union-attr]


def test_what_refers_to_a_resource_is_asked(parser: QueryParser) -> None:
    assert read(parser, "Patient", "_has:Observation:patient:code", "1,2") == ReferredBy(
        "Observation.patient", Or((HasToken("Observation.code=1"), HasToken("Observation.code=2")))
    )


def test_has_may_be_nested(parser: QueryParser) -> None:
    name = "_has:Observation:patient:_has:AuditEvent:entity:agent:Practitioner"
    assert read(parser, "Patient", name, "x") == ReferredBy(
        "Observation.patient",
        ReferredBy("AuditEvent.entity", HasToken("AuditEvent.agent>Practitioner/x")),
    )


def test_has_ends_in_a_chain_and_a_chain_in_has(parser: QueryParser) -> None:
    assert read(
        parser, "Patient", "_has:Encounter:patient:service-provider.name", "x"
    ) == ReferredBy(
        "Encounter.patient",
        Chained(
            "Encounter.service-provider", ("Organization",), TextStart("Organization.name", "x")
        ),
    )
    assert read(
        parser, "CareTeam", "patient:Patient._has:Encounter:patient:status:not", "finished"
    ) == Chained(
        "CareTeam.patient",
        ("Patient",),
        ReferredBy("Encounter.patient", Not(HasToken("Encounter.status=finished"))),
    )


def test_all_types_that_can_be_referred_to_are_searched_together(parser: QueryParser) -> None:
    assert read(parser, None, "_has:Observation:patient:status", "final") == ReferredBy(
        "Observation.patient", HasToken("Observation.status=final")
    )


def test_several_types_may_share_a_chain(parser: QueryParser) -> None:
    query = parser.parse(
        None, [("_type", "Condition,CareTeam"), ("patient:Patient.active", "true")]
    )
    active = HasToken("Patient.active=true")
    assert query.where.parts == (
        Or((Chained("Condition.patient", ("Patient",), active), Chained("CareTeam.patient", ("Patient",), active))),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("type_", "name", "says"),
    [
        ("CareTeam", "patient.colour", "Valid: _content, _id"),
        ("CareTeam", "patient.famly", "Did you mean 'family'"),
        ("CareTeam", "status.name", "is no reference"),
        ("CareTeam", "patint.name", "Did you mean 'patient'"),
        ("CareTeam", "patient.", "''"),
        ("CareTeam", "patient..name", "''"),
        ("CareTeam", "patient:.name", "''"),
        ("Observation", "subject:Medication.code", "Valid: Device, Group, Location, Patient"),
        ("Observation", "subject:patient.name", "Did you mean 'Patient'"),
        ("Observation", "subject.colour", "Nothing that 'subject' refers to"),
        ("Observation", "subject:Device.birthdate", "not supported for Device"),
        ("Observation", "patient.name:of-type", ":exact"),
        ("Patient", "_has:Observation:code:status", "Valid: focus"),
        ("Patient", "_has:Observation:encounter:status", "no reference of Observation to Patient"),
        ("Patient", "_has:Observatoin:patient:code", "Did you mean 'Observation'"),
        ("Patient", "_has:Observation:patient:colour", "not supported for Observation"),
        ("Patient", "_has:Observation:patient:", "form"),
        ("Patient", "_has:Observation:patient", "form"),
        ("CareTeam", "patient._has:Observation:patient", "form"),
        (None, "_has:Observation:code:status", "no reference"),
        (None, "patient.name", "several types"),
    ],
)
def test_a_path_to_nowhere_is_refused_with_those_there_are(
    parser: QueryParser, type_: str | None, name: str, says: str
) -> None:
    assert says in refusal(parser, type_, name)


def test_every_wrong_path_is_named_at_once(parser: QueryParser) -> None:
    text = refusal(parser, "CareTeam", "patient.colour", "_has:X:y:z", "status.name")
    assert all(name in text for name in ("colour", "'X'", "'status'"))


def test_a_chain_has_a_greatest_depth(parser: QueryParser) -> None:
    deep = ".".join(["partof:Organization"] * 8)
    assert read(parser, "Organization", f"{deep}.name", "x")
    assert "at most 8" in refusal(parser, "Organization", f"{deep}.partof.name")


def test_a_search_follows_a_limited_number_of_references(parser: QueryParser) -> None:
    assert "at most 10" in refusal(parser, "CareTeam", *["patient.organization.name"] * 6)


def test_a_chain_that_could_lead_almost_anywhere_is_refused(parser: QueryParser) -> None:
    text = refusal(parser, "Observation", "focus.subject.subject.subject.subject.identifier")
    assert "name the type" in text


def test_criteria_of_several_types_do_not_leak_between_them() -> None:
    absent, active = Not(HasToken("Group.active=true")), HasToken("Patient.active=true")
    # Every Patient lacks what a Group lacks, so the exclusion must name the type it is about.
    assert over([("Group", absent), ("Patient", active)]) == Or(
        (And((HasToken("Group"), absent)), And((HasToken("Patient"), active)))
    )
    assert over([("Group", absent), ("Patient", Not(active))]) == Not(Or((absent.part, active)))
    assert over([("Group", active), ("Patient", active)]) == active
