// Emergency access (nödöppning), and what kind of unit is outside direct access.

CodeSystem: FlagCategoryCS
Id: flag-category
Title: "Typ av markering"
Description: "What a Flag of the project is about (R111)."
* insert SwedishCodes
* #nodoppning "Nödöppning"

ValueSet: FlagCategoryVS
Id: flag-category
Title: "Typ av markering"
Description: "What a Flag of the project is about."
* insert AllOf(FlagCategoryCS)

CodeSystem: EmergencyReasonCS
Id: emergency-reason
Title: "Skäl till nödöppning"
Description: "Why a record was opened without consent (R111; lagen 2022:913 3 kap., PDL 4 kap. 5 §)."
* insert SwedishCodes
* #fara-for-liv "Fara för patientens liv"
* #allvarlig-risk "Allvarlig risk för patientens hälsa"

ValueSet: EmergencyReasonVS
Id: emergency-reason
Title: "Skäl till nödöppning"
Description: "Why a record was opened without consent."
* insert AllOf(EmergencyReasonCS)

CodeSystem: UnitKindCS
Id: unit-kind
Title: "Verksamhet utanför sammanhållen vård- och omsorgsdokumentation"
Description: "Kinds of unit that lagen (2022:913) does not cover, and for which HSA's verksamhetskod has no code here (R110, R111)."
* insert SwedishCodes
* #skola "Skola och elevhälsa"
* #ifo "Individ- och familjeomsorg"

ValueSet: UnitKindVS
Id: unit-kind
Title: "Verksamhet utanför sammanhållen vård- och omsorgsdokumentation"
Description: "Kinds of unit that lagen (2022:913) does not cover."
* insert AllOf(UnitKindCS)

Profile: EmergencyAccessFlag
Parent: Flag
Id: emergency-access-flag
Title: "Nödöppning"
Description: "That a member of staff opened a person's record without consent, relation or in spite of a spärr, because life was in danger or health at serious risk (R111; lagen 2022:913 3 kap., patientdatalagen 4 kap. 5 §). It is over when its period is; who follows it up searches for it."
* insert Metadata
* extension contains OpenedBy named opened-by 1..1 MS
* extension[opened-by] ^short = "The member of staff, by HSA-id. R115, R117"
* insert Element(status, [[`active`; `inactive` once ended before its time.]])
* category ^slicing.discriminator.type = #pattern
* category ^slicing.discriminator.path = "$this"
* category ^slicing.rules = #open
* category contains nodoppning 1..1 MS
* insert Element(category, [[At least the slice `nodoppning`.]])
* category[nodoppning] = FlagCategoryCS#nodoppning
* category[nodoppning] ^short = "`nodoppning` of flag-category."
* code from EmergencyReasonVS (required)
* insert Element(code, [[Why, as a code and in words. R111]])
* code.text 1..1
* code.text ^short = "What happened, and why the person could not be asked. R111"
* subject only Reference(Patient)
* insert Element(subject, [[Whose record was opened.]])
* period 1..1
* insert Element(period, [[From when, until when: over, nothing is opened any more.]])
* period.start 1..1
* period.start ^short = "When it was opened."
* period.end 1..1
* period.end ^short = "When it ends by itself."
* author 1..1
* author only Reference(Organization)
* insert Element(author, [[The unit that the member of staff acted for. R115]])

Extension: OpenedBy
Id: opened-by
Title: "Opened by"
Description: "The member of staff who opened a record in an emergency, by HSA-id (R111, R117)."
Context: Flag
* insert Metadata
* value[x] 1..1
* value[x] only Reference(Practitioner)

Instance: Patient-emergency-access
InstanceOf: OperationDefinition
Usage: #definition
* insert InstanceMetadata
* name = "EmergencyAccess"
* title = "Open a record in an emergency"
* kind = #operation
* affectsState = true
* code = #emergency-access
* resource = #Patient
* system = false
* type = false
* instance = true
* description = "Nödöppning: for a limited time the member of staff who asks sees what others documented about the person, without relation, consent and in spite of a spärr, because life is in danger or health at serious risk and the person can't be asked (R111; lagen 2022:913 3 kap., patientdatalagen 4 kap. 5 §). Stored as a Flag, which the person sees too; every look is audited as one through an emergency access."
* insert In(reason, 1, 1, CodeableConcept, [[Why: a code of emergency-reason, and a text that says what happened.]])
* insert Bound([[Canonical(EmergencyReasonVS)]])
* insert In(minutes, 0, 1, positiveInt, [[For how long; the setting emergency_minutes is the longest, and what is taken when left out.]])
* insert Out(return, 1, 1, Flag, [[The emergency access; to end it sooner, store it with status inactive.]])
