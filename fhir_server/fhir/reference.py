"""References: to resources of this server, to others, and canonical ones.

Source: https://hl7.org/fhir/R4/references.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from fhir_server.fhir.ids import ID

_LOCAL = re.compile(
    rf"(?P<type>[A-Z][A-Za-z]{{1,63}})/(?P<id>{ID})"
    rf"(?:/_history/(?P<version>{ID}))?"
)
_VERSION = re.compile(rf"/_history/{ID}\Z")
_ANYWHERE = re.compile(r"(?:\A|/)" + _LOCAL.pattern + r"\Z")


@dataclass(frozen=True, slots=True)
class LocalReference:
    """A reference to a resource of this server, perhaps to one of its versions."""

    resource_type: str
    id: str
    version: str | None = None

    def __str__(self) -> str:
        """``Type/id``, without the version."""
        return f"{self.resource_type}/{self.id}"


def local(reference: str, base_url: str = "") -> LocalReference | None:
    """Read a reference that points into this server.

    Args:
        reference: relative (``Patient/7``), or absolute below ``base_url``.
        base_url: the server's own address.

    Returns:
        None for everything else: contained (``#x``), ``urn:uuid:…``, other servers.
    """
    return (
        _remembered(reference, base_url) if len(reference) < _LONG else _read(reference, base_url)
    )


# A unit and its staff are referred to again and again. No local reference is so long, but for a
# base address; what is longer is read each time, so that what is remembered stays small.
_LONG = 250


@lru_cache(maxsize=1024)
def _remembered(reference: str, base_url: str) -> LocalReference | None:
    return _read(reference, base_url)


def _read(reference: str, base_url: str) -> LocalReference | None:
    match = _LOCAL.fullmatch(_below(reference, base_url))
    return match and LocalReference(match["type"], match["id"], match["version"])


def normal(reference: str, base_url: str = "") -> str:
    """Give the spelling under which a reference is indexed and searched.

    Args:
        reference: as in ``Reference.reference``.
        base_url: the server's own address.

    Returns:
        ``Type/id`` for a local one, the absolute URL of another; in both without a version.
    """
    own = _below(reference, base_url)
    return _VERSION.sub("", own) if "/_history/" in own else own


def type_named(reference: str) -> str | None:
    """Give the resource type that a relative or absolute reference ends in, before the id."""
    match = _ANYWHERE.search(reference)
    return match and match["type"]


def split_canonical(canonical: str) -> tuple[str, str | None]:
    """Give the URL of a canonical reference, and its version where one stands after ``|``."""
    url, bar, version = canonical.partition("|")
    return url, version if bar else None


def _below(reference: str, base_url: str) -> str:
    return reference.removeprefix(f"{base_url.rstrip('/')}/") if base_url else reference
