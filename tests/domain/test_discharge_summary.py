"""What the patient gets in writing at discharge, over the whole application (R64)."""

from __future__ import annotations

import io
from typing import Any

import pytest
from pypdf import PdfReader

from fhir_server.sweden import codes
from tests.conftest import Fhir
from tests.domain import written_plan
from tests.domain.clinic import Clinic, Json, category
from tests.domain.documents import as_page, words

SUMMARY = f"{written_plan.STAY}/$discharge-summary"


@pytest.fixture(scope="module")
def written(app: Any) -> Clinic:
    """The application with the demo patient, the plan, and the summary of the care."""
    clinic = Clinic(Fhir(app.test_client()))
    written_plan.stored(clinic)
    return clinic


def page_of(clinic: Clinic, url: str = SUMMARY) -> Any:
    return as_page(clinic.fhir.get(f"{url}?_format=html"))


def stay(clinic: Clinic, patient: str, **more: Any) -> str:
    """Store a stay in hospital that goes on."""
    return clinic.put(
        {
            "resourceType": "Encounter",
            "status": "in-progress",
            "class": {
                "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                "code": "IMP",
            },
            "subject": {"reference": patient},
            "period": {"start": "2026-11-02T08:10:00+01:00"},
            "serviceProvider": {"reference": clinic.unit(name="Avdelning 12")},
        }
        | more
    )


def test_it_holds_what_the_law_asks_for(written: Clinic) -> None:
    """R64: the summary of the care, the fast vårdkontakt, the time of the SIP, the plans."""
    page = page_of(written)
    assert [each.text_content() for each in page.xpath("//main//h2")] == [
        "Din vårdtid",
        "Det här har vi gjort",
        "Dina fasta kontakter",
        "Möte om din samordnade plan (SIP)",
        "Dina planer",
        "Om du mår sämre",
        "Frågor om vårdtiden",
    ]
    said = words(page)
    for text in (
        "Kom hit 2 mars 2026 klockan 08.10",
        "Skrevs ut 6 mars 2026 klockan 16",
        "Vi har behandlat hjärtsvikt och kroniskt obstruktiv lungsjukdom (KOL)",
        "Ny medicin: Furosemid 40 mg, en tablett varje morgon.",
        "Fast vårdkontakt som samordnar: Sara Test",
        "torsdag 12 mars 2026 klockan 13–14",
        "Samordnad individuell plan",
        "Nästa uppföljning torsdag 14 januari 2027",
    ):
        assert text in said, text
    assert "tel:+46630000005" in page.xpath("//main//a/@href")


def test_the_pdf_is_tagged_and_says_the_same(written: Clinic) -> None:
    """R64: on paper, and for those who listen."""
    response = written.fhir.get(f"{SUMMARY}?_format=pdf")
    assert response.content_type == "application/pdf"
    pdf = PdfReader(io.BytesIO(response.data))
    printed = "".join("".join(each.extract_text().split()) for each in pdf.pages)
    for each in page_of(written).xpath("//main//h2 | //main//h3 | //main//dd"):
        assert "".join(each.text_content().split()) in printed
    root: Any = pdf.trailer["/Root"]
    assert root["/Lang"] == "sv-SE"
    assert b"pdfuaid:part" in root["/Metadata"].get_object().get_data()


def test_the_fhir_document_is_for_the_patient_and_can_be_stored(written: Clinic) -> None:
    """R64, R113, R114: a Composition of type discharge summary; no internal note of the plan."""
    response = written.fhir.get(SUMMARY)
    assert response.status_code == 200, response.text
    assert "Internt" not in response.text
    composition, *others = [entry["resource"] for entry in response.json["entry"]]
    assert composition["type"]["coding"][0]["code"] == "18842-5"
    assert composition["status"] == "final"
    assert "Furosemid" in composition["section"][1]["text"]["div"]
    held = {f"{each['resourceType']}/{each['id']}" for each in others}
    assert {written_plan.STAY, written_plan.PLAN, "Appointment/albertina-sip-mote"} <= held


def test_before_discharge_it_says_that_it_is_preliminary_and_what_is_missing(
    written: Clinic,
) -> None:
    """R60, R64: no summary, no contact, no meeting: said, with whom to ask."""
    needs = [
        {"url": codes.NEEDS_AFTER_DISCHARGE, "valueCode": code}
        for code in (codes.REGION, codes.KOMMUN)
    ]
    url = stay(written, written.patient(), extension=needs)
    said = words(page_of(written, f"{url}/$discharge-summary"))
    for text in (
        "Preliminärt. Du är inte utskriven än.",
        "Sammanfattningen är inte skriven än.",
        "Ingen fast vårdkontakt är utsedd än.",
        "Ingen tid för SIP-möte är bestämd. Din fasta vårdkontakt kallar till mötet.",
        "Det finns inga planer än.",
        "Ring Avdelning 12.",
    ):
        assert text in said, text
    document = written.fhir.get(f"{url}/$discharge-summary").json
    assert document["entry"][0]["resource"]["status"] == "preliminary"


def test_the_expected_time_that_was_said_last_is_shown(written: Clinic) -> None:
    """R58: never the one before."""

    def said_at(time: str, recorded: str) -> Json:
        parts = [
            {"url": "time", "valueDateTime": time},
            {"url": "recorded", "valueDateTime": recorded},
        ]
        return {"url": codes.EXPECTED_DISCHARGE, "extension": parts}

    later = said_at("2026-11-09T11:00:00+01:00", "2026-11-04T09:00:00+01:00")
    first = said_at("2026-11-06T11:00:00+01:00", "2026-11-02T15:00:00+01:00")
    url = stay(written, written.patient(), extension=[later, first])
    said = words(page_of(written, f"{url}/$discharge-summary"))
    assert "Väntas åka hem 9 november 2026 klockan 11" in said


def test_the_summary_of_another_stay_or_another_patient_is_not_shown(written: Clinic) -> None:
    """R64, R100: only what was handed out of this stay."""
    url = stay(written, written_plan.PATIENT)
    said = words(page_of(written, f"{url}/$discharge-summary"))
    assert "Furosemid" not in said
    assert "Sammanfattningen är inte skriven än." in said


def test_meetings_that_were_called_off_and_hidden_plans_are_left_out(written: Clinic) -> None:
    """R64, R113."""
    patient = written.patient()
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "NOPATIENT"}
    written.put(
        {
            "resourceType": "CarePlan",
            "status": "active",
            "intent": "plan",
            "meta": {"security": [label]},
            "category": [category(codes.CARE_PLAN_CATEGORY, "VP")],
            "title": "Dold plan",
            "created": "2026-11-01",
            "author": {"reference": written.nurse()},
            "subject": {"reference": patient},
        }
    )
    written.put(
        {
            "resourceType": "Appointment",
            "status": "cancelled",
            "serviceType": [category(codes.code_system("service-type"), codes.SIP_MEETING)],
            "description": "Inställt möte",
            "start": "2090-03-12T13:00:00+01:00",
            "end": "2090-03-12T14:00:00+01:00",
            "participant": [{"actor": {"reference": patient}, "status": "accepted"}],
        }
    )
    said = words(page_of(written, f"{stay(written, patient)}/$discharge-summary"))
    assert "Dold plan" not in said
    assert "Inställt möte" not in said


def test_a_stay_that_is_not_there_or_not_for_the_patient_is_refused(written: Clinic) -> None:
    """R113: 404 and 403."""
    assert written.fhir.get("Encounter/nowhere/$discharge-summary").status_code == 404
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "NOPATIENT"}
    url = stay(written, written.patient(), meta={"security": [label]})
    assert written.fhir.get(f"{url}/$discharge-summary").status_code == 403
