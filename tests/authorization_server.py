"""An authorization server of its own process, built with Authlib: what the server must work with.

Backend Services (client_credentials with private_key_jwt, whose jti is good once), authorization
code with PKCE and a patient launch, introspection, keys that rotate.

    python -m tests.authorization_server CONFIG PORT

CONFIG is a JSON file: ``audience``, ``clients`` and ``users``.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from pathlib import Path
from typing import Any

# The tests' own, on loopback.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, TokenMixin, grants
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from flask import Flask, Response, jsonify, request
from joserfc.jwk import ECKey, KeySet

ASSERTION = "client_assertion_jwt"


class Client(ClientMixin):
    def __init__(self, **content: Any) -> None:
        self.id = content["client_id"]
        self.secret = content.get("secret", "")
        self.jwks = content.get("jwks")
        self.redirect_uri = content.get("redirect_uri", "")
        self.scopes = set(content.get("scope", "").split())
        self.opaque = content.get("opaque", False)

    def get_client_id(self) -> str:
        return str(self.id)

    def get_default_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_allowed_scope(self, scope: str) -> str:
        return " ".join(each for each in (scope or "").split() if each in self.scopes)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return bool(redirect_uri) and redirect_uri == self.redirect_uri

    def check_client_secret(self, client_secret: str) -> bool:
        return bool(self.secret) and self.secret == client_secret

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        if self.jwks:
            return method == ASSERTION
        return method == ("client_secret_basic" if self.secret else "none")

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and bool(self.redirect_uri)

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == ("authorization_code" if self.redirect_uri else "client_credentials")


class User:
    def __init__(self, name: str, claims: dict[str, Any]) -> None:
        self.name, self.claims = name, claims

    def get_user_id(self) -> str:
        return self.name


class Code(AuthorizationCodeMixin):
    def __init__(self, code: str, asked: Any) -> None:
        self.code, self.user = code, asked.user
        self.client_id = asked.client.id
        self.redirect_uri = asked.payload.redirect_uri
        self.scope = asked.payload.scope
        self.code_challenge = asked.payload.data.get("code_challenge")
        self.code_challenge_method = asked.payload.data.get("code_challenge_method")

    def get_redirect_uri(self) -> str:
        return str(self.redirect_uri)

    def get_scope(self) -> str:
        return str(self.scope)


class Token(TokenMixin):
    def __init__(self, client: Client, user: User | None, content: dict[str, Any]) -> None:
        self.client, self.user, self.content = client, user, content
        self.ends = time.time() + content["expires_in"]
        self.revoked = False

    def check_client(self, client: Client) -> bool:
        return client.id == self.client.id

    def is_expired(self) -> bool:
        return time.time() > self.ends

    def is_revoked(self) -> bool:
        return self.revoked


class Issuer:
    """What the process keeps in memory."""

    def __init__(self, config: dict[str, Any], url: str) -> None:
        self.url = url
        self.audience = config["audience"]
        self.clients = {each["client_id"]: Client(**each) for each in config["clients"]}
        self.users = {name: User(name, claims) for name, claims in config["users"].items()}
        self.codes: dict[str, Code] = {}
        self.tokens: dict[str, Token] = {}
        self.used: set[str] = set()
        self.keys = [self.new_key()]

    @staticmethod
    def new_key() -> ECKey:
        return ECKey.generate_key("P-256", {"kid": secrets.token_hex(4), "use": "sig"})

    def rotate(self) -> None:
        """Sign with a new key, and forget the old."""
        self.keys = [self.new_key()]

    def extra_claims(self, user: User | None, scope: str) -> dict[str, Any]:
        claims = dict(user.claims) if user else {}
        if user and "launch/patient" not in scope.split():
            claims.pop("patient", None)
        return claims


class Tokens(JWTBearerTokenGenerator):
    def __init__(self, issuer: Issuer) -> None:
        super().__init__(issuer.url, alg="ES256")
        self.of = issuer

    def get_jwks(self) -> KeySet:
        return KeySet(self.of.keys[:1])

    def get_audiences(self, client: Any, user: Any, scope: Any) -> str:
        return str(self.of.audience)

    def get_extra_claims(self, client: Any, grant_type: Any, user: Any, scope: Any) -> Any:
        return self.of.extra_claims(user, scope)

    def access_token_generator(self, client: Any, grant_type: Any, user: Any, scope: Any) -> Any:
        if client.opaque:
            return secrets.token_urlsafe(32)
        return super().access_token_generator(client, grant_type, user, scope)


class Assertion(JWTBearerClientAssertion):
    def __init__(self, issuer: Issuer) -> None:
        super().__init__()
        self.of = issuer

    def get_audiences(self) -> list[str]:
        return [f"{self.of.url}/token"]

    def validate_jti(self, claims: Any, jti: str) -> bool:
        if jti in self.of.used:
            return False
        self.of.used.add(jti)
        return True

    def resolve_client_public_key(self, client: Client) -> KeySet:
        return KeySet.import_key_set(client.jwks)


class Server(AuthorizationServer):
    def __init__(self, app: Flask, issuer: Issuer) -> None:
        super().__init__(app, issuer.clients.get, self._keep)
        self.of = issuer
        self.register_token_generator("default", Tokens(issuer))
        self.register_client_auth_method(ASSERTION, Assertion(issuer))
        self.register_grant(Backend)
        self.register_grant(Person, [CodeChallenge(required=True)])
        self.register_endpoint(Introspection)

    def _keep(self, content: dict[str, Any], asked: Any) -> None:
        self.of.tokens[content["access_token"]] = Token(asked.client, asked.user, dict(content))
        if asked.user and "patient" in self.of.extra_claims(asked.user, content["scope"]):
            content["patient"] = asked.user.claims["patient"]


class Backend(grants.ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = (ASSERTION,)


class Person(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

    def save_authorization_code(self, code: str, asked: Any) -> None:
        self.server.of.codes[code] = Code(code, asked)

    def query_authorization_code(self, code: str, client: Any) -> Code | None:
        found = self.server.of.codes.get(code)
        return found if found and found.client_id == client.id else None

    def delete_authorization_code(self, code: Code) -> None:
        del self.server.of.codes[code.code]

    def authenticate_user(self, code: Code) -> User:
        return code.user


class Introspection(IntrospectionEndpoint):
    CLIENT_AUTH_METHODS = ("client_secret_basic",)

    def query_token(self, token_string: str, token_type_hint: str) -> Token | None:
        return self.server.of.tokens.get(token_string)

    def check_permission(self, token: Token, client: Client, asked: Any) -> bool:
        return client.id == "fhir-server"

    def introspect_token(self, token: Token) -> dict[str, Any]:
        issuer, scope = self.server.of, token.content["scope"]
        return {
            "active": True, "iss": issuer.url, "aud": issuer.audience, "scope": scope,
            "client_id": token.client.id, "exp": int(token.ends), "token_type": "Bearer",
            **issuer.extra_claims(token.user, scope),
        }  # fmt: skip


def create(config: dict[str, Any], port: int) -> Flask:
    """Give the application."""
    app = Flask("authorization_server")
    issuer = Issuer(config, f"http://127.0.0.1:{port}")
    _routes(app, Server(app, issuer), issuer)
    return app


def _routes(app: Flask, server: Server, issuer: Issuer) -> None:
    @app.get("/.well-known/oauth-authorization-server")
    def metadata() -> Response:
        return jsonify(
            issuer=issuer.url,
            jwks_uri=f"{issuer.url}/jwks",
            token_endpoint=f"{issuer.url}/token",
            authorization_endpoint=f"{issuer.url}/authorize",
            introspection_endpoint=f"{issuer.url}/introspect",
        )

    @app.get("/jwks")
    def jwks() -> Response:
        return jsonify(keys=[key.as_dict(private=False) for key in issuer.keys])

    @app.post("/token")
    def token() -> Response:
        return server.create_token_response()

    @app.post("/introspect")
    def introspect() -> Response:
        return server.create_endpoint_response("introspection")

    @app.get("/authorize")
    def authorize() -> Response:
        user = issuer.users[request.args["login"]]  # the tests' way of logging in
        try:
            grant = server.get_consent_grant(end_user=user)
        except OAuth2Error as error:
            return server.handle_error_response(request, error)
        return server.create_authorization_response(request, grant_user=user, grant=grant)

    @app.post("/tests/rotate")
    def rotate() -> Response:
        issuer.rotate()
        return jsonify(ok=True)

    @app.post("/tests/revoke")
    def revoke() -> Response:
        issuer.tokens[request.form["token"]].revoked = True
        return jsonify(ok=True)


if __name__ == "__main__":
    create(json.loads(Path(sys.argv[1]).read_text()), int(sys.argv[2])).run(
        "127.0.0.1", int(sys.argv[2]), threaded=True
    )
