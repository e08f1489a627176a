"""The patient's card over the whole application: as a page, as a document, and when it can't be."""

from __future__ import annotations

import itertools
import re
import secrets
from typing import Any

import html5lib
import pytest
from lxml import html
from pypdf import PdfReader

from fhir_server.sweden import codes
from tests.conftest import Fhir
from tests.domain.clinic import (
    PHONE,
    Clinic,
    Json,
    category,
    days,
    ended,
    fast_kontakt,
    parameters,
    participant,
    string,
)
from tests.domain.documents import as_page, as_pdf, pdf_words, words

SECRET = "Internt: anhörig är arg"
HOSTILE = '<script>alert(1)</script> & "Åsa" #link("x")[y]'
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def page_of(fhir: Fhir, patient: str, query: str = "") -> Any:
    """Give the card as a page, which must be valid HTML."""
    return as_page(fhir.get(f"{patient}/$named-contacts{query}", Accept=BROWSER))


def pdf_of(fhir: Fhir, patient: str) -> PdfReader:
    """Give the card as a document."""
    return as_pdf(fhir.get(f"{patient}/$named-contacts", Accept="application/pdf"))


def links(page: Any) -> list[str]:
    return [str(href) for href in page.xpath("//main//a/@href")]


def pdf_links(pdf: PdfReader) -> list[str]:
    annotations = [a.get_object() for page in pdf.pages for a in page.get("/Annots", [])]
    return [str(a["/A"]["/URI"]) for a in annotations if "/A" in a]


def hidden(text: str) -> Json:
    """Give an internal note."""
    return {"url": codes.INTERNAL_NOTE, "valueAnnotation": {"text": text}}


def deputy(role: str, first: str, last: str) -> Json:
    parts = [
        {"url": "member", "valueReference": {"reference": role}},
        {"url": "period", "valuePeriod": {"start": first, "end": last}},
    ]
    return {"url": codes.DEPUTY, "extension": parts}


@pytest.fixture(scope="module")
def demo(app: Any) -> Fhir:
    """The application with the demo patients."""
    client = Fhir(app.test_client())
    Clinic(client).load_demo("0-organisations", "a-elderly-discharge")
    return client


# ---- what is on it -----------------------------------------------------------------------------


def test_the_demo_patients_card_has_all_contacts_in_page_and_document(demo: Fhir) -> None:
    """R10, R31, R43, R44, R45: who, how, when, and who else, in both renderings alike."""
    page, pdf = page_of(demo, "Patient/albertina-hammar"), pdf_of(demo, "Patient/albertina-hammar")
    heads = [" ".join(head.text_content().split()) for head in page.xpath("//article/h2")]
    assert heads == [
        "Fast vårdkontakt som samordnar: Sara Test",
        "Fast läkarkontakt: Karin Test",
        "Fast omsorgskontakt: Ali Test",
    ]
    for text in (
        "Albertina Hammar, född 2 februari 1890",
        "Sara Test",
        "Tove Test",
        "063-000 00 05",
        "måndag–fredag 08–16",
        "Ring Sara i första hand. Kvällar och helger svarar Tove Test.",
        "Ring 112 vid fara för liv.",
        "Ring 1177 om du behöver råd om vård.",
    ):
        assert text in words(page), text
        assert text in pdf_words(pdf), text
    assert set(links(page)) == set(pdf_links(pdf))
    assert {"tel:+46630000005", "tel:+46630000006", "tel:112", "tel:1177"} <= set(links(page))


def test_the_personnummer_is_on_neither(demo: Fhir) -> None:
    """R10: the card hangs at home; name and date of birth say whose it is."""
    number = re.compile(r"9800|18900202")
    assert not number.search(html.tostring(page_of(demo, "Patient/albertina-hammar")).decode())
    assert not number.search(pdf_words(pdf_of(demo, "Patient/albertina-hammar")))


def test_an_internal_note_is_on_neither(clinic: Clinic) -> None:
    """R114: nor is one on the team that the contact is reached through (R40)."""
    patient = clinic.patient()
    team = clinic.put(
        {
            "resourceType": "CareTeam",
            "status": "active",
            "name": "Teamet",
            "category": [category(codes.CARE_TEAM_CATEGORY, codes.TEAM)],
            "telecom": [{"system": "phone", "value": "063-000 00 11"}],
            "extension": [hidden(SECRET)],
        }
    )
    via = {"url": codes.CONTACT_VIA_TEAM, "valueReference": {"reference": team}}
    clinic.fhir.create(
        fast_kontakt(
            patient,
            clinic.nurse(),
            participant=[participant(clinic.nurse(), extension=[via])],
            extension=[hidden(SECRET)],
            note=[{"text": "Öppet"}],
        )
    )
    page, pdf = page_of(clinic.fhir, patient), pdf_of(clinic.fhir, patient)
    for text in (words(page), pdf_words(pdf)):
        assert "Öppet" in text
        assert "Teamet" in text
    for text in (html.tostring(page, encoding="unicode"), pdf_words(pdf)):
        assert "Internt" not in text


def test_what_is_not_for_the_patient_is_on_neither(clinic: Clinic) -> None:
    """R113."""
    patient = clinic.patient()
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "NOPATIENT"}
    clinic.fhir.create(fast_kontakt(patient, clinic.nurse(), meta={"security": [label]}))
    assert "Ingen är utsedd" in words(page_of(clinic.fhir, patient))
    assert "Ingen är utsedd" in pdf_words(pdf_of(clinic.fhir, patient))


def test_protected_staff_stand_without_their_name(clinic: Clinic) -> None:
    """R118."""
    label = {
        "system": "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel",
        "code": "sekretessmarkering",
    }
    person = clinic.put(
        {
            "resourceType": "Practitioner",
            "meta": {"security": [label]},
            "name": [{"text": "Hemma Hemlig"}],
        }
    )
    patient = clinic.patient()
    role = {"reference": clinic.role(person), "display": "Hemma Hemlig"}
    clinic.fhir.create(fast_kontakt(patient, role))
    for text in (words(page_of(clinic.fhir, patient)), pdf_words(pdf_of(clinic.fhir, patient))):
        assert "Namnet är skyddat" in text
        assert PHONE["value"] in text
        assert "Hemlig" not in text


def test_a_protected_patients_card_says_nothing_of_whose_it_is(clinic: Clinic) -> None:
    """R118."""
    label = {
        "system": "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel",
        "code": "skyddadFolkbokforing",
    }
    patient = clinic.patient(meta={"security": [label]}, birthDate="1990-02-03")
    for text in (words(page_of(clinic.fhir, patient)), pdf_words(pdf_of(clinic.fhir, patient))):
        assert "Test" not in text
        assert "1990" not in text


def test_hostile_names_are_text(clinic: Clinic) -> None:
    patient = clinic.patient(name=[{"text": HOSTILE}])
    clinic.fhir.create(fast_kontakt(patient, clinic.nurse(), note=[{"text": HOSTILE}]))
    page = page_of(clinic.fhir, patient)
    assert page.xpath("//script") == []
    assert words(page).count(HOSTILE) == 2
    assert pdf_words(pdf_of(clinic.fhir, patient)).count(HOSTILE) == 2


def test_a_deputy_in_force_is_named_with_the_days(clinic: Clinic) -> None:
    """R45."""
    patient = clinic.patient()
    stand_in = clinic.nurse()
    part = participant(clinic.nurse(), extension=[deputy(stand_in, days(-1), days(3))])
    clinic.fhir.create(
        fast_kontakt(patient, clinic.nurse(), period={"start": days(-30)}, participant=[part])
    )
    page = page_of(clinic.fhir, patient)
    assert "är borta till och med" in words(page)
    assert "Svarar i stället" in words(page)
    assert "är borta till och med" in pdf_words(pdf_of(clinic.fhir, patient))


def test_without_a_contact_the_card_says_what_the_right_is(clinic: Clinic) -> None:
    """R1, R9: PL 6 kap. 2 §."""
    patient = clinic.patient()
    for text in (words(page_of(clinic.fhir, patient)), pdf_words(pdf_of(clinic.fhir, patient))):
        assert "Ingen är utsedd till fast kontakt" in text
        assert "Du har rätt till en fast vårdkontakt om du ber om det" in text
        assert "patientlagen, 6 kapitlet 2 §" in text


def refusal(patient: str, decision: str, day: str, *, member: str | None = None) -> Json:
    """Give what is stored of a patient's decision about fast vårdkontakt, or about one person."""
    parts = [{"url": "decision", "valueCode": decision}, {"url": "at", "valueDateTime": day}]
    said = {"url": codes.PATIENT_DECISION, "extension": [*parts, by(patient)]}
    whom = {"member": {"reference": member}} if member else {}
    return ended(
        fast_kontakt(
            patient,
            "",
            period={"start": day},
            participant=[{"role": [category(codes.CONTACT_TYPE, "1")], **whom}],
            extension=[said],
        ),
        day,
    )


def by(patient: str) -> Json:
    return {"url": "by", "valueReference": {"reference": patient}}


def test_a_no_is_on_the_card_with_what_it_means(clinic: Clinic) -> None:
    """R7: the last one, once; and that it may be taken back."""
    patient = clinic.patient()
    clinic.fhir.create(refusal(patient, "declined", "2026-03-03"))
    clinic.fhir.create(refusal(patient, "declined", "2026-02-02"))
    for text in (words(page_of(clinic.fhir, patient)), pdf_words(pdf_of(clinic.fhir, patient))):
        assert text.count("Du har tackat nej till fast vårdkontakt") == 1
        assert "(3 mars 2026)" in text
        assert "Du får ändra dig när du vill" in text


def test_a_no_to_one_person_and_one_taken_back_are_not_on_the_card(clinic: Clinic) -> None:
    """R7."""
    patient = clinic.patient()
    clinic.fhir.create(refusal(patient, "accepted", "2026-03-03"))
    clinic.fhir.create(refusal(patient, "declined", "2026-03-03", member=clinic.nurse()))
    assert "tackat nej" not in words(page_of(clinic.fhir, patient))


def test_with_a_contact_of_the_type_a_no_is_over(clinic: Clinic) -> None:
    """R7: who said no and has one now said yes."""
    patient = clinic.patient()
    clinic.fhir.create(refusal(patient, "declined", "2026-03-03"))
    clinic.fhir.create(fast_kontakt(patient, clinic.nurse()))
    assert "tackat nej" not in words(page_of(clinic.fhir, patient))


def test_many_contacts_with_long_names_take_more_pages(clinic: Clinic) -> None:
    """R31: none is left out, and none is cut in two where it fits on a page."""
    patient, name = clinic.patient(), "Konstantinopolitanska-Överstelöjtnantsdotter " * 3
    for number in range(6):
        unit = clinic.unit(name=f"{name}{number}")
        clinic.fhir.create(fast_kontakt(patient, clinic.nurse(unit)))
    pdf = pdf_of(clinic.fhir, patient)
    assert len(pdf.pages) > 1
    assert [n for n in range(6) if f"dotter {n}" not in pdf_words(pdf)] == []
    assert len(page_of(clinic.fhir, patient).xpath("//article")) == 6


# ---- its structure -----------------------------------------------------------------------------


def test_headings_are_in_order_and_every_part_has_its_name(demo: Fhir) -> None:
    """R11: as a screen reader goes through it."""
    page = page_of(demo, "Patient/albertina-hammar")
    levels = [int(head.tag[1]) for head in page.xpath("//h1 | //h2 | //h3 | //h4")]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    for part in page.xpath("//article | //section"):
        assert page.get_element_by_id(part.get("aria-labelledby")).tag == "h2"
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert page.get("lang") == "sv"
    assert page.findtext(".//title") == "Mina kontakter i vården"


def test_the_document_has_the_headings_of_the_page(demo: Fhir) -> None:
    """R11: tagged, so that a screen reader finds them."""
    pdf = pdf_of(demo, "Patient/albertina-hammar")
    tags: list[str] = []

    def walk(element: Any) -> None:
        element = element.get_object() if hasattr(element, "get_object") else element
        if isinstance(element, list):
            for each in element:
                walk(each)
        elif isinstance(element, dict):
            tags.append(str(element.get("/S", "")))
            walk(element.get("/K"))

    walk(pdf.root_object["/StructTreeRoot"]["/K"])
    page = page_of(demo, "Patient/albertina-hammar")
    for level in (1, 2, 3):
        assert tags.count(f"/H{level}") == len(page.xpath(f"//h{level}")), level
    assert tags.count("/Link") == len(pdf_links(pdf))


def test_the_page_leads_to_the_document(demo: Fhir) -> None:
    page = page_of(demo, "Patient/albertina-hammar")
    [href] = [link for link in page.xpath("//header//a/@href") if "pdf" in link]
    response = demo.get(f"Patient/albertina-hammar/$named-contacts{href}", Accept=BROWSER)
    assert response.content_type == "application/pdf"
    assert response.headers["Content-Disposition"] == 'inline; filename="mina-kontakter.pdf"'


@pytest.mark.parametrize("format_", ["html", "pdf"])
def test_no_cache_keeps_a_card(demo: Fhir, format_: str) -> None:
    response = demo.get(f"Patient/albertina-hammar/$named-contacts?_format={format_}")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


# ---- how it is asked for -----------------------------------------------------------------------


def test_by_personnummer_in_the_body_the_card_is_the_same(clinic: Clinic) -> None:
    """R10, R122: the number stands in no URL, so there is no link that would carry it."""
    value = secrets.token_hex(6)
    clinic.patient(identifier=[{"system": "urn:id", "value": value}], name=[{"text": "Åsa Test"}])
    body = parameters(identifier=string(f"urn:id|{value}"))
    response = clinic.fhir.post("Patient/$named-contacts?_format=html", body)
    page = html.fromstring(response.text)
    assert "Åsa Test" in words(page)
    assert page.xpath("//header//a") == []


def test_a_fhir_client_still_gets_a_bundle(demo: Fhir) -> None:
    for accept in ("*/*", "application/fhir+json", "application/fhir+json, text/html;q=0.5"):
        answer = demo.get("Patient/albertina-hammar/$named-contacts", Accept=accept)
        assert answer.json["resourceType"] == "Bundle"


@pytest.mark.parametrize(
    "query", ["date=2026-03-12", "at=2026-03-12T10:00:00Z", "history=true", "audience=professional"]
)
def test_a_card_of_another_time_or_for_others_is_refused(demo: Fhir, query: str) -> None:
    """R114: the card is for the patient, always."""
    url = f"Patient/albertina-hammar/$named-contacts?{query}"
    refusal = demo.get(f"{url}&_format=html")
    assert refusal.status_code == 400
    assert 'lang="en"' in refusal.text
    assert demo.get(url).status_code == 200


# ---- when it can't be ---------------------------------------------------------------------------


def test_a_person_gets_a_page_where_a_client_gets_an_outcome(fhir: Fhir) -> None:
    """An error in Swedish, with the number under which the log has it."""
    url = "Patient/there-is-none/$named-contacts"
    response = fhir.get(url, Accept=BROWSER)
    assert (response.status_code, response.content_type) == (404, "text/html; charset=utf-8")
    html5lib.HTMLParser(strict=True).parse(response.text)
    page = html.fromstring(response.text)
    assert page.findtext(".//h1") == "Sidan finns inte"
    assert response.headers["X-Request-Id"] in words(page)
    assert {"tel:112", "tel:1177"} <= set(links(page))
    assert "Content-Security-Policy" in response.headers
    assert fhir.get(url).json["resourceType"] == "OperationOutcome"
    assert fhir.get(url, Accept="application/pdf").json["resourceType"] == "OperationOutcome"


def test_a_browser_that_follows_the_link_to_a_document_gets_the_page_too(fhir: Fhir) -> None:
    response = fhir.get("Patient/there-is-none/$named-contacts?_format=pdf", Accept=BROWSER)
    assert (response.status_code, response.content_type) == (404, "text/html; charset=utf-8")


def test_openapi_names_the_media_types(fhir: Fhir) -> None:
    document = fhir.client.get("/openapi.json").json
    answer = document["paths"]["/fhir/Patient/{id}/$named-contacts"]["get"]["responses"]["200"]
    assert {"text/html", "application/pdf", "application/fhir+json"} <= set(answer["content"])


def test_elsewhere_an_error_stays_an_outcome(fhir: Fhir) -> None:
    """Only an operation that has pages answers errors as pages."""
    response = fhir.get("Patient/there-is-none", Accept=BROWSER)
    assert response.status_code == 404
    assert "OperationOutcome" in response.text
