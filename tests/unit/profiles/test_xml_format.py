"""FHIR XML in and out, without loss, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.xml_format import XmlFormat
from tests.canonical import canonical
from tests.unit.profiles.resources_at_random import resources

DEFINITIONS = Definitions.load()
XML = XmlFormat(DEFINITIONS)
NS = 'xmlns="http://hl7.org/fhir"'
H = 'xmlns="http://www.w3.org/1999/xhtml"'


def refusal(text: str | bytes) -> tuple[str, str, str]:
    """Parse what must be refused, and give code, expression and text."""
    with pytest.raises(FhirError) as refused:
        XML.parse(text if isinstance(text, bytes) else text.encode())
    assert refused.value.status == 400
    (issue,) = refused.value.issues
    return issue.code, issue.expression or "", issue.text


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(resources(DEFINITIONS), st.booleans())
def test_a_resource_written_as_xml_is_read_back_as_it_was(
    resource: dict[str, Any], pretty: bool
) -> None:
    assert canonical(XML.parse(XML.dump(resource, pretty=pretty))) == canonical(resource)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 400), st.integers(0, 30))
def test_mutated_xml_is_read_or_refused_and_nothing_else(garbage: bytes, at: int, cut: int) -> None:
    good = XML.dump(
        {
            "resourceType": "Patient",
            "text": {"status": "generated", "div": f"<div {H}>Anna</div>"},
            "name": [{"given": ["A", None], "_given": [None, {"id": "x"}]}],
            "active": True,
        }
    )
    try:
        read = XML.parse(good[:at] + garbage + good[at + cut :])
    except FhirError as error:
        refused = error.status
    else:
        refused = 400 if read["resourceType"] else None
    assert refused == 400


def test_a_resource_looks_as_the_specification_shows_it() -> None:
    resource = json.parse(
        b"""{"resourceType":"Patient","birthDate":"1950","_birthDate":{"id":"b","extension":[
        {"url":"http://e.org/x","valueDecimal":1.10}]},"id":"anna","active":true,"contained":[
        {"resourceType":"Basic","id":"c"}],"name":[{"id":"n","given":["A & B","\\n\\t\\r"]}],
        "deceasedBoolean":false}"""
    )
    assert XML.dump(resource).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<Patient {NS}><id value="anna"/><contained><Basic><id value="c"/></Basic></contained>'
        '<active value="true"/><name id="n"><given value="A &amp; B"/>'
        '<given value="&#10;&#9;&#13;"/></name>'
        '<birthDate value="1950" id="b"><extension url="http://e.org/x">'
        '<valueDecimal value="1.10"/></extension></birthDate><deceasedBoolean value="false"/></Patient>'
    )


@pytest.mark.parametrize(
    "digits", ["1.10", "1e3", "1E-07", "-0", "-0.0", "0", "12345678901234567890.5", "9" * 40]
)
def test_the_digits_of_a_decimal_survive(digits: str) -> None:
    resource = json.parse(
        b'{"resourceType":"Observation","valueQuantity":{"value":%s}}' % digits.encode()
    )
    assert f'<value value="{digits}"/>'.encode() in XML.dump(resource)
    assert json.dump(XML.parse(XML.dump(resource))) == json.dump(resource)


def test_a_plus_that_r4_allows_is_read_and_forgotten() -> None:
    read = XML.parse(f'<Patient {NS}><multipleBirthInteger value="+3"/></Patient>'.encode())
    assert read == {"resourceType": "Patient", "multipleBirthInteger": 3}


@pytest.mark.parametrize(
    "element", ['multipleBirthInteger value="{}"', 'deceasedBoolean value="{}"']
)
@pytest.mark.parametrize(
    "value", ["", " 1", "1 ", "0x1", "1,5", "NaN", "++1", "true ", "TRUE", "null", "[]", "٣"]
)
def test_what_is_no_number_and_no_boolean_is_refused(element: str, value: str) -> None:
    code, expression, _ = refusal(f"<Patient {NS}><{element.format(value)}/></Patient>")
    assert code == "value"
    assert expression in ("Patient.multipleBirth", "Patient.deceased")


DIVS = {
    "as it is": f'<div {H} lang="sv">\r\n a<br/> <!-- c --> &#160;<![CDATA[<]]></div >',
    "empty": f"<div {H}/>",
    "nested": f"<div {H}><div><div>x</div></div></div>",
    "greater in a value": f'<div title="a>b/>" {H}>x</div>',
}


@pytest.mark.parametrize("div", DIVS.values(), ids=DIVS.keys())
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_a_narrative_survives_byte_for_byte(div: str, encoding: str) -> None:
    text = f'<Patient {NS}><text><status value="generated"/>\n  {div}\n</text><active value="true"/></Patient>'
    read = XML.parse(text.encode(encoding))
    assert read["text"]["div"] == div
    assert read["active"] is True
    assert XML.parse(XML.dump(read)) == read


def test_a_narrative_that_needs_outer_declarations_is_written_to_stand_alone() -> None:
    prefixed = (
        '<f:Patient xmlns:f="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml"><f:text>'
        '<f:status value="generated"/><h:div xml:lang="sv" title="&quot;"><h:p>a &lt; b<h:br/></h:p><!--c-->'
        "<h:b></h:b></h:div></f:text></f:Patient>"
    )
    div = XML.parse(prefixed.encode())["text"]["div"]
    assert div == f'<div {H} xml:lang="sv" title=\'"\'><p>a &lt; b<br/></p><!--c--><b></b></div>'
    inner = (
        f'<Patient {NS} xmlns:h="http://www.w3.org/1999/xhtml"><text><status value="generated"/>'
        f"<div {H}><h:p>x</h:p></div></text></Patient>"
    )
    assert XML.parse(inner.encode())["text"]["div"] == f"<div {H}><p>x</p></div>"


def test_a_narrative_with_elements_of_other_namespaces_is_refused() -> None:
    text = (
        f'<Patient {NS} xmlns:e="http://e.org"><text><status value="generated"/>'
        f"<div {H}><e:p>x</e:p></div></text></Patient>"
    )
    assert refusal(text)[1] == "Patient.text.div"


def test_comments_instructions_attribute_order_and_schema_locations_do_not_matter() -> None:
    text = f"""<?xml version="1.0"?><!-- a --><?b c?>
      <Patient xsi:schemaLocation="http://hl7.org/fhir patient.xsd" {NS}
        xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><!-- d --><?e f?>
        <name id="n"><given id='g' value='A'/></name></Patient>"""
    assert XML.parse(text.encode()) == {
        "resourceType": "Patient",
        "name": [{"id": "n", "given": ["A"], "_given": [{"id": "g"}]}],
    }


BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "text",
    [
        f'{BOMB}<Patient {NS}><language value="&b;"/></Patient>',
        f'<!DOCTYPE a SYSTEM "file:///etc/passwd"><Patient {NS}/>',
        f'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><Patient {NS}><language value="&a;"/></Patient>',
        f'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x"> %p;]><Patient {NS}/>',
        f"<!DOCTYPE Patient><Patient {NS}/>",
    ],
)
def test_a_document_type_is_refused_before_anything_in_it_is_read(text: str) -> None:
    code, _, said = refusal(text)
    assert code == "structure"
    assert "document type" in said
    with pytest.raises(FhirError):
        XML.root_of(text.encode())


def test_an_entity_that_html_knows_is_not_known() -> None:
    div = f'<Patient {NS}><text><status value="generated"/><div {H}>&nbsp;</div></text></Patient>'
    assert "undefined entity" in refusal(div)[2]


@pytest.mark.parametrize(
    ("content", "expression", "said"),
    [
        ('<nickname value="x"/>', "Patient", "R4 does not define the element 'nickname'"),
        ('<deceased value="true"/>', "Patient", "deceasedBoolean"),
        (
            '<gender value="male"/><active value="true"/>',
            "Patient.active",
            "active must stand before gender",
        ),
        (
            '<gender value="male"/><active value="true"/>',
            "Patient.active",
            "birthDate, deceased, address",
        ),
        ('<active value="true"/><active value="true"/>', "Patient.active", "does not repeat"),
        (
            '<name/><gender value="male"/><name/>',
            "Patient.name",
            "name must stand before gender",
        ),
        (
            '<deceasedBoolean value="true"/><deceasedDateTime value="2026"/>',
            "Patient.deceased",
            "Only one of deceasedBoolean and deceasedDateTime",
        ),
        ('<active value="true" lang="sv"/>', "Patient", "attribute 'lang'"),
        ('<active value="true"><x/></active>', "Patient.active", "'x'"),
        ("<active/>", "Patient.active", "neither a value nor an extension"),
        ('<id value="a" id="b"/>', "Patient", "attribute 'id'"),
        ('<id value="a"><extension url="u"/></id>', "Patient.id", "can't have extensions"),
        ("<active>true</active>", "Patient", "text between"),
        ('<name><given value="A"/>x</name>', "Patient.name[0]", "text between"),
        (
            '<name/><name><given value="A"/><family value="B"/></name>',
            "Patient.name[1].family",
            "before given",
        ),
        ('<name><id value="A"/></name>', "Patient.name[0]", "id is an attribute in XML"),
        ('<extension><url value="u"/></extension>', "Patient.extension[0]", "url is an attribute"),
        ("<contained/>", "Patient.contained[0]", "must be a resource"),
        (
            "<contained><Nothing/></contained>",
            "Patient.contained[0]",
            "'Nothing' is not a resource type",
        ),
        (
            "<contained><Basic/></contained><contained><Basic/><Basic/></contained>",
            "Patient.contained[1]",
            "element of its own",
        ),
        ('<active xmlns="http://e.org" value="true"/>', "Patient", "namespace http://hl7.org/fhir"),
        (
            '<text><status value="generated"/><div>x</div></text>',
            "Patient.text",
            "http://www.w3.org/1999/xhtml",
        ),
        (
            '<birthDate><extension url="u"><valueCode value="c"/><valueCode value="c"/></extension></birthDate>',
            "Patient.birthDate.extension[0].value",
            "does not repeat",
        ),
        (
            '<name><given value="A"/><given><extension url="u"><x/></extension></given></name>',
            "Patient.name[0].given[1].extension[0]",
            "'x'",
        ),
    ],
)
def test_what_r4_does_not_define_is_refused_with_place_and_line(
    content: str, expression: str, said: str
) -> None:
    code, where, text = refusal(f"<Patient {NS}>\n{content}</Patient>")
    assert code == "structure"
    assert where == expression
    assert said in text
    assert "(line 2)" in text


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "<",
        "{}",
        "<Patient/>",
        '<Patient xmlns="http://e.org"/>',
        f"<Nothing {NS}/>",
        f"<DomainResource {NS}/>",
        f"<Patient {NS}><active value='true'></Patient>",
        f"<Patient {NS}/><Patient {NS}/>",
        f"<Patient {NS}><active value='true' value='true'/></Patient>",
        f"<Patient {NS}><language value='&#0;'/></Patient>",
        f"<Patient {NS}><language value='&#xFFFE;'/></Patient>",
        f"<?xml version='1.0' encoding='iso-8859-1'?><Patient {NS}/>",
        b"\xff\xfe<\x00P\x00\x00\xd8",
        b"<Patient \xff/>",
    ],
)
def test_what_is_not_xml_or_no_resource_is_refused(text: str | bytes) -> None:
    assert refusal(text)[0] == "structure"


def nested(levels: int) -> str:
    inside = "".join(f'<item><linkId value="{n}"/>' for n in range(levels))
    return f"<Questionnaire {NS}>{inside}{'</item>' * levels}</Questionnaire>"


def test_the_depth_limit_is_that_of_json() -> None:
    deepest = XML.parse(nested(99).encode())
    assert json.parse(json.dump(deepest)) == deepest
    _, expression, text = refusal(nested(100))
    assert "200 levels" in text
    assert expression.startswith("Questionnaire.item[0].item[0]")
    assert refusal(nested(20_000))[0] == "structure"


def test_a_value_that_xml_can_not_carry_is_replaced_in_the_text_of_an_outcome() -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"diagnostics": "a\x00b\ud800c"}]}
    assert XML.parse(XML.dump(outcome))["issue"][0]["diagnostics"] == "a\ufffdb\ufffdc"


@pytest.mark.parametrize(
    "resource",
    [{}, {"resourceType": "Nothing"}, {"resourceType": "Patient", "nickname": "x"},
     {"resourceType": "Patient", "active": {}}, {"resourceType": "Patient", "name": ["x"]}],
)  # fmt: skip
def test_what_r4_does_not_define_is_not_written(resource: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="only what R4 defines"):
        XML.dump(resource)


def test_the_root_of_a_document_is_told_without_reading_on() -> None:
    assert XML.root_of(f"<Binary {NS}><broken".encode()) == "Binary"
    assert XML.root_of(b"<ClinicalDocument xmlns='urn:hl7-org:v3'/>") is None
    with pytest.raises(FhirError):
        XML.root_of(b"no xml")


def test_many_namespaces_are_refused_and_not_searched_for() -> None:
    declared = " ".join(f'xmlns:n{number}="http://e.org"' for number in range(100_000))
    text = f'<Patient {NS} {declared}><text><status value="generated"/><div {H}>{"a" * 1_000_000}</div></text></Patient>'
    assert "namespaces" in refusal(text)[2]
