// PractitionerRole: a named person in a role at a unit, on HL7 Sweden's base profile.

Profile: SEPractitionerRole
Parent: $SEBasePractitionerRole
Id: se-practitionerrole
Title: "PractitionerRole"
Description: "A named person in a role at a unit, and how to reach them there (R5, R43). Its code slices, which the parent leaves without a system, are told apart here; `befattning` takes HSA's real OID."
* insert Metadata
* extension contains ScheduledTime named scheduled-time 0..* MS
* extension[scheduled-time] ^short = "Hours a week for the patients one is a fixed contact of; by type, or for all. R52"
* identifier MS
* identifier ^short = "HSA-id of the medarbetaruppdrag. R117"
* insert HsaIds
* active MS
* active ^short = "Whether the role is in use. ct-3"
* period MS
* period ^short = "When the role is held. ct-3"
* practitioner MS
* practitioner ^short = "The named person. R5"
* organization MS
* organization ^short = "The unit. R112"
* code MS
* code ^short = "Position, as code or in words. R13"
* code.coding contains befattning 0..1 MS
* code.coding[sosnyk].system 1..1
* code.coding[sosnyk].system = $Sosnyk
* code.coding[sosnyk].system ^short = "Tells the slice."
* code.coding[skr-yrke].system 1..1
* code.coding[skr-yrke].system = $Sct
* code.coding[skr-yrke].system ^short = "Tells the slice."
* code.coding[hsa-befattning].system 1..1
* code.coding[hsa-befattning].system = $HsaBefattningAsInBase
* code.coding[hsa-befattning].system ^short = "Tells the slice."
* code.coding[befattning] from HsaBefattningVS (required)
* code.coding[befattning] ^short = "HSA befattning, real OID."
* code.coding[befattning].system 1..1
* code.coding[befattning].system = $HsaBefattning
* code.coding[befattning].system ^short = "Tells the slice."
* specialty MS
* specialty ^short = "Specialty."
* specialty.coding[sosnyk].system 1..1
* specialty.coding[sosnyk].system = $Sosnyk
* specialty.coding[sosnyk].system ^short = "Tells the slice."
* specialty.coding[skr-yrke].system 1..1
* specialty.coding[skr-yrke].system = $Sct
* specialty.coding[skr-yrke].system ^short = "Tells the slice."
* telecom MS
* telecom ^short = "How to reach the person in this role. R43"
* telecom.extension contains ContactAvailability named availability 0..* MS
* telecom.extension[availability] ^short = "Weekdays and hours of a number. R44"
* availableTime MS
* availableTime ^short = "Working hours."
* notAvailable MS
* notAvailable ^short = "Absence. R45"
* notAvailable.during MS
* notAvailable.during ^short = "From when, until when."
* availabilityExceptions MS
* availabilityExceptions ^short = "In words."
* obeys pr-1
* code.coding[sosnyk] ^short = "SOSNYK."
* code.coding[skr-yrke] ^short = "SNOMED CT SE."
* code.coding[hsa-befattning] ^short = "HSA befattning, OID as in the parent."
* specialty.coding[sosnyk] ^short = "SOSNYK."
* specialty.coding[skr-yrke] ^short = "SNOMED CT SE."

Invariant: pr-1
Description: "A role in use names its person and its unit (R5, R112)."
Severity: #error
Expression: "(active.exists() and active = false) or (practitioner.exists() and organization.exists())"
