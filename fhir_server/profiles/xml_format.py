"""FHIR's XML format, with the same losslessness as JSON.

Source: https://hl7.org/fhir/R4/xml.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.xml_reader import XmlReader, root_of
from fhir_server.profiles.xml_tables import XmlTables
from fhir_server.profiles.xml_writer import XmlWriter


class XmlFormat:
    """Reads and writes resources as XML. Safe to share between threads.

    Args:
        definitions: of the types.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._tables = XmlTables(definitions)
        self._compact = XmlWriter(self._tables)
        self._pretty = XmlWriter(self._tables, step="  ")

    def parse(self, data: bytes) -> dict[str, Any]:
        """Read a resource, as `fhir.json.parse` would read its JSON.

        Args:
            data: in UTF-8 or UTF-16.

        Raises:
            FhirError: 400 for what is not FHIR XML, with the place and the line. Values are left
                to the validator, but for booleans and numbers.
        """
        return XmlReader(self._tables).parse(data)

    def root_of(self, data: bytes) -> str | None:
        """Give the resource type that a document's root names; None for no resource of R4.

        Raises:
            FhirError: 400 for what is not XML up to there, or declares a document type.
        """
        return root_of(self._tables, data)

    def dump(self, value: Mapping[str, Any], *, pretty: bool = False) -> bytes:
        """Write a resource that the validator has accepted.

        Args:
            value: as `fhir.json.parse` gives it.
            pretty: indent for human readers; narratives stay as they are.

        Raises:
            ValueError: for what R4 does not define.
        """
        return (self._pretty if pretty else self._compact).dump(value)
