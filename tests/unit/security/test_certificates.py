"""The certificate in a proxy's header: read in two forms, believed from few."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.security.authentication.certificates import (
    ProxyRule,
    networks,
    read_certificate,
)
from fhir_server.security.refusal import Refused
from tests.access_tokens import ClientCertificate

OWN = ClientCertificate("se2321000016-f001")


@pytest.mark.parametrize("form", ["as_nginx", "as_rfc_9440"])
def test_both_forms_give_thumbprint_and_hsa_id(form: str) -> None:
    """R117: a SITHS function certificate has the HSA-id in its subject's serialNumber."""
    found = read_certificate(getattr(OWN, form))
    assert (found.thumbprint, found.hsa_id) == (OWN.thumbprint, "SE2321000016-F001")


@given(st.one_of(st.text(max_size=200), st.binary(max_size=99).map(lambda b: f":{b.hex()}:")))
def test_what_is_no_certificate_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        read_certificate(text)


def test_what_is_too_long_is_refused() -> None:
    with pytest.raises(Refused, match="too long"):
        read_certificate("x" * 20_000)


def test_the_header_is_believed_from_this_machine_and_the_proxies_named() -> None:
    rule = ProxyRule("X", networks("10.0.0.0/8, 2001:db8::1"))
    assert all(map(rule.believes, ("127.0.0.1", "::1", "", "10.2.3.4", "::ffff:10.0.0.1")))
    assert rule.believes("2001:db8::1")
    assert not any(map(rule.believes, ("11.0.0.1", "2001:db8::2", "::ffff:11.0.0.1", "proxy")))
