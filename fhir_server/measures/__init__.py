"""What is counted about named contacts, and how: measures, apart from FHIR and HTTP (R101-R109)."""
