"""Scenarios 6a and 6c as processes: from admission to a followed-up plan, over HTTP.

Each step is a call as a ward, a hälsocentral, a municipality or a school would make it. What is late
is told with its paragraph, what the law refuses is refused, and what was said earlier still stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fhir_server.sweden import codes
from tests.conftest import ServerProcess
from tests.domain.clinic import (
    Clinic,
    Json,
    code,
    errors,
    extension,
    paragraphs,
    parameters,
    part,
    reference,
    string,
)
from tests.domain.life_cycle import every, moment, named, url_of
from tests.domain.over_http import OverHttp
from tests.domain.sip_calls import activity, follow_up, generate, goal, responsible

ALBERTINA, DAUGHTER = "Patient/albertina-hammar", "RelatedPerson/albertina-dotter"
EVA, OLA, VERA, PER = (
    f"PractitionerRole/{name}"
    for name in ("eva-test-hc", "ola-test-hc", "vera-test-hc", "per-test-avd108")
)
ALI, SARA = "PractitionerRole/ali-test-hemtjanst", "PractitionerRole/sara-test-hemsjukvard"
WARD, CENTRE = "Organization/avd-108", "Organization/halsocentralen-test"
NURSING, HOME_HELP = "Organization/hemsjukvarden", "Organization/hemtjansten"
LO, MAMMA, PAPPA = "Patient/lo-testsson", "RelatedPerson/lo-mamma", "RelatedPerson/lo-pappa"
KIM, SAM, ELIN = (
    f"PractitionerRole/{name}" for name in ("kim-test-bup", "sam-test-skola", "elin-test-ifo")
)
BUP, IFO, SCHOOL = (
    f"Organization/{name}" for name in ("bup-ostersund", "socialtjansten-ifo", "testskolan")
)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server of its own: other tests tell other stories of the same people on the shared one."""
    found = ServerProcess.start(tmp_path_factory.mktemp("process") / "data")
    yield found
    found.stop()


@pytest.fixture
def server(process: ServerProcess) -> Clinic:
    return Clinic(OverHttp(process.base))


def call(clinic: Clinic, url: str, **given: Json | list[Json]) -> Any:
    """Call an operation."""
    return clinic.fhir.post(url, parameters(**given))


def date(value: str) -> Json:
    """Give a date parameter's value."""
    return {"valueDate": value}


def laws_of(response: Any) -> set[str]:
    """Give the paragraphs that an answer names, refusal or advice."""
    outcome = response.json
    if outcome["resourceType"] == "Parameters":
        outcomes = [p["resource"] for p in outcome["parameter"] if p["name"] == "outcome"]
        return {law for each in outcomes for issue in each["issue"] for law in paragraphs(issue)}
    return {law for issue in outcome["issue"] for law in paragraphs(issue)}


def steps(clinic: Clinic, stay: str, at: str) -> dict[str, str]:
    """Give the state of each step of a stay at a moment."""
    response = clinic.fhir.get(f"{stay}/$discharge-timeline?at={at.replace('+', '%2B')}")
    assert response.status_code == 200, response.text
    found = {}
    for each in response.json["parameter"]:
        if each["name"] == "step":
            said = {p["name"]: next(v for k, v in p.items() if k != "name") for p in each["part"]}
            found[said["code"]] = said["status"]
    return found


def kind_of(message: Json) -> str:
    """Give which of the messages a Communication is."""
    return str(message["category"][0]["coding"][0]["code"])


def admitted(clinic: Clinic, at: str = "2026-03-02T08:10:00+01:00") -> str:
    """Store a stay of Albertina's that begins now; whatever the demo says of an earlier one."""
    return clinic.put(
        {
            "resourceType": "Encounter",
            "meta": {"profile": [codes.structure("sluten-encounter")]},
            "status": "in-progress",
            "class": {
                "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                "code": "IMP",
            },
            "subject": {"reference": ALBERTINA},
            "period": {"start": at},
            "serviceProvider": {"reference": WARD},
        }
    )


# ---- 6a: from admission to a plan that is followed up --------------------------------------------


def test_albertina_from_admission_to_a_plan_that_is_followed_up(server: Clinic) -> None:
    """R54-R57, R58-R66, R75-R79, R81, R87, R89-R93: scenario 6a, step by step."""
    server.load_demo("0-organisations", "a-elderly-discharge")
    stay = admitted(server)
    the_ward_tells_those_concerned(server, stay)
    the_centre_appoints_eva(server, stay)
    she_is_ready_not_ready_and_ready_again(server, stay)
    she_goes_home(server, stay)
    consent = she_consents(server)
    plan = the_plan_is_drafted(server, stay)
    everybody_is_called(server, plan, stay)
    plan = the_meeting_decides(server, plan)
    she_gets_it_in_writing(server, plan)
    it_is_followed_up_and_closed(server, plan)
    assert server.read(consent)["status"] == "active"


def notice(stay: str, clinic: Clinic, at: str) -> Any:
    return call(
        clinic,
        f"{stay}/$admission-notice",
        by=reference(PER),
        at=moment(at),
        expectedDischarge=moment("2026-03-06T11:00:00+01:00"),
        need=[code(codes.REGION), code(codes.KOMMUN)],
        recipient=[reference(CENTRE), reference(NURSING), reference(HOME_HELP)],
    )


def the_ward_tells_those_concerned(server: Clinic, stay: str) -> None:
    """The inskrivningsmeddelande after 7.5 hours; that of another stay after 25 hours is late."""
    late = notice(admitted(server), server, "2026-03-03T09:10:00+01:00")
    assert "SAMVL-2-1" in laws_of(late)
    sent = notice(stay, server, "2026-03-02T15:40:00+01:00")
    assert "SAMVL-2-1" not in laws_of(sent)
    told = {r["reference"] for m in every(sent, "communication") for r in m["recipient"]}
    assert {CENTRE, NURSING, HOME_HELP} <= told
    asked = {t["code"]["coding"][0]["code"]: t for t in every(sent, "task")}
    assert asked[codes.UTSE_KONTAKT]["owner"]["reference"] == CENTRE
    assert steps(server, stay, "2026-03-02T16:00:00+01:00")["inskrivningsmeddelande"] == "met"

    moved = call(
        server,
        f"{stay}/$expected-discharge",
        by=reference(PER),
        time=moment("2026-03-05T11:00:00+01:00"),
        at=moment("2026-03-04T09:00:00+01:00"),
    )
    messages = every(moved, "communication")
    assert {kind_of(each) for each in messages} == {codes.ANDRAD_UTSKRIVNING}
    assert {r["reference"] for m in messages for r in m["recipient"]} == told


def the_centre_appoints_eva(server: Clinic, stay: str) -> None:
    """The Task of the hälsocentral is closed by the assignment itself."""
    answer = server.assign(
        ALBERTINA,
        EVA,
        "1",
        basis=code(codes.UTSKRIVNING),
        encounter=reference(stay),
        appointed=part(by=reference(VERA), at=moment("2026-03-03")),
        period={"valuePeriod": {"start": "2026-03-03"}},
        telecom={"valueContactPoint": {"system": "phone", "value": "063-000 00 01"}},
    )
    assert answer.status_code in (200, 201), answer.text
    found = server.fhir.get(f"Task?encounter={stay}&code={codes.UTSE_KONTAKT}").json
    assert [e["resource"]["status"] for e in found["entry"]] == ["completed"]


def she_is_ready_not_ready_and_ready_again(server: Clinic, stay: str) -> None:
    """Utskrivningsklar on 5 March, taken back for a fever, and again on the 6th: the days begin anew."""
    ready, back = f"{stay}/$ready-for-discharge", f"{stay}/$withdraw-ready-for-discharge"
    at = "2026-03-05T09:30:00+01:00"
    assert every(call(server, ready, by=reference(PER), at=moment(at)), "communication")
    again = call(server, ready, by=reference(PER), at=moment("2026-03-05T10:00:00+01:00"))
    assert again.status_code == 409, "she is ready already"
    taken = call(
        server,
        back,
        by=reference(PER),
        at=moment("2026-03-05T14:00:00+01:00"),
        reason=string("Feber"),
    )
    kinds = {kind_of(each) for each in every(taken, "communication")}
    assert kinds == {codes.UTSKRIVNINGSKLAR_ATERTAGEN}
    at = "2026-03-06T10:15:00+01:00"
    assert every(call(server, ready, by=reference(PER), at=moment(at)), "communication")
    now = steps(server, stay, "2026-03-06T11:00:00+01:00")
    assert now["utskrivningsklar"] == "met"
    assert now["kallelse"] == "due"


def she_goes_home(server: Clinic, stay: str) -> None:
    """Information the same day; the written summary names her contact."""
    call(
        server,
        f"{stay}/$transfer-information",
        by=reference(PER),
        at=moment("2026-03-06T15:00:00+01:00"),
        text=string("Ny vätskedrivande medicin. Väg varje vecka."),
    )
    home = call(
        server,
        f"{stay}/$discharge",
        by=reference(PER),
        at=moment("2026-03-06T16:00:00+01:00"),
        summary=string("Du har vårdats för hjärtsvikt. Du fick vätskedrivande medicin."),
        given=part(
            at=moment("2026-03-06T15:30:00+01:00"), to=reference(ALBERTINA), channel=code("besok")
        ),
    )
    assert named(home)["return"]["status"] == "finished"
    page = server.fhir.get(f"{stay}/$discharge-summary?_format=html")
    assert page.status_code == 200, page.text
    assert "Eva Test" in page.text
    assert "vätskedrivande" in page.text
    document = server.fhir.get(f"{stay}/$discharge-summary?_format=pdf")
    assert document.status_code == 200
    now = steps(server, stay, "2026-03-06T18:00:00+01:00")
    for step in ("informationsoverforing", "skriftlig-information", "fast-vardkontakt"):
        assert now[step] == "met", (step, now)


def she_consents(server: Clinic) -> str:
    """Oral consent counts, and is written down; what the demo has of it is taken back first."""
    stored = server.read("Consent/albertina-sip-samtycke")
    server.put(stored | {"status": "inactive"})
    answer = call(
        server,
        f"{ALBERTINA}/$record-sip-consent",
        decision=code("permit"),
        form=code("muntligt"),
        givenBy=reference(ALBERTINA),
        documentedBy=reference(EVA),
    )
    return url_of(named(answer)["return"])


def agreed() -> list[Json]:
    """What is agreed on 12 March."""
    return [
        goal("Gå till brevlådan", label=string("brev")),
        activity(codes.REGION, "Väger dig varje vecka", owner=reference(EVA), goal=string("brev")),
        activity(codes.KOMMUN, "Hemtjänst tre gånger om dagen", owner=reference(ALI)),
        activity(codes.ANNAN, "Handlar", owner=reference(DAUGHTER)),
        responsible(codes.KOMMUN, organization=reference(NURSING)),
        follow_up("2027-04-16", responsible=reference(EVA)),
    ]


def the_plan_is_drafted(server: Clinic, stay: str) -> str:
    """A draft is stored and says what the law still asks for; nobody can make it active yet."""
    response = generate(
        server,
        ALBERTINA,
        "draft",
        goal("Gå till brevlådan"),
        encounter=reference(stay),
        whatMatters=string("Att få bo kvar hemma."),
        author=reference(EVA),
    )
    assert {"HSL-16-4", "SOL-10-8"} <= laws_of(response)
    plan = url_of(every(response, "return")[0])
    refused = call(server, f"{plan}/$activate-sip", by=reference(EVA))
    assert refused.status_code == 422
    places = {issue["expression"][0] for issue in errors(refused)}
    assert {"CarePlan.activity", "CarePlan.extension"} <= places, "all that is missing at once"
    assert server.read(plan)["status"] == "draft"
    return plan


def everybody_is_called(server: Clinic, plan: str, stay: str) -> None:
    """One kallelse for each actor; who has not answered is seen, and reminded."""
    called = call(
        server,
        f"{plan}/$call-sip-meeting",
        by=reference(EVA),
        form=code("hemma"),
        place=string("Testgatan 1, Östersund"),
        start={"valueDateTime": "2027-03-12T10:00:00+01:00"},
        end={"valueDateTime": "2027-03-12T11:00:00+01:00"},
        agenda=string("Hur ska vardagen fungera?"),
        actor=[reference(each) for each in (ALBERTINA, DAUGHTER, EVA, ALI, SARA)],
        encounter=reference(stay),
    )
    meeting, tasks = url_of(named(called)["return"]), every(called, "task")
    owners = {task["owner"]["reference"]: url_of(task) for task in tasks}
    assert {ALI, SARA, DAUGHTER} <= set(owners)
    yes = call(server, f"{owners[ALI]}/$answer-call", answer=code("accepted"))
    assert named(yes)["return"]["status"] == "accepted"
    reminded = call(server, f"{meeting}/$remind-call", by=reference(EVA))
    whom = {r["reference"] for m in every(reminded, "return") for r in m["recipient"]}
    assert SARA in whom
    assert ALI not in whom


def the_meeting_decides(server: Clinic, plan: str) -> str:
    """What the meeting agreed on goes into the draft; then nothing is missing, and it is active."""
    body = {
        "resourceType": "Parameters",
        "parameter": [{"name": "by", **reference(EVA)}, *agreed()],
    }
    revised = server.fhir.post(f"{plan}/$revise-sip", body)
    assert revised.status_code in (200, 201), revised.text
    made = url_of(every(revised, "return")[0])
    active = call(server, f"{made}/$activate-sip", by=reference(EVA))
    assert active.status_code == 200, active.text
    assert server.read(made)["status"] == "active"
    second = generate(server, ALBERTINA, "active", *agreed(), author=reference(EVA))
    assert second.status_code == 422, "a plan with the content is there already"
    return made


def she_gets_it_in_writing(server: Clinic, plan: str) -> None:
    """The copy to her is noted; the page says who does what, and who answers for the whole."""
    copied = call(
        server,
        f"{plan}/$record-plan-copy",
        by=reference(EVA),
        to=reference(ALBERTINA),
        channel=code("brev"),
    )
    assert copied.status_code in (200, 201), copied.text
    assert extension(server.read(plan), codes.COPY_GIVEN)
    page = server.fhir.get(f"{plan}/$document?_format=html").text
    for words in ("Gå till brevlådan", "Hemtjänst tre gånger om dagen", "Handlar", "Eva Test"):
        assert words in page
    assert server.fhir.get(f"{plan}/$document?_format=pdf").status_code == 200
    kontrakt = server.fhir.get(f"{ALBERTINA}/$patientkontrakt?_format=html")
    assert kontrakt.status_code == 200, kontrakt.text
    assert "Eva Test" in kontrakt.text


def it_is_followed_up_and_closed(server: Clinic, plan: str) -> None:
    """The goal is judged, the next day is set; closed with a reason, nothing is left to do."""
    one = server.read(plan)["goal"][0]
    judged = call(
        server,
        f"{plan}/$follow-up-sip",
        by=reference(EVA),
        decision=code(codes.FORTSATT_PLAN),
        text=string("Går till brevlådan med rollator."),
        next=date("2027-10-15"),
        goal=part(goal={"valueReference": one}, achievement=code("improving")),
    )
    assert judged.status_code in (200, 201), judged.text
    assert extension(server.read(plan), codes.PLAN_EVALUATION)
    closed = call(server, f"{plan}/$close-sip", by=reference(EVA), reason=code("mal-uppnadda"))
    assert closed.status_code == 200, closed.text
    assert server.read(plan)["status"] == "completed"
    assert extension(server.read(plan), codes.PLAN_END)


# ---- 6c: a child, its guardians, and a school without direct access ------------------------------


def test_lo_from_the_schools_proposal_to_a_withdrawn_consent(server: Clinic) -> None:
    """R75, R76, R78, R80, R82, R83, R88, R91, R94, R100: scenario 6c, step by step."""
    server.load_demo("0-organisations", "c-child")
    withdraw_what_the_demo_has(server)
    the_school_proposes_and_bup_assesses(server)
    of_mamma, of_pappa = both_guardians_consent(server)
    plan = the_plan_is_made(server)
    five_are_called_and_one_declines(server, plan)
    a_guardian_takes_the_school_out(server, plan, of_pappa)
    all_of_it_is_taken_back(server, plan, of_mamma)


def withdraw_what_the_demo_has(server: Clinic) -> None:
    stored = server.read("Consent/lo-sip-samtycke")
    server.put(stored | {"status": "inactive"})


def the_school_proposes_and_bup_assesses(server: Clinic) -> None:
    """The school proposes, which obliges nobody; BUP assesses, which obliges both huvudmän."""
    proposed = call(
        server,
        f"{LO}/$note-sip-need",
        by=reference(SAM),
        reason=string("Frånvaro sedan i höstas"),
        targetGroup=code("npf"),
        owner=reference(BUP),
    )
    [task] = every(proposed, "return")
    assert task["businessStatus"]["coding"][0]["code"] == codes.FORESLAGET
    assessed = call(
        server,
        f"{LO}/$note-sip-need",
        by=reference(KIM),
        reason=string("Behöver insatser från BUP och socialtjänsten"),
        targetGroup=code("npf"),
        owner=[reference(BUP), reference(IFO)],
    )
    tasks = [*every(assessed, "return"), *every(assessed, "task")]
    assert {BUP, IFO} <= {each["owner"]["reference"] for each in tasks}
    silent = call(server, f"{url_of(tasks[-1])}/$refuse-sip", by=reference(ELIN))
    assert silent.status_code in (400, 422), "a refusal says why"


def both_guardians_consent(server: Clinic) -> tuple[str, ...]:
    """One guardian is not enough; the child is asked, too."""

    def give(*guardians: str) -> Any:
        return call(
            server,
            f"{LO}/$record-sip-consent",
            decision=code("permit"),
            form=code("skriftligt"),
            givenBy=[reference(each) for each in guardians],
            documentedBy=reference(KIM),
            actor=[reference(each) for each in (BUP, IFO, SCHOOL)],
            childInformed={"valueBoolean": True},
            childsView=string("Det är okej om skolan får veta."),
        )

    first = give(MAMMA)
    assert "FB-6-11" in laws_of(first), "the other guardian is asked too"
    second = give(PAPPA)
    assert "FB-6-11" not in laws_of(second)
    return tuple(url_of(every(each, "return")[0]) for each in (first, second))


def the_plan_is_made(server: Clinic) -> str:
    """Goals of the child and of a guardian; insatser of region, municipality and school."""
    stale = server.read("CarePlan/lo-sip")
    server.put(stale | {"status": "entered-in-error"})
    answer = generate(
        server,
        LO,
        "draft",
        goal("Vara i skolan utan ont i magen", label=string("skolan")),
        goal("Lugnare morgnar hemma", expressedBy=reference(MAMMA)),
        activity(codes.REGION, "Behandling och KBT", owner=reference(BUP), goal=string("skolan")),
        activity(codes.KOMMUN, "Familjebehandling", owner=reference(IFO)),
        activity(codes.ANNAN, "Anpassad studiegång", owner=reference(SCHOOL)),
        responsible(codes.KOMMUN, organization=reference(IFO)),
        follow_up("2027-01-11", responsible=reference(KIM)),
        author=reference(KIM),
        targetGroup=code("npf"),
    )
    plan = url_of(every(answer, "return")[0])
    active = call(server, f"{plan}/$activate-sip", by=reference(KIM))
    assert active.status_code == 200, active.text
    return plan


def five_are_called_and_one_declines(server: Clinic, plan: str) -> None:
    """A digital meeting; who declines says why."""
    called = call(
        server,
        f"{plan}/$call-sip-meeting",
        by=reference(KIM),
        form=code("digitalt"),
        video={"valueUrl": "https://mote.example/lo"},
        start={"valueDateTime": "2027-02-18T14:00:00+01:00"},
        end={"valueDateTime": "2027-02-18T15:00:00+01:00"},
        agenda=string("Hur kommer Lo tillbaka till skolan?"),
        actor=[reference(each) for each in (LO, MAMMA, PAPPA, KIM, ELIN, SAM)],
    )
    tasks = {t["owner"]["reference"]: url_of(t) for t in every(called, "task")}
    silent = call(server, f"{tasks[SAM]}/$answer-call", answer=code("declined"))
    assert silent.status_code in (400, 422), "a no says why"
    said = call(
        server, f"{tasks[SAM]}/$answer-call", answer=code("declined"), reason=string("Sjuk")
    )
    assert named(said)["return"]["status"] == "rejected"


def export(server: Clinic, plan: str, recipient: str) -> Any:
    return call(server, f"{plan}/$document", recipient=reference(recipient))


def a_guardian_takes_the_school_out(server: Clinic, plan: str, consent: str) -> None:
    """The school's access stops at once; the plan stays, for those who are left."""
    assert export(server, plan, SCHOOL).status_code == 200
    taken = call(
        server,
        f"{consent}/$withdraw-sip-consent",
        by=reference(PAPPA),
        actor=reference(SCHOOL),
        reason=string("Vill inte att skolan läser"),
    )
    assert taken.status_code == 200, taken.text
    refused = export(server, plan, SCHOOL)
    assert refused.status_code == 403, refused.text
    assert export(server, plan, IFO).status_code == 200
    assert server.read(plan)["status"] == "active"


def all_of_it_is_taken_back(server: Clinic, plan: str, consent: str) -> None:
    """Nobody reads any more, and the plan is no longer in force: in the same moment."""
    taken = call(server, f"{consent}/$withdraw-sip-consent", by=reference(MAMMA))
    assert taken.status_code == 200, taken.text
    assert server.read(plan)["status"] in ("revoked", "on-hold")
    for reader in (BUP, IFO, SCHOOL):
        assert export(server, plan, reader).status_code == 403
    again = call(server, f"{plan}/$activate-sip", by=reference(KIM))
    assert again.status_code in (409, 422)
