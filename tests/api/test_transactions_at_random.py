"""Any transaction is carried out whole, and what it answers is so; or it leaves no trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, note
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.conftest import Fhir

Json = dict[str, Any]

IDS = ("r1", "r2", "r3")
URNS = ("urn:uuid:1", "urn:uuid:2")


def patient(value: str, id_: str | None = None, birth: str = "1950") -> Json:
    identifier = [{"system": "urn:random", "value": value}]
    made: Json = {"resourceType": "Patient", "identifier": identifier, "birthDate": birth}
    return made | ({"id": id_} if id_ else {})


def basic(subject: str, id_: str | None = None) -> Json:
    made: Json = {"resourceType": "Basic", "code": {"text": "x"}, "subject": {"reference": subject}}
    return made | ({"id": id_} if id_ else {})


def entry(method: str, url: str, resource: Json | None = None, **request: str) -> Json:
    made: Json = {"request": {"method": method, "url": url, **request}}
    return made | ({"resource": resource} if resource else {})


ids, values, births = (
    st.sampled_from(IDS),
    st.sampled_from(("v1", "v2", "v3")),
    st.sampled_from(("1950", "1960")),
)
criteria = values.map(lambda value: f"identifier=urn:random|{value}")
targets = st.one_of(
    ids.map(lambda id_: f"Patient/{id_}"),
    criteria.map(lambda text: f"Patient?{text}"),
    st.sampled_from(URNS),
)
entries = st.one_of(
    st.builds(lambda v, b: entry("POST", "Patient", patient(v, birth=b)), values, births),
    st.builds(lambda v, c: entry("POST", "Patient", patient(v), ifNoneExist=c), values, criteria),
    st.builds(lambda i, v, b: entry("PUT", f"Patient/{i}", patient(v, i, b)), ids, values, births),
    st.builds(lambda c, v: entry("PUT", f"Patient?{c}", patient(v)), criteria, values),
    st.builds(lambda i: entry("DELETE", f"Patient/{i}"), ids),
    st.builds(lambda c: entry("DELETE", f"Patient?{c}"), criteria),
    st.builds(lambda t: entry("POST", "Basic", basic(t)), targets),
    st.builds(lambda i, t: entry("PUT", f"Basic/{i}", basic(t, i)), ids, targets),
    st.builds(lambda i: entry("DELETE", f"Basic/{i}"), ids),
    st.builds(lambda i: entry("GET", f"Patient/{i}"), ids),
    st.builds(lambda c: entry("GET", f"Patient?{c}"), criteria),
)


@st.composite
def bundles(draw: st.DrawFn) -> Json:
    """Give a transaction; some entries can be linked to."""
    listed = [dict(each) for each in draw(st.lists(entries, min_size=1, max_size=5))]
    linked = [each for each in listed if each.get("resource", {}).get("resourceType") == "Patient"]
    for urn, each in zip(URNS, linked, strict=False):
        each["fullUrl"] = urn
    return {"resourceType": "Bundle", "type": "transaction", "entry": listed}


def pages(fhir: Fhir, url: str) -> Iterator[Json]:
    """Give the resources of all pages of a search."""
    while True:
        found = fhir.get(url).json
        yield from (each["resource"] for each in found.get("entry", []))
        following = [link["url"] for link in found["link"] if link["relation"] == "next"]
        if not following:
            return
        url = following[0].removeprefix("http://localhost/fhir/")


def everything(fhir: Fhir) -> dict[str, str]:
    """Give the version of all there is."""
    return {
        f"{each['resourceType']}/{each['id']}": each["meta"]["versionId"]
        for type_ in ("Patient", "Basic")
        for each in pages(fhir, f"{type_}?_count=500")
    }


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(bundle=bundles())
def test_a_transaction_does_what_it_answers_or_nothing(fhir: Fhir, bundle: Json) -> None:
    before = everything(fhir)
    response = fhir.post("", bundle)
    note(json.dumps(bundle))
    note(response.text)
    if response.status_code != 200:
        assert response.status_code in (400, 404, 409, 410, 412, 422)
        assert everything(fhir) == before
        return
    answers = response.json["entry"]
    assert len(answers) == len(bundle["entry"])
    for asked, answer in zip(bundle["entry"], answers, strict=True):
        said = answer["response"]
        assert said["status"] in ("200", "201", "204")
        if "location" in said:
            stored = fhir.get(said["location"].removeprefix("http://localhost/fhir/"))
            assert stored.status_code == 200
            assert stored.headers["ETag"] == said["etag"]
            current = fhir.get(
                said["location"].split("/_history/")[0].removeprefix("http://localhost/fhir/")
            )
            assert current.headers["ETag"] == said["etag"]
        if asked["request"]["method"] == "DELETE" and "?" not in asked["request"]["url"]:
            assert fhir.get(asked["request"]["url"]).status_code in (404, 410)
    for each in pages(fhir, "Basic?_count=500"):
        reference = each["subject"]["reference"]
        # R4 leaves a urn alone that no entry has.
        assert reference in URNS or fhir.get(reference).status_code == 200
