"""Documents that are small to send and large to read: refused, in little time and little memory."""

from __future__ import annotations

import gzip
import json
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from tests import http
from tests.api.hostile import assert_harmless
from tests.conftest import Fhir, ServerProcess

NS = 'xmlns="http://hl7.org/fhir"'
DIV = 'xmlns="http://www.w3.org/1999/xhtml"'
SECONDS = 20.0


def patient(inside: str, before: str = "") -> bytes:
    return f'<?xml version="1.0"?>{before}<Patient {NS}>{inside}</Patient>'.encode()


def laughs() -> bytes:
    lines = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    doctype = f'<!DOCTYPE Patient [<!ENTITY l0 "lol">{lines}]>'
    return patient('<language value="&l11;"/>', doctype)


def doctype(inside: str, value: str = "&e;") -> bytes:
    return patient(f'<language value="{value}"/>', f"<!DOCTYPE Patient [{inside}]>")


XML: dict[str, Callable[[], bytes]] = {
    "billion laughs": laughs,
    "quadratic blow-up": lambda: doctype(f'<!ENTITY e "{"a" * 50_000}">', "&e;" * 50_000),
    "a file as an entity": lambda: doctype('<!ENTITY e SYSTEM "file:///etc/passwd">'),
    "a url as an entity": lambda: doctype('<!ENTITY e SYSTEM "http://127.0.0.1:1/x">'),
    "a public entity": lambda: doctype('<!ENTITY e PUBLIC "x" "http://127.0.0.1:1/x">'),
    "a parameter entity": lambda: doctype('<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;', "x"),
    "an external DTD": lambda: patient("", '<!DOCTYPE Patient SYSTEM "http://127.0.0.1:1/x.dtd">'),
    "a bare DTD": lambda: patient('<active value="true"/>', "<!DOCTYPE Patient>"),
    "an entity nobody declared": lambda: patient('<language value="&e;"/>'),
    "XInclude": lambda: patient('<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'),
    "a style sheet": lambda: patient('<nonsense/>', '<?xml-stylesheet href="http://127.0.0.1:1/x.xsl"?>'),
    "100,000 elements deep": lambda: patient('<extension url="u">' * 100_000),
    "100,000 unknown elements deep": lambda: b"<a>" * 100_000,
    "contained in contained": lambda: patient(f"<contained><Patient {NS}>" * 5000),
    "100,000 attributes": lambda: patient("<active " + " ".join(f'a{n}="x"' for n in range(100_000)) + "/>"),
    "100,000 namespaces": lambda: patient("<active " + " ".join(f'xmlns:a{n}="x"' for n in range(100_000)) + ' value="true"/><nonsense/>'),
    "10,000 namespaces around narratives": lambda: b"<a " + b" ".join(b'xmlns:a%d="x"' % n for n in range(10_000)) + b"/>",
    "a name of 5 MB": lambda: patient(f"<{'a' * 5_000_000}/>"),
    "a comment of 20 MB": lambda: patient(f"<!--{'x' * 20_000_000}--><nonsense/>"),
    "a text of 20 MB": lambda: patient(f'<language value="{"x" * 20_000_000}"/>'),
    "CDATA of 20 MB": lambda: patient(f"<![CDATA[{'x' * 20_000_000}]]>"),
    "a narrative 50,000 deep": lambda: patient(f"<text><status value='generated'/><div {DIV}>{'<b>' * 50_000}"),
    "a narrative with a script": lambda: patient(f"<text><status value='generated'/><div {DIV}><script>x</script></div></text>"),
    "a narrative with a handler": lambda: patient(f"<text><status value='generated'/><div {DIV}><p onclick='x'>x</p></div></text>"),
    "a narrative with a link to a script": lambda: patient(f"<text><status value='generated'/><div {DIV}><a href=' java&#10;script:x'>x</a></div></text>"),
    "UTF-7": lambda: b'<?xml version="1.0" encoding="utf-7"?><Patient/>',
    "UTF-32": lambda: "<Patient/>".encode("utf-32"),
    "EBCDIC": lambda: '<?xml version="1.0" encoding="cp037"?><Patient/>'.encode("cp037"),
    "NUL": lambda: patient('<language value="a\0b"/>'),
    "an escaped NUL": lambda: patient('<language value="a&#0;b"/>'),
    "a lone surrogate": lambda: patient('<language value="&#xD800;"/>'),
    "two roots": lambda: patient("") * 2,
}  # fmt: skip


def body(inside: str) -> bytes:
    return f'{{"resourceType":"Patient",{inside}}}'.encode()


JSON: dict[str, Callable[[], bytes]] = {
    "5,000,000 arrays deep": lambda: b"[" * 5_000_000,
    "1,000,000 objects deep": lambda: b'{"a":' * 1_000_000,
    "200,000 extensions deep": lambda: body('"extension":' + '[{"url":"u","extension":' * 200_000),
    "an integer of 1,000,000 digits": lambda: body(f'"multipleBirthInteger":{"9" * 1_000_000}'),
    "a decimal of 1,000,000 digits": lambda: body(f'"extension":[{{"url":"u","valueDecimal":0.{"9" * 1_000_000}}}]'),
    "an exponent beyond all numbers": lambda: body('"multipleBirthInteger":1e999999999'),
    "a negative exponent beyond all": lambda: body('"multipleBirthInteger":1e-999999999'),
    "1,000,000 properties": lambda: body(",".join(f'"a{n}":1' for n in range(1_000_000))),
    "1,000,000 properties of one name": lambda: body('"active":true,' * 1_000_000 + '"active":true'),
    "a property name of 20 MB": lambda: body(f'"{"a" * 20_000_000}":1'),
    "a text of 25 MB": lambda: body(f'"language":"{"x" * 25_000_000}"'),
    "3,000,000 escapes": lambda: body(f'"language":"{chr(92) + "u0000"}' + "\\u00e9" * 3_000_000 + '"'),
    "1,000,000 empty names": lambda: body('"name":[' + ",".join(["{}"] * 1_000_000) + "]"),
    "1,000,000 nulls": lambda: body('"name":[' + ",".join(["null"] * 1_000_000) + "]"),
    "20,000 contained resources": lambda: body('"contained":[' + ",".join(f'{{"resourceType":"Patient","id":"a{n}","nonsense":1}}' for n in range(20_000)) + "]"),
    "lone surrogates": lambda: body('"language":"\\ud800\\ud800"'),
    "a base64 that is none": lambda: b'{"resourceType":"Binary","contentType":"a/b","data":"' + b"=" * 10_000_000 + b'"}',
    "NaN": lambda: body('"multipleBirthInteger":NaN'),
    "a comment": lambda: body('/* x */"active":true'),
}  # fmt: skip


def zeros(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    pieces = [packer.compress(b" " * 1_000_000) for _ in range(megabytes)]
    return b"".join(pieces) + packer.flush()


PACKED: dict[str, Callable[[], bytes]] = {
    "300 MB of blanks": lambda: zeros(300),
    "a bomb in a bomb": lambda: gzip.compress(zeros(100)),
    "a thousand members": lambda: gzip.compress(b" " * 100_000) * 1000,
    "a broken checksum": lambda: gzip.compress(b'{"resourceType":"Patient"}')[:-8] + b"\0" * 8,
    "cut off": lambda: zeros(50)[:1000],
}  # fmt: skip

DOCUMENTS = (
    [(f"XML: {name}", "application/fhir+xml", "identity", make) for name, make in XML.items()]
    + [(f"JSON: {name}", "application/fhir+json", "identity", make) for name, make in JSON.items()]
    + [(f"gzip: {name}", "application/fhir+json", "gzip", make) for name, make in PACKED.items()]
)
IDS = [name for name, *_ in DOCUMENTS]


@pytest.mark.parametrize("document", DOCUMENTS, ids=IDS)
def test_a_document_that_is_a_bomb_is_refused_soon(
    fhir: Fhir, document: tuple[str, str, str, Callable[[], bytes]]
) -> None:
    name, type_, encoding, make = document
    content = make()
    begun = time.monotonic()
    answer = fhir.post("Patient", content, Content_Type=type_, Content_Encoding=encoding)
    assert_harmless(answer, name)
    assert 400 <= answer.status_code < 500, answer.text[:300]
    assert "root:" not in answer.text
    assert len(answer.data) < 1_000_000
    assert time.monotonic() - begun < SECONDS


@pytest.mark.parametrize(("prefix", "status"), [("a", 201), ("b", 422)])
def test_thousands_of_contained_resources_take_time_in_proportion(
    fhir: Fhir, prefix: str, status: int
) -> None:
    url = "http://x.example/e"
    content = {
        "resourceType": "Patient",
        "contained": [{"resourceType": "Patient", "id": f"a{n}"} for n in range(20_000)],
        "extension": [
            {"url": url, "valueReference": {"reference": f"#{prefix}{n}"}} for n in range(20_000)
        ],
    }
    begun = time.monotonic()
    assert fhir.post("Patient", content).status_code == status
    assert time.monotonic() - begun < SECONDS


@pytest.mark.parametrize(
    "name", [name for name in XML if "narrative" in name and "deep" not in name]
)
def test_a_narrative_with_active_content_is_refused_in_json_too(fhir: Fhir, name: str) -> None:
    text = XML[name]().decode()
    div = text[text.index("<div") : text.index("</text>")] if "</text>" in text else "<div/>"
    answer = fhir.post(
        "Patient", {"resourceType": "Patient", "text": {"status": "generated", "div": div}}
    )
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize(
    "make",
    [laughs, XML["a file as an entity"], XML["XInclude"]],
    ids=["laughs", "file", "XInclude"],
)
def test_a_patch_in_xml_and_a_narrative_expand_nothing(
    fhir: Fhir, make: Callable[[], bytes]
) -> None:
    made = fhir.create({"resourceType": "Patient"})
    text = make().decode().replace("Patient", "diff")
    answer = fhir.client.patch(
        f"/fhir/Patient/{made['id']}", data=text, content_type="application/xml-patch+xml"
    )
    assert_harmless(answer)
    assert answer.status_code in (400, 422)
    inner = make().decode().partition("?>")[2]
    answer = fhir.post(
        "Patient", {"resourceType": "Patient", "text": {"status": "generated", "div": inner}}
    )
    assert answer.status_code in (400, 422)
    assert "root:" not in answer.text


@pytest.mark.parametrize("type_", ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded",
                                   "multipart/mixed; boundary=", "application/fhir+ndjson"])  # fmt: skip
def test_bodies_of_other_kinds_are_refused_or_bounded(fhir: Fhir, type_: str) -> None:
    parts = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="a%d"\r\n\r\nx\r\n' % n for n in range(50_000)
    )
    many = b"&".join(b"name=%d" % n for n in range(200_000))
    for path in (
        "Patient",
        "Patient/_search",
        "",
        "$graphql",
        "Patient/x/$everything",
        "Patient/$validate",
    ):
        for sent in (parts + b"--x--", many, b"name=" + b"x" * 5_000_000, b"{}\n" * 100_000):
            answer = fhir.client.post(f"/fhir/{path}", data=sent, content_type=type_)
            assert_harmless(answer)
            assert 400 <= answer.status_code < 500


QUERIES = {
    "5000 parameters": "&".join(["name=x"] * 5000),
    "5000 alternatives": "name=" + ",".join(["x"] * 5000),
    "a chain of 60": "organization." + "partof." * 60 + "name=x",
    "a _has of 60": "_has:Observation:subject:" * 60 + "code=x",
    "40 sort keys": "_sort=" + ",".join(["name"] * 40),
    "100 includes": "&".join(["_include=Patient:organization"] * 100),
    "an include of everything": "_include:iterate=*&_revinclude:iterate=*&_count=1000",
    "a _filter 2000 deep": "_filter=" + "(" * 2000 + "name eq x" + ")" * 2000,
    "a _filter of 2000 terms": "_filter=" + " or ".join(["name eq x"] * 2000),
    "a _text 2000 deep": "_text=" + "(" * 2000 + "x" + ")" * 2000,
    "a _content of 2000 words": "_content=" + " or ".join(["x"] * 2000),
    "elements": "_elements=" + ",".join(["name"] * 20_000),
    "a list of lists": "_list=" + ",".join(["x"] * 20_000),
    "all types": "_type=" + ",".join(["Patient"] * 20_000),
    "a number without end": "_count=" + "9" * 100_000,
    "a date without end": "birthdate=" + "9" * 100_000,
    "a quantity without end": "_filter=name gt 1e" + "9" * 10_000,
    "a pattern": "name:contains=" + "(a|a)*" * 500,
    "a cursor without end": "_cursor=" + "A" * 200_000,
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_search_that_asks_for_too_much_is_answered_soon(fhir: Fhir, name: str) -> None:
    begun = time.monotonic()
    form = "application/x-www-form-urlencoded"
    answer = fhir.post("Patient/_search", QUERIES[name], Content_Type=form)
    assert_harmless(answer, name)
    assert time.monotonic() - begun < SECONDS
    fhir.create({"resourceType": "Patient"})


GRAPHQL = {
    "a thousand aliases": "{" + " ".join(f"a{n}:PatientList{{id}}" for n in range(1000)) + "}",
    "2000 deep": "{PatientList" + "{managingOrganization{resource" * 2000 + "}" * 4001,
    "fragments of fragments": "{PatientList{...f0}} " + " ".join(f"fragment f{n} on Patient{{...f{n + 1} ...f{n + 1}}}" for n in range(40)) + " fragment f40 on Patient{id}",
    "fragments in a circle": "{PatientList{...a}} fragment a on Patient{...b} fragment b on Patient{...a}",
    "a thousand directives": "{PatientList" + "@include(if:true)" * 5000 + "{id}}",
    "100,000 fields": "{PatientList{" + "id " * 100_000 + "}}",
    "a string of 5 MB": '{PatientList(name:"' + "x" * 5_000_000 + '"){id}}',
    "the schema many times": "{" + " ".join(f"a{n}:__schema{{types{{fields{{type{{ofType{{ofType{{name}}}}}}}}}}}}" for n in range(50)) + "}",
}  # fmt: skip


@pytest.mark.parametrize("name", GRAPHQL)
def test_a_query_of_graphql_that_asks_for_too_much_is_refused_soon(fhir: Fhir, name: str) -> None:
    begun = time.monotonic()
    answer = fhir.post("$graphql", GRAPHQL[name], Content_Type="application/graphql")
    assert_harmless(answer, name)
    assert answer.status_code in (400, 403, 413)
    assert time.monotonic() - begun < SECONDS


def fhirpath(path: str) -> bytes:
    operation = {
        "name": "operation",
        "part": [{"name": "type", "valueCode": "delete"}, {"name": "path", "valueString": path}],
    }
    return json.dumps({"resourceType": "Parameters", "parameter": [operation]}).encode()


PATCHES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "100,000 operations": ("application/json-patch+json", lambda: json.dumps([{"op": "add", "path": "/name/0/given/-", "value": "x"}] * 100_000).encode()),
    "copies that double": ("application/json-patch+json", lambda: json.dumps([{"op": "copy", "from": "/name", "path": "/name/0/given/0"}] * 60).encode()),
    "copies of lists": ("application/json-patch+json", lambda: json.dumps([{"op": "copy", "from": "/name", "path": "/name/-"}, {"op": "copy", "from": "/name", "path": "/contact"}] * 200).encode()),
    "a path of 1 MB": ("application/json-patch+json", lambda: json.dumps([{"op": "remove", "path": "/a" * 500_000}]).encode()),
    "a FHIRPath of 1 MB": ("application/fhir+json", lambda: fhirpath("Patient" + ".name" * 200_000)),
    "a FHIRPath that repeats": ("application/fhir+json", lambda: fhirpath("Patient.repeat(descendants()).repeat(descendants()).where(descendants().count()>0).name")),
    "a FHIRPath with a pattern": ("application/fhir+json", lambda: fhirpath("Patient.name.where(family.matches('(((((a+)+)+)+)+)+b'))")),
    "a FHIRPath 5000 deep": ("application/fhir+json", lambda: fhirpath("(" * 5000 + "Patient.name" + ")" * 5000)),
    "an XPath that counts": ("application/xml-patch+xml", lambda: b'<diff xmlns:f="http://hl7.org/fhir"><remove sel="' + b"//f:*" * 3000 + b'"/></diff>'),
}  # fmt: skip


@pytest.mark.parametrize("name", PATCHES)
def test_a_patch_that_costs_too_much_is_refused_soon(fhir: Fhir, name: str) -> None:
    made = fhir.create(
        {"resourceType": "Patient", "name": [{"family": "a" * 5000, "given": ["x"]}]}
    )
    type_, make = PATCHES[name]
    begun = time.monotonic()
    answer = fhir.client.patch(f"/fhir/Patient/{made['id']}", data=make(), content_type=type_)
    assert_harmless(answer, name)
    assert 400 <= answer.status_code < 500, answer.text[:200]
    assert time.monotonic() - begun < SECONDS
    assert fhir.get(f"Patient/{made['id']}").headers["ETag"] == 'W/"1"'


class Memory:
    """The memory of the workers of a server, looked at all the time."""

    def __init__(self, server: ServerProcess) -> None:
        self._process = psutil.Process(server.process.pid)
        self.peak = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def now(self) -> int:
        """Give the bytes of the server's processes, but for the database's."""
        found = 0
        for each in [self._process, *self._process.children(recursive=True)]:
            try:
                found += 0 if "mongod" in each.name() else each.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return found

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            self.peak = max(self.peak, self.now())


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server of this module's own, whose memory nobody else fills."""
    server = ServerProcess.start(tmp_path_factory.mktemp("bombed") / "data")
    yield server
    server.stop()


@pytest.mark.reliability
@pytest.mark.timeout(400)
def test_the_memory_of_a_server_stays_bounded_under_bombs(own_server: ServerProcess) -> None:
    prepared = [(type_, encoding, make()) for _, type_, encoding, make in DOCUMENTS]
    prepared = [each for each in prepared if len(each[2]) < 30_000_000]

    def send(each: tuple[str, str, bytes]) -> int:
        type_, encoding, content = each
        headers = {"Content-Type": type_, "Content-Encoding": encoding}
        with http.Client(timeout=120) as client:
            return client.post(
                f"{own_server.base}/Patient", content=content, headers=headers
            ).status_code

    for _ in range(20):  # what every server loads once
        send(("application/fhir+json", "identity", b'{"resourceType":"Patient","nonsense":1}'))
        send(("application/fhir+xml", "identity", patient("<nonsense/>")))
    memory = Memory(own_server)
    before = memory.now()
    processes = {
        each.pid for each in psutil.Process(own_server.process.pid).children(recursive=True)
    }
    with memory, ThreadPoolExecutor(3) as pool:
        refused = [status for _ in range(2) for status in pool.map(send, prepared)]
    assert all(400 <= status < 500 for status in refused)
    after = {each.pid for each in psutil.Process(own_server.process.pid).children(recursive=True)}
    assert after == processes
    # Two workers with four threads each; what a thread once needed, the allocator keeps for it.
    assert memory.peak - before < 2_000_000_000
    assert memory.now() - before < 1_400_000_000
    answer = http.post(f"{own_server.base}/Patient", json={"resourceType": "Patient"},
                        headers={"Content-Type": "application/fhir+json"}, timeout=10)  # fmt: skip
    assert answer.status_code == 201
