"""$patientkontrakt over the whole application: for the person, for others, in every form."""

from __future__ import annotations

import io
import itertools
import secrets
from typing import Any

import pytest
from flask import Flask
from lxml import html
from pypdf import PdfReader

from fhir_server.fhir import json
from fhir_server.interactions.context import Server
from fhir_server.sweden import codes
from tests.conftest import Fhir
from tests.domain import documents
from tests.domain.clinic import (
    Clinic,
    Json,
    category,
    fast_kontakt,
    parameters,
    reference,
    refusals,
)
from tests.domain.sip_calls import complete, consent_to_sip, generate, ready

AT = "2026-03-10T09:30:00%2B01:00"
MARIA = "Patient/maria-ljungberg"
SECRET = "Internt: får inte läsas"
HOSTILE = '<script>alert(1)</script> & "Åsa" #link("x")[y]'
FORMS = ("html", "pdf", "json")
# The person's own words first, then what happens, whom to turn to, what was agreed, the plans.
HEADINGS = (
    "Det här är viktigt för mig",
    "Vad som händer",
    "Mina kontakter",
    "Det här har vi kommit överens om",
    "Mina planer",
    "Det här har varit",
    "Bra att veta",
)


def asked(fhir: Fhir, patient: str, form: str, query: str = "", **reader: Json) -> Any:
    """Call the operation: by GET, or by POST where a reader is named."""
    url = f"{patient}/$patientkontrakt?_format={form}{query}"
    return fhir.post(url, parameters(**reader)) if reader else fhir.get(url)


def words(fhir: Fhir, patient: str, form: str, query: str = "", **reader: Json) -> str:
    """Give all that is told in a form, with single spaces."""
    response = asked(fhir, patient, form, query, **reader)
    if form == "pdf":
        return documents.pdf_words(documents.as_pdf(response))
    if form == "html":
        return documents.words(documents.as_page(response))
    assert response.status_code == 200, response.text
    return str(response.text)


def page_of(fhir: Fhir, patient: str, query: str = "") -> Any:
    return html.fromstring(asked(fhir, patient, "html", query).text)


def texts(page: Any, path: str) -> list[str]:
    return [" ".join(each.text_content().split()) for each in page.xpath(path)]


def bundle_of(fhir: Fhir, patient: str, query: str = "", **reader: Json) -> Json:
    response = asked(fhir, patient, "json", query, **reader)
    assert response.status_code == 200, response.text
    return dict(response.json)


def sections(bundle: Json) -> dict[str, Json]:
    """Give the sections of the Composition by their code."""
    composition = bundle["entry"][0]["resource"]
    return {each["code"]["coding"][0]["code"]: each for each in composition["section"]}


def entries(section: Json) -> list[str]:
    own = [each["reference"] for each in section.get("entry", [])]
    return own + [ref for inner in section.get("section", []) for ref in entries(inner)]


def plan(patient: str, kind: str = "VP", title: str = "Vårdplan", **more: Any) -> Json:
    """Give an active plan under one of Inera's codes."""
    return {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "category": [category(codes.CARE_PLAN_CATEGORY, kind)],
        "title": title,
        "subject": {"reference": patient},
        "period": {"start": "2026-01-01"},
        "created": "2026-01-01",
        "author": {"display": "Eva Test"},
    } | more


def kontrakt(patient: str, **more: Any) -> Json:
    """Give an active patientkontrakt."""
    own = [category(codes.PLAN_CATEGORY_SYSTEM, codes.PATIENTKONTRAKT)]
    return plan(patient, title="Patientkontrakt", category=own, description="Så gör vi") | more


def visit(patient: str, **more: Any) -> Json:
    """Give a booked appointment."""
    return {
        "resourceType": "Appointment",
        "status": "booked",
        "serviceType": [{"text": "Provtagning"}],
        "start": "2026-03-24T10:00:00+01:00",
        "end": "2026-03-24T10:15:00+01:00",
        "participant": [{"actor": {"reference": patient}, "status": "accepted"}],
    } | more


def hidden(text: str) -> Json:
    return {"url": codes.INTERNAL_NOTE, "valueAnnotation": {"text": text}}


@pytest.fixture(scope="module")
def maria(app: Flask) -> Fhir:
    """The application with the demo patient who has a patientkontrakt."""
    client = Fhir(app.test_client())
    Clinic(client).load_demo("0-organisations", "b-als", "c-child")
    return client


# ---- what it says ------------------------------------------------------------------------------


def test_the_page_begins_with_what_matters_and_has_the_four_parts(maria: Fhir) -> None:
    """R95, R96: överenskommelse, fast vårdkontakt, överenskommen tid, sammanhållen plan."""
    page = page_of(maria, MARIA, f"&at={AT}")
    assert tuple(texts(page, "//h2")) == HEADINGS
    assert texts(page, "//blockquote") == [
        "Att vara hemma med Bengt och barnbarnen. Att slippa berätta allt från början varje gång."
    ]
    assert texts(page, "//section[@aria-labelledby='kontakter']/article/h3") == [
        "Fast vårdkontakt som samordnar: Lena Test",
        "Fast vårdkontakt: Nils Test",
    ]
    assert texts(page, "//section[@aria-labelledby='planer']/article/h3") == [
        "Samordnad individuell plan",
        "Vårdplan ALS",
    ]
    agreed = "//section[@aria-labelledby='overenskommelse']"
    assert texts(page, f"{agreed}/h3") == ["Det här gör jag", "Det här gör vården"]
    assert "Jag ringer teamet samma dag om andningen blir sämre" in texts(page, f"{agreed}//li")


def test_the_timeline_tells_what_happens_next_and_what_has_been(maria: Fhir) -> None:
    """R95, R96, R97: what happens and when, from times, follow-ups, goals and deputies."""
    page = page_of(maria, MARIA, f"&at={AT}")
    coming = "//section[@aria-labelledby='tidslinje']//li"
    assert texts(page, f"{coming}//time") == [
        "Tisdag 24 mars, klockan 10–11",
        "Tisdag 14 april, klockan 13–13.45",
        "Onsdag 20 maj",
        "Måndag 1 juni",
        "Måndag 6 juli–fredag 31 juli",
        "Tisdag 1 september",
    ]
    [first] = page.xpath(f"{coming}[contains(@class, 'next')]")
    for text in ("Härnäst", "om 2 veckor", "Kontroll av andningen", "Bokat", "Med: Frida Test"):
        assert text in first.text_content(), text
    [proposed] = page.xpath(f"{coming}[.//p[text()='Logopeden på video']]")
    assert "Förslag, inte bokat än" in proposed.text_content()
    assert proposed.xpath(".//a") == []
    assert texts(page, "//section[@aria-labelledby='varit']//li//p[@class='what']")[:2] == [
        "Besök hos dietisten",
        "Började: Hemsjukvård: sonden sköts dagligen",
    ]


def test_a_sip_says_who_does_what_and_who_answers_for_the_whole(maria: Fhir) -> None:
    """R76, R86, R98: the plans on the page, and which belong to the patientkontrakt."""
    page = page_of(maria, MARIA, f"&at={AT}")
    [sip] = page.xpath("//article[h3[text()='Samordnad individuell plan']]")
    told = " ".join(sip.text_content().split())
    for text in (
        "Säger vem som gör vad",
        "Gäller nu. Hör till patientkontraktet",
        "Ansvarar för helheten Regionen, Neurologmottagningen",
        "Nästa uppföljning 20 maj 2026, Lena Test, överläkare",
        "Bygger på Vårdplan ALS",
        "Jag vill bo kvar hemma, senast 1 september 2026",
    ):
        assert text in told, text
    assert texts(sip, ".//h4") == [
        "Mål",
        "Det här gör regionen",
        "Det här gör kommunen",
        "Det här gör andra",
    ]


def test_page_and_paper_tell_the_same(maria: Fhir) -> None:
    told = words(maria, MARIA, "pdf", f"&at={AT}")
    page = page_of(maria, MARIA, f"&at={AT}")
    deeds = "//ul[@class='deeds']/li/text()[1]/.."
    for path in ("//h2", "//h3", "//time", "//p[@class='what']", "//dd", deeds):
        for text in texts(page, path):
            for part in text.split(" · "):
                assert part.replace(" ", "") in told.replace(" ", ""), part


def test_the_paper_is_tagged_for_screen_readers(maria: Fhir) -> None:
    pdf = PdfReader(io.BytesIO(asked(maria, MARIA, "pdf", f"&at={AT}").data))
    root = pdf.root_object
    assert root["/Lang"] == "sv-SE"
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Mitt patientkontrakt"


def test_headings_and_parts_of_the_page_are_in_order(maria: Fhir) -> None:
    """R11, R97: one h1, no level left out, every section and article has its name."""
    page = page_of(maria, MARIA)
    levels = [int(each.tag[1]) for each in page.xpath("//h1 | //h2 | //h3 | //h4")]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    for part in page.xpath("//section | //article"):
        assert page.get_element_by_id(part.get("aria-labelledby")).text_content().strip()
    assert page.xpath("//svg[not(@aria-hidden='true')] | //script | //@style | //img") == []
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert len(asked(maria, MARIA, "html").data) < 100_000


def test_the_page_leads_to_paper_plans_and_contacts(maria: Fhir) -> None:
    """R97, R98: from the umbrella to what it holds together."""
    links = page_of(maria, MARIA).xpath("//a/@href")
    assert "?_format=pdf" in links
    assert "$named-contacts?_format=html" in links
    assert "../../CarePlan/maria-sip/$document?_format=html" in links
    assert {"tel:+46630000013", "tel:112"} <= set(links)


# ---- the document ------------------------------------------------------------------------------


def test_the_document_is_valid_and_whole(maria: Fhir, app_server: Server) -> None:
    """R95, R98: a section for each part; all that they name is in the Bundle."""
    bundle = bundle_of(maria, MARIA, f"&at={AT}")
    issues = app_server.validator.validate(json.plain(json.dump(bundle)))
    assert [each.text for each in issues if each.severity == "error"] == []
    found = sections(bundle)
    assert list(found) == [
        "viktigt",
        "overenskommelse",
        "fast-vardkontakt",
        "overenskommen-tid",
        "sammanhallen-plan",
    ]
    assert entries(found["overenskommelse"]) == ["CarePlan/maria-patientkontrakt"]
    assert set(entries(found["fast-vardkontakt"])) == {
        "CareTeam/maria-samordnande-lakare",
        "CareTeam/maria-kontaktsjukskoterska",
    }
    assert "Appointment/maria-besok-andning" in entries(found["overenskommen-tid"])
    there = {entry["fullUrl"].removeprefix("http://localhost/fhir/") for entry in bundle["entry"]}
    assert {ref for each in found.values() for ref in entries(each)} <= there
    assert {"PractitionerRole/frida-test-neuro", "Practitioner/frida-test"} <= there


def test_plans_that_belong_and_others_are_told_apart(clinic: Clinic) -> None:
    """R98, R99: the written vårdplan of a cancer patient belongs; a plan that nobody linked is other."""
    patient = clinic.patient()
    holder = clinic.put(kontrakt(patient))
    part_of = [{"reference": holder}]
    linked = clinic.put(plan(patient, title="Min vårdplan", partOf=part_of))
    other = clinic.put(plan(patient, "HP", title="Habiliteringen"))
    section = sections(bundle_of(clinic.fhir, patient))["sammanhallen-plan"]
    told = {inner["title"]: entries(inner) for inner in section["section"]}
    assert told == {"Hör till patientkontraktet": [linked], "Andra planer": [other]}


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("VP", "Vårdplan"),
        ("HP", "Habiliteringsplan"),
        ("RP", "Rehabiliteringsplan"),
        ("GP", "Genomförandeplan"),
        ("SVP", "Standardiserad vårdplan"),
        ("SPU", "Samordnad plan vid utskrivning"),
        ("SPLPTLRV", "Samordnad plan vid psykiatrisk tvångsvård (LPT eller LRV)"),
    ],
)
def test_every_national_type_of_plan_is_kept_found_and_explained(
    clinic: Clinic, code: str, name: str
) -> None:
    """R67, R86, R98, R99: plans beside the SIP, under Inera's codes."""
    patient = clinic.patient()
    profile = codes.structure("vardplan-careplan")
    author = {"reference": clinic.nurse()}
    made = plan(patient, code, title="Planen", author=author, meta={"profile": [profile]})
    stored = clinic.put(made)
    found = clinic.fhir.get(
        f"CarePlan?patient={patient}&category={codes.CARE_PLAN_CATEGORY}|{code}"
    ).json
    assert [f"CarePlan/{each['resource']['id']}" for each in found["entry"]] == [stored]
    [about] = texts(
        page_of(clinic.fhir, patient), "//article[h3[text()='Planen']]/p[@class='about']"
    )
    assert about.startswith(f"{name}. Säger ")


def test_without_anything_the_page_says_so_and_whom_to_ask(clinic: Clinic) -> None:
    patient = clinic.patient()
    told = words(clinic.fhir, patient, "html")
    for text in (
        "Inget är planerat här just nu",
        "Ingen är utsedd till fast kontakt för dig här",
        "Inget patientkontrakt är skrivet än",
        "Ingen plan gäller just nu",
        "Du har rätt till en fast vårdkontakt",
    ):
        assert text in told, text
    assert "Inget är planerat" in words(clinic.fhir, patient, "pdf")
    bundle = bundle_of(clinic.fhir, patient)
    assert [each["resource"]["resourceType"] for each in bundle["entry"]] == [
        "Composition",
        "Patient",
    ]


def test_a_plan_that_is_over_is_named_and_not_told(clinic: Clinic) -> None:
    """R93"""
    patient = clinic.patient()
    clinic.put(plan(patient, title="Gamla planen", status="completed"))
    page = page_of(clinic.fhir, patient)
    assert page.xpath("//article[h3[text()='Gamla planen']]") == []
    assert any(each.startswith("Gamla planen: avslutad") for each in texts(page, "//li"))


# ---- only what the reader may see --------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_what_is_not_for_the_patient_is_in_no_form(clinic: Clinic, form: str) -> None:
    """R113, R114: NOPATIENT, what is not approved, and internal notes, of all that is shown."""
    patient = clinic.patient()
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "NOPATIENT"}
    unseen: Json = {"meta": {"security": [label]}}
    no = {"url": codes.APPROVED_FOR_PATIENT, "valueBoolean": False}
    clinic.put(kontrakt(patient, extension=[hidden(SECRET)]))
    clinic.put(plan(patient, title=SECRET, **unseen))
    clinic.put(plan(patient, title=SECRET, extension=[no]))
    clinic.put(plan(patient, title="Öppen plan", extension=[hidden(SECRET)]))
    clinic.put(visit(patient, serviceType=[{"text": SECRET}], **unseen))
    goal = {
        "resourceType": "Goal",
        "lifecycleStatus": "active",
        "description": {"text": SECRET},
        "subject": {"reference": patient},
        **unseen,
    }
    clinic.put(plan(patient, title="Med mål", goal=[{"reference": clinic.put(goal)}]))
    clinic.fhir.create(fast_kontakt(patient, clinic.nurse(), extension=[hidden(SECRET)]))
    told = words(clinic.fhir, patient, form)
    assert "Öppen plan" in told
    assert SECRET.replace(" ", "") not in told.replace(" ", "")


@pytest.mark.parametrize("form", FORMS)
def test_protected_people_are_not_named(clinic: Clinic, form: str) -> None:
    """R118: neither staff whose data are protected, wherever they are, nor the patient."""
    system = "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel"
    label = {"security": [{"system": system, "code": "sekretessmarkering"}]}
    name = f"Hemlig{secrets.token_hex(4)}"
    person = clinic.put({"resourceType": "Practitioner", "name": [{"family": name}], "meta": label})
    role = clinic.role(person, code=[{"text": "Kurator"}])
    patient = clinic.patient(name=[{"family": f"Patient{name}"}], meta=label)
    shown = {"reference": role, "display": name}
    detail = {"status": "in-progress", "description": "Samtal", "performer": [shown]}
    clinic.put(kontrakt(patient, author=shown, activity=[{"detail": detail}]))
    actors = [{"actor": {"reference": patient}, "status": "accepted"}]
    clinic.put(visit(patient, participant=[*actors, {"actor": shown, "status": "accepted"}]))
    told = words(clinic.fhir, patient, form)
    assert "Samtal" in told
    assert name not in told
    if form != "json":
        assert "kurator, Enheten" in told


def test_the_personnummer_is_not_on_what_hangs_at_home(maria: Fhir) -> None:
    for form in ("html", "pdf"):
        assert "6101182803" not in words(maria, MARIA, form)


def test_a_unit_that_the_consent_names_reads_the_plan_and_what_it_leads_to(maria: Fhir) -> None:
    """R78, R94, R98: the SIP, the plan it builds on, its patientkontrakt, and the contacts."""
    reader = {"reader": reference("Organization/halsocentralen-test")}
    bundle = bundle_of(maria, MARIA, **reader)
    shown = entries(sections(bundle)["sammanhallen-plan"])
    assert shown == ["CarePlan/maria-sip", "CarePlan/maria-vardplan"]
    assert entries(sections(bundle)["overenskommelse"]) == ["CarePlan/maria-patientkontrakt"]
    assert codes.SUBSETTED in bundle["entry"][0]["resource"]["meta"]["tag"]
    # Nobody called the hälsocentral to the person's own visits.
    assert "entry" not in sections(bundle)["overenskommen-tid"]
    [husband] = [
        each["resource"] for each in bundle["entry"] if each["resource"].get("id") == "maria-make"
    ]
    assert "telecom" not in husband
    told = words(maria, MARIA, "html", **reader)
    assert "Du läser som Hälsocentralen Test" in told
    assert "Bra att veta" not in told
    assert "Mitt patientkontrakt" not in told
    assert "Du läser som" in words(maria, MARIA, "pdf", **reader)


@pytest.mark.parametrize("unit", ["hemtjansten", "testskolan"])
@pytest.mark.parametrize("form", FORMS)
def test_others_read_nothing_and_are_told_why(maria: Fhir, unit: str, form: str) -> None:
    """R78, R100: secrecy between huvudmän holds until the person lifts it."""
    response = asked(maria, MARIA, form, reader=reference(f"Organization/{unit}"))
    assert response.status_code == 403
    if form == "json":
        [(code, law, at), *_] = refusals(response, 403)
        assert (code, at) == ("business-rule", "reader")
        assert {"OSL-10-1", "OSL-25-1", "OSL-26-1"} <= set(law)


def test_a_reader_gets_the_kinds_of_information_that_the_consent_names(clinic: Clinic) -> None:
    """R78, R100: what is left out is marked, in the answer and on the page."""
    patient, unit = ready(clinic), clinic.unit(codes.KOMMUN)
    made = generate(clinic, patient, "active", *complete())
    assert made.status_code == 201, made.text
    sip = next(p["resource"] for p in made.json["parameter"] if p["name"] == "return")
    [consent] = [
        each["resource"] for each in clinic.fhir.get(f"Consent?patient={patient}").json["entry"]
    ]
    limited = {
        "type": "permit",
        "actor": [{"role": {"text": "mottagare"}, "reference": {"reference": unit}}],
        "class": [{"system": codes.INFORMATION_CLASS_SYSTEM, "code": "mal"}],
    }
    clinic.put(consent | {"provision": {"type": "permit", "provision": [limited]}})
    goal = clinic.read(sip["goal"][0]["reference"])
    illness = [{"display": "Diagnosen"}]
    clinic.put(goal | {"addresses": illness, "note": [{"text": "Det gick bra"}]})
    reader = {"reader": reference(unit)}
    bundle = bundle_of(clinic.fhir, patient, **reader)
    shown = next(e["resource"] for e in bundle["entry"] if e["resource"].get("id") == sip["id"])
    assert "activity" not in shown
    assert shown["goal"] == sip["goal"]
    assert "Diagnosen" not in str(bundle)
    assert "Det gick bra" not in str(bundle)
    assert codes.SUBSETTED in bundle["entry"][0]["resource"]["meta"]["tag"]
    assert "entry" not in sections(bundle)["fast-vardkontakt"]
    told = words(clinic.fhir, patient, "html", **reader)
    assert "Du ser bara det som personen har sagt ja till" in told
    assert "Gå till brevlådan" in told
    assert "Hjälper till" not in told


def test_the_next_moment_after_a_withdrawal_nothing_is_read(clinic: Clinic) -> None:
    """R78"""
    patient, unit = clinic.patient(), clinic.unit(codes.KOMMUN)
    actor = [{"role": {"text": "mottagare"}, "reference": {"reference": unit}}]
    consent = consent_to_sip(patient, provision={"type": "permit", "actor": actor})
    stored = clinic.put(consent)
    clinic.put(plan(patient, "SIP", title="SIP", status="draft"))
    reader = {"reader": reference(unit)}
    assert asked(clinic.fhir, patient, "json", **reader).status_code == 200
    clinic.put(consent | {"id": stored.partition("/")[2], "status": "inactive"})
    assert asked(clinic.fhir, patient, "json", **reader).status_code == 403


def test_a_unit_reads_the_plan_it_takes_part_in_and_no_other(clinic: Clinic) -> None:
    """R98, R100: a consent to a SIP opens no other plan; who made a plan has it already."""
    patient, unit = clinic.patient(), clinic.unit()
    own = clinic.put(plan(patient, title="Vår", author={"reference": clinic.nurse(unit)}))
    clinic.put(plan(patient, title="Andras"))
    clinic.put(consent_to_sip(patient))
    bundle = bundle_of(clinic.fhir, patient, reader=reference(unit))
    assert entries(sections(bundle)["sammanhallen-plan"]) == [own]


def test_a_time_is_read_by_who_is_called_to_it(clinic: Clinic) -> None:
    patient, unit = clinic.patient(), clinic.unit()
    nurse = clinic.nurse(unit)
    actors = [{"actor": {"reference": each}, "status": "accepted"} for each in (patient, nurse)]
    called = clinic.put(visit(patient, participant=actors))
    clinic.put(visit(patient))
    bundle = bundle_of(clinic.fhir, patient, reader=reference(nurse))
    assert entries(sections(bundle)["overenskommen-tid"]) == [called]


@pytest.mark.parametrize(
    ("reader", "status"),
    [
        ("Patient/lo-testsson", 403),
        ("RelatedPerson/lo-mamma", 403),
        ("Organization/finns-inte", 404),
        ("Group/x", 400),
    ],
)
def test_no_other_patient_and_nobodys_relative_reads(maria: Fhir, reader: str, status: int) -> None:
    """R100"""
    assert asked(maria, MARIA, "json", reader=reference(reader)).status_code == status


def test_the_patient_may_be_named_as_the_reader(maria: Fhir) -> None:
    named = bundle_of(maria, MARIA, reader=reference(MARIA))
    assert entries(sections(named)["sammanhallen-plan"]) == [
        "CarePlan/maria-sip",
        "CarePlan/maria-vardplan",
    ]


# ---- how it is asked for -----------------------------------------------------------------------


def test_hostile_texts_are_text(clinic: Clinic) -> None:
    patient = clinic.patient(name=[{"text": HOSTILE}])
    matters = {"url": codes.WHAT_MATTERS, "valueString": HOSTILE}
    clinic.put(kontrakt(patient, title=HOSTILE, description=HOSTILE, extension=[matters]))
    clinic.put(plan(patient, title=HOSTILE))
    clinic.put(visit(patient, serviceType=[{"text": HOSTILE}], description=HOSTILE))
    page = page_of(clinic.fhir, patient, f"&at={AT}")
    assert page.xpath("//script") == []
    assert HOSTILE in page.text_content()
    assert HOSTILE.replace(" ", "") in words(clinic.fhir, patient, "pdf").replace(" ", "")
    assert (
        "&lt;script&gt;"
        in bundle_of(clinic.fhir, patient)["entry"][0]["resource"]["section"][0]["text"]["div"]
    )


def test_it_is_kept_nowhere_and_changes_nothing(clinic: Clinic) -> None:
    patient = clinic.patient()
    clinic.put(kontrakt(patient))
    with clinic.nothing_stored("CarePlan", "Composition", "Bundle", "Communication"):
        for form in FORMS:
            response = asked(clinic.fhir, patient, form)
            assert response.status_code == 200
            if form != "json":
                assert response.headers["Cache-Control"] == "no-store"
    policy = asked(clinic.fhir, patient, "html").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")


def test_a_patient_that_is_none_and_a_moment_that_is_none_are_refused(fhir: Fhir) -> None:
    assert asked(fhir, "Patient/finns-inte-alls", "json").status_code == 404
    assert asked(fhir, "Patient/finns-inte-alls", "html").status_code == 404
    assert fhir.get("Patient/x/$patientkontrakt?at=igar").status_code == 400


def test_at_an_earlier_moment_the_contacts_of_that_time_are_there(maria: Fhir) -> None:
    """R48: before Lena was appointed, Nils alone."""
    page = page_of(maria, MARIA, "&at=2026-01-15")
    contacts = texts(page, "//section[@aria-labelledby='kontakter']/article/h3")
    assert contacts == ["Fast vårdkontakt: Nils Test"]
