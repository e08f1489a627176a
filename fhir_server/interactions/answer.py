"""What an interaction gives back, before it becomes an HTTP response or an entry of a bundle."""

from __future__ import annotations

from dataclasses import dataclass

from fhir_server.fhir.outcome import Issue
from fhir_server.storage.records import StoredResource


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of an interaction.

    Args:
        status: HTTP status.
        stored: the version read or written; its ETag and date go into the headers.
        body: JSON to send where it isn't that of ``stored``.
        location: ``Type/id/_history/version`` of what was written.
        issues: warnings, and what else the client may want to know of a write.
        media_type: of ``body``, where that is no FHIR R4 resource to be put into the format that
            the client wants; such as ``text/html; charset=utf-8``.
        headers: to send beside; only where ``media_type`` is given.
    """

    status: int
    stored: StoredResource | None = None
    body: bytes | None = None
    location: str | None = None
    issues: tuple[Issue, ...] = ()
    media_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def content(self) -> bytes | None:
        """The JSON to send."""
        if self.body is not None:
            return self.body
        return self.stored.body if self.stored is not None else None


UNCHANGED = Issue(
    "information",
    "informational",
    "Nothing changed: there is no new version, and what was sent was not validated again.",
)
EXISTS = Issue(
    "information",
    "informational",
    "What matches the criteria is there already: what was sent was neither validated nor stored.",
)


def etag(stored: StoredResource) -> str:
    """Give the weak ETag of a version (http.html#versioning)."""
    return f'W/"{stored.version}"'


def location(stored: StoredResource) -> str:
    """Give the version-specific location, relative to the base."""
    return stored.versioned
