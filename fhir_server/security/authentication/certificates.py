"""The client certificate of a request, as a trusted reverse proxy passes it in a header.

Source: https://www.rfc-editor.org/rfc/rfc8705#section-3,
https://www.rfc-editor.org/rfc/rfc9440 (``Client-Cert``); nginx: ``$ssl_client_escaped_cert``
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from fhir_server.security.refusal import invalid_request

MAX_HEADER = 16_000
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is asked of a client certificate; that it is genuine the proxy has checked.

    Args:
        thumbprint: its SHA-256, base64url without padding (``x5t#S256``).
        hsa_id: the subject's serialNumber, where SITHS function certificates have the HSA-id.
    """

    thumbprint: str
    hsa_id: str = ""


@dataclass(frozen=True, slots=True)
class ProxyRule:
    """Which header is believed, and from whom.

    Args:
        header: its name; empty for none.
        proxies: networks of proxies besides this machine.
    """

    header: str = ""
    proxies: tuple[Network, ...] = ()

    def believes(self, address: str) -> bool:
        """Tell whether the header is believed from an address; a Unix socket has none."""
        if not address:
            return True
        try:
            peer = ipaddress.ip_address(address)
        except ValueError:
            return False
        mapped = getattr(peer, "ipv4_mapped", None)
        peer = mapped or peer
        return peer.is_loopback or any(peer in network for network in self.proxies)


def networks(text: str) -> tuple[Network, ...]:
    """Read addresses and networks, separated by commas.

    Raises:
        ValueError: one of them is neither.
    """
    listed = (each.strip() for each in text.split(","))
    return tuple(ipaddress.ip_network(each) for each in listed if each)


def read_certificate(text: str) -> Certificate:
    """Read a header: PEM that is URL-encoded, or DER as a byte sequence (``:…:``).

    Raises:
        Refused: 400, it is neither.
    """
    if len(text) > MAX_HEADER:
        raise invalid_request("The client certificate in the proxy's header is too long.")
    return _read(text.strip())


@lru_cache(maxsize=256)
def _read(text: str) -> Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        if text.startswith(":") and text.endswith(":"):
            found = x509.load_der_x509_certificate(base64.b64decode(text[1:-1], validate=True))
        else:
            found = x509.load_pem_x509_certificate(unquote_to_bytes(text))
        names = found.subject.get_attributes_for_oid(x509.NameOID.SERIAL_NUMBER)
        der = found.public_bytes(Encoding.DER)
    except (ValueError, TypeError, binascii.Error, UnicodeError):
        raise invalid_request(
            "The client certificate in the proxy's header can not be read."
        ) from None
    number = str(names[0].value) if len(names) == 1 else ""
    return Certificate(base64url(hashlib.sha256(der).digest()), number.upper())


def base64url(data: bytes) -> str:
    """Give bytes as RFC 7515 writes them."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
