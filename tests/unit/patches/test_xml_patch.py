"""XML Patch (RFC 5261) on resources."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError
from fhir_server.interactions.patches.xml_patch import XmlPatch
from fhir_server.profiles.definitions import Definitions

PREFIXES = 'xmlns:f="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml"'
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">a <b>x</b> tail <i>y</i> end</div>'
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "text": {"status": "additional", "div": DIV},
    "active": True,
    "name": [{"family": "Hammar", "given": ["Anna", "Britta"]}],
    "birthDate": "1890-02-02",
    "deceasedBoolean": False,
}
NAME = PATIENT["name"][0]


def patched(definitions: Definitions, operations: str, prefixes: str = PREFIXES) -> Any:
    before = json.copy(PATIENT)
    body = f"<diff {prefixes}>{operations}</diff>".encode()
    after = XmlPatch(definitions, body).apply(PATIENT)
    assert before == PATIENT, "the resource given was changed"
    return after


@pytest.mark.parametrize(
    ("operations", "changed"),
    [
        ('<replace sel="f:Patient/f:birthDate/@value">1900</replace>', {"birthDate": "1900"}),
        ('<replace sel="/f:Patient/f:name[1]/f:given[2]/@value">C</replace>',
         {"name": [{**NAME, "given": ["Anna", "C"]}]}),
        ('<replace sel="*/*[@value=\'1890-02-02\']/@value">1900</replace>', {"birthDate": "1900"}),
        ('<replace sel="f:Patient/f:deceasedBoolean"> <f:deceasedDateTime value="1970"/></replace>',
         {"deceasedBoolean": None, "deceasedDateTime": "1970"}),
        ('<add sel="f:Patient/f:name"><f:prefix value="Dr"/></add>',
         {"name": [{**NAME, "prefix": ["Dr"]}]}),
        ('<add sel="f:Patient/f:name" pos="prepend"><f:use value="usual"/></add>',
         {"name": [{**NAME, "use": "usual"}]}),
        ('<add sel="f:Patient/f:name" pos="after">\n  <f:name><f:text value="x"/></f:name>\n</add>',
         {"name": [NAME, {"text": "x"}]}),
        ('<add sel="f:Patient/f:name" pos="before"><f:name><f:text value="x"/></f:name></add>',
         {"name": [{"text": "x"}, NAME]}),
        ('<add sel="f:Patient/f:birthDate" type="@id">b1</add>', {"_birthDate": {"id": "b1"}}),
        ('<add sel="f:Patient" type="namespace::x">http://x.example</add>', {}),
        ('<remove sel="f:Patient/f:birthDate"/>', {"birthDate": None}),
        ('<remove sel="f:Patient/f:birthDate" ws="both"/>', {"birthDate": None}),
        ('<remove sel="f:Patient/f:name/f:given[@value=\'Anna\']"/>',
         {"name": [{**NAME, "given": ["Britta"]}]}),
        ('<remove sel="f:Patient/f:name[f:family=\'\'][1]"/>', {"name": None}),
    ],
)  # fmt: skip
def test_each_kind_of_operation_is_carried_out(
    definitions: Definitions, operations: str, changed: dict[str, Any]
) -> None:
    expected = {**PATIENT, **changed}
    after = patched(definitions, operations)
    assert after == {key: value for key, value in expected.items() if value is not None}


@pytest.mark.parametrize(
    ("operation", "div"),
    [
        ('<remove sel="{}/h:b"/>', "a  tail <i>y</i> end"),
        ('<remove sel="{}/text()[1]"/>', "<b>x</b> tail <i>y</i> end"),
        ('<replace sel="{}/text()[2]">, </replace>', "a <b>x</b>, <i>y</i> end"),
        ('<replace sel="{}/text()[1]">z</replace>', "z<b>x</b> tail <i>y</i> end"),
        ('<replace sel="{}/h:b[.=\'x\']"><h:em>z</h:em></replace>', "a <em>z</em> tail <i>y</i> end"),
        ('<add sel="{}/h:b" pos="after">, <h:u>z</h:u> and</add>',
         "a <b>x</b>, <u>z</u> and tail <i>y</i> end"),
        ('<add sel="{}/h:b" pos="before">, <h:u>z</h:u> and </add>',
         "a , <u>z</u> and <b>x</b> tail <i>y</i> end"),
        ('<add sel="{}" pos="prepend">z<h:br/></add>', "z<br/>a <b>x</b> tail <i>y</i> end"),
        ('<add sel="{}">, z</add>', "a <b>x</b> tail <i>y</i> end, z"),
        ('<add sel="{}/h:b" type="@xml:lang">sv</add>',
         'a <b xml:lang="sv">x</b> tail <i>y</i> end'),
    ],
)  # fmt: skip
def test_a_narrative_is_changed_to_the_letter(
    definitions: Definitions, operation: str, div: str
) -> None:
    after = patched(definitions, operation.format("f:Patient/f:text/h:div"))
    start, end = DIV.partition("a <b>")[0], "</div>"
    assert after["text"]["div"] == f"{start}{div}{end}"


def test_names_without_a_prefix_are_of_the_default_namespace(definitions: Definitions) -> None:
    remove = '<remove sel="Patient/birthDate"/>'
    assert "birthDate" not in patched(definitions, remove, 'xmlns="http://hl7.org/fhir"')
    with pytest.raises(FhirError, match="sel finds nothing"):
        patched(definitions, remove)


def test_the_document_may_also_be_that_of_rfc_7351(definitions: Definitions) -> None:
    body = (
        b'<p:patch xmlns:p="urn:ietf:rfc:7351" xmlns="http://hl7.org/fhir">'
        b'<p:remove sel="Patient/birthDate"/></p:patch>'
    )
    assert "birthDate" not in XmlPatch(definitions, body).apply(PATIENT)


def test_a_patch_may_be_applied_again(definitions: Definitions) -> None:
    add = b'<diff xmlns:f="http://hl7.org/fhir"><add sel="f:Patient/f:name"><f:suffix value="x"/></add></diff>'
    patch = XmlPatch(definitions, add)
    assert patch.apply(PATIENT) == patch.apply(PATIENT)


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        ('<remove sel="f:Patient/f:photo"/>', "sel finds nothing"),
        ('<remove sel="f:Patient/f:name/f:given"/>', "sel finds 2 nodes"),
        ('<remove sel="g:Patient"/>', "a prefix in sel is not declared"),
        ('<remove sel="f:Patient"/>', "the resource itself can't be removed"),
        ('<replace sel="f:Patient"><f:Patient/></replace>', "the resource itself can't be replaced"),
        ('<add sel="f:Patient" pos="after"><f:Patient/></add>', "beside the resource itself"),
        ('<add sel="f:Patient/f:active/@value">x</add>', "sel of add must find an element"),
        ('<add sel="f:Patient/f:active" type="@value">x</add>', "the attribute is there already"),
        ('<add sel="f:Patient/f:active" type="@g:x">x</add>', "a prefix is not declared"),
        ('<add sel="f:Patient/f:active" type="@1">x</add>', "type must be @ and the name"),
        ('<add sel="f:Patient/f:active" type="x">x</add>', "type must be @ and a name"),
        ('<add sel="f:Patient/f:text/h:div/text()[1]" pos="after">x</add>', "beside a text"),
        ('<replace sel="f:Patient/f:active">x</replace>', "is replaced by one element"),
        ('<replace sel="f:Patient/f:active/@value"><f:a/></replace>', "text is needed here"),
        *((f'<remove sel="{sel}"/>', "sel must be a path such as") for sel in (
            "//f:name", "count(//*)", "id('x')", "f:Patient/f:name[last()]", "f:Patient/..",
            "f:Patient/f:name[f:given/f:x='1']", "f:Patient | f:Patient", "f:Patient/", "/",
            "ancestor::*", "f:Patient/comment()", "f:Patient/f:name[1", "*" * 1001,
        )),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_resource_is_refused_with_the_operation(
    definitions: Definitions, operation: str, why: str
) -> None:
    harmless = '<replace sel="f:Patient/f:active/@value">false</replace>'
    with pytest.raises(FhirError, match=r"^Operation 1 \((add|replace|remove)\)") as error:
        patched(definitions, harmless + operation)
    assert error.value.status == 422
    assert why in error.value.issues[0].text


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("<diff>", "not well-formed"),
        ("", "not well-formed"),
        ("<other/>", "an element diff"),
        ("<diff><move sel='x'/></diff>", "an operation is one of add, replace, remove"),
        ("<diff><remove/></diff>", "remove needs sel"),
        ("<diff><remove sel='x' pos='after'/></diff>", "remove takes sel, ws"),
        ("<diff><add sel='x' pos='inside'/></diff>", "pos must be one of"),
        (
            '<!DOCTYPE diff [<!ENTITY e SYSTEM "file:///etc/passwd">]><diff>&e;</diff>',
            "document type",
        ),
        ('<!DOCTYPE diff [<!ENTITY a "b">]><diff><remove sel="&a;"/></diff>', "document type"),
    ],
)
def test_what_is_no_xml_patch_is_refused(definitions: Definitions, body: str, why: str) -> None:
    with pytest.raises(FhirError) as error:
        XmlPatch(definitions, body.encode())
    assert error.value.status == 400
    assert why in error.value.issues[0].text


def test_an_entity_bomb_is_refused_before_it_is_read(definitions: Definitions) -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE diff [<!ENTITY e0 "x">{levels}]><diff><remove sel="&e11;"/></diff>'
    with pytest.raises(FhirError) as error:
        XmlPatch(definitions, bomb.encode())
    assert error.value.status == 400


def test_more_than_a_thousand_operations_are_refused(definitions: Definitions) -> None:
    with pytest.raises(FhirError, match="the server takes 1000") as error:
        patched(definitions, '<remove sel="x"/>' * 1001)
    assert error.value.status == 413


def test_elements_out_of_order_are_refused_as_in_any_fhir_xml(definitions: Definitions) -> None:
    with pytest.raises(FhirError, match="must stand before") as error:
        patched(definitions, '<add sel="f:Patient"><f:gender value="female"/></add>')
    assert error.value.status == 400
