"""How values behave: the categories that FHIR's types and FHIRPath's own share."""

from __future__ import annotations

STRING = "string"
BOOLEAN = "boolean"
INTEGER = "integer"
DECIMAL = "decimal"
DATE = "date"
DATE_TIME = "dateTime"
TIME = "time"
QUANTITY = "quantity"
COMPLEX = "complex"
RESOURCE = "resource"

NUMBERS = frozenset({INTEGER, DECIMAL})
DATES = frozenset({DATE, DATE_TIME})
TEMPORALS = frozenset({DATE, DATE_TIME, TIME})
