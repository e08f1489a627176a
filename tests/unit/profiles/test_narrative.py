"""Narratives: XHTML that stands in XML as it is, with what R4 allows and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fhir_server.profiles.validator import Validator

H = 'xmlns="http://www.w3.org/1999/xhtml"'
Found = Callable[[dict[str, Any]], list[tuple[str, str]]]


def patient(div: str) -> dict[str, Any]:
    return {"resourceType": "Patient", "text": {"status": "generated", "div": div}}


@pytest.mark.parametrize(
    "div",
    [
        f"<div {H}>Anna</div>",
        f'<div {H}><img src="#a" alt="b"/></div>',
        f'<div {H}><table border="1"><tr><td style="x" colspan="2">a &amp; &#160;</td></tr></table></div>',
        f'<div {H} xml:lang="sv" lang="sv"><p id="a"><a href="#b" name="c">d</a><!-- e --></p></div>',
        f"<div {H}><![CDATA[<script>]]></div>",
        f"\n <div {H}>Anna</div> \n",
    ],
)
def test_what_r4_allows_is_accepted(issues: Found, div: str) -> None:
    assert issues(patient(div)) == []


@pytest.mark.parametrize(
    ("div", "code"),
    [
        (f"<div {H}><p>Anna</div>", "structure"),
        (f"<div {H}>Anna & Bo</div>", "structure"),
        (f"<div {H}>&nbsp;</div>", "structure"),
        (f"<div {H}>a</div><div {H}>b</div>", "structure"),
        (f"<div {H}><e:p>a</e:p></div>", "structure"),
        (f'<div {H} {H.replace("xmlns", "class")} class="b">a</div>', "structure"),
        (f"<div {H}><script>alert(1)</script></div>", "invariant"),
        (f'<div {H} onclick="alert(1)">a</div>', "invariant"),
        (f'<div {H}><p xmlns="http://e.org">a</p></div>', "invariant"),
        (f'<div {H}><p xmlns="">a</p></div>', "invariant"),
        (f'<div {H} xmlns:e="http://e.org" e:class="b">a</div>', "invariant"),
        (f"<div {H}><form><input/></form></div>", "invariant"),
        (f"<div {H}><?php a?>b</div>", "invariant"),
        (f"<div {H}> <p>\n</p></div>", "invariant"),
        (f"<div {H}/>", "invariant"),
        (f'<div {H}><img alt="b"/></div>', "invariant"),
        ("<div title=\"xmlns='http://www.w3.org/1999/xhtml'\">a</div>", "value"),
        ("<div title=\" xmlns='http://www.w3.org/1999/xhtml'\">a</div>", "invariant"),
    ],
)
def test_what_r4_does_not_allow_is_refused(issues: Found, div: str, code: str) -> None:
    assert issues(patient(div)) == [(code, "Patient.text.div")]


def test_a_document_type_is_refused_and_no_entity_expanded(issues: Found) -> None:
    bomb = f'<!DOCTYPE div [<!ENTITY a "aaa">]><div {H}>&a;</div>'
    assert issues(patient(bomb)) == [("value", "Patient.text.div")]


def test_narratives_of_contained_resources_sections_and_entries_are_checked(issues: Found) -> None:
    wrong = {"status": "generated", "div": f"<div {H}><b>Anna</div>"}
    composition = {
        "resourceType": "Composition",
        "status": "final",
        "type": {"text": "x"},
        "date": "2026",
        "author": [{"display": "x"}],
        "title": "x",
        "subject": {"reference": "#p"},
        "contained": [{"resourceType": "Patient", "id": "p", "text": wrong}],
        "section": [{"text": wrong, "section": [{"title": "x", "text": wrong}]}],
    }
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": composition}]}
    at = "Bundle.entry[0].resource"
    assert sorted(place for _, place in issues(bundle)) == [
        f"{at}.contained[0].text.div",
        f"{at}.section[0].section[0].text.div",
        f"{at}.section[0].text.div",
    ]


@pytest.mark.parametrize("text", ["x", ["x"], {"div": 1}, {"div": None}, None])
def test_what_is_no_narrative_is_left_to_the_check_of_structure(
    validator: Validator, text: Any
) -> None:
    found = validator.validate({"resourceType": "Patient", "text": text})
    assert found
    assert all("XHTML of the narrative" not in issue.text for issue in found)


@pytest.mark.parametrize("character", ["\x00", "\x0b", "\x1f", "\ufffe", "\uffff"])
def test_characters_that_xml_can_not_carry_are_refused_in_every_kind_of_text(
    issues: Found, character: str
) -> None:
    text = f"a{character}b"
    resource = {
        "resourceType": "Patient",
        "name": [{"family": text}],
        "gender": text,
        "implicitRules": text,
        "photo": [{"data": f"SGVq{character}"}],
        "_active": {"id": text, "extension": [{"url": text, "valueMarkdown": text}]},
        "text": {"status": "generated", "div": f"<div {H}>{text}</div>"},
    }
    assert {place for _, place in issues(resource)} == {
        "Patient.name[0].family",
        "Patient.gender",
        "Patient.implicitRules",
        "Patient.photo[0].data",
        "Patient.active.id",
        "Patient.active.extension[0].url",
        "Patient.active.extension[0].value",
        "Patient.text.div",
    }


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "VBScript:x",
        " java&#9;script&#10;:alert(1)",
        "&#106;avascript&#58;alert(1)",
        "j&#x20;a v a script:",
        "javascript",
    ],
)
@pytest.mark.parametrize("element", ['<a href="{}">a</a>', 'a<img src="{}"/>'])
def test_an_address_that_a_browser_would_run_is_refused(
    issues: Found, element: str, address: str
) -> None:
    """However it is written: browsers leave out white space and control characters."""
    div = f"<div {H}>{element.format(address)}</div>"
    assert issues(patient(div)) == [("invariant", "Patient.text.div")]


@pytest.mark.parametrize(
    "address", ["#javascript:a", "https://e.org/javascript:a", "javascripts:a", "xjavascript:a"]
)
def test_an_address_that_only_names_a_script_is_accepted(issues: Found, address: str) -> None:
    assert issues(patient(f'<div {H}><a href="{address}">a</a></div>')) == []
