"""Who asks: every token that does not hold is refused, with the header and outcome to say so."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, example, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from fhir_server.api import authentication
from fhir_server.app import create_app
from fhir_server.settings import Settings
from fhir_server.storage.mongo import MongoStore
from tests.access_tokens import AUDIENCE, ISSUER, NURSE, ClientCertificate, Mint, b64
from tests.conftest import Fhir

CERTIFICATE_HEADER = "X-SSL-Client-Cert"
READ = "CareTeam?_count=1"


@pytest.fixture(scope="module")
def mint() -> Mint:
    return Mint()


@pytest.fixture(scope="module")
def app(
    database: str, mongo_uri: str, store: MongoStore, mint: Mint,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Flask]:  # fmt: skip
    app = secured(mint, tmp_path_factory.mktemp("issuers"), mongo_uri, database)
    yield app
    app.extensions["fhir"].store.close()


def secured(mint: Mint, folder: Path, uri: str, database: str, **issuer: Any) -> Flask:
    path = mint.write(folder, **issuer)
    settings = Settings(
        mongodb_database=database, base_url="http://localhost/fhir", log_level="error",
        issuers=path, client_certificate_header=CERTIFICATE_HEADER,
        # All come from one address here, and most are to be refused.
        failure_limit="off",
    )  # fmt: skip
    return create_app(settings, uri)


def get(fhir: Fhir, token: str | None, path: str = READ, **headers: str) -> Any:
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return fhir.get(path, **headers)


def refused(response: Any, status: int, error: str, code: str) -> str:
    """Check a refusal in all its parts, and give its text."""
    assert response.status_code == status, response.text
    challenge = response.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer realm="fhir"')
    if error:
        assert f'error="{error}"' in challenge
        assert 'error_description="' in challenge
    else:
        assert "error" not in challenge
    assert response.json["resourceType"] == "OperationOutcome"
    (issue,) = response.json["issue"]
    assert issue["code"] == code
    return str(issue["details"]["text"])


def test_a_nurse_with_a_token_of_a_trusted_issuer_is_let_in(fhir: Fhir, mint: Mint) -> None:
    """R117: who asks is known by person, unit, vårdgivare, assignment and purpose."""
    token = mint.token()
    assert get(fhir, token).status_code == 200
    with fhir.client.application.test_request_context(
        "/fhir/Patient", headers={"Authorization": f"Bearer {token}"}
    ):
        who = authentication.principal()
    assert (who.id, who.role, who.purpose) == (NURSE["employeeHsaId"], "coordinator", "TREAT")
    assert (who.unit, who.provider) == (
        NURSE["healthcareUnitHsaId"], NURSE["healthcareProviderHsaId"],
    )  # fmt: skip
    assert (who.client, who.assignment) == ("journal", NURSE["commissionHsaId"])


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256"])
def test_every_algorithm_that_is_pinned_is_accepted(fhir: Fhir, mint: Mint, alg: str) -> None:
    kid = "k1" if alg == "ES256" else "k1-rsa"
    assert get(fhir, mint.token({"alg": alg, "kid": kid})).status_code == 200


def test_without_a_token_the_answer_is_401_and_says_how(fhir: Fhir) -> None:
    text = refused(get(fhir, None), 401, "", "login")
    assert "Authorization: Bearer" in text


def test_another_scheme_than_bearer_is_no_token(fhir: Fhir) -> None:
    response = fhir.get(READ, Authorization="Basic YTpi")
    refused(response, 401, "", "login")


def no_signature(mint: Mint) -> str:
    return f"{b64({'alg': 'none', 'typ': 'at+jwt'})}.{b64(mint.claims())}."


def confused(mint: Mint, alg: str = "HS256") -> str:
    """Sign with the public key as if it were a secret."""
    secret = mint.rsa.as_pem(private=False)
    signed = f"{b64({'alg': alg, 'typ': 'at+jwt', 'kid': 'k1-rsa'})}.{b64(mint.claims())}"
    return f"{signed}.{b64(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def changed(mint: Mint, **claims: Any) -> str:
    head, _, signature = mint.token().split(".")
    return f"{head}.{b64(mint.claims(**claims))}.{signature}"


def broken_signature(mint: Mint) -> str:
    head, body, signature = mint.token().split(".")
    other = "A" if signature[10] != "A" else "B"
    return f"{head}.{body}.{signature[:10]}{other}{signature[11:]}"


def of_another(mint: Mint, **header: Any) -> str:
    return Mint("k1").token(header)


def with_key_inside(mint: Mint) -> str:
    own = Mint("k1")
    return own.token({"jwk": own.key.as_dict(private=False)})


def now() -> int:
    return int(time.time())


WRONG: dict[str, tuple[Callable[[Mint], str], str]] = {
    "expired": (lambda m: m.token(exp=now() - 60), "expired"),
    "not valid yet": (lambda m: m.token(nbf=now() + 300), "security"),
    "issued in the future": (lambda m: m.token(iat=now() + 300), "security"),
    "no end": (lambda m: m.token(exp=None), "security"),
    "an end that is a text": (lambda m: m.token(exp="never"), "security"),
    "an end that is true": (lambda m: m.token(exp=True), "security"),
    "an end beyond all numbers": (lambda m: m.token(exp=10**400), "security"),
    "another audience": (lambda m: m.token(aud="https://other.example"), "security"),
    "no audience": (lambda m: m.token(aud=None), "security"),
    "an audience that begins alike": (lambda m: m.token(aud=AUDIENCE + "/x"), "security"),
    "an audience that is a number": (lambda m: m.token(aud=1), "security"),
    "another issuer": (lambda m: m.token(iss="https://evil.example"), "security"),
    "an issuer with a slash more": (lambda m: m.token(iss=ISSUER + "/"), "security"),
    "no issuer": (lambda m: m.token(iss=None), "security"),
    "an issuer that is a list": (lambda m: m.token(iss=[ISSUER]), "security"),
    "alg none": (no_signature, "security"),
    "alg None": (lambda m: no_signature(m).replace("none", "None"), "security"),
    "RS as HS": (confused, "security"),
    "an algorithm not pinned": (lambda m: m.token({"alg": "RS512", "kid": "k1-rsa"}), "security"),
    "ES256 by the key for RSA": (lambda m: m.token({"kid": "k1-rsa"}), "security"),
    "unknown kid": (lambda m: m.token({"kid": "gone"}), "security"),
    "a kid that is a number": (lambda m: tampered_header(m, kid=7), "security"),
    "somebody else's key": (of_another, "security"),
    "a key in the header": (with_key_inside, "security"),
    "a changed payload": (lambda m: changed(m, role="administrator"), "security"),
    "a broken signature": (broken_signature, "security"),
    "no signature": (lambda m: m.token().rpartition(".")[0] + ".", "security"),
    "crit": (lambda m: tampered_header(m, crit=["exp"], exp=1), "security"),
    "an ID token": (lambda m: m.token({"typ": "id+jwt"}), "security"),
    "a logout token": (lambda m: m.token({"typ": "logout+jwt"}), "security"),
    "a typ that is a list": (lambda m: tampered_header(m, typ=["JWT"]), "security"),
    "a payload that is a list": (lambda m: m.signed(b"[]"), "security"),
    "a payload with a name twice": (lambda m: m.signed(b'{"iss":"a","iss":"b"}'), "security"),
    "a payload that nests deep": (lambda m: m.signed(b'{"a":' + b"[" * 3000), "security"),
    "a role that may not be given": (lambda m: m.token(role="administrator"), "security"),
    "the role of an open server": (lambda m: m.token(role="open"), "security"),
    "two roles": (lambda m: m.token(role=["reader", "coordinator"]), "security"),
    "no role": (lambda m: m.token(role=None), "security"),
    "a right that may not be given": (lambda m: m.token(rights=["emergency"]), "security"),
    "a unit that is no HSA-id": (lambda m: m.token(healthcareUnitHsaId="$ne"), "security"),
    "a unit that is an object": (lambda m: m.token(healthcareUnitHsaId={"$ne": 1}), "security"),
    "a patient who is staff": (lambda m: m.token(role="patient", patient="1"), "security"),
    "a nurse with wards": (lambda m: m.token(wards=["1"]), "security"),
    "a client that is not registered": (lambda m: m.system(client_id="other"), "security"),
    "a client with another role": (lambda m: m.system(role="administrator"), "security"),
    "a client with another unit": (
        lambda m: m.system(healthcareUnitHsaId="SE2321000016-9999"), "security",
    ),
    "a client that stands for a nurse": (
        lambda m: m.system(employeeHsaId="SE2321000016-AB12"), "security",
    ),
    "bound to a key of DPoP": (lambda m: m.token(cnf={"jkt": "x"}), "security"),
    "too long": (lambda m: m.token(filler="x" * 20_000), "security"),
}  # fmt: skip


def tampered_header(mint: Mint, **header: Any) -> str:
    """Sign a header that the library would refuse to sign."""
    return mint.signed_by_hand({"alg": "ES256", "typ": "at+jwt", "kid": "k1", **header})


@pytest.mark.parametrize("what", WRONG)
def test_a_token_that_does_not_hold_is_refused(fhir: Fhir, mint: Mint, what: str) -> None:
    """R117: nobody is let in by a token that is not genuine, not for us, not for now, or too much."""
    make, code = WRONG[what]
    refused(get(fhir, make(mint)), 401, "invalid_token", code)


def test_a_clock_may_differ_a_little(fhir: Fhir, mint: Mint) -> None:
    assert get(fhir, mint.token(exp=now() - 5)).status_code == 200
    assert get(fhir, mint.token(nbf=now() + 20, iat=now() + 20)).status_code == 200


def test_a_token_in_the_address_is_refused(fhir: Fhir, mint: Mint) -> None:
    address = f"{READ}&access_token={mint.token()}"
    refused(get(fhir, None, address), 400, "invalid_request", "security")
    refused(get(fhir, mint.token(), address), 400, "invalid_request", "security")


@pytest.mark.parametrize(
    "form", ["Bearer {0}, Bearer {0}", "Bearer {0} {0}", "Bearer", "Bearer {0},"]
)
def test_two_tokens_or_none_after_bearer_are_refused(fhir: Fhir, mint: Mint, form: str) -> None:
    response = fhir.get(READ, Authorization=form.format(mint.token()))
    refused(response, 400, "invalid_request", "security")


def test_a_verified_token_that_expires_is_refused(fhir: Fhir, mint: Mint) -> None:
    token = mint.token(exp=now() - 29)
    assert get(fhir, token).status_code == 200
    time.sleep(2.1)
    refused(get(fhir, token), 401, "invalid_token", "expired")


def test_a_system_client_is_who_it_is_registered_as(fhir: Fhir, mint: Mint) -> None:
    token = mint.system()
    assert get(fhir, token).status_code == 200
    with fhir.client.application.test_request_context(
        "/fhir/Patient", headers={"Authorization": f"Bearer {token}"}
    ):
        who = authentication.principal()
    assert (who.id, who.role, who.unit) == ("kommun-system", "system", NURSE["healthcareUnitHsaId"])


def test_a_scope_that_is_missing_is_named(fhir: Fhir, mint: Mint) -> None:
    """R117: a token allows no more than its scopes, and the answer says which one is needed."""
    token = mint.token(scope="user/Patient.rs")
    assert get(fhir, token, "Patient?_count=1").status_code == 200
    text = refused(get(fhir, token, "CareTeam?_count=1"), 403, "insufficient_scope", "forbidden")
    assert "user/CareTeam" in text
    challenge = get(fhir, token, "CareTeam?_count=1").headers["WWW-Authenticate"]
    assert 'scope="user/CareTeam.s"' in challenge


class TestCertificates:
    """RFC 8705: a token bound to a certificate is of no use to whoever stole it."""

    OWN = ClientCertificate()
    OTHER = ClientCertificate()

    def bound(self, mint: Mint) -> str:
        return mint.system(cnf={"x5t#S256": self.OWN.thumbprint})

    @pytest.mark.parametrize("form", ["as_nginx", "as_rfc_9440"])
    def test_with_its_certificate_it_is_accepted(self, fhir: Fhir, mint: Mint, form: str) -> None:
        headers = {CERTIFICATE_HEADER: getattr(self.OWN, form)}
        assert get(fhir, self.bound(mint), **headers).status_code == 200

    def test_stolen_it_is_refused(self, fhir: Fhir, mint: Mint) -> None:
        token = self.bound(mint)
        assert get(fhir, token, **{CERTIFICATE_HEADER: self.OWN.as_nginx}).status_code == 200
        stolen = get(fhir, token)
        refused(stolen, 401, "invalid_token", "security")
        by_other = get(fhir, token, **{CERTIFICATE_HEADER: self.OTHER.as_nginx})
        refused(by_other, 401, "invalid_token", "security")

    def test_the_header_is_believed_from_proxies_only(self, fhir: Fhir, mint: Mint) -> None:
        response = fhir.client.get(
            f"/fhir/{READ}",
            headers={
                "Authorization": f"Bearer {self.bound(mint)}",
                CERTIFICATE_HEADER: self.OWN.as_nginx,
            },
            environ_base={"REMOTE_ADDR": "192.0.2.7"},
        )
        refused(response, 401, "invalid_token", "security")

    def test_two_certificates_in_the_header_are_refused(self, fhir: Fhir, mint: Mint) -> None:
        both = f"{self.OWN.as_rfc_9440}, {self.OTHER.as_rfc_9440}"
        response = get(fhir, self.bound(mint), **{CERTIFICATE_HEADER: both})
        refused(response, 400, "invalid_request", "security")

    def test_an_issuer_may_have_to_bind_every_token(
        self, mint: Mint, tmp_path: Path, mongo_uri: str, database: str
    ) -> None:
        app = secured(mint, tmp_path, mongo_uri, database, certificate_bound=True)
        refused(get(Fhir(app.test_client()), mint.token()), 401, "invalid_token", "security")
        app.extensions["fhir"].store.close()


# What needs no token; every other route is asked for one, whenever it was added.
PUBLIC = {
    "/fhir/metadata", "/fhir/.well-known/smart-configuration", "/healthz", "/readyz", "/docs",
    "/docs/assets/swagger-ui.css", "/openapi.json",
}  # fmt: skip


def addresses(app: Flask) -> Iterator[tuple[str, str]]:
    """Give each route with an address that it matches, and each of its methods."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/docs/assets"):
            continue
        values = {"type": "Patient", "name": "x"}
        path = rule.rule
        for argument in rule.arguments:
            for form in ("id", "version", "type", "type_or_all", "path"):
                path = path.replace(f"<{form}:{argument}>", values.get(argument, "1"))
            path = path.replace(f"<{argument}>", values.get(argument, "1"))
        for method in sorted(rule.methods or ()):
            yield method, path


def test_every_route_asks_for_a_token_but_those_listed(app: Flask) -> None:
    """R117: no route can forget to ask who it is from."""
    client = app.test_client()
    open_ones: set[str] = set()
    tried = 0
    for method, path in addresses(app):
        assert "<" not in path, path
        response = client.open(path, method=method)
        tried += 1
        if response.status_code == 401:
            assert response.headers["WWW-Authenticate"] == 'Bearer realm="fhir"'
        elif method == "OPTIONS":
            assert path in ("/fhir", "/fhir/") or not response.data
        else:
            open_ones.add(path)
            assert method in ("GET", "HEAD"), (method, path)
    assert open_ones == PUBLIC - {"/docs/assets/swagger-ui.css"}
    assert tried > 500


@pytest.mark.parametrize(
    "path", ["/nowhere", "/fhir/Nothing/1", "/fhir/$nothing", "/fhir//Patient"]
)
def test_where_there_is_nothing_a_token_is_asked_for_too(app: Flask, path: str) -> None:
    assert app.test_client().get(path).status_code == 401


@pytest.mark.parametrize("path", sorted(PUBLIC - {"/fhir/.well-known/smart-configuration"}))
def test_what_needs_no_token_is_answered(app: Flask, path: str) -> None:
    assert app.test_client().get(path).status_code == 200


def test_a_secured_server_says_so(fhir: Fhir) -> None:
    security = fhir.get("metadata").json["rest"][0]["security"]
    assert security["service"][0]["coding"][0]["code"] == "SMART-on-FHIR"
    assert fhir.get(".well-known/smart-configuration").status_code == 404


class TestJobs:
    """A job is carried out for the one who asked, and only that one hears of it."""

    def test_it_runs_as_its_asker_who_alone_may_poll_and_cancel_it(
        self, fhir: Fhir, mint: Mint
    ) -> None:
        own = {"Authorization": f"Bearer {mint.token()}"}
        other = {"Authorization": f"Bearer {mint.token(employeeHsaId='SE2321000016-CD34')}"}
        begun = fhir.get(READ, Prefer="respond-async", **own)
        assert begun.status_code == 202
        job = begun.headers["Content-Location"].partition("/fhir/")[2]
        assert fhir.get(job).status_code == 401
        assert fhir.get(job, **other).status_code == 404
        assert fhir.delete(job, **other).status_code == 404
        assert fhir.get("_async/1", **other).json == {
            **fhir.get(job, **other).json,
            "issue": fhir.get("_async/1", **other).json["issue"],
        }
        # The same person with a later token.
        again = {"Authorization": f"Bearer {mint.token()}"}
        for _ in range(200):
            done = fhir.get(job, **again)
            if done.status_code != 202:
                break
            time.sleep(0.05)
        assert done.status_code == 200
        assert done.json["entry"][0]["response"]["status"] == "200"
        assert fhir.delete(job, **again).status_code == 202

    def test_without_a_token_no_job_is_begun(self, fhir: Fhir) -> None:
        assert fhir.get(READ, Prefer="respond-async").status_code == 401


HEADERS = st.one_of(
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=300),
    st.from_regex(r"(Bearer|bearer|BEARER) [A-Za-z0-9._~+/=-]{0,200}", fullmatch=True),
    st.builds(
        lambda *parts: "Bearer " + ".".join(map(b64, parts)),
        st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=60),
    ),
    st.builds(
        lambda head, body: f"Bearer {b64(head)}.{b64(body)}.{b64(b'x' * 64)}",
        st.dictionaries(
            st.sampled_from(["alg", "typ", "kid", "crit", "jku", "x5c", "b64"]),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.text(max_size=10)
                | st.sampled_from(["ES256", "RS256", "none", "HS256", "JWT", "k1"]),
                lambda inner: st.lists(inner, max_size=3), max_leaves=4,
            ),
        ),
        st.dictionaries(
            st.sampled_from(["iss", "aud", "exp", "nbf", "iat", "scope", "cnf", "role"]),
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
            | st.sampled_from([ISSUER, AUDIENCE, "x"]) | st.lists(st.text(max_size=5), max_size=2),
        ),
    ),
)  # fmt: skip


@given(header=HEADERS)
@example(header="Bearer ..")
@example(header="Bearer a.b.c")
@example(header="Bearer \x80.\xff.\x00")
@budget(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_authorization_header_fails_the_server(app: Flask, header: str) -> None:
    environ = {"HTTP_AUTHORIZATION": header}
    response = app.test_client().get(f"/fhir/{READ}", environ_overrides=environ)
    assert response.status_code in (400, 401), header
    assert response.headers["WWW-Authenticate"].isprintable()


CLAIMS = st.dictionaries(
    st.sampled_from(
        [*NURSE, "wards", "patient", "rights", "cnf", "sub", "client_id", "jti", "scp"]
    ),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=12),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
        max_leaves=5,
    ),
    max_size=5,
)


@given(claims=CLAIMS)
@budget(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_claims_of_a_genuine_token_fail_the_server(
    app: Flask, mint: Mint, claims: dict[str, Any]
) -> None:
    token = mint.token(**claims)
    headers = {"Authorization": f"Bearer {token}"}
    response = app.test_client().get("/fhir/_async/1", headers=headers)
    assert response.status_code in (401, 403, 404), response.text


def test_an_open_server_answers_its_own_machine_only(settings: Settings, mongo_uri: str) -> None:
    """R117: whoever is checked by nobody is let in from this machine alone."""
    app = create_app(settings, mongo_uri)
    client = app.test_client()
    for address in ("127.0.0.1", "::1", "::ffff:127.0.0.1", ""):
        answer = client.get("/fhir/metadata", environ_base={"REMOTE_ADDR": address})
        assert answer.status_code == 200
        assert answer.json["rest"][0]["security"]["description"].startswith("OPEN")
    for address in ("192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1", "nonsense"):
        answer = client.get("/fhir/metadata", environ_base={"REMOTE_ADDR": address})
        assert answer.status_code == 403
        assert "FHIR_SERVER_ISSUERS" in answer.json["issue"][0]["details"]["text"]
    app.extensions["fhir"].store.close()
