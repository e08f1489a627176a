// PractitionerRole: a named person in a role at a unit, on HL7 Sweden's base profile.

Profile: SEPractitionerRole
Parent: $SEBasePractitionerRole
Id: se-practitionerrole
Title: "PractitionerRole"
Description: "A named person in a role at a unit, and how to reach them there (R5, R43). Its code slices, which the parent leaves without a system, are told apart here; `befattning` takes HSA's real OID."
* insert Metadata
* identifier MS
* active MS
* period MS
* practitioner MS
* organization MS
* code MS
* code.coding contains befattning 0..1 MS
* code.coding[sosnyk].system 1..1
* code.coding[sosnyk].system = $Sosnyk
* code.coding[skr-yrke].system 1..1
* code.coding[skr-yrke].system = $Sct
* code.coding[hsa-befattning].system 1..1
* code.coding[hsa-befattning].system = $HsaBefattningAsInBase
* code.coding[befattning] from HsaBefattningVS (required)
* code.coding[befattning].system 1..1
* code.coding[befattning].system = $HsaBefattning
* specialty MS
* specialty.coding[sosnyk].system 1..1
* specialty.coding[sosnyk].system = $Sosnyk
* specialty.coding[skr-yrke].system 1..1
* specialty.coding[skr-yrke].system = $Sct
* telecom MS
* telecom.extension contains ContactAvailability named availability 0..* MS
* availableTime MS
* notAvailable MS
* notAvailable.during MS
* availabilityExceptions MS
* obeys pr-1

Invariant: pr-1
Description: "A role in use names its person and its unit (R5, R112)."
Severity: #error
Expression: "(active.exists() and active = false) or (practitioner.exists() and organization.exists())"
