"""A FHIR R4 server for Swedish care coordination. See docs/architecture.md."""

__version__ = "0.1.0"
