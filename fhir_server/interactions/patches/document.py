"""A patch of any kind, read from the body of a request or from a bundle's entry.

Source: https://hl7.org/fhir/R4/http.html#patch
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, Protocol

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue, has_errors
from fhir_server.interactions.context import Server
from fhir_server.interactions.patches.fhirpath_patch import FhirPathPatch
from fhir_server.interactions.patches.json_patch import JsonPatch
from fhir_server.interactions.patches.merge_patch import MergePatch
from fhir_server.interactions.patches.refusals import malformed
from fhir_server.interactions.patches.xml_patch import XmlPatch
from fhir_server.profiles.xml_format import XmlFormat

JSON_PATCH = "application/json-patch+json"
XML_PATCH = "application/xml-patch+xml"
MERGE_PATCH = "application/merge-patch+json"
PLAIN_JSON = "application/json"
FHIR_JSON = ("application/fhir+json", "application/json", "application/json+fhir", "text/json")
FHIR_XML = ("application/fhir+xml", "application/xml", "application/xml+fhir", "text/xml")


class Patch(Protocol):
    """What each kind of patch does."""

    def apply(self, resource: dict[str, Any]) -> Any:
        """Give the resource with the patch applied; the given one is left as it is."""


@dataclass(frozen=True, slots=True)
class PatchDocument:
    """A patch."""

    patch: Patch

    @classmethod
    def from_body(cls, media_type: str, body: bytes, server: Server) -> PatchDocument:
        """Read the body of a PATCH.

        Args:
            media_type: the Content-Type.
            body: the body.
            server: the server's parts.

        Raises:
            FhirError: 415 for another media type than those of patches, 400 for a
                document that is no patch, 413 for too many operations.
        """
        kind = media_type.partition(";")[0].strip().lower()
        if kind == JSON_PATCH:
            return cls(JsonPatch(json.parse(body)))
        if kind == XML_PATCH:
            return cls(XmlPatch(server.definitions, body))
        if kind == MERGE_PATCH:
            return cls(MergePatch(json.parse(body)))
        if kind == PLAIN_JSON:
            return cls._from_plain_json(json.parse(body), server)
        if kind in FHIR_JSON:
            return cls._from_parameters(json.parse(body), server)
        if kind in FHIR_XML:
            return cls._from_parameters(XmlFormat(server.definitions).parse(body), server)
        raise _unsupported(media_type)

    @classmethod
    def from_resource(cls, resource: Any, server: Server) -> PatchDocument:
        """Read the resource of a bundle's PATCH entry.

        Args:
            resource: Parameters with a FHIRPath Patch, or a Binary whose ``data`` is a JSON
                Patch or XML Patch, as its ``contentType`` says.
            server: the server's parts.

        Raises:
            FhirError: as `from_body`.
        """
        if not isinstance(resource, dict) or resource.get("resourceType") != "Binary":
            return cls._from_parameters(resource, server)
        kind, data = resource.get("contentType"), resource.get("data")
        if not isinstance(kind, str) or not isinstance(data, str):
            raise malformed("The Binary needs contentType and data.", "Binary", "required")
        try:
            body = base64.b64decode("".join(data.split()), validate=True)
        except ValueError:  # of both base64 and, for what is not ASCII, the text
            raise malformed("The data must be base64.", "Binary.data", "value") from None
        return cls.from_body(kind, body, server)

    @classmethod
    def _from_plain_json(cls, document: Any, server: Server) -> PatchDocument:
        """Tell by its shape what a client means that doesn't say, as fhirpy does not."""
        if isinstance(document, list):
            return cls(JsonPatch(document))
        if isinstance(document, dict) and "resourceType" not in document:
            return cls(MergePatch(document))
        return cls._from_parameters(document, server)

    @classmethod
    def _from_parameters(cls, resource: Any, server: Server) -> PatchDocument:
        if not isinstance(resource, dict) or resource.get("resourceType") != "Parameters":
            text = (
                "A patch in FHIR's own format is a Parameters resource (FHIRPath Patch). "
                f"Send a JSON Patch as {JSON_PATCH}, an XML Patch as {XML_PATCH}."
            )
            raise malformed(text, code="structure")
        plain = json.plain(json.dump(resource))
        issues = [each for each in server.validator.validate(plain) if has_errors([each])]
        if issues:
            raise FhirError(*issues, status=400)
        return cls(FhirPathPatch(server.definitions, resource))

    def apply(self, resource: dict[str, Any]) -> Any:
        """Give the resource with the patch applied; the given one is left as it is.

        Raises:
            FhirError: 422, the patch does not fit the resource.
        """
        return self.patch.apply(resource)


def _unsupported(media_type: str) -> FhirError:
    text = (
        f"Send a patch as {JSON_PATCH} (JSON Patch), {XML_PATCH} (XML Patch), {FHIR_JSON[0]} or "
        f"{FHIR_XML[0]} with a Parameters resource (FHIRPath Patch), or {MERGE_PATCH}; "
        f"this server can't read {media_type[:64] or 'a body without Content-Type'!r}."
    )
    return FhirError(Issue("error", "not-supported", text), status=415)
