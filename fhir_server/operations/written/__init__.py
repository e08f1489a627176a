"""Plans in words: page, document, FHIR document (R64, R81)."""
