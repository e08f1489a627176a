"""What the patient's card says of contacts: in which order, in which words, and what it leaves out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from fhir_server.operations.contacts.contact_card import (
    NAMELESS,
    PROTECTED,
    Card,
    Contact,
    Words,
    card,
    holder,
)
from fhir_server.sweden import codes
from fhir_server.sweden.contact_view import Channel, ContactView, Hours, Place, Somebody, StandIn

STOCKHOLM = ZoneInfo("Europe/Stockholm")
NOW = datetime(2026, 3, 10, 9, tzinfo=STOCKHOLM)
WEEK = ("mon", "tue", "wed", "thu", "fri")
OFFICE = (Hours(WEEK, time(8), time(16)),)
WORDS = Words("Ring 1177 om du behöver råd.", "Ring 112 vid fara för liv.")
HC = Place("Organization/hc", "Hälsocentralen", channels=(Channel("phone", "063-000 00 20"),))
EVA = Somebody(
    "PractitionerRole/eva", "Eva Test", "distriktssköterska", unit=HC,
    channels=(Channel("phone", "063-000 00 01", hours=OFFICE),),
)  # fmt: skip
OLA = Somebody("PractitionerRole/ola", "Ola Test", "sjuksköterska", unit=HC)


def view(kind: str = codes.FAST_VARDKONTAKT, person: Somebody = EVA, **more: object) -> ContactView:
    """Give a contact; keywords are fields of it."""
    plain = ContactView("CareTeam/1", kind, "", "", "active", None, None, person, unit=HC)
    return replace(plain, **more)  # type: ignore[arg-type]


def made(*views: ContactView, refusals: tuple[tuple[str, datetime | None], ...] = ()) -> Card:
    return card(holder("Anna", None, protected=False), views, refusals, NOW, WORDS)


def only(found: ContactView) -> Contact:
    [contact] = made(found).contacts
    return contact


def absence(first: int, after: int, **more: object) -> StandIn:
    """Give Ola as deputy, from a day of March until before another."""
    days = (datetime(2026, 3, each, tzinfo=STOCKHOLM) for each in (first, after))
    return replace(StandIn(OLA, *days), **more)  # type: ignore[arg-type]


def test_the_one_to_ask_first_stands_first() -> None:
    """R32: who coordinates the others, then fast vårdkontakt, fast läkarkontakt, omsorgskontakt."""
    kinds = [contact.kind for contact in made(*(view(kind) for kind in "1324")).contacts]
    assert kinds == [
        "Fast vårdkontakt som samordnar",
        "Fast vårdkontakt",
        "Fast läkarkontakt",
        "Fast omsorgskontakt",
    ]


def test_it_says_who_that_is_and_how_and_when_to_reach_them() -> None:
    """R5, R10, R43, R44: name, title, unit; number as a link, with its hours; the unit's number."""
    contact = only(view())
    assert (contact.name, contact.about) == ("Eva Test", "Distriktssköterska, Hälsocentralen")
    [way] = contact.ways
    assert (way.label, way.text, way.href) == ("Telefon", "063-000 00 01", "tel:+46630000001")
    assert way.when == "måndag–fredag 08–16"
    assert [(w.label, w.text) for w in contact.other_ways] == [("Hälsocentralen", "063-000 00 20")]


def test_a_number_stands_once_and_with_its_hours() -> None:
    """R43, R44: the assignment's own number is the person's, spelled otherwise and without hours."""
    contact = only(view(channels=(Channel("phone", "+46 63 000 00 01"),)))
    [way] = contact.ways
    assert way.when == "måndag–fredag 08–16"


def test_the_local_title_wins() -> None:
    """R28."""
    about = only(view(local_title="kontaktsjuksköterska")).about
    assert about == "Kontaktsjuksköterska, Hälsocentralen"


def test_what_the_contact_does_is_said() -> None:
    """R25: in plain words for the type, and the tasks of this one."""
    contact = only(view(tasks=("Samordna insatser",)))
    assert contact.duty.startswith("Hjälper dig med dina kontakter i vården")
    assert contact.tasks == ("samordna insatser",)


def test_the_medically_responsible_is_shown_where_the_contact_is_not() -> None:
    """R26."""
    karin = Somebody("PractitionerRole/karin", "Karin Test", "Överläkare")
    assert only(view(medically_responsible=karin)).responsible == "Karin Test, överläkare"
    assert only(view()).responsible == ""


def test_a_deputy_stands_with_days_and_number() -> None:
    """R45."""
    ways = (Channel("phone", "063-000 00 02"),)
    contact = only(view(deputies=(absence(16, 21, channels=ways),)))
    [deputy] = contact.deputies
    assert (deputy.name, deputy.when) == ("Ola Test", "16–20 mars 2026")
    assert [way.href for way in deputy.ways] == ["tel:+46630000002"]
    assert contact.away == ""


def test_who_is_away_is_said_to_be_until_when_and_who_answers() -> None:
    """R45: there is always somebody to contact."""
    contact = only(view(deputies=(absence(9, 14),), away=True, answers=OLA))
    assert contact.away == (
        "Eva Test är borta till och med 13 mars 2026. Ola Test svarar i stället."
    )


def test_of_several_deputies_the_one_who_answers_now_comes_first() -> None:
    """R45."""
    tove = Somebody("PractitionerRole/tove", "Tove Test")
    later = StandIn(tove, datetime(2026, 4, 1, tzinfo=STOCKHOLM))
    contact = only(view(deputies=(later, absence(9, 14)), away=True, answers=OLA))
    assert [(each.name, each.when) for each in contact.deputies] == [
        ("Ola Test", "9–13 mars 2026"),
        ("Tove Test", "från och med 1 april 2026"),
    ]


def test_where_no_person_answers_the_unit_is_named() -> None:
    """R45."""
    away = only(view(away=True, answers_for=HC)).away
    assert away == "Eva Test är borta nu. Ring Hälsocentralen."
    assert only(view(away=True)).away == "Eva Test är borta nu. Ring enheten."


def test_a_contact_is_reached_through_the_team() -> None:
    """R40."""
    team = Place("CareTeam/als", "ALS-teamet", channels=(Channel("phone", "063-000 00 11"),))
    contact = only(view(person=replace(EVA, channels=()), team=team))
    assert contact.ways == ()
    labels = [(way.label, way.text) for way in contact.other_ways]
    assert labels == [("ALS-teamet", "063-000 00 11"), ("Hälsocentralen", "063-000 00 20")]


def test_the_units_number_stands_once_and_other_ways_are_told_apart() -> None:
    """R10, R43."""
    page = Channel("url", "https://hc.example")
    unit = replace(HC, channels=(*EVA.channels, page))
    [way] = only(view(unit=unit)).other_ways
    assert (way.label, way.text) == ("Hälsocentralen, webbplats", "hc.example")


def test_the_name_of_protected_staff_is_not_printed() -> None:
    """R118: what is missing is said to be protected; elsewhere it is missing."""
    hidden = replace(EVA, name="", protected=True)
    contact = only(view(person=hidden, deputies=(StandIn(hidden),), away=True, answers=hidden))
    assert (contact.name, contact.nameless) == ("", PROTECTED)
    assert contact.deputies[0].name == "Distriktssköterska"
    assert contact.deputies[0].about == PROTECTED
    assert only(view(person=replace(EVA, name=""))).nameless == NAMELESS


def test_internal_notes_are_nowhere_on_the_card() -> None:
    """R114: even where a view had one by mistake."""
    found = made(view(internal_notes=("Hemligt.",), notes=("Ring 063-000 00 09 på kvällen.",)))
    assert "Hemligt" not in repr(found)
    assert [piece.href for piece in found.contacts[0].notes[0]] == ["", "tel:+46630000009", ""]


@pytest.mark.parametrize(
    ("channel", "label", "text", "href"),
    [
        (Channel("phone", "070-000 00 01", "mobile"), "Mobil", "070-000 00 01", "tel:+46700000001"),
        (Channel("sms", "070-000 00 01"), "Sms", "070-000 00 01", "sms:+46700000001"),
        (Channel("email", "eva@hc.example"), "E-post", "eva@hc.example", "mailto:eva@hc.example"),
        (Channel("email", "a@b.se?bcc=c@d.se"), "E-post", "a@b.se?bcc=c@d.se", ""),
        (
            Channel("url", "https://arende.1177.se/x"),
            "Meddelande i 1177",
            "Logga in på 1177.se",
            "https://arende.1177.se/x",
        ),
        (Channel("url", "https://x1177.se/"), "Webbplats", "x1177.se", "https://x1177.se/"),
        (Channel("url", "javascript:alert(1)"), "Webbplats", "javascript:alert(1)", ""),
        (Channel("url", "https://[::1"), "Webbplats", "https://[::1", ""),
        (Channel("other", "Knacka på"), "Annat", "Knacka på", ""),
    ],
)
def test_each_way_has_its_name_and_a_safe_link(
    channel: Channel, label: str, text: str, href: str
) -> None:
    """R43: number, message in 1177, and others; an address that is none leads nowhere."""
    contact = only(view(person=replace(EVA, channels=(channel,))))
    assert [(w.label, w.text, w.href) for w in contact.ways] == [(label, text, href)]


def test_ways_for_staff_are_left_out() -> None:
    """R43: a fax and a pager are nothing for a patient."""
    staff = (Channel("fax", "063-1"), Channel("pager", "12"), Channel("phone", " "))
    assert only(view(person=replace(EVA, channels=staff))).ways == ()


def test_hours_that_several_days_share_stand_together() -> None:
    """R44: one entry a day, as some systems send them."""
    each = tuple(Hours((day,), time(8), time(16)) for day in WEEK)
    evenings = Hours(("sat",), time(10), time(12))
    channel = Channel("phone", "063-000 00 01", hours=(*each, evenings))
    [way] = only(view(person=replace(EVA, channels=(channel,)))).ways
    assert way.when == "måndag–fredag 08–16 och lördag 10–12"


def test_hours_of_some_months_or_days_say_so() -> None:
    """R44."""
    summer = Hours(WEEK, time(9), time(12), months=(6, 7, 8))
    week = Hours(first=date(2026, 3, 9), last=date(2026, 3, 13))
    channel = Channel("phone", "063-000 00 01", hours=(summer, week))
    [way] = only(view(person=replace(EVA, channels=(channel,)))).ways
    assert way.when == "måndag–fredag 09–12 (juni–augusti) och dygnet runt (9–13 mars 2026)"


def test_without_a_contact_the_card_says_what_the_right_is_and_whom_to_ask() -> None:
    """R1, R2, R9, R35: PL 6 kap. 2 § and 3 §, in plain words."""
    rights = " ".join(made().rights)
    assert "Du har rätt till en fast vårdkontakt om du ber om det" in rights
    assert "patientlagen, 6\u00a0kapitlet 2\u00a0§" in rights
    assert "Fråga på din vårdcentral" in rights
    assert "Du får välja en fast läkarkontakt" in rights


def test_with_both_the_card_says_how_to_change() -> None:
    """R46: on request of the patient."""
    assert made(view("4"), view("2")).rights == (
        "Vill du byta kontakt? Säg det till din kontakt eller till enheten.",
    )


def test_a_no_is_said_with_what_it_means() -> None:
    """R7: voluntary, without consequence, and may be taken back."""
    found = made(
        refusals=(("1", datetime(2026, 3, 2, 23, 30, tzinfo=ZoneInfo("UTC"))), ("2", None))
    )
    assert found.declined == (
        "Du har tackat nej till fast vårdkontakt (3 mars 2026).",
        "Du har tackat nej till fast läkarkontakt.",
    )
    assert "Du får ändra dig när du vill" in " ".join(found.rights)


def test_the_card_says_whose_it_is_but_not_by_which_number() -> None:
    """R10: name and date of birth are enough at home; of a protected person neither (R118)."""
    assert holder("Anna", date(1890, 2, 2), protected=False).birth == "2 februari 1890"
    hidden = holder("Anna", date(1890, 2, 2), protected=True)
    assert (hidden.name, hidden.birth) == ("", "")


def test_what_to_do_outside_hours_is_in_the_settings_words_with_links() -> None:
    """R43, R45."""
    found = made()
    assert [p.href for p in (*found.outside_hours, *found.emergency) if p.href] == [
        "tel:1177", "tel:112",
    ]  # fmt: skip
