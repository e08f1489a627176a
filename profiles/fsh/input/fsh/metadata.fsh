// What every definition of the project says about itself.

RuleSet: Metadata
* ^experimental = false
* ^publisher = "Vårdsamordning (reference implementation)"
* ^jurisdiction = urn:iso:std:iso:3166#SE

RuleSet: SwedishCodes
* insert Metadata
* ^language = #sv
* ^caseSensitive = true
* ^content = #complete

RuleSet: InstanceMetadata
* version = "{{version}}"
* status = #draft
* experimental = false
* publisher = "Vårdsamordning (reference implementation)"
* jurisdiction = urn:iso:std:iso:3166#SE

// One part of a complex extension.
RuleSet: Part(name, short)
* extension[{name}] ^short = "{short}"
* extension[{name}].value[x] 1..1

// An element that systems must handle, and why it is there.
RuleSet: Element(path, why)
* {path} MS
* {path} ^short = "{why}"

// The second system for HSA-ids, Inera's: it means the same (DOMAIN 0.10), and matches no slice of the parent.
RuleSet: HsaIds
* identifier contains hsaid-ntjp 0..1 MS
* identifier[hsaid] ^short = "HSA-id in HL7 Sweden's system."
* identifier[hsaid].value 1..1
* identifier[hsaid].value ^short = "SE, organisationsnummer, hyphen, serial number."
* identifier[hsaid-ntjp] ^short = "The same HSA-id in Inera's system; both are accepted."
* identifier[hsaid-ntjp].system 1..1
* identifier[hsaid-ntjp].system = $HsaIdNtjp
* identifier[hsaid-ntjp].system ^short = "Tells the slice."
* identifier[hsaid-ntjp].value 1..1
* identifier[hsaid-ntjp].value ^short = "As in the other system."
* obeys id-hsa

Invariant: id-hsa
Description: "An HSA-id is SE, the ten digits of an organisationsnummer, a hyphen and at most 18 letters or digits (R112)."
Severity: #warning
Expression: "identifier.where(system = 'urn:oid:1.2.752.29.4.19' or system = 'urn:oid:1.2.752.129.2.1.4.1').value.all(matches('^(SE[0-9]{10}|TSTNMT[0-9]{10})-[A-Za-z0-9]{1,18}$'))"
