// RelatedPerson: närstående and vårdnadshavare.

Profile: NarstaendeRelatedPerson
Parent: RelatedPerson
Id: narstaende-relatedperson
Title: "Närstående"
Description: "A person close to the patient, who may be informed, take part in a SIP or do part of what it says, when the patient does not object (R11, R79)."
* insert Metadata
* insert Element(identifier, [[Personnummer, where it is needed.]])
* insert Element(active, [[Whether the person is still to be called.]])
* insert Element(patient, [[Whose relative.]])
* relationship 1..*
* insert Element(relationship, [[How they are related. R79]])
* name 1..*
* insert Element(name, [[The name.]])
* insert Element(telecom, [[How to reach the person. R11, R91]])
* insert Element(address, [[Where the person lives.]])
* insert Element(period, [[From when, until when.]])

Profile: VardnadshavareRelatedPerson
Parent: RelatedPerson
Id: vardnadshavare-relatedperson
Title: "Vårdnadshavare"
Description: "A child's guardian, who consents to the SIP and takes part in it (R80)."
* insert Metadata
* insert Element(identifier, [[Personnummer of the guardian. R122]])
* insert Element(active, [[Whether the guardianship holds.]])
* insert Element(patient, [[The child.]])
* relationship ^slicing.discriminator.type = #pattern
* relationship ^slicing.discriminator.path = "$this"
* relationship ^slicing.rules = #open
* relationship contains guardian 1..1 MS
* insert Element(relationship, [[Guardian, and mother, father or another.]])
* relationship[guardian] = $RoleCode#GUARD
* relationship[guardian] ^short = "`GUARD`: what lets the person consent. R80"
* name 1..*
* insert Element(name, [[The name.]])
* insert Element(telecom, [[How to reach the guardian: both are asked. R80]])
* insert Element(birthDate, [[Tells guardians of the same name apart.]])
* insert Element(period, [[From when, until when: at most until the child is 18. R123]])
* obeys rp-1

Invariant: rp-1
Description: "A guardian can be reached, for both are asked (R80)."
Severity: #warning
Expression: "active = false or telecom.exists() or address.exists()"
