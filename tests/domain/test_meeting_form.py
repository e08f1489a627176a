"""The form for a SIP meeting: all fourteen sections, blank and filled in, page and document."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pypdf import PdfReader

from fhir_server.sweden import codes
from tests.conftest import Fhir
from tests.domain.clinic import Clinic, Json, reference, string
from tests.domain.documents import as_page, as_pdf, pdf_words, words
from tests.domain.life_cycle import named, url_of
from tests.domain.meeting_calls import call, planned
from tests.domain.sip_calls import activity, complete, generate, goal, ready

SECTIONS = [
    "Personuppgifter",
    "Samtycke",
    "Initiativ och kallelse",
    "Deltagare",
    "Nuläge",
    "Behov",
    "Mål",
    "Insatser från regionen och kommunen",
    "Det som andra gör",
    "Ansvar för helheten",
    "Mina fasta kontakter",
    "Om jag mår sämre",
    "Uppföljning",
    "Underskrifter och kopia",
]
HOSTILE = '<script>alert(1)</script> & "Åsa" #link("x")[y]'


def page_of(fhir: Fhir, url: str) -> Any:
    """Give the form as a page, which must be valid HTML."""
    response = fhir.get(f"{url}/$meeting-form?_format=html")
    assert len(response.data) < 100_000
    return as_page(response)


def pdf_of(fhir: Fhir, url: str) -> PdfReader:
    """Give the form as a document."""
    response = fhir.get(f"{url}/$meeting-form?_format=pdf")
    return as_pdf(response)


def headings(page: Any) -> list[str]:
    found = [" ".join(h.text_content().split()) for h in page.xpath("//main//h2")]
    return [re.sub(r"^\d+ ", "", each) for each in found]


@pytest.fixture(scope="module")
def demo(app: Any) -> Fhir:
    """The application with the demo's child."""
    client = Fhir(app.test_client())
    Clinic(client).load_demo("0-organisations", "c-child")
    return client


def test_the_blank_form_has_all_sections_and_space_to_write(demo: Fhir) -> None:
    """R76, R89, R92: the four contents of the law, goals and follow-up among them."""
    page, pdf = page_of(demo, "CarePlan"), pdf_of(demo, "CarePlan")
    assert headings(page) == SECTIONS
    for number, heading in enumerate(SECTIONS, 1):
        assert f"{number}. {heading}" in pdf_words(pdf)
    assert page.xpath("count(//span[@class='line'])") > 30
    assert page.xpath("count(//tr[@class='empty'])") > 20
    assert len(pdf.pages) == 4


def test_the_form_of_a_plan_is_filled_in_with_what_is_known(demo: Fhir) -> None:
    """R76, R80, R82, R89, R91: in page and document alike."""
    page, pdf = page_of(demo, "CarePlan/lo-sip"), pdf_of(demo, "CarePlan/lo-sip")
    assert headings(page) == SECTIONS
    for text in (
        "Lo Testsson",
        "20130514-2398",
        "Provgatan 3, 831 00 Östersund",
        "Mia Testsson (vårdnadshavare, mamma) 070-000 00 61",
        "Mia Testsson, Johan Testsson",
        "Sam Test, skolkurator, Testskolan, elevhälsan",
        "onsdag 18 februari 2026 klockan 14–15",
        "Tillbaka till skolan i egen takt",
        "Jag vill kunna vara i skolan utan att få ont i magen",
        "Behandling och KBT på BUP",
        "Familjebehandling",
        "Skolan: anpassad studiegång och mentor",
    ):
        assert text in words(page), text
    for text in ("Mia Testsson", "Behandling och KBT på BUP", "20130514-2398"):
        assert text in pdf_words(pdf), text
    ticked = [b.getnext() for b in page.xpath("//span[@aria-label='ikryssad']")]
    assert len(page.xpath("//span[@aria-label='ikryssad']")) == 2, ticked


def test_the_document_is_tagged_for_screen_readers(demo: Fhir) -> None:
    """R11: PDF/UA, in Swedish, with a title."""
    pdf = pdf_of(demo, "CarePlan")
    catalogue = pdf.trailer["/Root"]
    assert catalogue["/MarkInfo"]["/Marked"]
    assert str(catalogue["/Lang"]).startswith("sv")
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Samordnad individuell plan (SIP)"


def test_what_a_plan_says_of_the_meeting_and_the_responsible_is_on_the_form(
    clinic: Clinic,
) -> None:
    """R76, R91, R92: call, overall responsibility, follow-up and contacts."""
    patient = ready(clinic)
    kommun = clinic.unit(codes.KOMMUN, name="Hemtjänsten Nord")
    plan = named(
        generate(
            clinic,
            patient,
            "draft",
            *complete(),
            goal("Gå till affären"),
            activity(codes.KOMMUN, "Hjälp med inköp", owner=reference(kommun)),
        )
    )["return"]
    kallade = [reference(kommun)]
    call(clinic, url_of(plan), clinic.nurse(), actor=kallade, place=string("Hemma hos mig"))
    seen = words(page_of(clinic.fhir, url_of(plan)))
    for text in (
        "Hemma hos personen, Hemma hos mig",
        "söndag 12 mars 2090 klockan 13–14",
        "Så går vi vidare",
        "Hemtjänsten Nord",
        "Hjälp med inköp",
        "Gå till affären",
        "16 april 2027",
        "Fast vårdkontakt",
    ):
        assert text in seen, text


def test_why_a_plan_is_needed_is_taken_from_the_need(clinic: Clinic) -> None:
    """R75, R82: as it was noted."""
    patient, plan, _ = planned(clinic)
    body = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "by", **reference(patient)},
            {"name": "reason", **string("Ingen vet vem som gör vad")},
            {"name": "owner", **reference(clinic.unit(codes.KOMMUN))},
        ],
    }
    assert clinic.fhir.post(f"{patient}/$note-sip-need", body).status_code == 201
    assert "Ingen vet vem som gör vad" in words(page_of(clinic.fhir, plan))


def with_extension(clinic: Clinic, plan: str, added: Json) -> None:
    stored = clinic.read(plan)
    clinic.put({**stored, "extension": [*stored["extension"], added]})


def test_the_persons_own_words_and_the_crisis_plan_are_shown(clinic: Clinic) -> None:
    """R89, R96: what matters comes first."""
    _, plan, _ = planned(clinic)
    with_extension(clinic, plan, {"url": codes.WHAT_MATTERS, "valueString": "Min trädgård"})
    with_extension(clinic, plan, {"url": codes.CRISIS_PLAN, "valueString": "Ring Eva först"})
    seen = words(page_of(clinic.fhir, plan))
    assert seen.index("Min trädgård") < seen.index("Så här har jag det nu")
    assert "Ring Eva först" in seen


def test_what_is_hostile_is_shown_as_it_is(clinic: Clinic) -> None:
    _, plan, _ = planned(clinic)
    with_extension(clinic, plan, {"url": codes.WHAT_MATTERS, "valueString": HOSTILE})
    page, pdf = page_of(clinic.fhir, plan), pdf_of(clinic.fhir, plan)
    assert not page.xpath("//script")
    assert HOSTILE in words(page)
    assert "alert(1)" in pdf_words(pdf)


def test_an_internal_note_is_not_on_the_table(clinic: Clinic) -> None:
    """R114: the form lies before all who take part."""
    _, plan, _ = planned(clinic)
    note = {"url": codes.INTERNAL_NOTE, "valueAnnotation": {"text": "Anhörig är arg"}}
    with_extension(clinic, plan, note)
    assert "arg" not in words(page_of(clinic.fhir, plan)).split()
    assert "Anhörig är arg" not in pdf_words(pdf_of(clinic.fhir, plan))


def test_a_plan_not_released_to_the_person_is_refused(clinic: Clinic) -> None:
    """R113: the person sits at the table."""
    _, plan, _ = planned(clinic)
    with_extension(clinic, plan, {"url": codes.APPROVED_FOR_PATIENT, "valueBoolean": False})
    response = clinic.fhir.get(f"{plan}/$meeting-form?_format=html")
    assert response.status_code == 403


def test_address_and_number_of_a_protected_person_are_not_printed(clinic: Clinic) -> None:
    """R118: nor the telephone."""
    patient = ready(clinic)
    label = {
        "system": "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel",
        "code": "sekretessmarkering",
    }
    number = {"system": codes.PERSONNUMMER, "value": "201305142398"}
    clinic.put(
        {
            **clinic.read(patient),
            "meta": {"security": [label]},
            "identifier": [number],
            "birthDate": "2013-05-14",
            "address": [{"line": ["Hemliga gatan 1"], "city": "Dolda byn"}],
            "telecom": [{"system": "phone", "value": "070-123 45 67"}],
        }
    )
    _, plan, _ = planned(clinic, patient)
    seen = words(page_of(clinic.fhir, plan)) + pdf_words(pdf_of(clinic.fhir, plan))
    for secret in ("Hemliga", "Dolda", "2398", "070-123"):
        assert secret not in seen, secret
    assert "Skyddad" in seen


def test_without_a_format_the_form_is_a_page(clinic: Clinic) -> None:
    response = clinic.fhir.get("CarePlan/$meeting-form")
    assert response.content_type == "text/html; charset=utf-8"
    assert clinic.fhir.get("CarePlan/none/$meeting-form").status_code == 404


def test_another_plan_has_no_such_form(clinic: Clinic) -> None:
    other = {
        "resourceType": "CarePlan",
        "status": "draft",
        "intent": "plan",
        "subject": {"reference": clinic.patient()},
    }
    assert clinic.fhir.get(f"{clinic.put(other)}/$meeting-form").status_code == 422
