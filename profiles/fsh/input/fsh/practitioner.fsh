// Practitioner: a named person of staff, on HL7 Sweden's base profile.

Profile: SEPractitioner
Parent: $SEBasePractitioner
Id: se-practitioner
Title: "Practitioner"
Description: "A named person of staff, with licences and certificates: a fixed contact is never unnamed (R5), a licence decides who may be contact for a life-threatening condition (R15), a certificate who may be fast omsorgskontakt (R38)."
* insert Metadata
* insert Element(identifier, [[HSA-id of the person.]])
* insert HsaIds
* insert Element(active, [[Whether the person is on the staff.]])
* name 1..1
* name only SEHumanName
* insert Element(name, [[The person's name. R5]])
* insert Element(telecom, [[Ways to the person that hold in every role; mostly the PractitionerRole has them. R43]])
* insert Element(qualification, [[Licences and certificates. R14, R15, R38]])
* insert Element(qualification.identifier, [[Number of the licence, or the prescriber's code.]])
* insert Element(qualification.code, [[What the person is licensed or certified as.]])
* qualification.code.coding contains certificate 0..1 MS
* qualification.code.coding[hosp] ^short = "Licensed profession of HOSP; `LK` is a physician. R15"
* qualification.code.coding[hosp].code from HospYrkeVS (required)
* qualification.code.coding[hosp].code ^short = "All codes of the parent's value set, named again so that they can be checked without its package."
* qualification.code.coding[certificate] ^short = "Bevis: `underskoterska`. R38"
* qualification.code.coding[certificate] from CertificateVS (required)
* qualification.code.coding[certificate].system 1..1
* qualification.code.coding[certificate].system = Canonical(CertificateCS)
* qualification.code.coding[certificate].system ^short = "Tells the slice."
* insert Element(qualification.period, [[When it holds.]])
* obeys pn-1 and pn-2

Invariant: pn-1
Description: "A person of staff is named: a family name, or the name as text (R5)."
Severity: #error
Expression: "name.all(family.exists() or text.exists())"

Invariant: pn-2
Description: "A licence has its legitimationsnummer (R15)."
Severity: #warning
Expression: "qualification.where(code.coding.where(system = 'urn:oid:1.2.752.116.3.1.3').exists()).all(identifier.where(system = 'urn:oid:1.2.752.116.3.1.1').exists())"
