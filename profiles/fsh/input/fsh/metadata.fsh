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
