"""What every answer says to browsers and caches, to whom it answers, and how often."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from fhir_server.app import create_app
from fhir_server.settings import Settings
from tests.conftest import Fhir

Apps = Callable[..., Fhir]
EVERYWHERE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.fixture(scope="module")
def with_settings(settings: Settings, mongo_uri: str, app: Flask) -> Iterator[Apps]:
    """Give a client of an application with other settings on the same database."""
    made: list[Flask] = []

    def make(**changed: Any) -> Fhir:
        other = create_app(replace(settings, **changed), mongo_uri)
        made.append(other)
        return Fhir(other.test_client())

    yield make
    for each in made:
        each.extensions["fhir"].store.close()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/fhir/metadata", 200),
        ("/fhir/Patient", 200),
        ("/fhir/Patient/nobody", 404),
        ("/fhir/Patient?nonsense=1", 400),
        ("/fhir/Patient/nobody/$named-contacts", 404),
        ("/nowhere", 404),
        ("/healthz", 200),
        ("/docs", 200),
        ("/openapi.json", 200),
    ],
)
def test_every_answer_forbids_caches_frames_and_guessing(
    fhir: Fhir, path: str, status: int
) -> None:
    answer = fhir.client.get(path)
    assert answer.status_code == status
    for name, value in EVERYWHERE.items():
        assert answer.headers.getlist(name) == [value], name
    [policy] = answer.headers.getlist("Content-Security-Policy")
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "camera=()" in answer.headers["Permissions-Policy"]


def test_a_page_keeps_its_own_policy_which_names_its_style_sheet(fhir: Fhir) -> None:
    answer = fhir.get("Patient/nobody/$named-contacts", Accept="text/html")
    assert answer.status_code == 404
    [policy] = answer.headers.getlist("Content-Security-Policy")
    assert re.search(r"style-src 'sha256-[^']+'", policy)
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_upload_that_claims_to_be_a_page_runs_in_a_sandbox(fhir: Fhir) -> None:
    page = b"<script>alert(1)</script>"
    made = fhir.post("Binary", page, Content_Type="text/html")
    answer = fhir.get(f"Binary/{made.json['id']}", Accept="text/html")
    assert answer.data == page
    assert answer.headers["Content-Security-Policy"] == "sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_browser_is_held_to_https_where_the_base_url_is(with_settings: Apps, fhir: Fhir) -> None:
    secure = with_settings(base_url="https://localhost/fhir")
    assert "max-age=63072000" in secure.get("metadata").headers["Strict-Transport-Security"]
    assert "Strict-Transport-Security" not in fhir.get("metadata").headers


def test_the_api_page_runs_only_scripts_of_this_server(fhir: Fhir) -> None:
    answer = fhir.client.get("/docs")
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", answer.text, re.DOTALL)
    assert scripts
    for attributes, inline in scripts:
        assert inline == ""
        [source] = re.findall(r'src="(/docs/[^"]+)"', attributes)
        assert fhir.client.get(source).mimetype == "text/javascript"
    assert "<style" not in answer.text
    assert not re.search(r"\son\w+=|style=", answer.text)


@pytest.mark.parametrize(
    "name",
    ["../__init__.py", "..%2f__init__.py", "%2e%2e/__init__.py", "....//x", "/etc/passwd",
     "%2fetc%2fpasswd", "swagger-ui.css%00.js", "swagger-ui.js.map", "index.html", "."],
)  # fmt: skip
def test_the_api_page_gives_no_file_but_its_own(fhir: Fhir, name: str) -> None:
    assert fhir.client.get(f"/docs/assets/{name}").status_code in (400, 404)


ORIGIN = "https://app.example"


def test_no_origin_is_allowed_unless_the_settings_name_it(fhir: Fhir) -> None:
    answer = fhir.get("metadata", Origin=ORIGIN)
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


def test_a_page_of_an_allowed_origin_may_use_the_server(with_settings: Apps) -> None:
    fhir = with_settings(cors_origins=f"{ORIGIN}, https://other.example")
    answer = fhir.get("metadata", Origin=ORIGIN)
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    shown = answer.headers["Access-Control-Expose-Headers"]
    assert {"ETag", "Location", "X-Request-Id"} <= set(shown.split(", "))
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Origin" in answer.headers["Vary"]


def test_a_browser_is_told_before_it_sends_a_write(with_settings: Apps) -> None:
    fhir = with_settings(cors_origins=ORIGIN)
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "PUT"}
    answer = fhir.client.options("/fhir/Patient/1", headers=asked)
    assert answer.status_code == 204
    assert "PUT" in answer.headers["Access-Control-Allow-Methods"]
    assert "If-Match" in answer.headers["Access-Control-Allow-Headers"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(
    "origin",
    ["null", "*", "http://app.example", "https://app.example.evil.example", "https://app.example/",
     "https://xapp.example", "https://APP.example", "https://app.example:8443"],
)  # fmt: skip
def test_an_origin_that_only_resembles_an_allowed_one_is_not(
    with_settings: Apps, origin: str
) -> None:
    fhir = with_settings(cors_origins=ORIGIN)
    assert "Access-Control-Allow-Origin" not in fhir.get("metadata", Origin=origin).headers
    asked = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
    answer = fhir.client.options("/fhir/Patient/1", headers=asked)
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control-Allow")]


HOSTS = ["evil.example", "evil.example:80", "localhost.evil.example", "localhost@evil.example", "",
         "localhost/evil", "localhost:80:80", "[::1", "127.0.0.1.evil.example"]  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_a_forged_name_of_the_server_is_refused_and_stands_in_no_answer(
    fhir: Fhir, host: str
) -> None:
    answer = fhir.client.get("/fhir/Patient", headers={"Host": host})
    assert answer.status_code == 421
    assert answer.json["resourceType"] == "OperationOutcome"
    assert "evil" not in answer.text
    assert "evil" not in str(answer.headers)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:9", "[::1]:8000"])
def test_the_names_of_this_machine_are_the_servers(with_settings: Apps, host: str) -> None:
    fhir = with_settings(base_url="")
    answer = fhir.client.get("/fhir/Patient", headers={"Host": host})
    assert answer.status_code == 200
    assert answer.json["link"][0]["url"].lower() == f"http://{host.lower()}/fhir/Patient".lower()


def test_further_names_can_be_allowed(with_settings: Apps) -> None:
    fhir = with_settings(allowed_hosts="fhir.internal")
    asked = {"Host": "fhir.internal"}
    answer = fhir.client.get("/fhir/Patient", headers=asked)
    assert answer.status_code == 200
    assert answer.json["link"][0]["url"] == "http://localhost/fhir/Patient"


def test_a_forwarded_name_is_not_believed(fhir: Fhir) -> None:
    answer = fhir.get(
        "Patient", X_Forwarded_Host="evil.example", Forwarded="host=evil.example",
        X_Forwarded_Proto="https", X_Original_URL="/evil", X_Rewrite_URL="/evil",
    )  # fmt: skip
    assert answer.status_code == 200
    assert "evil" not in answer.text


def test_health_is_told_under_any_name(fhir: Fhir) -> None:
    assert fhir.client.get("/healthz", headers={"Host": "10.0.0.7:8000"}).status_code == 200


def test_a_client_that_asks_too_often_has_to_wait(with_settings: Apps) -> None:
    fhir = with_settings(rate_limit="5/minute")
    statuses = [fhir.get("metadata").status_code for _ in range(7)]
    assert statuses == [200] * 5 + [429] * 2
    answer = fhir.get("metadata")
    assert 1 <= int(answer.headers["Retry-After"]) <= 12
    outcome = json.loads(answer.data)
    assert outcome["issue"][0]["code"] == "throttled"
    assert fhir.client.get("/healthz").status_code == 200


def test_clients_are_told_apart_by_address_only_as_far_as_proxies_are_trusted(
    with_settings: Apps,
) -> None:
    direct = with_settings(rate_limit="2/minute")
    statuses = [direct.get("metadata", X_Forwarded_For=f"10.0.0.{n}").status_code for n in range(4)]
    assert statuses == [200, 200, 429, 429]
    behind = with_settings(rate_limit="2/minute", proxy_hops=1)
    statuses = [behind.get("metadata", X_Forwarded_For=f"10.0.0.{n}").status_code for n in range(4)]
    assert statuses == [200] * 4
    # What the client itself says stands before what the proxy adds.
    forged = [f"1.1.1.{n}, 10.0.0.9" for n in range(4)]
    statuses = [behind.get("metadata", X_Forwarded_For=each).status_code for each in forged]
    assert statuses == [200, 200, 429, 429]


def test_an_open_server_counts_nothing(fhir: Fhir) -> None:
    assert [fhir.client.get("/nowhere").status_code for _ in range(100)] == [404] * 100
