"""The written SIP over the whole application: as a page, as a PDF, as a FHIR document."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from pypdf import PdfReader

from fhir_server.sweden import codes
from tests.conftest import Fhir
from tests.domain import written_plan
from tests.domain.clinic import Clinic, Json, category, paragraphs, parameters, reference
from tests.domain.documents import as_page, as_pdf, pdf_words, words
from tests.domain.sip_calls import consent_to_sip

HOSTILE = '<script>alert(1)</script> & "Åsa" #link("x")[y]'
# Of the service contract GetCarePlans.
MOST = 100 * 1024
HEMTJANSTEN = "Organization/hemtjansten"
INTERNAL = "Internt: svår granne"


@pytest.fixture(scope="module")
def written(app: Any) -> Clinic:
    """The application with the demo patient's whole plan."""
    clinic = Clinic(Fhir(app.test_client()))
    written_plan.stored(clinic)
    clinic.load_demo("c-child")
    return clinic


def copy_for(clinic: Clinic, plan: str, recipient: str, form: str = "json") -> Any:
    """Ask for the copy for a recipient; a Reference can't stand in a URL."""
    body = parameters(recipient=reference(recipient))
    return clinic.fhir.post(f"{plan}/$document?_format={form}", body)


def page_of(
    clinic: Clinic, plan: str = written_plan.PLAN, query: str = "", recipient: str = ""
) -> Any:
    """Give the plan as a page, which must be valid HTML of at most 100 KB."""
    url = f"{plan}/$document?_format=html{query}"
    response = copy_for(clinic, plan, recipient, "html") if recipient else clinic.fhir.get(url)
    assert len(response.data) <= MOST
    return as_page(response)


def pdf_of(
    clinic: Clinic, plan: str = written_plan.PLAN, query: str = "", recipient: str = ""
) -> PdfReader:
    url = f"{plan}/$document?_format=pdf{query}"
    response = copy_for(clinic, plan, recipient, "pdf") if recipient else clinic.fhir.get(url)
    return as_pdf(response)


def headings(page: Any) -> list[str]:
    return [each.text_content() for each in page.xpath("//main//h2")]


def rows(page: Any, title: str) -> dict[str, str]:
    """Give the facts of the entry with a title."""
    [entry] = page.xpath(f"//div[@class='entry'][*[contains(@class, 'what')][.='{title}']]")
    pairs = zip(entry.findall(".//dt"), entry.findall(".//dd"), strict=True)
    return {dt.text_content(): dd.text_content() for dt, dd in pairs}


# ---- what it says ------------------------------------------------------------------------------


def test_the_persons_own_words_come_before_what_others_do(written: Clinic) -> None:
    """R81, R89, R96: after who answers for the whole, the person's words come first."""
    page = page_of(written)
    assert headings(page)[:5] == [
        "Det viktigaste",
        "Det här är viktigt för mig",
        "Det här behövs",
        "Mål",
        "Vem gör vad",
    ]
    [said] = page.xpath("//section[@class='own']//blockquote")
    assert said.text_content().strip() == written_plan.MATTERS


def test_it_says_who_does_what_by_when_and_who_answers_for_the_whole(written: Clinic) -> None:
    """R76, R87: the four contents of the law, each with a name and a number to ring."""
    page = page_of(written)
    groups = [each.text_content() for each in page.xpath("//section[h2='Vem gör vad']/h3")]
    assert groups == ["Regionen gör", "Kommunen gör", "Du själv, närstående och andra gör"]
    assert rows(page, "Distriktssköterskan väger dig och tittar på benen") == {
        "Vem": "Eva Test, distriktssköterska, Hälsocentralen Test",
        "Telefon": "063-000 00 01, måndag–fredag 08–16",
        "När": "1 gång i veckan",
        "Läget": "pågår",
        "Hör till": "mål 2",
        "Så har det gått": "16 april 2026: Vikten är stabil.",
    }
    review = rows(page, "Läkaren går igenom dina läkemedel")
    assert review["När"] == "13–31 mars 2026"
    assert review["Läget"] == "klart"
    assert review["Resultat"] == "En sömntablett är borttagen."
    said = words(page)
    assert "Ansvarar för helheten Kommunen, Östersunds kommun, hemsjukvården (test)" in said
    assert "Ansvarig person Sara Test, sjuksköterska" in said


def test_goals_tell_whose_they_are_and_how_far_they_have_come(written: Clinic) -> None:
    """R89, R92: whose goal, by when, and what the follow-up found."""
    page = page_of(written)
    assert rows(page, "Mål 1: Gå till brevlådan och tillbaka utan att stanna") == {
        "Vems mål": "Du själv",
        "Senast": "1 juni 2026",
        "Hur det går": "det går framåt (16 april 2026)",
        "Anteckning": "Går halva vägen med rollator.",
    }


def test_follow_ups_meetings_consent_and_copies_are_told(written: Clinic) -> None:
    """R78, R81, R91, R92: what was decided, who was called, who may read, who got a copy."""
    page = page_of(written)
    followed = rows(page, "Uppföljning 16 april 2026")
    assert followed["Beslut"] == "Planen fortsätter som den är."
    met = rows(page, "Möte torsdag 12 mars 2026 klockan 13–14")
    assert met["Kallade"] == "Du, Anna Hammar, Eva Test, Sara Test, Ali Test och Karin Test"
    said = words(page)
    for text in (
        "Lämnat 6 mars 2026, muntligt",
        "Kopia till dig 13 mars 2026 med brev",
        "Nästa uppföljning torsdag 14 januari 2027",
        "Fast vårdkontakt som samordnar: Sara Test",
    ):
        assert text in said, text


def test_what_to_do_when_it_gets_worse_stands_in_a_frame_with_numbers(written: Clinic) -> None:
    """R43: the crisis plan, 112 and 1177, as links to ring."""
    page = page_of(written)
    [urgent] = page.xpath("//section[@class='urgent']")
    links = urgent.xpath(".//a/@href")
    assert links == ["tel:+46630000005", "tel:112", "tel:1177", "tel:1177"]


def test_every_sheet_says_whose_it_is_and_which_it_is(written: Clinic) -> None:
    """R81: sheets that come apart are still told apart."""
    sheets = [each.extract_text() for each in pdf_of(written).pages]
    assert len(sheets) > 2
    for number, sheet in enumerate(sheets, 1):
        assert "Albertina Hammar" in sheet
        assert f"Sida {number} av {len(sheets)}" in sheet


def test_the_pdf_says_what_the_page_says(written: Clinic) -> None:
    """R81: the same text and the same numbers in both."""
    page, pdf = page_of(written), pdf_of(written)
    printed = pdf_words(pdf)
    for each in page.xpath("//main//h2 | //main//h3 | //main//h4 | //main//dd"):
        text = " ".join(each.text_content().split())
        assert text.replace(" ", "") in printed.replace(" ", ""), text
    annotations = [a.get_object() for p in pdf.pages for a in p.get("/Annots", [])]
    numbers = {str(a["/A"]["/URI"]) for a in annotations if "/A" in a}
    assert {str(a) for a in page.xpath("//main//a/@href")} == numbers


def test_the_pdf_is_tagged_for_those_who_listen(written: Clinic) -> None:
    """R11, R81: PDF/UA: marked, with language, title and headings in order."""
    pdf = pdf_of(written, query="&signatures=true")
    root: Any = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] is True or root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "sv-SE"
    assert "StructTreeRoot" in str(root.keys())
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Samordnad individuell plan (SIP)"
    assert b"pdfuaid:part" in root["/Metadata"].get_object().get_data()


def test_headings_are_in_order_and_ids_are_unique(written: Clinic) -> None:
    """R11: no level is left out, every section is named by its heading."""
    page = page_of(written, query="&signatures=true")
    levels = [
        int(each.tag[1]) for each in page.xpath("//*[self::h1 or self::h2 or self::h3 or self::h4]")
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert page.xpath("//section/@aria-labelledby") == page.xpath("//section/h2/@id")
    assert page.get("lang") == "sv"
    assert not page.xpath("//script | //@style")


def test_lines_to_sign_on_are_printed_where_they_are_asked_for(written: Clinic) -> None:
    """R81: for the person, region and municipality; for a child each guardian as well."""
    assert "Namnteckning" not in words(page_of(written))
    signed = words(page_of(written, query="&signatures=true"))
    assert signed.count("Namnteckning") == 3
    of_child = words(page_of(written, "CarePlan/lo-sip", "&signatures=true"))
    assert of_child.count("Namnteckning") == 5
    assert "Johan Testsson, vårdnadshavare, pappa" in of_child
    assert pdf_words(pdf_of(written, query="&signatures=true")).count("Namnteckning") == 3


def test_a_plan_that_is_over_says_so_at_once_and_has_no_lines_to_sign_on(written: Clinic) -> None:
    """R81, R93: what was agreed stays to be read."""
    over = {**written.read(written_plan.PLAN), "id": "over", "status": "completed"}
    written.put(over)
    said = words(page_of(written, "CarePlan/over", "&signatures=true"))
    assert "Planen gäller inte längre." in said
    assert "Namnteckning" not in said


def test_a_draft_says_that_it_is_one_and_what_the_law_still_misses(written: Clinic) -> None:
    """R76: that nobody is responsible yet is said, not left out."""
    said = words(page_of(written, "CarePlan/lo-sip"))
    assert "Utkast. Planen gäller inte än." in said
    assert "Det är inte bestämt än om regionen eller kommunen ansvarar." in said


def test_a_plan_without_the_municipality_says_so(written: Clinic) -> None:
    """R76: what the region, or the municipality, should do and nobody has said."""
    [first, *_] = written_plan.activities()
    plan = written.put(written_plan.plan(id="utan-kommun", status="draft", activity=[first]))
    assert "Här står inget om vad kommunen ska göra." in words(page_of(written, plan))


def test_a_childs_plan_speaks_of_guardians(written: Clinic) -> None:
    """R80: guardians decide, the child is heard."""
    said = words(page_of(written, "CarePlan/lo-sip"))
    assert "Den görs bara om dina vårdnadshavare säger ja." in said
    assert "Lämnat 2 februari 2026, skriftligt Av Mia Testsson och Johan Testsson" in said


def test_an_ended_plan_says_when_and_why(written: Clinic) -> None:
    """R93: nobody takes an old plan for one in force."""
    ended = {
        "url": codes.PLAN_END,
        "extension": [
            {"url": "reason", "valueCode": "mal-uppnadda"},
            {"url": "at", "valueDateTime": "2026-09-01"},
        ],
    }
    plan = written.put(
        written_plan.plan(
            id="avslutad", status="completed", extension=[*written_plan.plan()["extension"], ended]
        )
    )
    said = words(page_of(written, plan))
    assert "Planen avslutades 1 september 2026. Målen är uppnådda." in said


def test_other_plans_have_a_page_without_what_is_for_a_sip(written: Clinic) -> None:
    """R86: a vårdplan is no SIP and does not speak of its law."""
    plan = written.put(
        {
            "resourceType": "CarePlan",
            "id": "vardplan",
            "status": "active",
            "intent": "plan",
            "category": [category(codes.CARE_PLAN_CATEGORY, "VP")],
            "title": "Min vårdplan",
            "created": "2026-03-01",
            "author": {"reference": "PractitionerRole/eva-test-hc"},
            "subject": {"reference": written_plan.PATIENT},
            "activity": [{"detail": {"status": "scheduled", "description": "Provtagning"}}],
        }
    )
    said = words(page_of(written, plan))
    assert said.startswith("Hoppa till innehållet Min vårdplan")
    assert "SIP" not in said
    assert "Här står inget" not in said


# ---- who may have it ---------------------------------------------------------------------------


def test_no_internal_note_is_in_the_persons_copy(written: Clinic) -> None:
    """R114: neither on the page, in the PDF, nor in the document for the person."""
    assert INTERNAL not in words(page_of(written))
    assert INTERNAL not in pdf_words(pdf_of(written))
    document = copy_for(written, written_plan.PLAN, written_plan.PATIENT)
    assert document.status_code == 200
    assert INTERNAL not in document.text


def test_a_plan_that_is_not_approved_for_the_patient_has_no_written_copy(written: Clinic) -> None:
    """R113: refused with 403, as a page in Swedish to a person."""
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "NOPATIENT"}
    plan = written.put(written_plan.plan(id="ej-for-patient", meta={"security": [label]}))
    assert written.fhir.get(f"{plan}/$document?_format=pdf").status_code == 403
    assert copy_for(written, plan, written_plan.PATIENT).status_code == 403


def limited(clinic: Clinic, *kinds: str) -> str:
    """Store a plan whose consent lets hemtjänsten see some kinds of information only."""
    provision = {
        "type": "permit",
        "actor": [{"role": {"text": "x"}, "reference": {"reference": "Organization/hemtjansten"}}],
        "class": [{"system": codes.INFORMATION_CLASS_SYSTEM, "code": kind} for kind in kinds],
    }
    consent = consent_to_sip(written_plan.PATIENT, provision=provision)
    given = clinic.put({**consent, "id": "begransat"})
    info = [{"reference": given}]
    return clinic.put(written_plan.plan(id="begransad", supportingInfo=info))


@pytest.mark.parametrize("form", ["html", "pdf", "json"])
def test_an_actor_gets_what_the_consent_lets_it_see_in_every_form(
    written: Clinic, form: str
) -> None:
    """R78, R94, R110: goals and the municipality's insatser, and nothing of health or region."""
    plan = limited(written, "mal", "insatser-kommun")
    match form:
        case "html":
            said = words(page_of(written, plan, recipient=HEMTJANSTEN))
        case "pdf":
            said = pdf_words(pdf_of(written, plan, recipient=HEMTJANSTEN))
        case _:
            said = copy_for(written, plan, HEMTJANSTEN).text
    assert "Gå till brevlådan" in said
    assert "Trygghetslarm" in said
    for hidden in (
        "Hjärtsvikt",
        "går igenom dina läkemedel",
        "slippa åka in",
        "två kilo",
        "Anna handlar",
        "Går halva vägen",
        "Testgatan",
        "063-000 00 51",
        INTERNAL,
    ):
        assert hidden not in said, hidden


def test_the_copy_says_whose_it_is_and_what_is_left_out(written: Clinic) -> None:
    """R78: nobody takes a part of the plan for the whole."""
    plan = limited(written, "mal", "insatser-kommun")
    said = words(page_of(written, plan, recipient=HEMTJANSTEN))
    assert "Kopia till Östersunds kommun, hemtjänsten (test)." in said
    assert "Det här är inte med: personens egna ord, behov, hälsotillstånd" in said
    document = copy_for(written, plan, HEMTJANSTEN).json
    [cut] = [
        e["resource"] for e in document["entry"] if e["resource"]["resourceType"] == "CarePlan"
    ]
    assert codes.SUBSETTED in cut["meta"]["tag"]


@pytest.mark.parametrize("form", ["html", "pdf", "json"])
def test_an_actor_without_consent_gets_nothing_and_reads_why(written: Clinic, form: str) -> None:
    """R94, R100, R110: 403, with the paragraphs."""
    plan = limited(written, "mal")
    response = copy_for(written, plan, "Organization/testskolan", form)
    assert response.status_code == 403
    if form == "json":
        assert "OSL-10-1" in paragraphs(response.json["issue"][0])
    assert "brevlådan" not in response.text


def test_a_recipient_that_is_no_reference_is_refused(written: Clinic) -> None:
    for wrong in ("nobody", "https://x.example/fhir/Organization/1"):
        response = copy_for(written, written_plan.PLAN, wrong)
        assert response.status_code == 400, response.text


def test_a_protected_persons_plan_hides_home_and_relatives_numbers(written: Clinic) -> None:
    """R118: a warning on top; neither address nor a number that leads to the person."""
    label = {
        "system": "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel",
        "code": "sekretessmarkering",
    }
    patient = written.patient(
        id="skyddad", name=[{"text": "Test Skyddad"}], meta={"security": [label]}
    )
    relative = written.put(
        {
            "resourceType": "RelatedPerson",
            "patient": {"reference": patient},
            "name": [{"text": "Nära Test"}],
            "telecom": [{"system": "phone", "value": "070-000 99 99"}],
        }
    )
    place = {"url": codes.MEETING_PLACE, "valueString": "Hemliga gatan 9"}
    at_home = {"url": codes.MEETING_FORM, "valueCode": "hemma"}
    meeting = written.put(
        {
            "resourceType": "Appointment",
            "status": "booked",
            "extension": [at_home, place],
            "serviceType": [category(codes.code_system("service-type"), codes.SIP_MEETING)],
            "description": "SIP-möte",
            "start": "2090-03-12T13:00:00+01:00",
            "end": "2090-03-12T14:00:00+01:00",
            "participant": [
                {"actor": {"reference": patient}, "status": "accepted"},
                {"actor": {"reference": relative}, "status": "accepted"},
            ],
        }
    )
    linked = {"url": codes.SIP_MEETING_LINK, "valueReference": {"reference": meeting}}
    plan = written_plan.plan(id="skyddad-plan", status="draft", extension=[linked])
    keep = ("resourceType", "id", "extension", "status", "intent", "category", "title")
    stored = written.put({name: plan[name] for name in keep} | {"subject": {"reference": patient}})
    said = words(page_of(written, stored))
    assert "Skyddade personuppgifter." in said
    assert "Hemma hos dig" in said
    assert "Nära Test" in said
    assert "Hemliga gatan" not in said
    assert "070-000 99 99" not in said


def test_what_is_about_somebody_else_is_not_taken_up(written: Clinic) -> None:
    """R100: a reference to another person's goal shows nothing of it."""
    other = written.patient()
    foreign = written.put(
        {
            "resourceType": "Goal",
            "lifecycleStatus": "active",
            "description": {"text": "Någon annans mål"},
            "subject": {"reference": other},
        }
    )
    plan = written.put(
        written_plan.plan(id="frammande", status="draft", goal=[{"reference": foreign}])
    )
    assert "Någon annans mål" not in words(page_of(written, plan))


def test_a_copy_for_an_actor_speaks_of_the_person_by_name(written: Clinic) -> None:
    """R94: *du* is the person's, and nobody else's."""
    plan = limited(written, "mal", "insatser-kommun", "insatser-annan", "kontakter")
    said = words(page_of(written, plan, recipient=HEMTJANSTEN))
    assert "Vems mål Albertina Hammar" in said
    assert "Personen själv, närstående och andra gör" in said
    assert "Du själv" not in said


def test_a_plan_for_nobody_on_this_server_has_a_page(written: Clinic) -> None:
    """A group's plan, or one whose patient is elsewhere, has no contacts and no name."""
    group = written.put(
        {"resourceType": "Group", "type": "person", "actual": True, "name": "Gruppen"}
    )
    plan = {"resourceType": "CarePlan", "status": "draft", "intent": "plan", "title": "Gruppens"}
    elsewhere = "https://elsewhere.example/fhir/Patient/1"
    for subject in (group, elsewhere):
        stored = written.put(plan | {"subject": {"reference": subject}})
        assert "Gruppens" in words(page_of(written, stored))
        assert written.fhir.get(f"{stored}/$document").status_code == 200


def test_an_insats_that_is_a_resource_of_its_own_is_told_by_what_it_says(written: Clinic) -> None:
    """R76: activity.reference instead of detail."""
    task = written.put(
        {
            "resourceType": "Task",
            "status": "requested",
            "intent": "plan",
            "description": "Beställa rullator",
            "for": {"reference": written_plan.PATIENT},
        }
    )
    activity = {
        "extension": [{"url": codes.HUVUDMAN, "valueCode": "kommun"}],
        "reference": {"reference": task},
    }
    plan = written.put(written_plan.plan(id="med-task", status="draft", activity=[activity]))
    assert "Beställa rullator" in words(page_of(written, plan))


# ---- hostile and large -------------------------------------------------------------------------


def test_what_is_in_the_data_is_shown_and_never_read_as_markup(written: Clinic) -> None:
    plan = written.put(
        written_plan.plan(
            id="fientlig",
            extension=[{"url": codes.WHAT_MATTERS, "valueString": HOSTILE}],
            status="draft",
        )
    )
    assert HOSTILE in words(page_of(written, plan))
    assert HOSTILE.replace('"', "") in pdf_words(pdf_of(written, plan)).replace('"', "")
    document = written.fhir.get(f"{plan}/$document")
    assert document.status_code == 200
    sections = document.json["entry"][0]["resource"]["section"]
    assert all("<script>" not in each.get("text", {}).get("div", "") for each in sections)


def test_a_plan_of_fifty_insatser_stays_under_what_the_national_service_takes(
    written: Clinic,
) -> None:
    """R93: 100 KB, the style sheet included (GetCarePlans, content)."""
    [one, *_] = written_plan.activities()
    many = [{**one, "id": f"m{number}"} for number in range(50)]
    plan = written.put(written_plan.plan(id="stor", status="draft", activity=many))
    page = page_of(written, plan)
    assert len(page.xpath("//section[h2='Vem gör vad']/div[@class='entry']")) == 50


# ---- the FHIR document -------------------------------------------------------------------------


def document_of(clinic: Clinic, query: str = "") -> Json:
    response = clinic.fhir.get(f"{written_plan.PLAN}/$document{query}")
    assert response.status_code == 200, response.text
    return dict(response.json)


def test_the_fhir_document_has_the_sections_of_the_page_with_their_resources(
    written: Clinic,
) -> None:
    """R81, R93: one text in all three forms; goals, conditions, meeting and consent as entries."""
    sections = document_of(written)["entry"][0]["resource"]["section"]
    titles = [each["title"] for each in sections]
    assert titles[0] == "Plan"
    assert titles[1:] == headings(page_of(written))
    by_title = {each["title"]: each for each in sections}
    assert "Gå till brevlådan" in by_title["Mål"]["text"]["div"]
    assert [e["reference"] for e in by_title["Hälsa"]["entry"]] == [
        "Condition/albertina-hjartsvikt",
        "Condition/albertina-kol",
    ]
    assert [e["reference"] for e in by_title["Möten"]["entry"]] == [
        "Appointment/albertina-sip-mote"
    ]


def test_the_fhir_document_passes_validation_and_holds_what_its_sections_name(
    written: Clinic,
) -> None:
    """R81: it can be stored as it is."""
    bundle = copy_for(written, written_plan.PLAN, written_plan.PATIENT).json
    held = {entry["fullUrl"].split("/fhir/")[-1] for entry in bundle["entry"]}
    sections = bundle["entry"][0]["resource"]["section"]
    named = {each["reference"] for section in sections for each in section.get("entry", [])}
    assert named <= held
    response = written.fhir.post("Bundle", bundle)
    assert response.status_code == 201, response.text


def test_a_page_is_not_stored(written: Clinic) -> None:
    parameters = {
        "resourceType": "Parameters",
        "parameter": [{"name": "persist", "valueBoolean": True}],
    }
    response = written.fhir.post(f"{written_plan.PLAN}/$document?_format=html", parameters)
    assert response.status_code == 400
