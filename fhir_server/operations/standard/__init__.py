"""The operations of FHIR R4 itself."""
