"""An issuer's keys: fetched seldom, found after a rotation, and waited for no longer than need be."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.security.authentication.fetching import Unreachable
from fhir_server.security.authentication.keys import (
    FRESH_SECONDS,
    MOST_FETCHES,
    RETRY_SECONDS,
    STALE_SECONDS,
    Keys,
)
from fhir_server.security.refusal import NoAnswer, Refused
from tests.access_tokens import Mint, b64


class Source:
    """An issuer's address whose answer can be changed."""

    def __init__(self, *mints: Mint) -> None:
        self.now = 1000.0
        self.asked = 0
        self.down = False
        self.content: Any = {"keys": [key for mint in mints for key in mint.jwks["keys"]]}
        self.keys = Keys(self, lambda: self.now)

    def __call__(self) -> Any:
        self.asked += 1
        if self.down:
            raise Unreachable("down")
        return self.content


OLD, NEW = Mint("old"), Mint("new")


def test_keys_are_fetched_once() -> None:
    source = Source(OLD)
    for _ in range(10):
        assert source.keys.find("old", "ES256")
    assert source.asked == 1


def test_a_rotated_key_is_found_at_once_and_the_old_one_goes() -> None:
    source = Source(OLD)
    source.keys.find("old", "ES256")
    source.content = NEW.jwks
    assert source.keys.find("new", "ES256")
    with pytest.raises(Refused):
        source.keys.find("old", "ES256")


def test_made_up_key_ids_do_not_flood_the_issuer() -> None:
    source = Source(OLD)
    for n in range(100):
        with pytest.raises(Refused):
            source.keys.find(f"made-up-{n}", "ES256")
    assert source.asked == MOST_FETCHES
    assert source.keys.find("old", "ES256")


def test_an_issuer_that_is_down_is_told_from_a_wrong_key_and_not_asked_all_the_time() -> None:
    source = Source(OLD)
    source.down = True
    for _ in range(5):
        with pytest.raises(NoAnswer):
            source.keys.find("old", "ES256")
    assert source.asked == 1
    source.down, source.now = False, source.now + RETRY_SECONDS
    assert source.keys.find("old", "ES256")


def test_what_was_known_goes_on_for_a_while_when_the_issuer_is_down() -> None:
    source = Source(OLD)
    source.keys.find("old", "ES256")
    source.down = True
    source.now += FRESH_SECONDS + 1
    assert source.keys.find("old", "ES256")
    assert source.asked == 2
    source.now += STALE_SECONDS
    with pytest.raises(NoAnswer):
        source.keys.find("old", "ES256")


def test_a_key_that_its_issuer_took_away_is_trusted_no_longer_than_keys_are_fresh() -> None:
    source = Source(OLD, NEW)
    source.keys.find("old", "ES256")
    source.content = NEW.jwks
    source.now += FRESH_SECONDS + 1
    with pytest.raises(Refused):
        source.keys.find("old", "ES256")


def test_without_an_id_only_the_one_key_for_the_algorithm_is_found() -> None:
    assert Source(OLD).keys.find(None, "ES256")
    with pytest.raises(Refused):
        Source(OLD, NEW).keys.find(None, "ES256")


@pytest.mark.parametrize("content", [{}, {"keys": {}}, {"keys": "x"}])
def test_an_answer_that_is_no_set_of_keys_counts_as_none(content: Any) -> None:
    source = Source(OLD)
    source.content = content
    with pytest.raises(NoAnswer):
        source.keys.find("old", "ES256")


@pytest.mark.parametrize(
    "key",
    [
        {"kty": "oct", "kid": "x", "k": "AAAA"},
        {"kty": "oct", "kid": "x", "k": "AAAA", "alg": "ES256", "crv": "P-256"},
        {**OLD.jwks["keys"][0], "kid": "x", "use": "enc"},
        {**OLD.jwks["keys"][0], "kid": "x", "alg": "ES384"},
        {**OLD.jwks["keys"][0], "kid": "x", "x": "AAAA"},
        {**OLD.jwks["keys"][0], "kid": "x", "crv": "P-521"},
        {"kty": "EC", "kid": "x", "crv": "P-256"},
        {"kty": "EC", "kid": "x", "crv": "P-256", "x": 1, "y": None},
        "text",
        None,
    ],
)
def test_a_key_that_is_not_one_for_the_algorithm_is_not_used(key: Any) -> None:
    source = Source(OLD)
    source.content = {"keys": [key]}
    with pytest.raises(Refused):
        source.keys.find("x", "ES256")


def test_a_short_key_is_not_used() -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    raw = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505
    modulus = raw.public_key().public_numbers().n.to_bytes(128, "big")
    source = Source()
    source.content = {"keys": [{"kty": "RSA", "kid": "x", "n": b64(modulus), "e": "AQAB"}]}
    with pytest.raises(Refused, match="short"):
        source.keys.find("x", "RS256")
